use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    device::DeviceId,
    device_day::{AgentState, AppClass, BlindSpots, Place, UnknownService, Usage},
    portfolio::SanctionStatus,
};

const LAST_DAY: Date = date(2026, 11, 15);
/// Hash of a name that has been given the service `named`.
const HASH: u64 = 7;

fn landscape() -> Landscape {
    let mut landscape = Landscape::new([("files".into(), "Files".into()), ("chat".into(), "Chat".into())]);
    for (id, status, as_often_private) in [
        ("ours", SanctionStatus::Sanctioned, false),
        ("tolerated", SanctionStatus::Tolerated, false),
        ("new", SanctionStatus::Unreviewed, false),
        ("unwanted", SanctionStatus::Unsanctioned, false),
        ("named", SanctionStatus::Unreviewed, false),
        ("private", SanctionStatus::Unreviewed, true),
    ] {
        assert!(landscape.add(id, id, "files", status, as_often_private));
    }
    landscape
}

/// One device of a customer of its own, in a department.
fn member(number: u64, department: &str) -> Member {
    Member {
        device: DeviceId::from_bits(number),
        customer: Customer::Device(DeviceId::from_bits(number)),
        segments: format!("department:{department}\nsite:Leeds").parse().unwrap(),
        enrolled: first_day(LAST_DAY),
        group_token: false,
    }
}

fn day(bit: u32, services: &[&str], catalog: &str) -> DeviceDay {
    let usage = |service: &&str| Usage {
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
    };
    DeviceDay {
        day: first_day(LAST_DAY).saturating_add(Span::new().days(bit)),
        revision: 1,
        usages: services.iter().map(usage).collect(),
        spills: Vec::new(),
        unknown_services: Vec::new(),
        blind_spots: BlindSpots::default(),
        agent: AgentState { catalog_version: catalog.to_owned(), ..AgentState::default() },
        shared_device: false,
    }
}

struct Story(ArrivalTally, Landscape);

impl Story {
    fn new() -> Self {
        let named = HashMap::from([(HASH, "named".to_owned())]);
        Self(ArrivalTally::until(LAST_DAY, named, "department"), landscape())
    }

    fn add(&mut self, member: &Member, day: &DeviceDay) -> &mut Self {
        self.0.add(&self.1, member, day);
        self
    }

    /// A customer tells of every day of these, and uses `new` on those from the first given on.
    fn tells(&mut self, member: &Member, days: std::ops::Range<u32>, uses_from: u32) -> &mut Self {
        for bit in days {
            let services: &[&str] = if bit >= uses_from { &["ours", "new"] } else { &["ours"] };
            self.add(member, &day(bit, services, "1"));
        }
        self
    }

    fn end(self) -> Arrivals {
        self.0.finish(&self.1)
    }
}

/// Arrivals of `new` now and before, in a segment.
fn counts(arrivals: &Arrivals, segment: &str) -> (u32, u32) {
    let segment = (segment != "all").then(|| segment.parse().unwrap());
    arrivals[&segment].get("new").map_or((0, 0), |arrived| (arrived.now, arrived.before))
}

#[test]
fn a_customer_arrives_once_and_not_in_the_first_three_weeks() {
    for (first, expected) in
        [(0, (0, 0)), (20, (0, 0)), (21, (0, 1)), (76, (0, 1)), (77, (1, 0)), (83, (1, 0))]
    {
        let mut story = Story::new();
        story.tells(&member(1, "A"), 0..84, first);
        let arrivals = story.end();
        for segment in ["all", "department:A"] {
            assert_eq!(counts(&arrivals, segment), expected, "{first}");
        }
        assert!(!arrivals.contains_key(&Some("site:Leeds".parse().unwrap())), "not of the main dimension");
    }
}

#[test]
fn days_on_which_one_could_arrive_and_those_without_it_are_counted() {
    let mut story = Story::new();
    story.tells(&member(1, "A"), 0..84, 80).tells(&member(2, "A"), 70..84, 99).tells(
        &member(3, "A/B"),
        50..80,
        99,
    );
    story.tells(&member(4, "B"), 0..70, 30);
    let arrivals = story.end();
    let new = |segment: Option<&str>| arrivals[&segment.map(|it| it.parse().unwrap())]["new"];
    let expected = Arrived { now: 1, before: 0, days_now: 7 + 3, days_before: 56 + 6, without: 2 };
    assert_eq!(new(Some("department:A")), expected);
    assert_eq!(new(None), expected, "who was not told of in the seven days is not there");
    assert!(arrivals[&Some("department:A/B".parse().unwrap())].is_empty());
}

#[test]
fn who_is_new_to_the_company_brings_what_they_used() {
    for (told, expected) in [(57, (0, 0)), (56, (1, 0)), (70, (0, 0))] {
        let mut story = Story::new();
        story.tells(&member(1, "A"), told..84, 77);
        assert_eq!(counts(&story.end(), "all"), expected, "told of from {told}");
    }
}

#[test]
fn who_is_new_to_a_segment_brings_what_they_used() {
    let mut story = Story::new();
    story.tells(&member(1, "B"), 0..70, 80).tells(&member(1, "A"), 70..84, 80);
    let arrivals = story.end();
    assert_eq!((counts(&arrivals, "department:A"), counts(&arrivals, "all")), ((0, 0), (1, 0)));
    let mut story = Story::new();
    story.tells(&member(1, "A/B"), 0..70, 80).tells(&member(1, "A/C"), 70..84, 80);
    let arrivals = story.end();
    assert_eq!((counts(&arrivals, "department:A/C"), counts(&arrivals, "department:A")), ((0, 0), (1, 0)));
}

