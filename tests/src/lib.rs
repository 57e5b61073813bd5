//! Elsewhere run for real: the lab of namespaces, the simulated company behind `elsewhere-fleet`, the numbers of the
//! agent's eyes, and the fuzz targets, which a workspace of their own (`tests/fuzz`) gives to libFuzzer.

pub mod apps;
pub mod captures;
pub mod catalog_bench;
pub mod clock;
pub mod figures;
pub mod fleet;
#[path = "../fuzz/src/lib.rs"]
pub mod fuzz;
pub mod insight_bench;
pub mod lab;
pub mod sessions;
pub mod simulate;
pub mod store_bench;
pub mod table;
pub mod wire;
