//! The collector: ingest → store → rollup → floor → insight → query → api / digest.

pub mod segment;
pub mod week;
