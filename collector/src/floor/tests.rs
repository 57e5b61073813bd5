mod facets;

use std::collections::BTreeMap;

use super::*;
use crate::{
    portfolio::SanctionStatus,
    rollup::{PartSet, ServiceCounts},
};

pub(super) fn landscape() -> Landscape {
    let mut landscape = Landscape::new([("files".into(), "Files".into())]);
    landscape.add("ours", "Ours", "files", SanctionStatus::Sanctioned, false);
    for service in ["big", "small", "tiny", "wee"] {
        landscape.add(service, service, "files", SanctionStatus::Unreviewed, false);
    }
    landscape
}

/// Customers in (ours alone, both, elsewhere alone), two days each, and the customers of each service.
pub(super) fn need(parts: [u32; 3], services: &[(&str, u32)], small: u32) -> NeedCounts {
    let mut counts = NeedCounts { small_services_customers: small, ..NeedCounts::default() };
    for (part, customers) in [Part::OursAlone, Part::Both, Part::ElsewhereAlone].into_iter().zip(parts) {
        counts.customers_by_parts[PartSet::default().with(part).index()] = customers;
        counts.days[part as usize] = customers * 2;
    }
    let row = |customers: u32| ServiceCounts { customers, days: customers * 2, idle: 0, in_our_tenant: 0 };
    counts.services = services.iter().map(|(id, customers)| ((*id).to_owned(), row(*customers))).collect();
    counts
}

/// Each with as many customers again who do not have the need.
pub(super) fn rollup_of(nodes: &[(&str, NeedCounts)], atoms: &[(&str, NeedCounts)]) -> Rollup {
    let node = |counts: &NeedCounts| Node {
        customers: counts.customers() * 2,
        devices: 10,
        devices_reporting: 9,
        needs: BTreeMap::from([("files".to_owned(), counts.clone())]),
        ..Node::default()
    };
    let segment = |text: &str| (text != "all").then(|| text.parse().unwrap());
    Rollup {
        week: "2026-W46".parse().unwrap(),
        nodes: nodes.iter().map(|(text, counts)| (segment(text), node(counts))).collect(),
        atoms: atoms.iter().map(|(text, counts)| (text.parse().unwrap(), node(counts))).collect(),
        news: BTreeMap::new(),
        rows_not_in_catalog: 0,
    }
}

fn published_with(landscape: &Landscape, nodes: &[(&str, NeedCounts)]) -> PublishedWeek {
    publish(&rollup_of(nodes, &[]), landscape, &policy())
}

pub(super) fn policy() -> Policy {
    Policy { minimum_group: 5, main_dimension: "department".into() }
}

fn published(nodes: &[(&str, NeedCounts)]) -> PublishedWeek {
    published_with(&landscape(), nodes)
}

pub(super) fn row<'w>(week: &'w PublishedWeek, segment: &str) -> &'w PublishedNeed {
    let segment = (segment != "all").then(|| segment.parse().unwrap());
    week.segment(segment.as_ref()).unwrap().need("files").unwrap()
}

const HIDDEN: Figure = Figure::Hidden(Reason::K);

#[test]
fn under_k_and_none_look_the_same() {
    let week = published(&[("all", need([2, 0, 0], &[("ours", 2)], 2))]);
    assert_eq!(row(&week, "all"), row(&published(&[("all", need([0, 0, 0], &[], 0))]), "all"));
    assert_eq!(row(&week, "all").customers, HIDDEN);
    assert_eq!(week.segments[0].customers, HIDDEN);
    assert_eq!(week.segments[0].trust, None);
}

#[test]
fn customers_are_rounded_to_five_and_days_to_ten() {
    let week = published(&[("all", need([13, 5, 9], &[], 0))]);
    assert_eq!(row(&week, "all").customers, Figure::Shown(25));
    assert_eq!(row(&week, "all").customer_days, Figure::Shown(50));
    assert_eq!(row(&week, "all").parts(), Some([30, 10, 0, 20]));
}

