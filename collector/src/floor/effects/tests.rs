use super::*;
use crate::{
    floor::{
        publish,
        tests::{landscape, need, policy, rollup_of, row},
    },
    published::PublishedWeek,
    rollup::{FacetCounts, NeedCounts},
};

/// Elsewhere are these, with steps of the sign-in in thousandths, and so many others; so many are with us.
fn with_figures(figures: &[i32], others: u32, ours: u32) -> NeedCounts {
    let customers = u32::try_from(figures.len()).unwrap();
    let facets = FacetCounts::of(&[(Facet::SignIn, customers)], 0).with_effect(Facet::SignIn, figures);
    NeedCounts { facets: Some(Box::new(facets)), ..need([ours, 0, customers + others], &[], 0) }
}

/// So many, of whom half take no step more with us, and half six.
fn with(customers: usize, others: u32, ours: u32) -> NeedCounts {
    let figures: Vec<i32> = [0, 6000].into_iter().cycle().take(customers).collect();
    with_figures(&figures, others, ours)
}

fn published(nodes: &[(&str, NeedCounts)]) -> PublishedWeek {
    publish(&rollup_of(nodes, &[]), &landscape(), &policy())
}

fn shown(week: &PublishedWeek, segment: &str) -> Option<PublishedEffect> {
    row(week, segment).facets.iter().find_map(|facet| facet.effect)
}

#[test]
fn an_effect_is_shown_of_twice_k_and_its_facet_of_k() {
    for (customers, effect) in [(5, false), (9, false), (10, true), (30, true)] {
        let week = published(&[("all", with(customers, 10, 20))]);
        assert_eq!(row(&week, "all").facets.len(), 1, "{customers}");
        assert_eq!(shown(&week, "all").is_some(), effect, "{customers}");
    }
}

/// What the whole tells beyond its segments is of twice k too.
#[test]
fn what_is_left_beside_the_segments_is_twice_k_or_nobody() {
    let shown_in = |nodes: &[(&str, NeedCounts)]| {
        let week = published(nodes);
        nodes.iter().map(|(segment, _)| shown(&week, segment).is_some()).collect::<Vec<_>>()
    };
    let of = |all| [("all", all), ("department:A", with(30, 10, 20)), ("department:B", with(20, 10, 20))];
    assert_eq!(shown_in(&of(with(60, 30, 60))), [true, true, true], "ten are beside them");
    assert_eq!(shown_in(&of(with(56, 30, 60))), [true, true, false], "six are, so the smaller one goes");
    assert_eq!(shown_in(&of(with(50, 20, 40))), [true, true, true], "nobody is");
}

/// All of ten take two steps more: an error of 0 would say so of each of them.
#[test]
fn that_all_are_alike_is_not_told() {
    let told = |customers| {
        shown(&published(&[("all", with_figures(&vec![2000; customers], 10, 20))]), "all").unwrap()
    };
    assert_eq!(told(10), PublishedEffect { mean_hundredths: 200, error_hundredths: 30 });
    for customers in [10, 12, 15, 40, 200] {
        // As far as one of them may lie from the mean, where the others make up for it.
        let apart = told(customers).error_hundredths * u32::try_from(customers - 1).unwrap();
        assert!(2 * apart >= 5 * 100, "{customers}");
    }
}

#[test]
fn where_they_differ_the_error_is_their_own() {
    let told = shown(&published(&[("all", with(100, 10, 20))]), "all");
    assert_eq!(told, Some(PublishedEffect { mean_hundredths: 300, error_hundredths: 30 }));
}
