//! What the customers elsewhere of a need have in common: each [`Facet`] is some of them, and some come with an
//! [`Effect`], a figure of ours set against the one elsewhere.
//!
//! What is compared comes from one device-day and place, so that neither the network nor the day stands between the two;
//! a customer's days are averaged first, and then the customers, who are the unit of the interval.

mod effect;
mod seen;

use serde::{Serialize, Serializer};

pub use effect::Effect;
use seen::Pairs;
pub(super) use seen::{DaysOfSides, Seen};

use super::days::Days;
use crate::device_day::Place;

/// Some of the customers who were elsewhere for a need in a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facet {
    /// Not with us in the eight weeks before, nor in this one.
    NeverOurs,
    /// Elsewhere in one of the eight weeks before too.
    Before,
    /// First elsewhere two weeks ago or longer.
    BeforeTwoWeeks,
    /// First elsewhere four weeks ago or longer.
    BeforeFourWeeks,
    /// Elsewhere on three days or more in fourteen.
    Reliant,
    /// Only away from the office.
    OnlyAway,
    /// At night.
    Night,
    /// In the morning.
    Morning,
    /// In the afternoon.
    Afternoon,
    /// In the evening.
    Evening,
    /// On Saturday or Sunday.
    Weekend,
    /// The company's own filter turned a try of theirs away.
    TurnedAway,
    /// Came to us first: a try at ours that did not do was followed by use elsewhere. Effect: such moves in a week beyond
    /// those that chance would give.
    CameToUsFirst,
    /// Waited for ours and for elsewhere's server on one day and place. Effect: doublings of the wait, ours over theirs.
    ServerWait,
    /// Moved files of like size both ways. Effect: doublings of the time, ours over theirs.
    Transfer,
    /// Tried both. Effect: share of tries that failed, ours less theirs.
    Failing,
    /// Signed in to both. Effect: steps of the sign-in, ours less theirs.
    SignIn,
    /// Used both at places that are known. Effect: share of use that is away from the office, elsewhere less ours.
    Reach,
}

impl Facet {
    /// All, in the order in which they are read.
    pub const ALL: [Self; 18] = [
        Self::NeverOurs,
        Self::Before,
        Self::BeforeTwoWeeks,
        Self::BeforeFourWeeks,
        Self::Reliant,
        Self::OnlyAway,
        Self::Night,
        Self::Morning,
        Self::Afternoon,
        Self::Evening,
        Self::Weekend,
        Self::TurnedAway,
        Self::CameToUsFirst,
        Self::ServerWait,
        Self::Transfer,
        Self::Failing,
        Self::SignIn,
        Self::Reach,
    ];

    /// As API and store spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverOurs => "never_ours",
            Self::Before => "before",
            Self::BeforeTwoWeeks => "before_two_weeks",
            Self::BeforeFourWeeks => "before_four_weeks",
            Self::Reliant => "reliant",
            Self::OnlyAway => "only_away",
            Self::Night => "night",
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Evening => "evening",
            Self::Weekend => "weekend",
            Self::TurnedAway => "turned_away",
            Self::CameToUsFirst => "came_to_us_first",
            Self::ServerWait => "server_wait",
            Self::Transfer => "transfer",
            Self::Failing => "failing",
            Self::SignIn => "sign_in",
            Self::Reach => "reach",
        }
    }

    /// The facet that it is a part of; `None` is all customers elsewhere.
    pub const fn within(self) -> Option<Self> {
        match self {
            Self::BeforeTwoWeeks => Some(Self::Before),
            Self::BeforeFourWeeks => Some(Self::BeforeTwoWeeks),
            _ => None,
        }
    }

    /// It comes with an effect.
    pub const fn has_effect(self) -> bool {
        self.effect().is_some()
    }

    /// Where it comes with an effect: its place among those that do.
    const fn effect(self) -> Option<usize> {
        (self as usize).checked_sub(Self::CameToUsFirst as usize)
    }
}

impl Serialize for Facet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Facets with an effect: those from [`Facet::CameToUsFirst`] on.
const EFFECTS: usize = Facet::ALL.len() - Facet::CameToUsFirst as usize;

/// The customers of each facet, and the effects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FacetCounts {
    customers: [u32; Facet::ALL.len()],
    not_with_us: u32,
    effects: [Effect; EFFECTS],
}

