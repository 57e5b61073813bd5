mod facets;

use std::collections::HashMap;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    device::{Customer, DeviceId},
    device_day::{
        AgentState, AppClass, BlindSpots, DeviceDay, Evidence, Place, Quantiles, Tenant, UnknownService,
        Usage,
    },
    portfolio::{Landscape, SanctionStatus},
    segment::{Segment, Segments},
    week::Week,
};

/// Hash of a name that has been given the service `smash`.
const FREIGHTDESK: u64 = 7;

fn landscape() -> Landscape {
    let mut landscape =
        Landscape::new([("send-once".into(), "Send once".into()), ("chat".into(), "Chat".into())]);
    for (id, status) in [
        ("outbox", SanctionStatus::Sanctioned),
        ("tolerated", SanctionStatus::Tolerated),
        ("wetransfer", SanctionStatus::Unreviewed),
        ("smash", SanctionStatus::Unsanctioned),
    ] {
        assert!(landscape.add(id, id, "send-once", status, false));
    }
    assert!(landscape.add("whatsapp", "WhatsApp", "chat", SanctionStatus::Unreviewed, true));
    landscape
}

fn usage(service: &str) -> Usage {
    Usage {
        service: service.parse().unwrap(),
        app_class: AppClass::Browser,
        place: Place::Office,
        evidence: Evidence::Use,
        parts_of_day: 2,
        active_minutes: 5,
        tries: 1,
        failed: 0,
        given_up: 0,
        turned_away: 0,
        bytes_up: 1,
        bytes_down: 1,
        tenant: Tenant::Unknown,
        sign_in_hops: 0,
        server_wait: None,
        transfer_times: Vec::new(),
    }
}

/// A device-day in November 2026 with use of these services.
fn day(of_november: i8, services: &[&str]) -> DeviceDay {
    DeviceDay {
        day: date(2026, 11, of_november),
        revision: 1,
        usages: services.iter().map(|service| usage(service)).collect(),
        spills: Vec::new(),
        unknown_services: Vec::new(),
        blind_spots: BlindSpots { connections: 10, unnamed: 1, ..BlindSpots::default() },
        agent: AgentState::default(),
        shared_device: false,
    }
}

/// The same day with these names outside the catalog too.
fn with_names(mut day: DeviceDay, hashes: &[u64]) -> DeviceDay {
    let unknown = |name_hash| UnknownService {
        name_hash,
        app_class: AppClass::Browser,
        bytes_up: 1,
        bytes_down: 1,
        active_minutes: 5,
    };
    day.unknown_services = hashes.iter().copied().map(unknown).collect();
    day
}

fn segments(text: &str) -> Segments {
    text.parse().unwrap()
}

struct Story(Tally, Landscape);

impl Story {
    fn new() -> Self {
        Self(Tally::new(week(), HashMap::from([(FREIGHTDESK, "smash".to_owned())])), landscape())
    }

    fn day(&mut self, device: u64, pseudonym: &str, groups: &str, day: &DeviceDay) -> &mut Self {
        let customer = Customer::Pseudonym(pseudonym.parse().unwrap());
        self.0.add(&self.1, DeviceId::from_bits(device), &customer, &segments(groups), day);
        self
    }

    fn end(self) -> Rollup {
        self.0.finish(&self.1, 5)
    }
}

fn week() -> Week {
    "2026-W46".parse().unwrap()
}

fn node<'r>(rollup: &'r Rollup, segment: &str) -> &'r Node {
    let segment: Option<Segment> = (segment != "all").then(|| segment.parse().unwrap());
    &rollup.nodes[&segment]
}

#[test]
fn a_customer_day_lies_in_one_part() {
    let mut story = Story::new();
    story
        .day(1, "a", "", &day(9, &["outbox"]))
        .day(1, "a", "", &day(10, &["outbox", "wetransfer"]))
        .day(1, "a", "", &day(11, &["tolerated"]))
        .day(1, "a", "", &day(12, &["wetransfer", "smash", "tolerated"]))
        .day(1, "a", "", &day(13, &["outbox", "tolerated"]));
    let rollup = story.end();
    let need = &node(&rollup, "all").needs["send-once"];
    assert_eq!(need.days, [2, 1, 1, 1]);
    assert_eq!((need.customers(), need.customer_days()), (1, 5));
    assert_eq!((need.elsewhere(), need.ours_or_elsewhere(), need.ours_and_elsewhere()), (1, 1, 1));
    assert_eq!(
        need.services["wetransfer"],
        ServiceCounts { customers: 1, days: 2, ..ServiceCounts::default() }
    );
    assert_eq!(need.small_services_customers, 1);
}

