//! The wire contract: what agent and collector say to each other, and what readers may ask.
//!
//! Generated from `elsewhere/v1/*.proto`, where each field says what it reveals about a person. Nothing is written
//! by hand here; own types stay in the crates that own them and meet these at their `wire.rs`.
//!
//! `golden/` holds encodings of every released version, which a test decodes for ever.

/// Version 1 of the contract: fields are added, never renumbered.
#[expect(clippy::all, clippy::pedantic, reason = "generated")]
pub mod v1 {
    tonic::include_proto!("elsewhere.v1");
}

/// The descriptors of all files, comments included, as an encoded `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
