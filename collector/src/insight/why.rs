//! Why customers go elsewhere, always beside our own service for the same need.
//!
//! Each [`Reason`] is a difference between ours and elsewhere that customers can feel, measured over customers, and told
//! with its 95 % interval and how many customers stand behind it. What is compared was seen on one device-day and place
//! (`rollup/facets.rs`), so that neither the network nor the day stands between the two.
//!
//! | reason | figure | no difference is up to |
//! | --- | --- | --- |
//! | they came to us first | moves from ours to elsewhere in a week beyond those of chance, of who left a try at ours and was elsewhere on that day | 0.05 |
//! | slower to answer | server wait, ours over theirs | 1.1 times |
//! | slower to move files | time of transfers of like size, ours over theirs | 1.1 times |
//! | failing | share of tries that fail, ours less theirs | 1 in 100 |
//! | reach | share of their days away from the office, elsewhere less ours, of those with both | 5 in 100 |
//! | front door | steps of signing in, ours less theirs | a quarter |
//! | we turned them away | share of the customers elsewhere whom the company's own filter turned away | 5 in 100 |
//!
//! Who has left has nothing to compare with any more: of the week and the [`WEEKS_BACK`] before, each reason is looked at in
//! the one with most customers, whatever it says there.
//!
//! A reason is given where the chance that there is no difference is at most 1 in 100, after correction for all reasons
//! that were looked at (`why/interval.rs`), and never for fewer than [`FEWEST`] customers: an interval of fewer would
//! lean on the shape of what they differ in. What customers themselves say ([`Answers`]) stands beside these.

mod answers;
mod interval;

pub use answers::{Answer, Answers, Said};
pub use interval::Interval;
use interval::{Mean, chance_of_share, holm, share};

use crate::{
    published::{PublishedFacet, PublishedNeed},
    rollup::Facet,
};

/// Fewest customers behind a reason.
pub const FEWEST: u32 = 10;
/// Weeks before this one in which a reason is looked at too: those in which a movement gains.
pub const WEEKS_BACK: usize = 4;
/// How likely a reason may be where there is none.
const CHANCE: f64 = 0.01;
/// What an effect was rounded to, in its unit.
const EFFECT_STEP: f64 = 0.05;

/// What may be better elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A try at ours that did not do was followed by use elsewhere.
    CameToUsFirst,
    /// Our servers take longer to answer.
    SlowerToAnswer,
    /// Files take longer with us.
    SlowerToMove,
    /// Tries at ours fail more often.
    Failing,
    /// Ours is less used away from the office.
    Reach,
    /// More steps to sign in with us.
    FrontDoor,
    /// The company's own filter turns them away.
    TurnedAway,
}

/// Is it so?
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Yes: so much, of so many customers.
    Yes {
        /// In the unit of its reason.
        difference: Interval,
        /// Distinct customers, as published.
        customers: u32,
    },
    /// The interval holds no difference.
    NoDifference {
        /// In the unit of its reason.
        difference: Interval,
        /// Distinct customers, as published.
        customers: u32,
    },
    /// Too few customers have both, or it is withheld.
    CannotTell,
}

/// One reason that was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Which.
    pub reason: Reason,
    /// Is it so?
    pub verdict: Verdict,
    /// How many weeks ago it was seen.
    pub weeks_ago: usize,
}

impl Reason {
    /// All, in the order in which they are read.
    pub const ALL: [Self; 7] = [
        Self::CameToUsFirst,
        Self::SlowerToMove,
        Self::SlowerToAnswer,
        Self::Failing,
        Self::Reach,
        Self::FrontDoor,
        Self::TurnedAway,
    ];

    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CameToUsFirst => "they_came_to_us_first",
            Self::SlowerToAnswer => "slower_to_answer",
            Self::SlowerToMove => "slower_to_move_files",
            Self::Failing => "failing",
            Self::Reach => "reach",
            Self::FrontDoor => "front_door",
            Self::TurnedAway => "we_turned_them_away",
        }
    }

    const fn facet(self) -> Facet {
        match self {
            Self::CameToUsFirst => Facet::CameToUsFirst,
            Self::SlowerToAnswer => Facet::ServerWait,
            Self::SlowerToMove => Facet::Transfer,
            Self::Failing => Facet::Failing,
            Self::Reach => Facet::Reach,
            Self::FrontDoor => Facet::SignIn,
            Self::TurnedAway => Facet::TurnedAway,
        }
    }

    /// The most that is called no difference, in the unit of the published figure: doublings for what takes longer.
    const fn trifle(self) -> f64 {
        match self {
            Self::CameToUsFirst | Self::Reach | Self::TurnedAway => 0.05,
            // 1.1 times.
            Self::SlowerToAnswer | Self::SlowerToMove => 0.1375,
            Self::Failing => 0.01,
            Self::FrontDoor => 0.25,
        }
    }

    /// From the unit of the published figure to that in which it is told.
    fn told(self, published: Interval) -> Interval {
        match self {
            Self::SlowerToAnswer | Self::SlowerToMove => published.map(f64::exp2),
            _ => published,
        }
    }
}

