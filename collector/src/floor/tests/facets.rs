//! Where the customers elsewhere may be told apart.

use super::*;
use crate::rollup::{Facet, FacetCounts};

/// So many elsewhere alone, and so many of them in each facet.
fn elsewhere(customers: u32, facets: &[(Facet, u32)]) -> NeedCounts {
    NeedCounts { facets: Some(Box::new(FacetCounts::of(facets, 10))), ..need([20, 0, customers], &[], 0) }
}

fn shown(week: &PublishedWeek, segment: &str) -> Vec<(Facet, u32)> {
    row(week, segment).facets.iter().map(|facet| (facet.facet, facet.customers)).collect()
}

#[test]
fn a_facet_is_shown_where_it_and_its_others_are_k() {
    let facets = [(Facet::Night, 4), (Facet::Morning, 5), (Facet::Afternoon, 25), (Facet::Evening, 26)];
    let week = published(&[("all", elsewhere(30, &facets))]);
    assert_eq!(shown(&week, "all"), [(Facet::Morning, 5), (Facet::Afternoon, 25)], "no 4, no all but 4");
}

#[test]
fn how_long_already_is_taken_apart_step_by_step() {
    let facets = [(Facet::Before, 25), (Facet::BeforeTwoWeeks, 22), (Facet::BeforeFourWeeks, 12)];
    let week = published(&[("all", elsewhere(30, &facets))]);
    assert_eq!(shown(&week, "all"), [(Facet::Before, 25)], "3 were in their second week");
}

#[test]
fn never_ours_is_told_apart_from_those_who_were_with_us() {
    // 10 of the 20 were not with us this week and did not leave us.
    let counts = |never| elsewhere(20, &[(Facet::NeverOurs, never)]);
    assert_eq!(shown(&published(&[("all", counts(5))]), "all"), [(Facet::NeverOurs, 5)]);
    assert_eq!(
        shown(&published(&[("all", counts(6))]), "all"),
        [],
        "all but 4 of the 10 who did not leave us"
    );
}

#[test]
fn a_small_segments_facet_is_withheld_with_what_would_tell_it() {
    let facets = |customers| [(Facet::Night, customers)];
    let nodes = |c| {
        [
            ("all", elsewhere(60, &facets(20 + c))),
            ("department:A", elsewhere(25, &facets(10))),
            ("department:B", elsewhere(25, &facets(10))),
            ("department:C", elsewhere(10, &facets(c))),
        ]
    };
    let week = published(&nodes(5));
    assert_eq!(shown(&week, "department:C"), [(Facet::Night, 5)]);
    let week = published(&nodes(1));
    assert_eq!(shown(&week, "department:C"), []);
    let others = ["department:A", "department:B"].map(|segment| shown(&week, segment).len());
    assert_eq!(others.iter().sum::<usize>(), 1, "one more is withheld, or the two would tell C's");
}

#[test]
fn other_dimensions_and_unfrozen_weeks_have_no_facets() {
    let facets = [(Facet::Night, 10)];
    let nodes = [("all", elsewhere(30, &facets)), ("site:Leeds", elsewhere(30, &facets))];
    let week = published(&nodes);
    assert_eq!((shown(&week, "all").len(), shown(&week, "site:Leeds").len()), (1, 0));
    assert_eq!(shown(&coarse(week), "all"), []);
}

#[test]
fn nothing_is_told_apart_where_ours_serves_the_need_unseen() {
    let mut landscape = landscape();
    landscape.ours_not_visible("files");
    let week = published_with(&landscape, &[("all", elsewhere(30, &[(Facet::Night, 10)]))]);
    assert_eq!(shown(&week, "all"), []);
}

#[test]
fn who_has_ours_running_is_shown_where_the_idle_and_the_others_are_k() {
    // 60 seen, of whom 20 used ours.
    let present_with = |idle| {
        let mut counts = need([10, 10, 10], &[("ours", 20), ("big", 20)], 0);
        counts.services.get_mut("ours").unwrap().idle = idle;
        row(&published(&[("all", counts)]), "all").service("ours").unwrap().customers_present
    };
    assert_eq!([4, 35, 36].map(present_with), [HIDDEN, Figure::Shown(55), HIDDEN]);
}
