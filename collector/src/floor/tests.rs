use std::collections::BTreeMap;

use super::*;
use crate::{
    portfolio::SanctionStatus,
    rollup::{PartSet, ServiceCounts},
};

fn landscape() -> Landscape {
    let mut landscape = Landscape::new([("files".into(), "Files".into())]);
    landscape.add("ours", "Ours", "files", SanctionStatus::Sanctioned, false);
    for service in ["big", "small", "tiny", "wee"] {
        landscape.add(service, service, "files", SanctionStatus::Unreviewed, false);
    }
    landscape
}

/// Customers in (ours alone, both, elsewhere alone), two days each, and the customers of each service.
fn need(parts: [u32; 3], services: &[(&str, u32)], small: u32) -> NeedCounts {
    let mut counts = NeedCounts { small_services_customers: small, ..NeedCounts::default() };
    for (part, customers) in [Part::OursAlone, Part::Both, Part::ElsewhereAlone].into_iter().zip(parts) {
        counts.customers_by_parts[PartSet::default().with(part).index()] = customers;
        counts.days[part as usize] = customers * 2;
    }
    let row = |customers: u32| ServiceCounts { customers, days: customers * 2 };
    counts.services = services.iter().map(|(id, customers)| ((*id).to_owned(), row(*customers))).collect();
    counts
}

fn published_with(landscape: &Landscape, nodes: &[(&str, NeedCounts)]) -> PublishedWeek {
    let node = |counts: &NeedCounts| Node {
        customers: counts.customers(),
        devices: 10,
        devices_reporting: 9,
        needs: BTreeMap::from([("files".to_owned(), counts.clone())]),
        ..Node::default()
    };
    let segment = |text: &str| (text != "all").then(|| text.parse().unwrap());
    let nodes = nodes.iter().map(|(text, counts)| (segment(text), node(counts))).collect();
    let rollup = Rollup { week: "2026-W46".parse().unwrap(), nodes, rows_not_in_catalog: 0 };
    let policy = Policy { minimum_group: 5, main_dimension: "department".into() };
    publish(&rollup, landscape, &policy)
}

fn published(nodes: &[(&str, NeedCounts)]) -> PublishedWeek {
    published_with(&landscape(), nodes)
}

fn row<'w>(week: &'w PublishedWeek, segment: &str) -> &'w PublishedNeed {
    let segment = (segment != "all").then(|| segment.parse().unwrap());
    week.segment(segment.as_ref()).unwrap().need("files").unwrap()
}

const HIDDEN: Figure = Figure::Hidden(Reason::K);

#[test]
fn under_k_and_none_look_the_same() {
    let week = published(&[("all", need([4, 0, 0], &[("ours", 4)], 4))]);
    assert_eq!(row(&week, "all"), row(&published(&[("all", need([0, 0, 0], &[], 0))]), "all"));
    assert_eq!(row(&week, "all").customers, HIDDEN);
    assert_eq!(week.segments[0].customers, HIDDEN);
    assert_eq!(week.segments[0].trust, None);
}

