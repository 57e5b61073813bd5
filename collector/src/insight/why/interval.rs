//! A figure over customers with its 95 % interval, and the chance of it where there were no difference.
//!
//! - A **mean** over customers: Student's t (Student, *The probable error of a mean*, 1908), the customer being the unit.
//!   What the floor's rounding adds is added to the error, as that of an evenly spread number of its step.
//! - A **share** of customers: the interval of Wilson (*Probable inference*, 1927), which holds for few customers and near
//!   0 and 100 %.
//! - **Many looked at**: [`holm`] corrects chances for how many were looked at (Holm, *A simple sequentially rejective
//!   multiple test procedure*, 1979).

use serde::Serialize;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

/// A figure and where it lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The figure itself.
    pub value: f64,
    /// Its least.
    pub low: f64,
    /// Its most.
    pub high: f64,
}

impl Interval {
    /// All three turned into another unit, by a function that grows.
    #[must_use]
    pub fn map(self, unit: impl Fn(f64) -> f64) -> Self {
        Self { value: unit(self.value), low: unit(self.low), high: unit(self.high) }
    }
}

/// A mean over customers as it was published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// What both were rounded to.
    pub step: f64,
    /// Over so many.
    pub customers: u32,
}

/// The normal quantile of 95 % on both sides.
const Z: f64 = 1.959_964;
/// What is left out on each side.
const TAIL: f64 = 0.025;

impl Mean {
    /// `None` of fewer than two customers.
    pub(super) fn interval(self) -> Option<Interval> {
        let reach = self.students_t()?.inverse_cdf(1.0 - TAIL) * self.whole_error();
        Some(Interval { value: self.value, low: self.value - reach, high: self.value + reach })
    }

    /// How likely a mean as large or larger is where the true one is `trifle`.
    pub(super) fn chance_above(self, trifle: f64) -> Option<f64> {
        Some(self.students_t()?.sf((self.value - trifle) / self.whole_error()))
    }

    fn students_t(self) -> Option<StudentsT> {
        StudentsT::new(0.0, 1.0, f64::from(self.customers.checked_sub(1)?)).ok()
    }

    /// The mean was rounded, and the error itself too.
    fn whole_error(self) -> f64 {
        let of_rounding = self.step * self.step / 12.0;
        (self.error * self.error + 2.0 * of_rounding).sqrt()
    }
}

/// Some of so many customers. `None` of nobody.
pub(super) fn share(some: u32, of: u32) -> Option<Interval> {
    let (count, value) = (f64::from(of), f64::from(some.min(of)) / f64::from(of));
    let (squared, whole) = (Z * Z, 1.0 + Z * Z / f64::from(of));
    let middle = (value + squared / (2.0 * count)) / whole;
    let reach = Z * (value * (1.0 - value) / count + squared / (4.0 * count * count)).sqrt() / whole;
    (of > 0).then_some(Interval { value, low: (middle - reach).max(0.0), high: (middle + reach).min(1.0) })
}

/// How likely it is that so many or more of all are among some, each of them being so with the chance `trifle`.
pub(super) fn chance_of_share(some: u32, of: u32, trifle: f64) -> Option<f64> {
    let binomial = Binomial::new(trifle, u64::from(of)).ok()?;
    Some(some.checked_sub(1).map_or(1.0, |fewer| binomial.sf(u64::from(fewer))))
}

/// The chances, corrected for how many they are, each at its place.
pub(super) fn holm(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|a, b| chances[*a].total_cmp(&chances[*b]));
    let (mut corrected, mut most) = (vec![0.0; chances.len()], 0.0_f64);
    for (at, left) in order.into_iter().zip((1..=chances.len()).rev()) {
        #[expect(clippy::cast_precision_loss, reason = "a handful of reasons")]
        let scaled = chances[at] * left as f64;
        most = most.max(scaled.min(1.0));
        corrected[at] = most;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-4
    }

    #[test]
    fn a_mean_lies_within_students_interval() {
        let mean = Mean { value: 1.0, error: 0.5, step: 0.0, customers: 5 };
        let interval = mean.interval().unwrap();
        // t(4) at 97.5 % is 2.7764.
        assert!(is_near(interval.low, 1.0 - 1.3882) && is_near(interval.high, 1.0 + 1.3882), "{interval:?}");
        // P(t(4) > 2) is 0.0581.
        assert!(is_near(mean.chance_above(0.0).unwrap(), 0.0581));
        assert_eq!(Mean { customers: 1, ..mean }.interval(), None);
    }

    #[test]
    fn rounding_widens_the_interval_of_a_mean() {
        let mean = Mean { value: 1.0, error: 0.0, step: 0.05, customers: 1000 };
        let interval = mean.interval().unwrap();
        assert!(interval.low < 0.97 && interval.high > 1.03, "{interval:?}");
    }

    #[test]
    fn a_share_lies_within_wilsons_interval() {
        let interval = share(60, 95).unwrap();
        assert!(is_near(interval.low, 0.5313) && is_near(interval.high, 0.7216), "{interval:?}");
        assert!(share(0, 10).unwrap().low.abs() < 1e-12);
        assert_eq!(share(0, 0), None);
        // 1 - P(X <= 4 | 20, 0.05).
        assert!(is_near(chance_of_share(5, 20, 0.05).unwrap(), 0.0026));
    }

    #[test]
    fn the_best_of_many_is_judged_most_strictly() {
        let corrected = holm(&[0.04, 0.01, 0.03]);
        assert!(is_near(corrected[1], 0.03) && is_near(corrected[2], 0.06) && is_near(corrected[0], 0.06));
    }
}
