//! Elsewhere run for real: the lab of namespaces, and the simulated company behind `elsewhere-fleet`.

pub mod lab;
