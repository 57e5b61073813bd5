//! How figures are rounded before they are shown, by the smallest group.
//!
//! A number that is shown stands for as many as k at least, so that what follows from two of them does too: customers are
//! rounded down to a multiple of k in fives, and customer-days, of which one customer adds several, to the nearest of twice
//! that.

use crate::{
    config::LEAST_MINIMUM_GROUP,
    published::{Figure, Reason, customers_step},
};

/// The steps for one smallest group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rounding {
    step: u32,
}

impl Rounding {
    /// With the smallest group `k`.
    pub(super) fn of(k: u32) -> Self {
        Self { step: customers_step(k.max(LEAST_MINIMUM_GROUP)) }
    }

    /// Customers as they are shown: rounded down, so that the smallest figure leaves as much open as any other.
    pub(super) fn customers(self, count: u32) -> u32 {
        count / self.step * self.step
    }

    /// The middle of those that are shown as these are.
    pub(super) fn middle_of_customers(self, count: u32) -> u32 {
        self.customers(count) + self.step / 2
    }

    /// Customer-days as they are shown.
    pub(super) fn days(self, count: u32) -> u32 {
        to_nearest(2 * self.step, count)
    }

    /// The same, where they may be shown.
    pub(super) fn customers_if(self, may: bool, count: u32) -> Figure {
        if may { Figure::Shown(self.customers(count)) } else { Figure::Hidden(Reason::K) }
    }

    /// The same, where they may be shown.
    pub(super) fn days_if(self, may: bool, count: u32) -> Figure {
        if may { Figure::Shown(self.days(count)) } else { Figure::Hidden(Reason::K) }
    }

    /// The least and the most customers that are shown as these are.
    pub(super) fn customers_window(self, count: u32) -> (u32, u32) {
        let shown = self.customers(count);
        (shown, shown + self.step - 1)
    }

    /// The least and the most customer-days that are shown as these are.
    pub(super) fn days_window(self, count: u32) -> (u32, u32) {
        let shown = self.days(count);
        (shown.saturating_sub(self.step), shown + self.step - 1)
    }

    /// Customers of a week that may still change.
    pub(super) fn coarse_customers(self, shown: u32) -> u32 {
        to_nearest(2 * self.step, shown)
    }

    /// Customer-days of a week that may still change.
    pub(super) fn coarse_days(self, shown: u32) -> u32 {
        to_nearest(4 * self.step, shown)
    }
}

fn to_nearest(step: u32, count: u32) -> u32 {
    (count + step / 2) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_rounded_down_to_five_and_days_to_the_nearest_ten() {
        let five = Rounding::of(5);
        assert_eq!([5, 9, 10, 14].map(|count| five.customers(count)), [5, 5, 10, 10]);
        assert_eq!([5, 14, 15].map(|count| five.days(count)), [10, 10, 20]);
        assert_eq!((five.customers_window(7), five.days_window(17)), ((5, 9), (15, 24)));
    }

    #[test]
    fn a_figure_stands_for_k_numbers_whatever_k_is() {
        for k in 5..100 {
            let (low, high) = Rounding::of(k).customers_window(k * 3);
            assert!(high - low + 1 >= k, "{k}");
        }
        assert_eq!([5, 6, 10, 11].map(|k| Rounding::of(k).customers(37)), [35, 30, 30, 30]);
    }
}