#[test]
fn customers_in_our_tenant_are_counted_of_services_nobody_has_reviewed() {
    let mut story = Story::new();
    let in_ours = |of_november, services: &[&str]| {
        let mut day = day(of_november, services);
        day.usages.iter_mut().for_each(|usage| usage.tenant = Tenant::Ours);
        day
    };
    story
        .day(1, "a", "", &in_ours(9, &["wetransfer", "smash", "outbox"]))
        .day(2, "a", "", &in_ours(10, &["wetransfer"]))
        .day(3, "b", "", &day(10, &["wetransfer"]))
        .day(4, "c", "", &in_ours(8, &["wetransfer"]));
    let rollup = story.end();
    let services = &node(&rollup, "all").needs["send-once"].services;
    let counted = |id: &str| (services[id].customers, services[id].in_our_tenant);
    assert_eq!(counted("wetransfer"), (2, 1), "b reached no tenant of ours, and c did so a week before");
    assert_eq!([counted("smash"), counted("outbox")], [(1, 0), (1, 0)]);
}

#[test]
fn what_counts_in_no_figure_is_left_out() {
    let mut present = day(9, &["wetransfer"]);
    present.usages[0].evidence = Evidence::Present;
    let mut guest = day(10, &["wetransfer"]);
    guest.usages[0].tenant = Tenant::Guest;
    let mut shared = day(11, &["wetransfer"]);
    shared.shared_device = true;
    let mut story = Story::new();
    story.day(1, "a", "", &present).day(1, "a", "", &guest).day(1, "a", "", &shared);
    story.day(1, "a", "", &day(12, &["whatsapp", "not-in-catalog"]));
    story.day(1, "a", "", &day(16, &["wetransfer"]));
    let rollup = story.end();
    let everybody = node(&rollup, "all");
    assert_eq!((everybody.customers, everybody.devices, everybody.devices_reporting), (1, 1, 1));
    assert!(everybody.needs.is_empty());
    assert_eq!(rollup.rows_not_in_catalog, 1);
}

#[test]
fn a_name_that_has_a_service_by_now_counts_as_its_use_and_once_a_day() {
    let mut story = Story::new();
    story
        .day(1, "a", "", &with_names(day(9, &[]), &[FREIGHTDESK, 8]))
        .day(1, "a", "", &with_names(day(10, &["smash"]), &[FREIGHTDESK, FREIGHTDESK]))
        .day(2, "a", "", &with_names(day(10, &["outbox"]), &[FREIGHTDESK]))
        .day(1, "a", "", &with_names(day(11, &[]), &[8]));
    let mut shared = with_names(day(12, &[]), &[FREIGHTDESK]);
    shared.shared_device = true;
    story.day(1, "a", "", &shared);
    let rollup = story.end();
    let need = &node(&rollup, "all").needs["send-once"];
    assert_eq!(need.days, [0, 1, 0, 1]);
    assert_eq!(need.services["smash"], ServiceCounts { customers: 1, days: 2, ..ServiceCounts::default() });
    assert_eq!(rollup.rows_not_in_catalog, 0, "a hash without a name is no service that is missing");
}

#[test]
fn a_name_that_is_as_often_private_as_work_counts_in_no_figure() {
    let mut tally = Tally::new(week(), HashMap::from([(FREIGHTDESK, "whatsapp".to_owned())]));
    let customer = Customer::Device(DeviceId::from_bits(1));
    let named = with_names(day(9, &[]), &[FREIGHTDESK]);
    tally.add(&landscape(), DeviceId::from_bits(1), &customer, &Segments::default(), &named);
    assert!(node(&tally.finish(&landscape(), 5), "all").needs.is_empty());
}

#[test]
fn devices_of_one_customer_are_joined_in_the_segments_of_the_lowest() {
    let mut story = Story::new();
    story.day(2, "a", "department:Sales", &day(9, &["outbox"]));
    story.day(1, "a", "department:Marketing", &day(9, &["wetransfer"]));
    let rollup = story.end();
    let marketing = node(&rollup, "department:Marketing");
    assert_eq!((marketing.customers, marketing.needs["send-once"].days), (1, [0, 1, 0, 0]));
    let sales = node(&rollup, "department:Sales");
    assert_eq!((sales.customers, sales.devices, sales.devices_reporting), (0, 1, 1));
}

