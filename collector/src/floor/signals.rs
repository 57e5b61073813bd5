//! Signals: a service elsewhere has k customers in a segment within seven days. Told once, the morning after.
//!
//! There is one where the figures of those seven days would show the service's customers: [`publish`] decides, with the same
//! k, in the main dimension only, and withholding for others' sake as in every week. It says that and no more, so it has no
//! count. A count that is made anew every night would tell by its differences what single devices did; a signal can't
//! change, and nobody hears whether it still holds.
//!
//! What it adds to what a reader knows:
//!
//! - At least k customers within the seven days before it was released. That is a lower bound for the two weeks in which
//!   these lie, taken together; also where both of them withhold the service, since three in each may be six.
//! - Beside a frozen week that withholds the service for others' sake, it takes that many off what is left for these. Their
//!   upper end stays k-1 or more: what is left is a difference of figures that are rounded down, so that its upper end is one
//!   less than a multiple of the rounding's step, and a signal is only told from one whole step on. A lower end may rise
//!   where nearly all of a place use the service in the first of the days and the week withholds them later; that is left to
//!   the rounding, and attacked (`tests/attacker/between.rs`).
//! - When: the morning before, it could not be said. There were fewer, or it was withheld for others' sake. What was
//!   delivered between the two nights made the difference, and that can be one device's day. Who knows the use of all but
//!   one of the others learns of the one; that is so with every smallest group, but a week's figure does not say the day.
//! - No upper bound: that there is no signal tells what a withheld figure tells. So what is withheld in a frozen week can't
//!   be had as the rest of signals.

use jiff::civil::Date;

use super::{Policy, publish};
use crate::{
    portfolio::{Landscape, Side},
    published::{PublishedService, Signal},
    rollup::Rollup,
};

/// The signals of seven days, as they would be released on this date.
pub fn signals(rollup: &Rollup, landscape: &Landscape, policy: &Policy, released: Date) -> Vec<Signal> {
    let days = publish(rollup, landscape, policy);
    let is_signal = |row: &PublishedService| {
        let service = landscape.find(&row.service).map(|at| landscape.service(at));
        row.customers.shown().is_some_and(|customers| customers > 0)
            && service.is_some_and(|service| service.side() == Side::Elsewhere)
    };
    let mut signals = Vec::new();
    for segment in &days.segments {
        for need in &segment.needs {
            let services = need.services.iter().filter(|row| is_signal(row));
            signals.extend(services.map(|row| Signal {
                segment: segment.segment.clone(),
                need: need.need.clone(),
                service: row.service.clone(),
                released,
                minimum_group: days.minimum_group,
            }));
        }
    }
    signals
}

#[cfg(test)]
mod tests;
