use super::*;
use crate::{
    insight::tests::need,
    published::{Figure, PublishedEffect},
};

/// A need with these effects: facet, customers, mean and error in hundredths.
fn with(effects: &[(Facet, u32, i32, u32)]) -> PublishedNeed {
    let mut need = need("send-once", true, [40, 10, 0, 50]);
    need.customers_elsewhere = Figure::Shown(100);
    need.facets = effects
        .iter()
        .map(|&(facet, customers, mean_hundredths, error_hundredths)| PublishedFacet {
            facet,
            customers,
            effect: Some(PublishedEffect { mean_hundredths, error_hundredths }),
        })
        .collect();
    need
}

fn names(need: &PublishedNeed) -> Vec<&'static str> {
    reasons(&why(&[Some(need)])).map(|(reason, ..)| reason.as_str()).collect()
}

#[test]
fn a_reason_is_given_where_its_interval_leaves_no_difference_out() {
    assert_eq!(names(&with(&[(Facet::Transfer, 40, 120, 20)])), ["slower_to_move_files"]);
    assert_eq!(names(&with(&[(Facet::Transfer, 40, 30, 20)])), [""; 0], "it holds no difference");
    assert_eq!(names(&with(&[(Facet::Transfer, 40, -120, 20)])), [""; 0], "ours is faster");
    assert_eq!(names(&with(&[(Facet::Transfer, 5, 120, 5)])), [""; 0], "too few customers");
}

#[test]
fn slower_is_told_as_how_many_times() {
    let findings = why(&[Some(&with(&[(Facet::Transfer, 40, 100, 10)]))]);
    let (_, difference, customers) = reasons(&findings).next().unwrap();
    assert!((difference.value - 2.0).abs() < 1e-9 && difference.low > 1.7 && difference.high < 2.4);
    assert_eq!(customers, 40);
}

#[test]
fn one_of_many_has_to_be_clearer() {
    // One in a hundred and a little less by itself.
    let clear = (Facet::SignIn, 30, 75, 20);
    assert_eq!(names(&with(&[clear])), ["front_door"]);
    let others = [Facet::Transfer, Facet::ServerWait, Facet::Failing].map(|facet| (facet, 30, 0, 20));
    assert_eq!(names(&with(&[&others[..], &[clear]].concat())), [""; 0]);
}

#[test]
fn who_is_turned_away_is_counted_among_those_elsewhere() {
    let turned_away = |customers| {
        let mut need = with(&[]);
        need.facets.push(PublishedFacet { facet: Facet::TurnedAway, customers, effect: None });
        need
    };
    assert_eq!(names(&turned_away(20)), ["we_turned_them_away"]);
    assert_eq!(names(&turned_away(5)), [""; 0], "a filter errs now and then");
}

#[test]
fn nothing_of_ours_is_no_reason() {
    let unserved = PublishedNeed { served: false, ..with(&[(Facet::Transfer, 40, 120, 20)]) };
    assert_eq!(why(&[Some(&unserved)]), []);
}

#[test]
fn who_has_left_is_asked_in_the_week_that_had_most_of_them() {
    let left = with(&[]);
    let (leaving, before) = (with(&[(Facet::Transfer, 40, 120, 20)]), with(&[(Facet::Transfer, 15, 0, 5)]));
    let findings = why(&[Some(&left), None, Some(&leaving), Some(&before)]);
    let seen = findings.iter().find(|finding| finding.reason == Reason::SlowerToMove).unwrap();
    assert!(matches!(seen.verdict, Verdict::Yes { customers: 40, .. }));
    assert_eq!(seen.weeks_ago, 2);
}

#[test]
fn an_answer_that_stands_out_is_told() {
    let answers = |known: &[(Answer, u32)]| Answers(known.to_vec()).most(5).map(|said| said.answer);
    let many = [(Answer::DidNotKnowOurs, 60), (Answer::Better, 35)];
    assert_eq!(answers(&many), Some(Answer::DidNotKnowOurs));
    assert_eq!(answers(&[(Answer::Cheaper, 4), (Answer::Better, 3)]), None, "too few");
    assert_eq!(answers(&Answer::ALL.map(|answer| (answer, 20))), None, "none stands out");
}
