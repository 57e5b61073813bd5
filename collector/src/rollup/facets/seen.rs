//! One customer's week with one need beside its dates, and ours set against elsewhere on one device-day and place.

use crate::{
    device_day::{Place, Quantiles},
    portfolio::{NeedIndex, Side},
    store::body::PackedUsage,
};

/// What was seen of one customer's week with one need, beside its dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::rollup) struct Seen {
    /// Of use elsewhere; a bit each, as a device-day has them.
    pub(super) parts_of_day: u8,
    /// Of use elsewhere; a bit each.
    pub(super) places: u8,
    pub(super) turned_away: bool,
    pub(super) spills: u32,
    expected_hundredths: u32,
    pub(super) server_wait: Pairs,
    pub(super) transfer: Pairs,
    pub(super) failing: Pairs,
    pub(super) sign_in: Pairs,
}

/// Differences between ours and elsewhere, one for each day and place that has both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    pairs: u16,
    /// Thousandths.
    sum: i32,
}

/// What one day and place had on one side.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::rollup) struct DayOfSide {
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
    pub(in crate::rollup) fn elsewhere(&mut self, row: &PackedUsage<'_>) {
        self.parts_of_day |= row.parts_of_day;
        self.places |= 1 << row.kind.place as u8;
    }

    /// A row that the company's own filter turned away.
    pub(in crate::rollup) fn turned_away(&mut self) {
        self.turned_away = true;
    }

    /// Tries at ours that were followed by use elsewhere, none on many a day, and how many chance would give.
    pub(in crate::rollup) fn spilled(&mut self, count: u32, expected_hundredths: u32) {
        self.spills = self.spills.saturating_add(count);
        self.expected_hundredths = self.expected_hundredths.saturating_add(expected_hundredths);
    }

    /// One day and place with both sides.
    pub(in crate::rollup) fn compare(&mut self, ours: &DayOfSide, elsewhere: &DayOfSide) {
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
    pub(in crate::rollup) fn join(&mut self, other: &Self) {
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

    pub(super) fn spills_beyond_chance(&self) -> Option<i32> {
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

    pub(super) fn mean(self) -> Option<i32> {
        (self.pairs > 0).then(|| (self.sum / i32::from(self.pairs)).clamp(-MOST, MOST))
    }
}

impl DayOfSide {
    /// A row of use on this side. Of several the one with the most tries speaks, and of like ones the slower.
    pub(in crate::rollup) fn add(&mut self, row: &PackedUsage<'_>) {
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
pub(in crate::rollup) struct DaysOfSides {
    days: Vec<DayOfSides>,
    /// Needs with use of ours, and elsewhere: only what is in both is compared.
    expected: [Vec<NeedIndex>; 2],
}

#[derive(Debug)]
struct DayOfSides {
    need: NeedIndex,
    place: Place,
    ours: Option<DayOfSide>,
    elsewhere: Option<DayOfSide>,
}

impl DaysOfSides {
    /// Says that there are rows of use on this side.
    pub(in crate::rollup) fn expect(&mut self, need: NeedIndex, side: Side) {
        match side {
            Side::Ours => self.expected[0].push(need),
            Side::Elsewhere => self.expected[1].push(need),
            Side::Tolerated => {}
        }
    }

    /// A row of use of what is expected; tolerated services are compared with nothing.
    pub(in crate::rollup) fn add(&mut self, need: NeedIndex, side: Side, row: &PackedUsage<'_>) {
        if side == Side::Tolerated || !self.expected.iter().all(|needs| needs.contains(&need)) {
            return;
        }
        let place = row.kind.place;
        let known = self.days.iter().position(|day| (day.need, day.place) == (need, place));
        let at = known.unwrap_or_else(|| {
            self.days.push(DayOfSides { need, place, ours: None, elsewhere: None });
            self.days.len() - 1
        });
        let day = &mut self.days[at];
        let side = if side == Side::Ours { &mut day.ours } else { &mut day.elsewhere };
        side.get_or_insert_default().add(row);
    }

    /// Ours and elsewhere of those that have both; nothing is left.
    pub(in crate::rollup) fn take(&mut self) -> impl Iterator<Item = (NeedIndex, DayOfSide, DayOfSide)> + '_ {
        self.expected.iter_mut().for_each(Vec::clear);
        self.days.drain(..).filter_map(|day| Some((day.need, day.ours?, day.elsewhere?)))
    }

    /// Nothing is compared.
    pub(in crate::rollup) fn clear(&mut self) {
        self.expected.iter_mut().for_each(Vec::clear);
    }
}
