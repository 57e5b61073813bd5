//! The days on which one customer met one need, as bits, and the part in which each of them lies.

use jiff::{Span, civil::Date};

use crate::{device_day::Place, portfolio::Side, wire::days_of};

/// Weeks before the week itself that are looked at to tell who left us and who came back.
pub const HISTORY_WEEKS: i64 = 8;

/// First bit of the week itself; the history before it has the lower ones.
const WEEK_STARTS: u32 = 56;

/// Where one customer-day lies. The four add up to all customer-days of a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// With ours, and nowhere elsewhere.
    OursAlone,
    /// With ours and elsewhere on the same date.
    Both,
    /// With a tolerated service only.
    Tolerated,
    /// Elsewhere, and not with ours.
    ElsewhereAlone,
}

impl Part {
    /// All four, in the order in which people read them.
    pub const ALL: [Self; 4] = [Self::OursAlone, Self::Both, Self::Tolerated, Self::ElsewhereAlone];
}

/// The dates on which a customer met one need, on each side: bit 0 is the first day of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Days {
    ours: u64,
    tolerated: u64,
    elsewhere: u64,
    /// How often in the week itself, at the office and away: with ours, and elsewhere.
    places: [[u8; 2]; 2],
}

impl Days {
    /// Notes a day; `bit` is from [`bit_of`].
    pub(super) fn note(&mut self, side: Side, bit: u32) {
        let days = match side {
            Side::Ours => &mut self.ours,
            Side::Tolerated => &mut self.tolerated,
            Side::Elsewhere => &mut self.elsewhere,
        };
        *days |= 1 << bit;
    }

    /// Notes where a service was used on a day of the week itself.
    pub(super) fn note_place(&mut self, side: Side, place: Place) {
        let of_side = match side {
            Side::Ours => &mut self.places[0],
            Side::Elsewhere => &mut self.places[1],
            Side::Tolerated => return,
        };
        let times = match place {
            Place::Office => &mut of_side[0],
            Place::Away => &mut of_side[1],
            Place::Unknown => return,
        };
        *times = times.saturating_add(1);
    }

    /// With those of another.
    pub(super) fn join(&mut self, other: Self) {
        self.ours |= other.ours;
        self.tolerated |= other.tolerated;
        self.elsewhere |= other.elsewhere;
        for (own, other) in self.places.as_flattened_mut().iter_mut().zip(other.places.as_flattened()) {
            *own = own.saturating_add(*other);
        }
    }

    /// The share of use that is away from the office, elsewhere less with ours, in thousandths; `None` where there is
    /// only one of them, or no place is known.
    pub(super) fn further_away(self) -> Option<i32> {
        let away = |[office, away]: [u8; 2]| {
            let all = i32::from(office) + i32::from(away);
            (all > 0).then(|| i32::from(away) * 1000 / all)
        };
        let [ours, elsewhere] = self.places.map(away);
        Some(elsewhere? - ours?)
    }

    /// Customer-days of the week itself in each part.
    pub(super) fn parts(self) -> [u32; 4] {
        let days = |bits: u64| (bits >> WEEK_STARTS).count_ones();
        [
            days(self.ours & !self.elsewhere),
            days(self.ours & self.elsewhere),
            days(self.tolerated & !self.ours & !self.elsewhere),
            days(self.elsewhere & !self.ours),
        ]
    }

    /// The need was met in the week itself.
    pub(super) fn in_week(self) -> bool {
        (self.ours | self.tolerated | self.elsewhere) >> WEEK_STARTS != 0
    }

    /// Days with us, with or without elsewhere.
    pub(super) const fn with_us(self) -> u64 {
        self.ours
    }

    /// With us in the week itself.
    pub(super) const fn is_with_us(self) -> bool {
        self.ours >> WEEK_STARTS != 0
    }

    /// Elsewhere in the week itself.
    pub(super) const fn is_elsewhere(self) -> bool {
        self.elsewhere >> WEEK_STARTS != 0
    }

    /// Elsewhere already so many weeks ago, or before.
    pub(super) const fn is_elsewhere_before(self, weeks: u32) -> bool {
        self.elsewhere & ((1 << (WEEK_STARTS - 7 * (weeks - 1))) - 1) != 0
    }

    /// Days elsewhere in the week and the one before.
    pub(super) const fn elsewhere_in_fourteen(self) -> u32 {
        (self.elsewhere >> (WEEK_STARTS - 7)).count_ones()
    }

    /// Elsewhere on Saturday or Sunday of a week that begins with Monday.
    pub(super) const fn is_elsewhere_on_weekend(self) -> bool {
        self.elsewhere >> (WEEK_STARTS + 5) != 0
    }

    /// Days elsewhere and not with us.
    pub(super) const fn not_with_us(self) -> u64 {
        self.elsewhere & !self.ours
    }
}

/// Bit 0's day, in days since 1970, of the history before the seven days that end with this one.
pub(super) fn first_day(last_day: Date) -> u32 {
    days_of(last_day.saturating_sub(Span::new().days(WEEK_STARTS + 6)))
}

/// The bit of a day in the week or its history; `None` outside.
pub(super) const fn bit_of(first_day: u32, day: u32) -> Option<u32> {
    match day.checked_sub(first_day) {
        Some(bit) if bit < WEEK_STARTS + 7 => Some(bit),
        _ => None,
    }
}

/// The bit lies in the week itself.
pub(super) const fn is_in_week(bit: u32) -> bool {
    bit >= WEEK_STARTS
}

/// The bit lies in the first week of the history.
pub(super) const fn is_in_first_week(bit: u32) -> bool {
    bit < 7
}

/// Who was first told of at this bit is new: in the week itself or the three before.
pub(super) const fn is_new(first_bit: u32) -> bool {
    first_bit >= WEEK_STARTS - 21 && first_bit < WEEK_STARTS + 7
}

/// The day in the week itself, its first being 1; `None` where the bit lies before it.
pub(super) const fn week_bit(bit: u32) -> Option<u8> {
    match bit.checked_sub(WEEK_STARTS) {
        Some(day) if day < 7 => Some(1 << day),
        _ => None,
    }
}
