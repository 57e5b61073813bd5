//! The attacker: a reader who keeps everything that is ever published, knows who is in which segment, and narrows what
//! the floor withheld.
//!
//! Random companies are rolled up and published; an exact solver then finds which numbers each withheld figure can still
//! be. `ELSEWHERE_ATTACK_WORLDS` says how many companies.
//!
//! Read are all figures of the frozen weeks, of the seventeen facets six in each company; the price; signals and the running
//! week's rows of two nights a week (`between.rs`); the share of devices that reported (`seen.rs`); and of the means who is
//! behind them, as an insider knows it (`effects.rs`).
//!
//! Not read are: two weeks at once by a reader who does not know that both were alike, save where a signal joins them;
//! several signals together, and nights set against each other; shares of connections, of unwatched time and of days with
//! losses, which bound no number of customers; and the values of means, where 2k customers or more are behind them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacker {
    pub(crate) mod arithmetic;
    mod arrivals;
    pub(crate) mod attack;
    pub(crate) mod between;
    pub(crate) mod campaign;
    pub(crate) mod cells;
    pub(crate) mod chance;
    pub(crate) mod company;
    mod effects;
    mod known;
    pub(crate) mod naive;
    pub(crate) mod program;
    pub(crate) mod reading;
    mod seen;
}

use attacker::{
    attack::{Outcome, Released},
    campaign::Campaign,
    company::Company,
    naive::Days,
    reading::PriceRead,
};

/// Enough to find each known fault of a floor several times over, in the time of an ordinary test.
const COMPANIES: u64 = 150;

fn companies() -> u64 {
    match std::env::var("ELSEWHERE_ATTACK_WORLDS") {
        Ok(companies) => companies.parse().expect("ELSEWHERE_ATTACK_WORLDS is a number"),
        Err(_) => COMPANIES,
    }
}

/// Who reads all that is published, of all weeks.
#[test]
fn no_withheld_figure_is_narrowed() {
    let attack = |company: &Company| Released::by_floor(&company.without_insiders()).attack_weeks();
    Campaign::run(companies(), attack).must_find_nothing(attack);
}

/// A smallest group that was raised, to one that is no multiple of five.
const RAISED: u32 = 12;

/// The same where the smallest group was raised.
#[test]
fn no_withheld_figure_is_narrowed_where_the_smallest_group_was_raised() {
    let attack = |company: &Company| {
        Released::by_floor(&company.without_insiders().with_smallest_group(RAISED)).attack_weeks()
    };
    Campaign::run(companies() / 3, attack).must_find_nothing(attack);
}

/// In percent of companies: what those who know more can narrow is left to the rounding, and so to chance.
const MOST_TOLD_TO_INSIDERS: usize = 5;
/// The same: nobody can know what this reader knows, so it shows how far the rounding goes.
const MOST_TOLD_WHERE_ALL_IS_ALIKE: usize = 15;

/// Who also knows all that k-1 customers of a segment did.
#[test]
fn an_insider_seldom_narrows_one() {
    let attack = |company: &Company| {
        let has_insider = company.customers.iter().any(|person| person.known);
        if has_insider { Released::by_floor(company).attack_weeks() } else { Outcome::default() }
    };
    Campaign::run(companies(), attack).must_find_seldom(MOST_TOLD_TO_INSIDERS);
}

/// Who also knows that everybody but those who joined or left did the same in two weeks.
#[test]
fn the_week_beside_it_seldom_narrows_one() {
    let attack = |company: &Company| Released::by_floor(company).attack_pairs();
    Campaign::run(companies(), attack).must_find_seldom(MOST_TOLD_WHERE_ALL_IS_ALIKE);
}

/// Who knows all about k-1 of the customers behind a mean.
#[test]
fn no_mean_tells_of_fewer_than_k() {
    let mut shown = 0;
    for seed in 0..companies() / 3 {
        let company = Company::random(seed);
        let told = Released::frozen_by_floor(&company).attack_effects();
        assert!(told.leaks.is_empty(), "seed {seed}: {:#?}", told.leaks);
        shown += told.shown;
    }
    assert!(shown > 0, "no mean was shown");
}

/// What the tests above would say of a floor that is none.
#[test]
fn hiding_only_what_is_under_k_is_found_out() {
    fn naively(company: &Company) -> Released<'_> {
        Released::naively(company, Days::Rounded, PriceRead::Nothing)
    }
    assert!(Campaign::run(12, |company| naively(company).attack_weeks()).has_found());
    assert!(Campaign::run(12, |company| naively(company).attack_pairs()).has_found());
}
