//! The collector: ingest → store → rollup → floor → insight → query → api / digest.

pub mod api;
pub mod clock;
pub mod commands;
pub mod config;
pub mod device;
pub mod device_day;
pub mod digest;
pub mod floor;
pub mod ingest;
pub mod insight;
pub mod installation;
pub mod jobs;
pub mod pki;
pub mod place;
pub mod portfolio;
pub mod published;
pub mod query;
pub mod reader;
pub mod rollup;
pub mod segment;
pub mod serve;
pub mod store;
pub mod token;
pub mod unknown_names;
pub mod week;
pub mod wire;