#[test]
fn services_under_k_are_folded_into_other_services() {
    let services = [("big", 20), ("small", 4), ("tiny", 3)];
    let week = published(&[("all", need([10, 0, 20], &services, 6))]);
    let row = row(&week, "all");
    assert_eq!(row.services.iter().map(|row| row.service.as_str()).collect::<Vec<_>>(), ["big"]);
    assert_eq!(row.services[0].customer_days, Figure::Shown(40));
    assert_eq!(row.other_services_customers, Figure::Shown(5));
}

/// A and B, and so many in C, beside so many who have no such need.
fn beside_siblings(small: u32, others: u32) -> PublishedWeek {
    let mut rollup = rollup_of(
        &[
            ("all", need([50 + small, 0, 0], &[], 0)),
            ("department:A", need([30, 0, 0], &[], 0)),
            ("department:B", need([20, 0, 0], &[], 0)),
            ("department:C", need([small, 0, 0], &[], 0)),
        ],
        &[],
    );
    for node in rollup.nodes.values_mut() {
        node.customers = node.needs["files"].customers() + others;
    }
    for (segment, node) in &mut rollup.nodes {
        node.customers += if segment.is_none() { 2 * others } else { 0 };
    }
    publish(&rollup, &landscape(), &policy())
}

#[test]
fn what_differences_of_rounded_figures_leave_open_hides_no_sibling() {
    for small in 0..5 {
        let week = beside_siblings(small, 10);
        let shown = ["A", "B", "C"].map(|name| row(&week, &format!("department:{name}")).customers);
        assert_eq!(shown, [Figure::Shown(30), Figure::Shown(20), HIDDEN], "{small}");
    }
}

#[test]
fn where_all_have_the_need_a_remainder_under_k_hides_the_smallest_sibling_too() {
    for small in 1..5 {
        let week = beside_siblings(small, 0);
        let shown = ["A", "B", "C"].map(|name| row(&week, &format!("department:{name}")).customer_days);
        assert_eq!(shown.iter().filter(|figure| **figure != HIDDEN).count(), 0, "{small}: {shown:?}");
    }
}

#[test]
fn below_a_hidden_node_nothing_is_shown() {
    let week = published(&[
        ("all", need([40, 0, 0], &[], 0)),
        ("department:A", need([30, 0, 0], &[], 0)),
        ("department:B", need([4, 0, 0], &[], 0)),
        ("department:B/1", need([4, 0, 0], &[], 0)),
    ]);
    assert_eq!(row(&week, "department:B").customers, HIDDEN);
    assert_eq!(row(&week, "department:B/1").customers, HIDDEN);
}

#[test]
fn days_elsewhere_stand_where_their_two_parts_can_not() {
    let week = published(&[("all", need([30, 10, 3], &[], 0))]);
    let all = row(&week, "all");
    assert_eq!((all.both, all.elsewhere_alone), (HIDDEN, HIDDEN));
    assert_eq!((all.ours_alone, all.elsewhere), (Figure::Shown(60), Figure::Shown(30)));
    assert_eq!(all.tolerated, Figure::Shown(0), "nothing is tolerated, and everybody knows");
    assert_eq!((all.customers_elsewhere, all.customers_both), (Figure::Shown(10), HIDDEN));
}

#[test]
fn no_figure_says_all_of_them_or_all_but_a_few() {
    for (ours_alone, elsewhere, shown) in
        [(0, 10, false), (4, 10, false), (5, 10, true), (30, 3, false), (30, 0, false)]
    {
        let week = published(&[("all", need([ours_alone, 0, elsewhere], &[("ours", ours_alone)], 0))]);
        let all = row(&week, "all");
        let split = [all.customers_elsewhere, all.ours_alone, all.elsewhere, all.both, all.elsewhere_alone];
        assert_eq!(
            split.iter().any(|figure| *figure != HIDDEN),
            shown,
            "{ours_alone}, {elsewhere}: {split:?}"
        );
        assert_ne!(all.customer_days, HIDDEN);
        let days_of_ours = all.service("ours").map_or(HIDDEN, |ours| ours.customer_days);
        assert_eq!(days_of_ours, HIDDEN, "they are those of the need but for the days elsewhere alone");
    }
}

