//! Surprise: at which services more customers of a segment arrived in seven days than the eight weeks before make
//! usual.
//!
//! X of a service's n arrivals lie in the seven days, T = n - X in the eight weeks before; q is the part of the
//! customer-days of both that lies in the seven. Where nothing has changed, X is binomial with n and q, whatever the
//! rate at which customers arrive (the conditional test of two Poisson rates: Przyborowski and Wilenski, Biometrika 31,
//! 1940).
//!
//! - **How surprising** a service is: the predictive chance of X or more after T, which is that of a negative binomial
//!   with shape T + 1/10 and success 1 - q: the rate has the gamma prior of shape 1/10, so that small rates are
//!   likelier than large ones (as in `algo.bayes` of the R package surveillance, which has 1/2: Höhle, Computational
//!   Statistics 22, 2007). It only says which service goes before which; 1/10 puts five after none before seven after
//!   two.
//! - **How often** that happens by chance: the sum, over all services of the segment, of the binomial chance to be as
//!   surprising or more, each given its own n. It bounds the chance that any of them is (Westfall and Wolfinger, The
//!   American Statistician 51, 1997). A service that could not be told, with n under the smallest group, adds nothing
//!   (Tarone, Biometrics 46, 1990), and one of which there is much adds what its counts can reach.
//! - **The level** is a thousandth a week, a seventh of that each night: the seven days overlap, and that several
//!   nights find what one did is not made use of. A Poisson CUSUM would need the usual rate to be known, and most
//!   services have had too few arrivals for that.
//!
//! So at most one in a thousand weeks of a segment has a service told that has not changed, as far as customers arrive
//! one by one. Whether they do is measured (`./tests/bench insight`).

use std::collections::BTreeMap;

use statrs::function::beta::beta_reg;

use super::arrivals::{Arrivals, Arrived};

/// Weeks of a segment with a false signal.
const PER_WEEK: f64 = 0.001;
/// Nights of a week.
const NIGHTS: f64 = 7.0;
/// Shape of the rates' prior.
const SHAPE: f64 = 0.1;

/// The arrivals at those services that surprise; `fewest` is the smallest number of arrivals that could be told.
pub fn surprising(arrivals: &Arrivals, fewest: u32) -> Arrivals {
    let of_segment = |arrived: &BTreeMap<String, Arrived>| {
        let mut candidates: Vec<(f64, &String, &Arrived)> = arrived
            .iter()
            .filter(|(_, arrived)| arrived.now >= fewest)
            .map(|(service, arrived)| (arrived.predictive(arrived.now), service, arrived))
            .collect();
        candidates.sort_by(|one, other| one.0.total_cmp(&other.0));
        let surprises = |(score, ..): &(f64, &String, &Arrived)| {
            let by_chance: f64 = arrived.values().map(|arrived| arrived.as_surprising(*score, fewest)).sum();
            by_chance <= PER_WEEK / NIGHTS
        };
        let surprising = candidates.into_iter().take_while(surprises);
        surprising.map(|(_, service, arrived)| (service.clone(), *arrived)).collect()
    };
    arrivals.iter().map(|(segment, arrived)| (segment.clone(), of_segment(arrived))).collect()
}

impl Arrived {
    fn all(&self) -> u32 {
        self.now + self.before
    }

    /// The part of the customer-days that lies in the seven; without a past, all of them.
    #[expect(clippy::cast_precision_loss, reason = "customer-days are far below 2^52")]
    fn part_now(&self) -> f64 {
        let all = self.days_now + self.days_before;
        if all == 0 { 1.0 } else { self.days_now as f64 / all as f64 }
    }

    /// The predictive chance of so many of the arrivals or more in the seven days, after the others.
    fn predictive(&self, now: u32) -> f64 {
        beta_reg(f64::from(now), f64::from(self.all() - now) + SHAPE, self.part_now())
    }

    /// The chance that so many of the arrivals or more lie in the seven days.
    fn binomial(&self, now: u32) -> f64 {
        beta_reg(f64::from(now), f64::from(self.all() - now) + 1.0, self.part_now())
    }

    /// The chance that as many arrivals are as surprising as this, or more, and could be told.
    fn as_surprising(&self, score: f64, fewest: u32) -> f64 {
        let (mut least, mut past) = (fewest, self.all() + 1);
        while least < past {
            let middle = least.midpoint(past);
            if self.predictive(middle) <= score { past = middle } else { least = middle + 1 }
        }
        if past > self.all() { 0.0 } else { self.binomial(past) }
    }
}

#[cfg(test)]
mod tests;