/// Another catalog from day 61 on, and `new` from one of these days on.
#[test]
fn a_catalog_that_learnt_the_service_makes_no_arrivals() {
    let told = |uses_from: u32, somebody_knew_it: bool| {
        let mut story = Story::new();
        for bit in 0..84 {
            let services: &[&str] = if bit >= uses_from { &["new"] } else { &["ours"] };
            story.add(&member(1, "A"), &day(bit, services, if bit < 61 { "1" } else { "2" }));
        }
        if somebody_knew_it {
            let mut shared = day(3, &["new"], "1");
            (shared.shared_device, shared.usages[0].evidence) = (true, Evidence::Present);
            story.add(&member(2, "B"), &shared);
        }
        counts(&story.end(), "all")
    };
    for uses_from in [61, 67, 68, 81] {
        assert_eq!(told(uses_from, false), (0, 0), "{uses_from}");
    }
    assert_eq!(told(82, false), (1, 0), "the catalog had known it for three weeks");
    assert_eq!(told(30, true), (0, 1));
    assert_eq!((told(61, true), told(67, true)), ((0, 0), (0, 0)), "names may have been added to it");
    assert_eq!((told(68, true), told(81, true)), ((0, 1), (1, 0)));
}

#[test]
fn a_name_that_got_a_service_later_was_told_by_every_catalog() {
    let mut story = Story::new();
    for bit in 0..84 {
        let mut told = day(bit, &[], if bit < 61 { "1" } else { "2" });
        let name = UnknownService {
            name_hash: HASH,
            app_class: AppClass::Browser,
            bytes_up: 1,
            bytes_down: 1,
            active_minutes: 5,
        };
        told.unknown_services.extend((bit >= 80).then_some(name));
        story.add(&member(1, "A"), &told);
    }
    assert_eq!(story.end()[&None]["named"].now, 1);
}

#[test]
fn what_counts_in_no_figure_is_no_arrival() {
    let mut present = day(80, &["new"], "1");
    present.usages[0].evidence = Evidence::Present;
    let mut guest = day(80, &["new"], "1");
    guest.usages[0].tenant = Tenant::Guest;
    let mut shared = day(80, &["new"], "1");
    shared.shared_device = true;
    let others = day(80, &["ours", "tolerated", "private", "nowhere"], "1");
    for told in [present, guest, shared, others] {
        let mut story = Story::new();
        story.tells(&member(1, "A"), 0..84, 99).add(&member(1, "A"), &told);
        assert_eq!(story.end()[&None], BTreeMap::new());
    }
}

#[test]
fn a_device_of_a_groups_token_counts_after_five_days() {
    for (days, customers) in [(80..84, 0), (79..84, 1)] {
        let mut story = Story::new();
        story.tells(&Member { group_token: true, ..member(1, "A") }, days, 99);
        assert_eq!(story.end().len(), 2 * customers);
    }
}

#[test]
fn days_outside_the_84_do_not_count() {
    let mut story = Story::new();
    let mut before = day(0, &["new"], "1");
    before.day = before.day.yesterday().unwrap();
    story
        .tells(&member(1, "A"), 0..84, 83)
        .add(&member(1, "A"), &before)
        .add(&member(2, "A"), &day(84, &[], "1"));
    let arrivals = story.end();
    assert_eq!((counts(&arrivals, "all"), arrivals[&None]["new"].without), ((1, 0), 0));
}

/// Device 1 to 6 (two devices a customer, department by device and time), day, services, catalog.
type Told = (u64, u32, Vec<&'static str>, u8);

fn told() -> impl Strategy<Value = Told> {
    let services = prop::sample::subsequence(vec!["ours", "new", "unwanted", "named", "private"], 0..4);
    (1..=6_u64, 0..84_u32, services, 0..3_u8)
}

fn tell(tally: &mut ArrivalTally, landscape: &Landscape, (device, bit, services, catalog): &Told) {
    let customer = Customer::Pseudonym(format!("c-{}", device / 2).parse().unwrap());
    let department = format!("D{}/E{device}", (device + u64::from(*bit > 60)) % 3);
    let member = Member { customer, group_token: device.is_multiple_of(3), ..member(*device, &department) };
    tally.add(landscape, &member, &day(*bit, services, &catalog.to_string()));
}

proptest! {
    /// However the device-days are split among tallies, and in whichever order they come and are joined.
    #[test]
    fn neither_order_nor_parts_matter(
        days in prop::collection::vec((told(), 0..4_usize), 0..60)
            .prop_flat_map(|days| (Just(days.clone()), Just(days).prop_shuffle())),
        order in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let (days, shuffled) = days;
        let landscape = landscape();
        let mut whole = Story::new().0;
        let mut parts: Vec<Option<ArrivalTally>> = (0..4).map(|_| Some(whole.another())).collect();
        for (told, _) in &days {
            tell(&mut whole, &landscape, told);
        }
        for (told, part) in &shuffled {
            tell(parts[*part].as_mut().unwrap(), &landscape, told);
        }
        let mut joined = whole.another();
        for place in order {
            joined.join(parts[place].take().unwrap());
        }
        prop_assert_eq!(joined.finish(&landscape), whole.finish(&landscape));
    }
}
