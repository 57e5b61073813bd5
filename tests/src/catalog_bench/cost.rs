//! What a lookup costs: the catalog's table, a walk of the labels through a `HashMap`, and the `psl` crate's lookup of a
//! registrable domain, in turn on the same names.
//!
//! Names are asked for as devices do, few of them often; and each as often as any other, which no device does, and which
//! shows what it costs when no cache helps.
//!
//! Time is that of this thread on a core, so that other work on the machine counts as little as it can.

use std::{collections::HashMap, hint::black_box};

use anyhow::ensure;
use elsewhere_catalog::{Catalog, Rule, Verdict};
use nix::time::{ClockId, clock_gettime};

use super::mix;
use crate::{
    figures::Spread,
    table::{Goal, Table},
};

/// More names than a cache holds.
const NAMES: usize = 200_000;
/// Rounds in which each has its turn.
const ROUNDS: usize = 11;
/// Times that a turn goes over all names.
const PASSES: usize = 3;

/// Lookups a second on one core, in millions.
const RATE_GOAL: f64 = 10.0;

/// Lets all look up the same names. `allocations` tells how often this process asked for memory so far.
pub fn measure(catalog: &Catalog, allocations: fn() -> u64, table: &mut Table) -> anyhow::Result<()> {
    let names = mix::names(catalog, NAMES);
    let walk = Walk::of(catalog);
    for name in &names {
        let (ours, theirs) = (catalog.classify(name), walk.classify(name));
        ensure!(ours == theirs, "{name} is {ours:?} in the table and {theirs:?} by a walk of the labels");
    }
    let asked = mix::asked(&names, NAMES)?;
    let mut allocated = 0;
    for (how, names) in [("as devices ask", &asked), ("each as often", &names)] {
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            let before = allocations();
            let ours = rate(names, |name| catalog.classify(name))?;
            allocated += allocations() - before;
            rates[0].push(ours);
            rates[1].push(rate(names, |name| walk.classify(name))?);
            rates[2].push(rate(names, |name| psl::domain(name.as_bytes()))?);
        }
        let [ours, walk, psl] = rates.map(Spread::of);
        let of = format!("{NAMES} names of {:.0} bytes, {ROUNDS} rounds", mean_bytes(names));
        let mut row = |what: &str, rate: Spread, goal| {
            let beside = format!("{:.1} to {:.1}; {of}", rate.least, rate.most);
            table.row(&format!("cost: {what}, {how}"), rate.median, "M lookups/CPU s", &beside, goal);
        };
        row("the catalog's table", ours, Goal::AtLeast(RATE_GOAL));
        row("HashMap, label by label", walk, Goal::None);
        row("psl, registrable domain", psl, Goal::None);
    }
    let of = format!("{} lookups", 2 * ROUNDS * PASSES * NAMES);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    table.row("cost: memory asked for", allocated as f64, "times", &of, Goal::AtMost(0.0));
    ensure!(allocated == 0, "lookups asked for memory {allocated} times");
    Ok(())
}

/// Millions of lookups in a second on a core.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn rate<'n, V>(names: &'n [String], mut look_up: impl FnMut(&'n str) -> V) -> anyhow::Result<f64> {
    let before = thread_seconds()?;
    for _ in 0..PASSES {
        for name in names {
            black_box(look_up(black_box(name)));
        }
    }
    Ok((PASSES * names.len()) as f64 / (thread_seconds()? - before) / 1e6)
}

/// Time that this thread was on a core.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn thread_seconds() -> anyhow::Result<f64> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?;
    Ok(time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mean_bytes(names: &[String]) -> f64 {
    names.iter().map(String::len).sum::<usize>() as f64 / names.len() as f64
}

/// The same rules as one would write it down in ten lines.
struct Walk<'c>(HashMap<&'c str, Rules<'c>>);

/// What stands for a name.
#[derive(Default)]
struct Rules<'c> {
    exact: Option<Verdict<'c>>,
    suffix: Option<Verdict<'c>>,
}

impl<'c> Walk<'c> {
    fn of(catalog: &'c Catalog) -> Self {
        let mut rules: HashMap<&str, Rules<'_>> = HashMap::new();
        for Rule { name, exact, verdict } in catalog.rules() {
            let at = rules.entry(name).or_default();
            *(if exact { &mut at.exact } else { &mut at.suffix }) = Some(verdict);
        }
        Self(rules)
    }

    /// Of a name in lower case.
    fn classify(&self, name: &str) -> Verdict<'c> {
        if let Some(verdict) = self.0.get(name).and_then(|rules| rules.exact.or(rules.suffix)) {
            return verdict;
        }
        let mut rest = name;
        while let Some((_, above)) = rest.split_once('.') {
            if let Some(verdict) = self.0.get(above).and_then(|rules| rules.suffix) {
                return verdict;
            }
            rest = above;
        }
        Verdict::Unknown
    }
}
