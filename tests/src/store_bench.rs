//! The store's numbers: what a device-day takes, how fast it is stored and counted, what readers notice of it, and what
//! the floor costs.
//!
//! Each number stands beside its limit, and beside the same work done by hand on the same machine in the same run.

pub mod big;
pub mod busy;
pub mod ingest;
pub mod price;
pub mod queries;
pub mod scan;
pub mod size;
mod weeks;

pub use weeks::Weeks;

/// How often what is compared with something else is repeated, one after the other in turn.
const REPEATS: usize = 5;

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}
