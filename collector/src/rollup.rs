//! Rollup: one week's device-days become counts for everybody and for every segment, need and service.
//!
//! It owns the definitions of what is counted. A customer-day is one customer meeting one need on one civil date, by
//! evidence `use`; it lies in exactly one [`Part`]. A customer with several devices counts once, in the segments of the
//! device with the lowest id; seven days of two weeks count in those that it has at their end. Left out of every figure:
//! evidence `present`, another organisation's tenant (guest), services as often private as work, shared devices (they count
//! as devices only), customers all of whose devices were enrolled by a token of many uses and told of fewer than five days
//! by then, and services that this collector's catalog does not have. A hash of a name outside the catalog that has a
//! service by now is use of that service, also beside a row of it: a day in which the name became known to the device has
//! both, and counts once.
//!
//! Customers of whom a device first told in the week itself or the three before are the built-in group of new starters, where
//! somebody told already eight weeks ago: before that nobody could be told from a fleet that is just being rolled out.
//!
//! Beside a week's counts it makes [`Arrivals`], who began with a service in the last seven days, and says which of them
//! are more than usual ([`surprising`]).
//!
//! What always holds: it is a pure function of what it was fed, in whatever order; the counts are exact and so never
//! leave this program but through `floor`; a customer counts in every ancestor of its segment, in each dimension.

mod arrivals;
mod catalogs;
mod counts;
mod days;
mod facets;
mod moves;
mod nodes;
mod surprise;
mod tally;

pub use arrivals::{ARRIVAL_DAYS, ArrivalTally, Arrivals, Arrived, first_day as first_arrival_day};
pub use counts::{NeedCounts, Node, PartSet, Rollup, ServiceCounts};
pub use days::{HISTORY_WEEKS, Part};
pub use facets::{Effect, Facet, FacetCounts};
pub use surprise::surprising;
pub use tally::Tally;

#[cfg(test)]
mod tests;
