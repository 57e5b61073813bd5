use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap},
};

use jiff::civil::date;
use proptest::{prelude::*, test_runner::TestRunner};

use super::*;
use crate::{
    device::{Customer, DeviceId},
    device_day::{AgentState, AppClass, BlindSpots, DeviceDay, Evidence, Place, Tenant, Usage},
    floor::tests::{landscape, need, policy, rollup_of},
    portfolio::SanctionStatus,
    rollup::{NeedCounts, Node, ServiceCounts, Tally},
    segment::{Segment, Segments},
};

const MORNING: Date = date(2026, 11, 17);

/// Segment and service of each signal.
fn told(nodes: &[(&str, NeedCounts)], atoms: &[(&str, NeedCounts)]) -> Vec<(String, String)> {
    let signals = of_all(&rollup_of(nodes, atoms), &landscape(), &policy());
    signals.into_iter().map(|signal| (name(signal.segment.as_ref()), signal.service)).collect()
}

/// As if all customers had begun, which surprises.
fn of_all(rollup: &Rollup, landscape: &Landscape, policy: &Policy) -> Vec<Signal> {
    let services = |node: &Node| {
        let services = node.needs.values().flat_map(|need| &need.services);
        let began = |counts: &ServiceCounts| arrived(counts.customers, MANY);
        services.map(|(service, counts)| (service.clone(), began(counts))).collect()
    };
    let began = rollup.nodes.iter().map(|(segment, node)| (segment.clone(), services(node))).collect();
    signals(rollup, landscape, policy, &began, MORNING)
}

const MANY: u32 = 1000;

fn arrived(now: u32, without: u32) -> Arrived {
    Arrived { now, without, ..Arrived::default() }
}

fn name(segment: Option<&Segment>) -> String {
    segment.map_or_else(|| "all".to_owned(), ToString::to_string)
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(segment, service)| ((*segment).to_owned(), (*service).to_owned())).collect()
}

#[test]
fn a_service_elsewhere_is_told_from_k_customers_on() {
    for (customers, expected) in [(0, 0), (1, 0), (4, 0), (5, 1), (12, 1)] {
        let counts = need([30, 0, 30], &[("ours", 30), ("big", customers)], 0);
        assert_eq!(told(&[("all", counts)], &[]).len(), expected, "{customers}");
    }
    let counts = need([30, 0, 30], &[("ours", 30), ("big", 12)], 0);
    let signals = of_all(&rollup_of(&[("all", counts)], &[]), &landscape(), &policy());
    let big = Signal {
        segment: None,
        need: "files".into(),
        service: "big".into(),
        released: MORNING,
        minimum_group: 5,
    };
    assert_eq!(signals, [big]);
}

/// Customers are rounded down to 15 where 12 are the smallest group.
#[test]
fn where_the_smallest_group_is_raised_a_signal_takes_a_whole_step() {
    let policy = Policy { minimum_group: 12, ..policy() };
    for (customers, expected) in [(11, 0), (12, 0), (14, 0), (15, 1)] {
        let counts = need([60, 0, 60], &[("ours", 60), ("big", customers)], 0);
        let signals = of_all(&rollup_of(&[("all", counts)], &[]), &landscape(), &policy);
        assert_eq!(signals.len(), expected, "{customers}");
    }
}

#[test]
fn those_who_began_and_those_without_it_are_k_or_more() {
    let counts = || need([60, 0, 60], &[("ours", 60), ("big", 30)], 0);
    let rollup = rollup_of(&[("all", counts()), ("department:A", counts())], &[]);
    for (k, now, without, told) in [
        (5, 5, 5, true),
        (5, 4, 50, false),
        (5, 50, 4, false),
        (8, 10, 10, true),
        (8, 9, 10, false),
        (8, 10, 9, false),
    ] {
        let policy = Policy { minimum_group: k, ..policy() };
        let big = std::collections::BTreeMap::from([("big".to_owned(), arrived(now, without))]);
        let began = Arrivals::from([(Some("department:A".parse().unwrap()), big)]);
        let signals = signals(&rollup, &landscape(), &policy, &began, MORNING);
        assert_eq!(signals.len(), usize::from(told), "{now} of {k}, {without} without");
        assert!(signals.iter().all(|signal| signal.segment.is_some()), "nobody else began");
    }
}

#[test]
fn what_is_withheld_for_the_siblings_sake_is_not_told() {
    let counts = |big: u32| need([30, 0, 30], &[("big", big)], if big < 5 { big } else { 0 });
    let nodes = [
        ("all", need([90, 0, 90], &[("big", 43)], 0)),
        ("department:A", counts(30)),
        ("department:B", counts(10)),
        ("department:C", counts(3)),
    ];
    assert_eq!(
        told(&nodes, &[]),
        pairs(&[("all", "big"), ("department:A", "big")]),
        "else C is all without A and B"
    );
}

#[test]
fn other_dimensions_have_no_signals() {
    let counts = || need([10, 0, 10], &[("big", 10)], 0);
    let nodes = [("all", counts()), ("department:A", counts()), ("site:Leeds", counts())];
    let atoms = [("department:A\nsite:Leeds", counts())];
    assert_eq!(told(&nodes, &atoms), pairs(&[("all", "big"), ("department:A", "big")]));
}

/// What was seen of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Use,
    Present,
    Guest,
    Shared,
}

