//! Signals: k customers of a segment began with a service elsewhere within seven days, which surprises. Told once, the
//! morning after.
//!
//! What surprises is for [`rollup`](crate::rollup) to say ([`surprising`](crate::rollup::surprising)). Of that, only
//! what passes here is told:
//!
//! - The figures of those seven days would show the service's customers: [`publish`] decides, with the same k, in the
//!   main dimension only, and withholding for others' sake as in every week.
//! - Those who began are k or more too, in whole steps of the rounding.
//! - So are those of the segment who neither began nor used it before (rule 4).
//!
//! It says that and no more, so it has no count. A count that is made anew every night would tell by its differences
//! what single devices did; a signal can't change, and nobody hears whether it still holds.
//!
//! What it adds to what a reader knows:
//!
//! - At least k customers within the seven days before it was released. That is a lower bound for the two weeks in
//!   which these lie, taken together; also where both of them withhold the service, since three in each may be six.
//! - Beside a frozen week that withholds the service for others' sake, it takes that many off what is left for these.
//!   Their upper end stays k-1 or more: what is left is a difference of figures that are rounded down, so that its
//!   upper end is one less than a multiple of the rounding's step, and a signal is only told from one whole step on. A
//!   lower end may rise where nearly all of a place use the service in the first of the days and the week withholds
//!   them later; that is left to the rounding, and attacked (`tests/attacker/between.rs`).
//! - k of those who are there now did not use it in any of the weeks before: an upper bound for these weeks, k under
//!   all who were there. Since k others did not use it either, it lies k or more above what was so, and so leaves k
//!   numbers; attacked there too.
//! - When: the morning before, it could not be said. There were fewer, or it was withheld for others' sake, or it was
//!   no surprise. What was delivered between the two nights made the difference, and that can be one device's day. Who
//!   knows the use of all but one of the others learns of the one; that is so with every smallest group, but a week's
//!   figure does not say the day.
//! - That there is none: where a week shows the service for the first time and no signal came, not so many began in
//!   those days as would have surprised, and others had used it in weeks that withhold it, or were new themselves, or
//!   devices had another catalog. How many, a reader can't say: what would have surprised hangs on all services of the
//!   segment, by exact counts. Where a figure is withheld, that there is no signal tells what the figure being withheld
//!   tells. So what is withheld in a frozen week can't be had as the rest of signals.

use jiff::civil::Date;

use super::{Policy, publish};
use crate::{
    config::LEAST_MINIMUM_GROUP,
    portfolio::{Landscape, Side},
    published::{PublishedService, Signal, customers_step},
    rollup::{Arrivals, Arrived, Rollup},
};

/// Fewest customers of whom it may be told that they began with a service.
pub fn fewest_to_tell(policy: &Policy) -> u32 {
    customers_step(policy.minimum_group.max(LEAST_MINIMUM_GROUP))
}

/// The signals of seven days, as they would be released on this date, of those arrivals that surprise.
pub fn signals(
    rollup: &Rollup,
    landscape: &Landscape,
    policy: &Policy,
    surprising: &Arrivals,
    released: Date,
) -> Vec<Signal> {
    let fewest = fewest_to_tell(policy);
    let may_be_told = |arrived: &&Arrived| arrived.now >= fewest && arrived.without >= fewest;
    if !surprising.values().flat_map(|services| services.values()).any(|arrived| may_be_told(&arrived)) {
        return Vec::new();
    }
    let days = publish(rollup, landscape, policy);
    let is_signal = |row: &PublishedService| {
        let service = landscape.find(&row.service).map(|at| landscape.service(at));
        row.customers.shown().is_some_and(|customers| customers > 0)
            && service.is_some_and(|service| service.side() == Side::Elsewhere)
    };
    let mut signals = Vec::new();
    for segment in &days.segments {
        let Some(surprising) = surprising.get(&segment.segment) else { continue };
        let arrived = |row: &PublishedService| surprising.get(&row.service).as_ref().is_some_and(may_be_told);
        for need in &segment.needs {
            let services = need.services.iter().filter(|row| is_signal(row) && arrived(row));
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
