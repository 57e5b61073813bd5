//! The attacker: a reader who keeps everything that is ever published, knows who is in which segment, and narrows what
//! the floor withheld.
//!
//! Random companies are rolled up and published; an exact solver then finds which numbers each withheld figure can still
//! be. `ELSEWHERE_ATTACK_WORLDS` says how many companies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacker {
    pub(crate) mod arithmetic;
    pub(crate) mod attack;
    pub(crate) mod campaign;
    pub(crate) mod chance;
    pub(crate) mod company;
    mod known;
    pub(crate) mod naive;
    pub(crate) mod program;
    pub(crate) mod reading;
}

use attacker::{attack::Released, campaign::Campaign, company::Company, naive::Days, reading::PriceRead};

/// Enough to find each known fault of a floor several times over, in the time of an ordinary test.
const COMPANIES: u64 = 150;

fn companies() -> u64 {
    match std::env::var("ELSEWHERE_ATTACK_WORLDS") {
        Ok(companies) => companies.parse().expect("ELSEWHERE_ATTACK_WORLDS is a number"),
        Err(_) => COMPANIES,
    }
}

#[test]
fn no_withheld_figure_is_narrowed_in_a_week() {
    let attack = |company: &Company| Released::by_floor(company).attack_weeks();
    Campaign::run(companies(), attack).must_find_nothing(attack);
}

#[test]
fn no_withheld_figure_is_narrowed_by_the_week_beside_it() {
    let attack = |company: &Company| Released::by_floor(company).attack_pairs();
    Campaign::run(companies(), attack).must_find_nothing(attack);
}

/// What the two tests above would say of a floor that is none.
#[test]
fn hiding_only_what_is_under_k_is_found_out() {
    fn naively(company: &Company) -> Released<'_> {
        Released::naively(company, Days::Rounded, PriceRead::Nothing)
    }
    assert!(Campaign::run(12, |company| naively(company).attack_weeks()).has_found());
    assert!(Campaign::run(12, |company| naively(company).attack_pairs()).has_found());
}
