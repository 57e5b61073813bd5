//! Who left us for a need, and who came back: events, counted once.
//!
//! An occasion is a date on which the customer met the need with us (elsewhere as well or not) or elsewhere alone.
//! Two occasions in a row on one side make the customer at home there. *Left us*: at home with us, then two
//! occasions elsewhere in a row. *Came back*: at home elsewhere, then two occasions with us in a row. The event has the date
//! of the second occasion. What lies before the eight weeks of history is not known and counts as no home.

use super::days::{Days, is_in_week};

/// Occasions in a row that make a home.
const HOME_TAKES: u32 = 2;

/// What happened in the week itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// Left us.
    pub(super) left: bool,
    /// Came back to us.
    pub(super) came_back: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Ours,
    Elsewhere,
}

impl Moves {
    /// Reads history and week, day after day.
    pub(super) fn of(days: Days) -> Self {
        let mut moves = Self::default();
        let (mut home, mut side, mut in_a_row) = (None, None, 0);
        let mut occasions = days.with_us() | days.not_with_us();
        while occasions != 0 {
            let bit = occasions.trailing_zeros();
            occasions &= occasions - 1;
            let here = if days.with_us() >> bit & 1 == 1 { Home::Ours } else { Home::Elsewhere };
            in_a_row = if side == Some(here) { in_a_row + 1 } else { 1 };
            side = Some(here);
            if in_a_row != HOME_TAKES || home == Some(here) {
                continue;
            }
            if is_in_week(bit) && home.is_some() {
                moves.left |= here == Home::Elsewhere;
                moves.came_back |= here == Home::Ours;
            }
            home = Some(here);
        }
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portfolio::Side;

    /// One letter a day, the last seven of them being the week: `o`urs, `e`lsewhere, `b`oth, `t`olerated, `.` none.
    fn moves(history: &str, week: &str) -> (bool, bool) {
        let mut days = Days::default();
        let offset = 56 - u32::try_from(history.len()).unwrap();
        for (letter, bit) in history.chars().chain(week.chars()).zip(offset..) {
            let sides: &[Side] = match letter {
                'o' => &[Side::Ours],
                'e' => &[Side::Elsewhere],
                'b' => &[Side::Ours, Side::Elsewhere],
                't' => &[Side::Tolerated],
                _ => &[],
            };
            for side in sides {
                days.note(*side, bit);
            }
        }
        let Moves { left, came_back } = Moves::of(days);
        (left, came_back)
    }

    #[test]
    fn two_occasions_make_a_home_and_two_elsewhere_leave_it() {
        assert_eq!(moves("oo.....", "e.e...."), (true, false), "left");
        assert_eq!(moves("oo.....", "e......"), (false, false), "one occasion elsewhere is a visit");
        assert_eq!(moves("o......", "ee....."), (false, false), "was never at home with us");
        assert_eq!(moves("oo.....", "eoe...."), (false, false), "not in a row");
        assert_eq!(moves("oo.....", "eb....."), (false, false), "a day with both is a day with us");
        assert_eq!(moves("oo.....", "ete...."), (true, false), "tolerated is no occasion");
        assert_eq!(moves("oo....e", "e......"), (true, false), "the date is that of the second occasion");
        assert_eq!(moves("ooee...", "ee....."), (false, false), "left earlier, counted once");
        assert_eq!(moves("ooee...", "oo....."), (false, true), "came back");
        assert_eq!(moves("ooee...", "ooee..."), (true, true), "both in one week");
        assert_eq!(moves("", "ooee..."), (true, false), "all in one week");
    }
}