/// Customer, whether it is their second device, day of November, what was seen, services.
type Told = (u64, bool, i8, Kind, Vec<&'static str>);

/// Id, need, status, as often private as work.
const SERVICES: [(&str, &str, SanctionStatus, bool); 8] = [
    ("ours", "files", SanctionStatus::Sanctioned, false),
    ("tolerated", "files", SanctionStatus::Tolerated, false),
    ("accepted", "files", SanctionStatus::Tolerated, false),
    ("new", "files", SanctionStatus::Unreviewed, false),
    ("unwanted", "files", SanctionStatus::Unsanctioned, false),
    ("only", "notes", SanctionStatus::Unreviewed, false),
    ("private", "chat", SanctionStatus::Unreviewed, true),
    ("talk", "chat", SanctionStatus::Unsanctioned, false),
];

fn company() -> Landscape {
    let needs = ["files", "notes", "chat"].map(|need| (need.to_owned(), need.to_owned()));
    let mut landscape = Landscape::new(needs);
    for (id, need, status, as_often_private) in SERVICES {
        assert!(landscape.add(id, id, need, status, as_often_private));
    }
    landscape
}

/// Up to 80 customers, each with services that they keep to.
fn fleets() -> impl Strategy<Value = Vec<Told>> {
    let kinds = prop_oneof![
        12 => Just(Kind::Use),
        1 => Just(Kind::Present),
        1 => Just(Kind::Guest),
        1 => Just(Kind::Shared),
    ];
    let services = prop::sample::subsequence(SERVICES.map(|service| service.0).to_vec(), 0..6);
    let days = prop::collection::vec((any::<bool>(), 5..=17_i8, kinds), 1..5);
    prop::collection::vec((services, days), 10..80).prop_map(|customers| {
        let mut fleet = Vec::new();
        for (customer, (services, days)) in (0..).zip(customers) {
            let told = |(second, on, kind)| (customer, second, on, kind, services.clone());
            fleet.extend(days.into_iter().map(told));
        }
        fleet
    })
}

fn segments(customer: u64) -> Segments {
    format!("department:D{}/E{}\nsite:S{}", customer % 3, customer % 4, customer % 2).parse().unwrap()
}

fn day((_, _, on, kind, services): &Told) -> DeviceDay {
    let usage = |service: &&str| Usage {
        service: service.parse().unwrap(),
        app_class: AppClass::Browser,
        place: Place::Office,
        evidence: if *kind == Kind::Present { Evidence::Present } else { Evidence::Use },
        parts_of_day: 2,
        active_minutes: 5,
        tries: 1,
        failed: 0,
        given_up: 0,
        turned_away: 0,
        bytes_up: 1,
        bytes_down: 1,
        tenant: if *kind == Kind::Guest { Tenant::Guest } else { Tenant::Unknown },
        sign_in_hops: 0,
        server_wait: None,
        transfer_times: Vec::new(),
    };
    DeviceDay {
        day: date(2026, 11, *on),
        revision: 1,
        usages: services.iter().map(usage).collect(),
        spills: Vec::new(),
        unknown_services: Vec::new(),
        blind_spots: BlindSpots::default(),
        agent: AgentState::default(),
        shared_device: *kind == Kind::Shared,
    }
}

/// Counted one by one: customers of a segment who used the service from the 10th to the 16th.
fn customers_of(fleet: &[Told], segment: Option<&Segment>, service: &str) -> usize {
    let is_in = |customer: u64| {
        let own = segments(customer);
        segment.is_none_or(|segment| {
            own.iter().any(|own| own == segment || own.parent().as_ref() == Some(segment))
        })
    };
    let used = fleet.iter().filter(|(customer, _, on, kind, services)| {
        is_in(*customer) && (10..=16).contains(on) && *kind == Kind::Use && services.contains(&service)
    });
    used.map(|told| told.0).collect::<BTreeSet<_>>().len()
}

#[test]
fn no_signal_of_a_random_fleet_has_fewer_than_k_customers() {
    let landscape = company();
    let (released, below) = (Cell::new(0), Cell::new(0));
    let strategy = (fleets(), 5..9_u32);
    let judged = TestRunner::default().run(&strategy, |(fleet, k)| {
        let mut tally = Tally::until(date(2026, 11, 16), HashMap::new());
        for told in &fleet {
            let customer = Customer::Pseudonym(format!("c-{}", told.0).parse().unwrap());
            let device = DeviceId::from_bits(2 * told.0 + u64::from(told.1) + 1);
            tally.add(&landscape, device, &customer, &segments(told.0), &day(told));
        }
        let policy = Policy { minimum_group: k, main_dimension: "department".into() };
        let signals = of_all(&tally.finish(&landscape, k), &landscape, &policy);
        for signal in &signals {
            let customers = customers_of(&fleet, signal.segment.as_ref(), &signal.service);
            prop_assert!(customers >= k as usize, "{customers} of {k}: {signal:?}");
            prop_assert!(!["ours", "tolerated", "accepted", "private"].contains(&signal.service.as_str()));
            prop_assert!(signal.segment.as_ref().is_none_or(|segment| segment.dimension() == "department"));
            prop_assert_eq!(signal.minimum_group, k);
        }
        let under_k =
            |(service, ..): &(&str, _, _, _)| (1..k as usize).contains(&customers_of(&fleet, None, service));
        released.set(released.get() + signals.len());
        below.set(below.get() + SERVICES.iter().filter(|service| under_k(service)).count());
        Ok(())
    });
    judged.unwrap();
    assert!(
        released.get() > 200 && below.get() > 100,
        "{released:?} told, {below:?} could have been by mistake"
    );
}