#[test]
fn a_customer_counts_in_every_ancestor_and_dimension() {
    let mut story = Story::new();
    story.day(1, "a", "department:Sales/North\nsite:Leeds", &day(9, &["outbox"]));
    story.0.enrolled(DeviceId::from_bits(2), &segments("department:Sales"));
    let rollup = story.end();
    for segment in ["all", "department:Sales", "department:Sales/North", "site:Leeds"] {
        assert_eq!(node(&rollup, segment).customers, 1, "{segment}");
    }
    let sales = node(&rollup, "department:Sales");
    assert_eq!((sales.devices, sales.devices_reporting, sales.connections, sales.unnamed), (2, 1, 10, 1));
}

#[test]
fn history_tells_who_left_and_is_in_no_other_figure() {
    let mut story = Story::new();
    story.day(1, "a", "department:Sales", &day(2, &["outbox"])).day(
        1,
        "a",
        "department:Sales",
        &day(3, &["outbox"]),
    );
    story.day(1, "a", "department:Ops", &day(9, &["smash"])).day(
        1,
        "a",
        "department:Ops",
        &day(10, &["smash"]),
    );
    let rollup = story.end();
    let ops = node(&rollup, "department:Ops");
    assert_eq!((ops.left, ops.came_back, ops.needs["send-once"].left), (1, 0, 1));
    assert_eq!(ops.needs["send-once"].days, [0, 0, 0, 2]);
    assert!(!rollup.nodes.contains_key(&Some("department:Sales".parse().unwrap())));
}

#[test]
fn seven_days_may_end_on_any_day_and_the_eighth_back_is_history() {
    for (of_november, counted) in [(11, None), (12, Some(1)), (18, Some(1)), (19, None)] {
        let mut tally = Tally::until(date(2026, 11, 18), HashMap::new());
        let customer = Customer::Device(DeviceId::from_bits(1));
        let day = day(of_november, &["wetransfer"]);
        tally.add(&landscape(), DeviceId::from_bits(1), &customer, &Segments::default(), &day);
        let rollup = tally.finish(&landscape(), 5);
        let everybody = node(&rollup, "all");
        let needs = everybody.needs.get("send-once").map(|need| need.services["wetransfer"].days);
        assert_eq!(needs, counted, "{of_november}");
        assert_eq!(everybody.customers, counted.unwrap_or(0));
    }
}

#[test]
fn seven_days_count_in_the_segments_of_their_newest() {
    let told = [(14, "department:Sales"), (16, "department:Marketing")];
    for order in [[0, 1], [1, 0]] {
        let mut tally = Tally::until(date(2026, 11, 18), HashMap::new());
        for (of_november, groups) in order.map(|at| told[at]) {
            let mut part = tally.another();
            let customer = Customer::Pseudonym("a".parse().unwrap());
            let day = day(of_november, &["wetransfer"]);
            part.add(&landscape(), DeviceId::from_bits(1), &customer, &segments(groups), &day);
            tally.join(part);
        }
        let rollup = tally.finish(&landscape(), 5);
        assert_eq!(node(&rollup, "department:Marketing").needs["send-once"].services["wetransfer"].days, 2);
        assert!(!rollup.nodes.contains_key(&Some("department:Sales".parse().unwrap())), "{order:?}");
    }
}

#[test]
fn the_order_of_delivery_does_not_matter() {
    let days = [(1, "a", 9, "outbox"), (2, "a", 10, "smash"), (3, "b", 9, "smash"), (1, "a", 2, "outbox")];
    let roll = |order: &[usize]| {
        let mut story = Story::new();
        for (device, customer, date, service) in order.iter().map(|index| days[*index]) {
            story.day(device, customer, &format!("department:D{device}"), &day(date, &[service]));
        }
        story.end()
    };
    assert_eq!(roll(&[0, 1, 2, 3]), roll(&[3, 2, 1, 0]));
}

#[test]
fn time_and_days_that_were_not_seen_are_counted() {
    let mut unseen = day(9, &["outbox"]);
    (unseen.agent.down_seconds, unseen.agent.paused_seconds, unseen.blind_spots.dropped_packets) =
        (600, 60, 3);
    let mut story = Story::new();
    story.day(1, "a", "", &unseen).day(1, "a", "", &day(10, &[])).day(1, "a", "", &day(2, &[]));
    let rollup = story.end();
    let all = node(&rollup, "all");
    assert_eq!((all.device_days, all.unwatched_seconds, all.lossy_device_days), (2, 660, 1));
}

/// A device-day this many days before the week's Sunday, November 15.
fn days_before(days: i32, services: &[&str]) -> DeviceDay {
    let mut told = day(15, services);
    told.day = told.day.checked_sub(jiff::Span::new().days(days)).unwrap();
    told
}

