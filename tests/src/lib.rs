//! Elsewhere run for real: the lab of namespaces, and the simulated company behind `elsewhere-fleet`.

pub mod clock;
pub mod fleet;
pub mod lab;
pub mod simulate;
pub mod table;
