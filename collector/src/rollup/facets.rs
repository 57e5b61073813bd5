//! What the customers elsewhere of a need have in common: each [`Facet`] is some of them, and some come with an
//! [`Effect`], a figure of ours set against the one elsewhere.
//!
//! What is compared comes from one device-day and place, so that neither the network nor the hour stands between the two;
//! a customer's days are averaged first, and then the customers, who are the unit of the interval.

use serde::{Serialize, Serializer};

use super::days::Days;
use crate::{
    device_day::{Place, Quantiles},
    portfolio::{NeedIndex, Side},
    store::body::PackedUsage,
};

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
}

impl Facet {
    /// All, in the order in which they are read.
    pub const ALL: [Self; 17] = [
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

    /// It comes with an effect: its place among those that do.
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
    effects: [Effect; EFFECTS],
}

/// A figure of each customer, over customers, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    customers: u32,
    sum: i64,
    /// At most 10^12 a customer.
    sum_of_squares: u64,
}

impl FacetCounts {
    /// Distinct customers of a facet.
    pub fn customers(&self, facet: Facet) -> u32 {
        self.customers[facet as usize]
    }

    /// A facet's effect, where it has one.
    pub fn effect(&self, facet: Facet) -> Option<Effect> {
        facet.effect().map(|at| self.effects[at])
    }

    /// Counts one customer.
    pub(super) fn count(&mut self, customer: &CustomerFacets) {
        for (facet, customers) in Facet::ALL.iter().zip(&mut self.customers) {
            *customers += u32::from(customer.has(*facet));
        }
        for (effect, figure) in self.effects.iter_mut().zip(customer.effects) {
            if let Some(figure) = figure {
                effect.count(figure);
            }
        }
    }
}

#[cfg(test)]
impl FacetCounts {
    /// So many customers in each of these.
    pub(crate) fn of(facets: &[(Facet, u32)]) -> Self {
        let mut counts = Self::default();
        facets.iter().for_each(|(facet, customers)| counts.customers[*facet as usize] = *customers);
        counts
    }
}

impl Effect {
    fn count(&mut self, thousandths: i32) {
        self.customers += 1;
        self.sum += i64::from(thousandths);
        self.sum_of_squares += u64::from(thousandths.unsigned_abs()).pow(2);
    }

    /// The mean, in thousandths; `None` of nobody.
    #[expect(clippy::cast_precision_loss, reason = "sums of a week are far below 2^52")]
    pub fn mean(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.sum as f64 / f64::from(self.customers))
    }

    /// The standard error of the mean, in thousandths; `None` of fewer than two.
    #[expect(clippy::cast_precision_loss, reason = "the loss is far below what is shown")]
    pub fn standard_error(&self) -> Option<f64> {
        let customers = f64::from(self.customers);
        let mean = self.mean().filter(|_| self.customers > 1)?;
        let variance = (self.sum_of_squares as f64 - customers * mean * mean).max(0.0) / (customers - 1.0);
        Some((variance / customers).sqrt())
    }
}

/// One customer's week with one need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CustomerFacets {
    /// A bit each.
    facets: u32,
    /// Thousandths.
    effects: [Option<i32>; EFFECTS],
}

impl CustomerFacets {
    /// Of a customer who was elsewhere in the week. `seen` is what was seen beside the dates.
    pub(super) fn of(days: Days, seen: &Seen) -> Self {
        let mut facets = Self::default();
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
        let compared = [seen.server_wait, seen.transfer, seen.failing, seen.sign_in].map(Pairs::mean);
        let [server_wait, transfer, failing, sign_in] = compared;
        facets.effects = [spills, server_wait, transfer, failing, sign_in];
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

/// What was seen of one customer's week with one need, beside its dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Of use elsewhere; a bit each, as a device-day has them.
    parts_of_day: u8,
    /// Of use elsewhere; a bit each.
    places: u8,
    turned_away: bool,
    spills: u32,
    expected_hundredths: u32,
    server_wait: Pairs,
    transfer: Pairs,
    failing: Pairs,
    sign_in: Pairs,
}

/// Differences between ours and elsewhere, one for each day and place that has both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pairs {
    pairs: u16,
    /// Thousandths.
    sum: i32,
}

/// What one day and place had on one side.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DayOfSide {
    tries: u32,
    failed: u32,
    /// Of the row with the most tries.
    server_wait: Option<(u32, Quantiles)>,
    transfers: [Option<(u32, Quantiles)>; SIZE_CLASSES],
    sign_in_hops: u32,
}

/// Size classes of transfers.
const SIZE_CLASSES: usize = 5;
/// Codes of a quantile in a doubling: milliseconds = 2^(code/12).
const CODES: i32 = 12;
/// What a customer counts in an effect at most, in thousandths.
const MOST: i32 = 1_000_000;

impl Seen {
    /// A row of use elsewhere.
    pub(super) fn elsewhere(&mut self, row: &PackedUsage<'_>) {
        self.parts_of_day |= row.parts_of_day;
        self.places |= 1 << row.kind.place as u8;
    }

    /// A row that the company's own filter turned away.
    pub(super) fn turned_away(&mut self) {
        self.turned_away = true;
    }

    /// Tries at ours that were followed by use elsewhere.
    pub(super) fn spilled(&mut self, count: u32, expected_hundredths: u32) {
        self.spills = self.spills.saturating_add(count);
        self.expected_hundredths = self.expected_hundredths.saturating_add(expected_hundredths);
    }

