//! Where the facets of the customers elsewhere of one need are shown: in the main dimension, and each only where its
//! others are k or more as well.
//!
//! A facet is some of the customers elsewhere, or of another facet's. Two of those in the same block may have changed
//! places in it alone, and no figure that is published would be another. What comes with a facet as a mean over its customers
//! is shown more seldom: [`effects`] says where, and why an insider learns nobody's own figure of it.

use super::{
    effects,
    judge::{Exchange, Measure, Shown, Unit, judge},
    map::{Count, Map, OfAtom},
    rounding::Rounding,
};
use crate::{
    published::PublishedFacet,
    rollup::{Effect, Facet, NeedCounts},
};

/// Where each facet of one need is shown, by places of the main dimension's map, in the order of [`Facet::ALL`].
#[derive(Debug)]
pub(super) struct FacetsShown(Vec<FacetShown>);

#[derive(Debug)]
struct FacetShown {
    customers: Shown,
    /// Where its effect is too, of those that have one.
    effect: Option<Shown>,
}

impl FacetsShown {
    /// Judges each facet of one need. `elsewhere` says where its customers elsewhere are shown, `seen` are all customers.
    pub(super) fn new(main: &Map<'_>, k: u32, need: &str, elsewhere: &Shown, seen: &Count) -> Self {
        let atoms = main.of_atoms(|node| node.needs.get(need));
        let count = |count: &dyn Fn(&NeedCounts) -> u32| {
            let of_atom = |atom: &OfAtom<Option<&NeedCounts>>| atom.counted(|need| need.map_or(0, count));
            Count::new(main, atoms.iter().map(of_atom).collect())
        };
        let mut judged: Vec<FacetShown> = Vec::new();
        for facet in Facet::ALL {
            let whole = count(&|need| customers_beside(need, facet));
            let within = facet.within().map_or(elsewhere, |wider| &judged[wider as usize].customers);
            let some = count(&|need| customers(need, facet));
            let customers = some_of(main, k, &some, &whole, |place| within.at(place));
            let effect = facet.has_effect().then(|| {
                let behind = count(&|need| effect(need, facet).map_or(0, |effect| effect.customers()));
                effects::where_shown(main, k, &behind, seen, &customers)
            });
            judged.push(FacetShown { customers, effect });
        }
        Self(judged)
    }

    /// The facets that are shown at a place.
    pub(super) fn rows(
        &self,
        place: usize,
        need: &NeedCounts,
        k: u32,
        rounding: Rounding,
    ) -> Vec<PublishedFacet> {
        let shown = Facet::ALL.into_iter().zip(&self.0).filter(|(_, shown)| shown.customers.at(place));
        let row = |(facet, shown): (Facet, &FacetShown)| PublishedFacet {
            facet,
            customers: rounding.customers(customers(need, facet)),
            effect: shown
                .effect
                .as_ref()
                .filter(|shown| shown.at(place))
                .and_then(|_| effects::published(facet, effect(need, facet)?, k, rounding)),
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

fn effect(need: &NeedCounts, facet: Facet) -> Option<Effect> {
    need.facets.as_ref()?.effect(facet)
}

/// Those who are in a facet or could be.
fn customers_beside(need: &NeedCounts, facet: Facet) -> u32 {
    match (facet, facet.within()) {
        (_, Some(wider)) => customers(need, wider),
        (Facet::NeverOurs, None) => need.facets.as_ref().map_or(0, |facets| facets.not_with_us()),
        (_, None) => need.elsewhere(),
    }
}
