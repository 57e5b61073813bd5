//! Where the facets of the customers elsewhere of one need are shown: in the main dimension, and each only where its
//! others are k or more as well.
//!
//! A facet is some of the customers elsewhere, or of another facet's. Two of those in the same block may have changed
//! places in it alone, and no figure that is published would be another.

use super::{
    judge::{Exchange, Measure, Shown, Unit, judge},
    map::{Count, Map, OfAtom},
    rounding::Rounding,
};
use crate::{
    published::{PublishedEffect, PublishedFacet},
    rollup::{Effect, Facet, NeedCounts},
};

/// Where each facet of one need is shown, by places of the main dimension's map, in the order of [`Facet::ALL`].
#[derive(Debug)]
pub(super) struct FacetsShown(Vec<Shown>);

impl FacetsShown {
    /// Judges each facet of one need. `elsewhere` says where its customers elsewhere are shown.
    pub(super) fn new(main: &Map<'_>, k: u32, need: &str, elsewhere: &Shown) -> Self {
        let atoms = main.of_atoms(|node| node.needs.get(need));
        let count = |count: &dyn Fn(&NeedCounts) -> u32| {
            let of_atom = |atom: &OfAtom<Option<&NeedCounts>>| atom.counted(|need| need.map_or(0, count));
            Count::new(main, atoms.iter().map(of_atom).collect())
        };
        let mut judged: Vec<Shown> = Vec::new();
        for facet in Facet::ALL {
            let whole = count(&|need| customers_beside(need, facet));
            let within = facet.within().map_or(elsewhere, |wider| &judged[wider as usize]);
            let some = count(&|need| customers(need, facet));
            judged.push(some_of(main, k, &some, &whole, |place| within.at(place)));
        }
        Self(judged)
    }

    /// The facets that are shown at a place.
    pub(super) fn rows(&self, place: usize, need: &NeedCounts, rounding: Rounding) -> Vec<PublishedFacet> {
        let shown = Facet::ALL.into_iter().zip(&self.0).filter(|(_, shown)| shown.at(place));
        let row = |(facet, _): (Facet, &Shown)| PublishedFacet {
            facet,
            customers: rounding.customers(customers(need, facet)),
            effect: need.facets.as_ref().and_then(|facets| facets.effect(facet)).and_then(published),
        };
        shown.map(row).collect()
    }
}

/// Where some of a whole may be shown, that and its others being k or more: any of the whole could have been they.
pub(super) fn some_of(
    main: &Map<'_>,
    k: u32,
    some: &Count,
    whole: &Count,
    may: impl Fn(usize) -> bool,
) -> Shown {
    let measure = Measure { unit: Unit::Customers, customers: some, amounts: some };
    let anybody = Exchange { of: whole, within: None };
    let others = |place: usize| whole.sums[place].saturating_sub(some.sums[place]);
    judge(main, k, some, &[measure], &[anybody], |place| may(place) && others(place) >= k)
}

fn customers(need: &NeedCounts, facet: Facet) -> u32 {
    need.facets.as_ref().map_or(0, |facets| facets.customers(facet))
}

/// Those who are in a facet or could be.
fn customers_beside(need: &NeedCounts, facet: Facet) -> u32 {
    match (facet, facet.within()) {
        (_, Some(wider)) => customers(need, wider),
        (Facet::NeverOurs, None) => need.facets.as_ref().map_or(0, |facets| facets.not_with_us()),
        (_, None) => need.elsewhere(),
    }
}

/// Hundredths that an effect is rounded to.
const EFFECT_STEP: f64 = 5.0;

#[expect(clippy::cast_possible_truncation, reason = "an effect is below 10^6 thousandths")]
fn published(effect: Effect) -> Option<PublishedEffect> {
    let rounded = |thousandths: f64| ((thousandths / 10.0 / EFFECT_STEP).round() * EFFECT_STEP) as i32;
    let error = rounded(effect.standard_error()?);
    Some(PublishedEffect { mean_hundredths: rounded(effect.mean()?), error_hundredths: error.unsigned_abs() })
}