/// Whether each reason is one for a need and segment; nothing is, for a need that we do not serve. `weeks` are the rows of
/// this week and of those before it, the newest first.
pub fn why(weeks: &[Option<&PublishedNeed>]) -> Vec<Finding> {
    if !weeks.first().copied().flatten().is_some_and(|need| need.served) {
        return Vec::new();
    }
    let looked_at: Vec<_> =
        Reason::ALL.into_iter().map(|reason| (reason, look_back(weeks, reason))).collect();
    let chances: Vec<f64> = looked_at.iter().filter_map(|(_, seen)| Some(seen.as_ref()?.chance)).collect();
    let mut corrected = holm(&chances).into_iter();
    let verdict = |(reason, seen): (Reason, Option<Looked>)| {
        let weeks_ago = seen.as_ref().map_or(0, |seen| seen.weeks_ago);
        let verdict = seen.map_or(Verdict::CannotTell, |Looked { difference, customers, .. }| {
            let chance = corrected.next().expect("each that was looked at has one");
            let difference = reason.told(difference);
            if chance <= CHANCE {
                Verdict::Yes { difference, customers }
            } else {
                Verdict::NoDifference { difference, customers }
            }
        });
        Finding { reason, verdict, weeks_ago }
    };
    looked_at.into_iter().map(verdict).collect()
}

/// The reasons that are so.
pub fn reasons(findings: &[Finding]) -> impl Iterator<Item = (Reason, Interval, u32)> + '_ {
    findings.iter().filter_map(|finding| match finding.verdict {
        Verdict::Yes { difference, customers } => Some((finding.reason, difference, customers)),
        _ => None,
    })
}

/// One difference, before many are corrected for.
struct Looked {
    difference: Interval,
    chance: f64,
    customers: u32,
    weeks_ago: usize,
}

/// In the week with most customers, the newest of these.
fn look_back(weeks: &[Option<&PublishedNeed>], reason: Reason) -> Option<Looked> {
    let rows = (0..).zip(weeks).filter_map(|(weeks_ago, row)| Some((weeks_ago, (*row)?)));
    let looked =
        rows.filter(|(_, row)| row.served).filter_map(|(weeks_ago, row)| look(row, reason, weeks_ago));
    looked.max_by_key(|looked| (looked.customers, std::cmp::Reverse(looked.weeks_ago)))
}

fn look(need: &PublishedNeed, reason: Reason, weeks_ago: usize) -> Option<Looked> {
    if reason == Reason::TurnedAway {
        return turned_away(need, weeks_ago);
    }
    let PublishedFacet { customers, effect, .. } = *need.facet(reason.facet())?;
    let hundredths = effect.filter(|_| customers >= FEWEST)?;
    let mean = Mean {
        value: f64::from(hundredths.mean_hundredths) / 100.0,
        error: f64::from(hundredths.error_hundredths) / 100.0,
        step: EFFECT_STEP,
        customers,
    };
    let chance = mean.chance_above(reason.trifle())?;
    Some(Looked { difference: mean.interval()?, chance, customers, weeks_ago })
}

/// Nobody is turned away from a service that does not do, so that ours need not be set against it.
fn turned_away(need: &PublishedNeed, weeks_ago: usize) -> Option<Looked> {
    let customers = need.facet(Facet::TurnedAway)?.customers;
    let of = need.customers_elsewhere.shown().filter(|of| *of >= FEWEST)?;
    let chance = chance_of_share(customers, of, Reason::TurnedAway.trifle())?;
    Some(Looked { difference: share(customers, of)?, chance, customers, weeks_ago })
}

#[cfg(test)]
mod tests;