#[test]
fn a_part_can_not_be_told_from_the_siblings() {
    let week = published(&[
        ("all", need([100, 0, 43], &[], 0)),
        ("department:A", need([30, 0, 30], &[], 0)),
        ("department:B", need([30, 0, 10], &[], 0)),
        ("department:C", need([40, 0, 3], &[], 0)),
    ]);
    assert_eq!(row(&week, "department:C").elsewhere, HIDDEN);
    assert_eq!(row(&week, "department:B").elsewhere, HIDDEN, "else C is all without A and B");
    assert_eq!(row(&week, "department:B").customer_days, Figure::Shown(80));
    assert_eq!(row(&week, "department:A").elsewhere, Figure::Shown(60));
}

#[test]
fn a_service_can_not_be_told_from_the_siblings() {
    let counts = |big: u32| need([30, 0, 30], &[("big", big)], if big < 5 { big } else { 0 });
    let week = published(&[
        ("all", need([90, 0, 90], &[("big", 43)], 0)),
        ("department:A", counts(30)),
        ("department:B", counts(10)),
        ("department:C", counts(3)),
    ]);
    assert!(row(&week, "department:A").service("big").is_some());
    assert!(row(&week, "department:B").service("big").is_none());
    assert!(row(&week, "department:C").service("big").is_none());
}

#[test]
fn other_dimensions_publish_no_services() {
    let counts = || need([10, 0, 10], &[("big", 10)], 0);
    let rollup = rollup_of(
        &[("all", counts()), ("department:A", counts()), ("site:Leeds", counts())],
        &[("department:A\nsite:Leeds", counts())],
    );
    let week = publish(&rollup, &landscape(), &policy());
    assert_eq!(row(&week, "department:A").services.len(), 1);
    assert_eq!(row(&week, "site:Leeds").customers, Figure::Shown(20));
    assert!(row(&week, "site:Leeds").services.is_empty());
}

#[test]
fn a_site_does_not_tell_of_a_department() {
    // Leeds is departments A and C together; York is B.
    let [a, b, c] = [20, 18, 2].map(|customers| need([customers, 0, 0], &[], 0));
    let leeds = need([22, 0, 0], &[], 0);
    let rollup = rollup_of(
        &[
            ("all", need([40, 0, 0], &[], 0)),
            ("department:A", a.clone()),
            ("department:B", b.clone()),
            ("department:C", c.clone()),
            ("site:Leeds", leeds),
            ("site:York", b.clone()),
        ],
        &[("department:A\nsite:Leeds", a), ("department:B\nsite:York", b), ("department:C\nsite:Leeds", c)],
    );
    let week = publish(&rollup, &landscape(), &policy());
    assert_eq!(row(&week, "department:A").customers, Figure::Shown(20));
    assert_eq!(row(&week, "department:C").customers, HIDDEN);
    assert_eq!(row(&week, "site:Leeds").customers, HIDDEN, "Leeds without A is C");
}

#[test]
fn a_need_that_ours_serves_unseen_has_no_share() {
    let mut landscape = landscape();
    landscape.ours_not_visible("files");
    let week = published_with(&landscape, &[("all", need([10, 0, 20], &[("big", 20)], 0))]);
    let all = row(&week, "all");
    assert_eq!(all.customers, Figure::Shown(30));
    assert_eq!(all.elsewhere, Figure::Hidden(Reason::OfferedNotVisible));
    assert_eq!(all.customers_elsewhere, Figure::Hidden(Reason::OfferedNotVisible));
}

#[test]
fn the_floor_states_its_price_and_tells_no_days_by_it() {
    let nodes = [
        ("all", need([403, 0, 403], &[("big", 403)], 0)),
        ("department:A", need([300, 0, 300], &[("big", 300)], 0)),
        ("department:B", need([100, 0, 100], &[("big", 100)], 0)),
        ("department:C", need([3, 0, 3], &[("big", 3)], 3)),
    ];
    let rollup = rollup_of(&nodes, &[]);
    let week = publish(&rollup, &landscape(), &policy());
    let costs = costs(&rollup, &landscape(), &week, "department");
    assert_eq!(costs.organisation_by_need, Account { shown: 806, all: 806 });
    assert_eq!(costs.segment_by_need, Account { shown: 800, all: 806 });
    assert_eq!(costs.segment_by_service, Account { shown: 600, all: 806 });
    let price = week.price;
    assert_eq!(price.organisation_by_need, Some(90), "all of them are shown, and it does not say so");
    assert_eq!((price.segment_by_need, price.segment_by_service), (Some(90), Some(70)));
}

