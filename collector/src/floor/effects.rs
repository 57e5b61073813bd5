//! Where effects are shown, and how: the mean of a figure over customers, with its standard error.
//!
//! A mean and how many it is of give a sum, and who knows k-1 of k members takes theirs off it and has the last one's own:
//! rounding to 5 hundredths hides nothing of that, since of five customers it leaves a quarter of a doubling. So no rounding
//! is relied on:
//!
//! 1. **Twice k.** An effect is shown of 2k customers or more, so that who knows k-1 of them is told the mean of k others.
//! 2. **What lies between.** The same holds of what is left of a place without the places shown below it, which a reader has
//!    as a difference: nobody was seen there, or 2k customers are behind the effect; else the smallest place below goes.
//! 3. **Not alike.** An error near nothing would say that all are at the mean. None is shown smaller than it takes to leave
//!    one of them k numbers ([`numbers_apart`]).
//!
//! It is shown only where its facet is, so that what of that is withheld can change places within blocks that the effect does
//! not tell apart either. What is left: a mean at the end of what is possible (each try at ours failed and none of the
//! others', of all of them) says so of everybody, by what it is.

use super::{
    judge::Shown,
    map::{Count, EVERYBODY, Map},
    rounding::Rounding,
};
use crate::{
    published::PublishedEffect,
    rollup::{Effect, Facet},
};

/// Where an effect may be shown, of those places where its facet is. `behind` are the customers it is over, `seen` all.
pub(super) fn where_shown(main: &Map<'_>, k: u32, behind: &Count, seen: &Count, facet: &Shown) -> Shown {
    let fewest = k.saturating_mul(2);
    let mut shown = vec![false; main.len()];
    for place in (0..main.len()).filter(|place| main.is_on(*place)) {
        let is_below = place == EVERYBODY || shown[main.parent(place)];
        shown[place] = is_below && facet.at(place) && behind.sums[place] >= fewest;
    }
    while let Some(smallest) = tells_of_too_few(main, fewest, behind, seen, &shown) {
        shown[smallest] = false;
        for place in smallest + 1..main.len() {
            shown[place] &= shown[main.parent(place)];
        }
    }
    Shown::new(shown)
}

/// The smallest place below one without which that leaves too few.
fn tells_of_too_few(
    main: &Map<'_>,
    fewest: u32,
    behind: &Count,
    seen: &Count,
    shown: &[bool],
) -> Option<usize> {
    let below = |above: usize| (1..main.len()).filter(move |at| shown[*at] && main.parent(*at) == above);
    let rest = |count: &Count, above: usize| {
        let told: u32 = below(above).map(|place| count.sums[place]).sum();
        count.sums[above].saturating_sub(told)
    };
    let is_too_few = |above: &usize| rest(seen, *above) > 0 && rest(behind, *above) < fewest;
    let above = (0..main.len()).filter(|place| shown[*place]).find(is_too_few)?;
    below(above).min_by_key(|place| behind.sums[*place])
}

/// Hundredths that an effect is rounded to.
const STEP: f64 = 5.0;

/// What differs by so much is another number of one customer's, in hundredths of what [`Facet`] says: one move, one step of
/// the sign-in, a tenth of the tries, a quarter of a doubling.
fn numbers_apart(facet: Facet) -> f64 {
    match facet {
        Facet::ServerWait | Facet::Transfer => 25.0,
        Facet::Failing => 10.0,
        _ => 100.0,
    }
}

/// As it is shown.
#[expect(clippy::cast_possible_truncation, reason = "an effect is below 10^6 thousandths")]
pub(super) fn published(facet: Facet, effect: Effect, k: u32, rounding: Rounding) -> Option<PublishedEffect> {
    let (mean, error) = (effect.mean()? / 10.0, effect.standard_error()? / 10.0);
    let error = (error / STEP).round().max((least_error(facet, effect, k, rounding) / STEP).ceil());
    let mean_hundredths = ((mean / STEP).round() * STEP) as i32;
    Some(PublishedEffect { mean_hundredths, error_hundredths: ((error * STEP) as i32).unsigned_abs() })
}

/// Of `n` customers one lies no further from the mean than `n - 1` errors: on both sides that has to be k numbers. `n` is
/// taken as it is shown.
fn least_error(facet: Facet, effect: Effect, k: u32, rounding: Rounding) -> f64 {
    let others = rounding.customers(effect.customers()).saturating_sub(1).max(1);
    numbers_apart(facet) * f64::from(k) / 2.0 / f64::from(others)
}

#[cfg(test)]
mod tests;