impl FacetCounts {
    /// Distinct customers of a facet.
    pub fn customers(&self, facet: Facet) -> u32 {
        self.customers[facet as usize]
    }

    /// Distinct customers elsewhere who were not with us in the week and did not leave us in it: those who may be
    /// [`Facet::NeverOurs`].
    pub fn not_with_us(&self) -> u32 {
        self.not_with_us
    }

    /// A facet's effect, where it has one.
    pub fn effect(&self, facet: Facet) -> Option<Effect> {
        facet.effect().map(|at| self.effects[at])
    }

    /// Those of other customers too.
    pub(super) fn add(&mut self, other: &Self) {
        self.customers.iter_mut().zip(other.customers).for_each(|(own, other)| *own += other);
        self.not_with_us += other.not_with_us;
        self.effects.iter_mut().zip(&other.effects).for_each(|(own, other)| own.add(other));
    }

    /// Counts one customer.
    pub(super) fn count(&mut self, customer: &CustomerFacets) {
        for (facet, customers) in Facet::ALL.iter().zip(&mut self.customers) {
            *customers += u32::from(customer.has(*facet));
        }
        self.not_with_us += u32::from(customer.not_with_us);
        for (effect, figure) in self.effects.iter_mut().zip(customer.effects) {
            if let Some(figure) = figure {
                effect.count(figure);
            }
        }
    }
}

#[cfg(test)]
impl FacetCounts {
    /// So many customers in each of these, and so many who may never have been with us.
    pub(crate) fn of(facets: &[(Facet, u32)], not_with_us: u32) -> Self {
        let mut counts = Self { not_with_us, ..Self::default() };
        for (facet, customers) in facets {
            counts.customers[*facet as usize] = *customers;
        }
        counts
    }

    /// The same, with a figure of each of some customers.
    pub(crate) fn with_effect(mut self, facet: Facet, thousandths: &[i32]) -> Self {
        let at = facet.effect().expect("it comes with an effect");
        for figure in thousandths {
            self.effects[at].count(*figure);
        }
        self
    }
}

/// One customer's week with one need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CustomerFacets {
    /// A bit each.
    facets: u32,
    not_with_us: bool,
    /// Thousandths.
    effects: [Option<i32>; EFFECTS],
}

impl CustomerFacets {
    /// Of a customer who was elsewhere in the week. `seen` is what was seen beside the dates.
    pub(super) fn of(days: Days, left: bool, seen: &Seen) -> Self {
        let mut facets = Self { not_with_us: !left && !days.is_with_us(), ..Self::default() };
        let is_so = [
            (Facet::NeverOurs, days.with_us() == 0),
            (Facet::Before, days.is_elsewhere_before(1)),
            (Facet::BeforeTwoWeeks, days.is_elsewhere_before(2)),
            (Facet::BeforeFourWeeks, days.is_elsewhere_before(4)),
            (Facet::Reliant, days.elsewhere_in_fourteen() >= RELIANT_DAYS),
            (Facet::OnlyAway, seen.places == 1 << Place::Away as u8),
            (Facet::Night, seen.parts_of_day & 1 != 0),
            (Facet::Morning, seen.parts_of_day & 2 != 0),
            (Facet::Afternoon, seen.parts_of_day & 4 != 0),
            (Facet::Evening, seen.parts_of_day & 8 != 0),
            (Facet::Weekend, days.is_elsewhere_on_weekend()),
            (Facet::TurnedAway, seen.turned_away),
            (Facet::CameToUsFirst, seen.spills > 0),
        ];
        for (facet, is_so) in is_so {
            facets.facets |= u32::from(is_so) << facet as u32;
        }
        let spills = seen.spills_beyond_chance();
        let pairs = [seen.server_wait, seen.transfer, seen.failing, seen.sign_in].map(Pairs::mean);
        let [server_wait, transfer, failing, sign_in] = pairs;
        let compared = [server_wait, transfer, failing, sign_in, days.further_away()];
        facets.effects = [spills, server_wait, transfer, failing, sign_in, days.further_away()];
        for (facet, effect) in Facet::ALL[Facet::ServerWait as usize..].iter().zip(compared) {
            facets.facets |= u32::from(effect.is_some()) << *facet as u32;
        }
        facets
    }

    fn has(&self, facet: Facet) -> bool {
        self.facets >> facet as u32 & 1 == 1
    }
}

/// Days of use in fourteen that make reliance.
const RELIANT_DAYS: u32 = 3;