#[test]
fn a_week_that_may_still_change_is_coarse() {
    let services = [("big", 20)];
    let week = coarse(published(&[("all", need([63, 10, 34], &services, 0))]));
    let all = row(&week, "all");
    assert_eq!((all.customers, all.customer_days), (Figure::Shown(110), Figure::Shown(220)));
    assert_eq!((all.ours_alone, all.elsewhere), (Figure::Shown(140), Figure::Shown(100)));
    assert!(all.services.is_empty());
    let segments =
        [("all", need([63, 10, 34], &services, 0)), ("department:A", need([63, 10, 34], &services, 0))];
    let week = coarse(published(&segments));
    assert_eq!(week.segments[1].customers, HIDDEN, "the freeze may withhold it");
    assert_eq!(
        (row(&week, "all").customers, row(&week, "department:A").customers),
        (Figure::Shown(110), HIDDEN)
    );
}

#[test]
fn a_group_under_five_can_not_be_asked_for() {
    let policy = Policy { minimum_group: 1, main_dimension: "department".into() };
    assert_eq!(publish(&rollup_of(&[], &[]), &landscape(), &policy).minimum_group, LEAST_MINIMUM_GROUP);
}

#[test]
fn as_many_combinations_of_segments_as_customers_are_counted() {
    const SIDE: u32 = 270;
    let node = |customers| Node { customers, ..Node::default() };
    let mut rollup = rollup_of(&[], &[]);
    rollup.nodes.insert(None, node(SIDE * SIDE));
    for n in 0..SIDE {
        for dimension in ["department", "site"] {
            rollup.nodes.insert(Some(format!("{dimension}:{n}").parse().unwrap()), node(SIDE));
        }
        for m in 0..SIDE {
            rollup.atoms.insert(format!("department:{n}\nsite:{m}").parse().unwrap(), node(1));
        }
    }
    let week = publish(&rollup, &landscape(), &policy());
    assert_eq!(week.segments.len(), 541);
    assert_eq!(week.segments[0].customers, Figure::Shown(72_900));
    assert!(week.segments.iter().skip(1).all(|row| row.customers == Figure::Shown(270)));
}

#[test]
fn of_many_dimensions_the_main_one_and_those_of_the_most_customers_are_on_the_map() {
    let of = |customers| need([customers, 0, 0], &[], 0);
    let words = ["department:A", "role:A", "site:A", "team:A", "union:A", "starters:new"];
    let mut nodes = vec![("all", of(40))];
    nodes.extend(
        words.into_iter().zip([10, 12, 40, 30, 20, 10]).map(|(word, customers)| (word, of(customers))),
    );
    let atoms = [("department:A\nrole:A\nsite:A", of(10)), ("site:A\nteam:A\nunion:A", of(30))];
    let week = publish(&rollup_of(&nodes, &atoms), &landscape(), &policy());
    let told: Vec<String> =
        week.segments.iter().filter_map(|row| Some(row.segment.as_ref()?.to_string())).collect();
    assert_eq!(told, ["department:A", "site:A", "starters:new", "team:A"]);
}

#[test]
fn of_our_tenant_everybody_is_told_and_never_that_all_are_in_it() {
    for (customers, in_our_tenant, told) in [
        (40, 4, None),
        (40, 5, Some(5)),
        (40, 34, Some(30)),
        (40, 35, Some(35)),
        (40, 40, Some(35)),
        (44, 44, Some(35)),
        (10, 10, Some(5)),
        (9, 9, None),
    ] {
        let mut counts = need([20, 0, customers], &[("big", customers)], 0);
        counts.services.get_mut("big").unwrap().in_our_tenant = in_our_tenant;
        let week = published(&[("all", counts.clone()), ("department:A", counts)]);
        let of = |row: &PublishedSegment| {
            let services = &row.needs[0].services;
            services.iter().find(|row| row.service == "big").unwrap().customers_in_our_tenant
        };
        assert_eq!(
            week.segments.iter().map(of).collect::<Vec<_>>(),
            [told, None],
            "{in_our_tenant} of {customers}"
        );
    }
}
