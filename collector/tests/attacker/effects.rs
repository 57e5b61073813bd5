//! Means with their standard errors, read by who knows how many customers are behind each and all about some of them: what is
//! told of the others has to be of k or more, also as the difference of a place and those below it, and has to leave each
//! of them k numbers.

use elsewhere_collector::{
    published::{PublishedEffect, PublishedSegment},
    rollup::{Facet, Rollup},
    segment::Segment,
};

use super::{
    attack::{Released, name},
    company::MAIN_DIMENSION,
};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Means that are shown.
    pub(crate) shown: usize,
    pub(crate) leaks: Vec<String>,
}

/// What is counted of everybody, and of those whom the reader knows.
struct Counts {
    all: Rollup,
    known: Rollup,
}

/// A mean at a place.
#[derive(Clone, Copy)]
struct Mean<'r> {
    node: Option<&'r Segment>,
    need: &'r str,
    facet: Facet,
    effect: PublishedEffect,
}

/// Customers behind a mean.
fn behind(rollup: &Rollup, mean: Mean<'_>, node: Option<&Segment>) -> i64 {
    let node = rollup.nodes.get(&node.cloned());
    let facets = node.and_then(|node| node.needs.get(mean.need)?.facets.as_ref());
    let effect = facets.and_then(|facets| facets.effect(mean.facet));
    effect.map_or(0, |effect| effect.customers().into())
}

/// Customers seen.
fn seen(rollup: &Rollup, _: Mean<'_>, node: Option<&Segment>) -> i64 {
    rollup.nodes.get(&node.cloned()).map_or(0, |node| node.customers.into())
}

impl Released<'_> {
    pub(crate) fn attack_effects(&self) -> Told {
        let mut told = Told::default();
        for (week, rows) in self.weeks.iter().enumerate() {
            let everybody = self.company.customers.iter().enumerate();
            let known: Vec<usize> = everybody.filter(|(_, it)| it.known).map(|(index, _)| index).collect();
            let counts =
                Counts { all: self.company.rollup(week), known: self.company.rollup_of(week, &known) };
            let means: Vec<Mean<'_>> = rows.segments.iter().flat_map(means).collect();
            for mean in &means {
                told.shown += 1;
                told.leaks.extend(self.leaks_of(*mean, &means, &counts));
            }
        }
        told
    }

    fn leaks_of(&self, mean: Mean<'_>, means: &[Mean<'_>], counts: &Counts) -> Vec<String> {
        let k = i64::from(self.company.k);
        let is_below = |other: &&Mean<'_>| {
            let parent = other.node.filter(|node| node.dimension() == MAIN_DIMENSION).map(Segment::parent);
            (other.need, other.facet) == (mean.need, mean.facet) && parent == Some(mean.node.cloned())
        };
        let below: Vec<Option<&Segment>> = means.iter().filter(is_below).map(|other| other.node).collect();
        let beyond = |count: fn(&Rollup, Mean<'_>, Option<&Segment>) -> i64, rollup: &Rollup| {
            count(rollup, mean, mean.node) - below.iter().map(|node| count(rollup, mean, *node)).sum::<i64>()
        };
        let at = format!("{}, {}, {:?}:", name(mean.node), mean.need, mean.facet);
        let mut leaks = Vec::new();
        let behind_all = behind(&counts.all, mean, mean.node);
        for (what, of, known, is_anybody) in [
            ("", behind_all, behind(&counts.known, mean, mean.node), true),
            (
                " beyond what is shown below",
                beyond(behind, &counts.all),
                beyond(behind, &counts.known),
                beyond(seen, &counts.all) > 0,
            ),
        ] {
            if is_anybody && of - known < k {
                leaks.push(format!("{at}{what} a mean of {of}, of whom {} are not known", of - known));
            }
        }
        let numbers = numbers_left(mean, behind_all);
        if numbers < k {
            leaks.push(format!(
                "{at} an error of {} hundredths of {behind_all} leaves {numbers} numbers",
                mean.effect.error_hundredths
            ));
        }
        leaks
    }
}

fn means(row: &PublishedSegment) -> impl Iterator<Item = Mean<'_>> {
    row.needs.iter().flat_map(move |need| {
        let mean = move |facet: &elsewhere_collector::published::PublishedFacet| {
            let (node, of) = (row.segment.as_ref(), facet.facet);
            Some(Mean { node, need: &need.need, facet: of, effect: facet.effect? })
        };
        need.facets.iter().filter_map(mean)
    })
}

/// How many numbers one of so many can have: no further from the mean than all the others' errors.
fn numbers_left(mean: Mean<'_>, behind: i64) -> i64 {
    let apart = match mean.facet {
        Facet::ServerWait | Facet::Transfer => 25,
        Facet::Failing => 10,
        _ => 100,
    };
    // Rounded to the nearest 5.
    let error_twice = i64::from(mean.effect.error_hundredths) * 2 + 5;
    (behind - 1) * error_twice / apart + 1
}