#[test]
fn who_is_first_told_of_in_four_weeks_is_new_where_the_history_goes_back_far_enough() {
    let starters = |oldest: i32| {
        let mut story = Story::new();
        story.day(1, "old", "", &days_before(oldest, &[])).day(1, "old", "", &day(9, &["outbox"]));
        story.day(2, "new", "department:Sales", &days_before(27, &[]));
        story.day(2, "new", "department:Sales", &day(9, &["smash"]));
        story.day(3, "newer", "department:Sales", &day(9, &["smash"]));
        story.day(4, "there", "", &days_before(28, &[])).day(4, "there", "", &day(9, &["smash"]));
        let rollup = story.end();
        let group = rollup.nodes.get(&Some("starters:new".parse().unwrap()));
        group.map(|group| (group.customers, group.needs["send-once"].elsewhere(), group.devices))
    };
    assert_eq!(starters(62), Some((2, 2, 0)));
    assert_eq!(starters(56), Some((2, 2, 0)), "the last day of the first week");
    assert_eq!(starters(55), None, "the history is too short");
}

#[test]
fn new_starters_stay_in_their_segments() {
    let mut story = Story::new();
    story.day(1, "old", "", &days_before(62, &[]));
    story.day(2, "new", "department:Sales\nsite:Leeds", &day(9, &["smash"]));
    let rollup = story.end();
    for segment in ["all", "department:Sales", "site:Leeds", "starters:new"] {
        assert_eq!(node(&rollup, segment).customers, 1, "{segment}");
    }
    assert!(
        segments("department:Sales").of_starters().iter().any(|segment| segment.dimension() == "starters")
    );
    assert!("starters:new".parse::<Segments>().is_err(), "no device says so itself");
}

/// A device-day as it may come: device 1 to 6 (two devices a customer, segments by device), date, services, shared.
type Told = (u64, i8, Vec<&'static str>, bool);

fn told() -> impl Strategy<Value = Told> {
    let services = prop::sample::subsequence(
        vec!["outbox", "tolerated", "wetransfer", "smash", "whatsapp", "else"],
        0..4,
    );
    (1..=6_u64, 1..=16_i8, services, prop::bool::weighted(0.1))
}

fn tell(tally: &mut Tally, landscape: &Landscape, (device, on, services, shared): &Told) {
    let customer = Customer::Pseudonym(format!("c-{}", device / 2).parse().unwrap());
    let mut day = with_names(day(*on, services), if device.is_multiple_of(3) { &[FREIGHTDESK] } else { &[] });
    day.shared_device = *shared;
    let (mut wait, place) = ((*on).unsigned_abs(), if on % 4 == 0 { Place::Away } else { Place::Office });
    for row in &mut day.usages {
        (row.place, row.parts_of_day, row.tries) = (place, 1 << (on % 4), u32::from(wait));
        wait = wait.wrapping_mul(37);
        row.server_wait = Some(Quantiles { median: wait, p90: 255 });
        row.failed = row.tries / 3;
    }
    // Whoever moves does so between two weeks.
    let department = (device + u64::from(*on >= 9)) % 3;
    let groups = segments(&format!("department:D{department}/E{device}\nsite:S"));
    tally.add(landscape, DeviceId::from_bits(*device), &customer, &groups, &day);
}

proptest! {
    /// However the device-days are split among tallies, and in whichever order these are joined.
    #[test]
    fn counting_in_parts_counts_the_same(
        days in prop::collection::vec((told(), 0..4_usize), 0..40),
        enrolled in prop::collection::vec((1..=8_u64, 0..4_usize), 0..6),
        until in 10..=16_i8,
        order in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let landscape = landscape();
        let names = HashMap::from([(FREIGHTDESK, "smash".to_owned())]);
        let mut whole = Tally::until(date(2026, 11, until), names);
        let mut parts: Vec<Tally> = (0..4).map(|_| whole.another()).collect();
        for (device, part) in &enrolled {
            let elsewhere = segments("department:Moved");
            whole.enrolled(DeviceId::from_bits(*device), &elsewhere);
            parts[*part].enrolled(DeviceId::from_bits(*device), &elsewhere);
        }
        for (told, part) in &days {
            tell(&mut whole, &landscape, told);
            tell(&mut parts[*part], &landscape, told);
        }
        let mut joined = whole.another();
        let mut parts: Vec<Option<Tally>> = parts.into_iter().map(Some).collect();
        for place in order {
            joined.join(parts[place].take().unwrap());
        }
        prop_assert_eq!(joined.finish(&landscape, 5), whole.finish(&landscape, 5));
    }
}
