//! Names as a device meets them: hosts of services, plumbing, private life, and what no catalog lists.

use anyhow::Context;
use elsewhere_catalog::{Catalog, Rule, Verdict};
use rand::{
    RngExt, SeedableRng,
    distr::{Distribution, weighted::WeightedIndex},
    seq::IndexedRandom,
};
use rand_chacha::ChaCha8Rng;

use super::made_up;

/// Another number, other names.
const SEED: u64 = 20_260_401;

/// Percent of the names that are of services, and below it of plumbing and of private life; the rest is unlisted.
const SERVICES: u32 = 35;
const PLUMBING: u32 = 35;
const PERSONAL: u32 = 3;

/// How fast popularity falls: the name at place n is asked for in proportion to n to the power of minus this (Jung et al.,
/// *DNS Performance and the Effectiveness of Caching*, 2002: 0.91 in the traces of two campuses).
const POPULARITY: f64 = 0.91;

/// So many lookups of these names as devices make them: few names often, most of them seldom. The first is the most popular.
pub(super) fn asked(names: &[String], count: usize) -> anyhow::Result<Vec<String>> {
    let places = 1..=u32::try_from(names.len())?;
    let popularity = WeightedIndex::new(places.map(|place| f64::from(place).powf(-POPULARITY)))?;
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let drawn = popularity.sample_iter(&mut rng).take(count);
    drawn.map(|place| names.get(place).cloned().context("a place past the end")).collect()
}

/// So many names, each drawn by itself, in no order.
pub(super) fn names(catalog: &Catalog, count: usize) -> Vec<String> {
    let of = |wanted: fn(&Verdict<'_>) -> bool| -> Vec<Rule<'_>> {
        catalog.rules().filter(|rule| wanted(&rule.verdict)).collect()
    };
    let services = of(|verdict| matches!(verdict, Verdict::Service { .. }));
    let plumbing = of(|verdict| matches!(verdict, Verdict::Plumbing(_)));
    let personal = of(|verdict| matches!(verdict, Verdict::Personal));
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut name = || {
        let rules = match rng.random_range(0..100) {
            0..SERVICES => &services,
            percent if percent < SERVICES + PLUMBING => &plumbing,
            percent if percent < SERVICES + PLUMBING + PERSONAL => &personal,
            _ => return unlisted(&mut rng),
        };
        match rules.choose(&mut rng) {
            Some(rule) if rule.exact => rule.name.to_owned(),
            Some(rule) => made_up::host(&mut rng, rule.name),
            None => unlisted(&mut rng),
        }
    };
    (0..count).map(|_| name()).collect()
}

fn unlisted(rng: &mut ChaCha8Rng) -> String {
    let domain = made_up::domain(rng);
    made_up::host(rng, &domain)
}