#[test]
fn distinct_customers_are_rounded_to_five_and_days_are_exact() {
    for (count, shown) in [(4, HIDDEN), (5, Figure::Shown(5)), (7, Figure::Shown(5)), (8, Figure::Shown(10))]
    {
        assert_eq!(customers(count, 5), shown, "{count}");
    }
    let week = published(&[("all", need([13, 0, 9], &[], 0))]);
    assert_eq!(row(&week, "all").customers, Figure::Shown(20));
    assert_eq!(row(&week, "all").parts(), Some([26, 0, 0, 18]));
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

#[test]
fn a_fold_under_k_takes_the_days_of_the_smallest_service_shown_with_it() {
    let services = [("big", 20), ("small", 8), ("wee", 2)];
    let week = published(&[("all", need([10, 0, 20], &services, 2))]);
    let row = row(&week, "all");
    assert_eq!(row.other_services_customers, HIDDEN);
    assert_eq!(row.service("big").unwrap().customer_days, Figure::Shown(40));
    assert_eq!(row.service("small").unwrap().customers, Figure::Shown(10));
    assert_eq!(row.service("small").unwrap().customer_days, HIDDEN);
}

#[test]
fn a_remainder_under_k_hides_the_smallest_sibling_too() {
    let week = published(&[
        ("all", need([52, 0, 0], &[("ours", 52)], 0)),
        ("department:A", need([30, 0, 0], &[("ours", 30)], 0)),
        ("department:B", need([20, 0, 0], &[("ours", 20)], 0)),
        ("department:C", need([2, 0, 0], &[("ours", 2)], 2)),
    ]);
    assert_eq!(row(&week, "department:A").customers, Figure::Shown(30));
    assert_eq!(row(&week, "department:B").customer_days, HIDDEN);
    assert_eq!(row(&week, "department:C").customer_days, HIDDEN);
}

#[test]
fn a_remainder_of_k_or_none_hides_nothing_more() {
    for (small, rest) in [(5, 0), (4, 2), (0, 0)] {
        let week = published(&[
            ("all", need([50 + small + rest, 0, 0], &[], 0)),
            ("department:A", need([30, 0, 0], &[], 0)),
            ("department:B", need([20, 0, 0], &[], 0)),
            ("department:C", need([small, 0, 0], &[], 0)),
        ]);
        assert_eq!(row(&week, "department:B").customers, Figure::Shown(20), "{small} and {rest}");
    }
}

#[test]
fn below_a_hidden_node_nothing_is_shown() {
    let week = published(&[
        ("all", need([40, 0, 0], &[], 0)),
        ("department:A", need([30, 0, 0], &[], 0)),
        ("department:B", need([8, 0, 0], &[], 0)),
        ("department:B/1", need([8, 0, 0], &[], 0)),
    ]);
    assert_eq!(row(&week, "department:B").customers, HIDDEN, "with the two in no department it makes ten");
    assert_eq!(row(&week, "department:B/1").customers, HIDDEN);
}

#[test]
fn a_part_under_k_is_withheld_with_the_smallest_other() {
    let week = published(&[("all", need([30, 10, 3], &[], 0))]);
    let all = row(&week, "all");
    assert_eq!((all.ours_alone, all.both, all.elsewhere_alone), (Figure::Shown(60), HIDDEN, HIDDEN));
    assert_eq!(all.tolerated, Figure::Shown(0));
    assert_eq!(all.customer_days, Figure::Shown(86));
}

#[test]
fn a_split_without_enough_to_hide_behind_is_withheld_whole() {
    let week = published(&[("all", need([30, 0, 3], &[], 0))]);
    let all = row(&week, "all");
    assert_eq!([all.ours_alone, all.both, all.tolerated, all.elsewhere_alone], [HIDDEN; 4]);
    assert_eq!(all.customer_days, Figure::Shown(66));
}

#[test]
fn a_part_can_not_be_told_from_the_siblings() {
    let week = published(&[
        ("all", need([100, 0, 43], &[], 0)),
        ("department:A", need([30, 0, 30], &[], 0)),
        ("department:B", need([30, 0, 10], &[], 0)),
        ("department:C", need([40, 0, 3], &[], 0)),
    ]);
    assert_eq!(row(&week, "department:C").elsewhere_alone, HIDDEN);
    assert_eq!(row(&week, "department:B").elsewhere_alone, HIDDEN, "else C is all without A and B");
    assert_eq!(row(&week, "department:B").customer_days, Figure::Shown(80));
    assert_eq!(row(&week, "department:A").elsewhere_alone, Figure::Shown(60));
}

#[test]
fn a_service_can_not_be_told_from_the_siblings() {
    let counts = |big: u32| need([0, 0, 30], &[("big", big)], if big < 5 { big } else { 0 });
    let week = published(&[
        ("all", need([0, 0, 90], &[("big", 43)], 0)),
        ("department:A", counts(30)),
        ("department:B", counts(10)),
        ("department:C", counts(3)),
    ]);
    assert!(row(&week, "department:A").service("big").is_some());
    assert!(row(&week, "department:B").service("big").is_none());
    assert!(row(&week, "department:C").service("big").is_none());
}

#[test]
fn no_figure_says_all_of_them_or_all_but_a_few() {
    for (ours_alone, shown) in [(0, HIDDEN), (4, HIDDEN), (5, Figure::Shown(20))] {
        let week = published(&[("all", need([ours_alone, 10, 10], &[], 0))]);
        assert_eq!(row(&week, "all").customers_elsewhere, shown, "{ours_alone}");
    }
}

#[test]
fn other_dimensions_publish_no_services() {
    let counts = || need([10, 0, 10], &[("big", 10)], 0);
    let week = published(&[("all", counts()), ("department:A", counts()), ("site:Leeds", counts())]);
    assert_eq!(row(&week, "department:A").services.len(), 1);
    assert_eq!(row(&week, "site:Leeds").customers, Figure::Shown(20));
    assert!(row(&week, "site:Leeds").services.is_empty());
}

#[test]
fn a_need_that_ours_serves_unseen_has_no_share() {
    let mut landscape = landscape();
    landscape.ours_not_visible("files");
    let week = published_with(&landscape, &[("all", need([10, 0, 20], &[("big", 20)], 0))]);
    let all = row(&week, "all");
    assert_eq!(all.customers, Figure::Shown(30));
    assert_eq!(all.elsewhere_alone, Figure::Hidden(Reason::OfferedNotVisible));
    assert_eq!(all.customers_elsewhere, Figure::Hidden(Reason::OfferedNotVisible));
}

#[test]
fn the_floor_states_its_price() {
    let week = published(&[
        ("all", need([0, 0, 43], &[("big", 43)], 0)),
        ("department:A", need([0, 0, 30], &[("big", 30)], 0)),
        ("department:B", need([0, 0, 10], &[("big", 10)], 0)),
        ("department:C", need([0, 0, 3], &[("big", 3)], 3)),
    ]);
    let price = week.price;
    assert_eq!(price.organisation_by_need, Some(100));
    assert_eq!((price.segment_by_need, price.segment_by_service), (Some(69), Some(69)));
}

#[test]
fn a_group_under_five_can_not_be_asked_for() {
    let rollup = Rollup { week: "2026-W46".parse().unwrap(), nodes: BTreeMap::new(), rows_not_in_catalog: 0 };
    let policy = Policy { minimum_group: 1, main_dimension: "department".into() };
    assert_eq!(publish(&rollup, &landscape(), &policy).minimum_group, LEAST_MINIMUM_GROUP);
}