    /// One day and place with both sides.
    pub(super) fn compare(&mut self, ours: &DayOfSide, elsewhere: &DayOfSide) {
        if let (Some((_, ours)), Some((_, elsewhere))) = (ours.server_wait, elsewhere.server_wait) {
            self.server_wait.add(doublings(ours, elsewhere));
        }
        let like = ours.transfers.iter().zip(&elsewhere.transfers);
        let like = like.filter_map(|(ours, elsewhere)| Some(doublings((*ours)?.1, (*elsewhere)?.1)));
        let (sum, classes) = like.fold((0, 0), |(sum, classes), one| (sum + one, classes + 1));
        if classes > 0 {
            self.transfer.add(sum / classes);
        }
        if ours.tries > 0 && elsewhere.tries > 0 {
            self.failing.add(ours.failing() - elsewhere.failing());
        }
        if ours.sign_in_hops > 0 && elsewhere.sign_in_hops > 0 {
            let hops = |side: &DayOfSide| i32::try_from(side.sign_in_hops.min(100)).unwrap_or(100);
            self.sign_in.add((hops(ours) - hops(elsewhere)) * 1000);
        }
    }

    /// With what was seen elsewhere of the same.
    pub(super) fn join(&mut self, other: &Self) {
        self.parts_of_day |= other.parts_of_day;
        self.places |= other.places;
        self.turned_away |= other.turned_away;
        self.spilled(other.spills, other.expected_hundredths);
        for (own, other) in [
            (&mut self.server_wait, other.server_wait),
            (&mut self.transfer, other.transfer),
            (&mut self.failing, other.failing),
            (&mut self.sign_in, other.sign_in),
        ] {
            own.pairs = own.pairs.saturating_add(other.pairs);
            own.sum = own.sum.saturating_add(other.sum);
        }
    }

    fn spills_beyond_chance(&self) -> Option<i32> {
        let beyond = i64::from(self.spills) * 1000 - i64::from(self.expected_hundredths) * 10;
        let is_told = self.spills > 0 || self.expected_hundredths > 0;
        is_told.then(|| i32::try_from(beyond).unwrap_or(MOST).clamp(-MOST, MOST))
    }
}

impl Pairs {
    fn add(&mut self, thousandths: i32) {
        self.pairs = self.pairs.saturating_add(1);
        self.sum = self.sum.saturating_add(thousandths);
    }

    fn mean(self) -> Option<i32> {
        (self.pairs > 0).then(|| (self.sum / i32::from(self.pairs)).clamp(-MOST, MOST))
    }
}

impl DayOfSide {
    /// A row of use on this side. Of several the one with the most tries speaks, and of like ones the slower.
    pub(super) fn add(&mut self, row: &PackedUsage<'_>) {
        self.tries = self.tries.saturating_add(row.tries);
        self.failed = self.failed.saturating_add(row.failed);
        self.sign_in_hops = self.sign_in_hops.max(row.sign_in_hops);
        let speaks = |known: &mut Option<(u32, Quantiles)>, told: Quantiles| {
            let is_more = |(tries, known): (u32, Quantiles)| (row.tries, told.median) > (tries, known.median);
            if known.is_none_or(is_more) {
                *known = Some((row.tries, told));
            }
        };
        if let Some(told) = row.server_wait {
            speaks(&mut self.server_wait, told);
        }
        for (size_class, told) in row.transfer_times() {
            if let Some(known) = self.transfers.get_mut(usize::from(size_class)) {
                speaks(known, told);
            }
        }
    }

    /// Thousandths of its tries.
    fn failing(&self) -> i32 {
        let share = u64::from(self.failed.min(self.tries)) * 1000 / u64::from(self.tries.max(1));
        i32::try_from(share).expect("it is at most 1000")
    }
}

/// How many times the median doubled, from elsewhere to ours, in thousandths.
fn doublings(ours: Quantiles, elsewhere: Quantiles) -> i32 {
    (i32::from(ours.median) - i32::from(elsewhere.median)) * 1000 / CODES
}

/// What one device-day had on both sides of each need, by place.
#[derive(Debug, Default)]
pub(super) struct DaysOfSides(Vec<DayOfSides>);

#[derive(Debug)]
struct DayOfSides {
    need: NeedIndex,
    place: Place,
    ours: Option<DayOfSide>,
    elsewhere: Option<DayOfSide>,
}

impl DaysOfSides {
    /// A row of use; tolerated services are compared with nothing.
    pub(super) fn add(&mut self, need: NeedIndex, side: Side, row: &PackedUsage<'_>) {
        let place = row.kind.place;
        let known = self.0.iter().position(|day| (day.need, day.place) == (need, place));
        let at = known.unwrap_or_else(|| {
            self.0.push(DayOfSides { need, place, ours: None, elsewhere: None });
            self.0.len() - 1
        });
        let side = match side {
            Side::Ours => &mut self.0[at].ours,
            Side::Elsewhere => &mut self.0[at].elsewhere,
            Side::Tolerated => return,
        };
        side.get_or_insert_default().add(row);
    }

    /// Ours and elsewhere of those that have both; nothing is left.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (NeedIndex, DayOfSide, DayOfSide)> + '_ {
        self.0.drain(..).filter_map(|day| Some((day.need, day.ours?, day.elsewhere?)))
    }
}
