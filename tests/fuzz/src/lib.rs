//! What is fuzzed, each target one function over bytes, and what has to hold whatever the bytes.
//!
//! libFuzzer calls the functions (`fuzz_targets/`), and an ordinary test of the product calls them with every committed
//! seed (`tests/tests/fuzz_seeds.rs`). They go through the agent's public interface: the fuzzed bytes are put into
//! frames, so that what is tried is what a stranger on the network could send. Besides "does not panic" each target
//! holds that facts stay few, names valid, counts consistent, and that one and the same stream says the same however
//! it is cut. `body` is the one that is the collector's: what a bad disk could make of a stored device-day.

pub mod body;
pub mod capture_file;
pub mod dns;
pub mod frame;
pub mod hello;
pub mod http;
pub mod input;
pub mod pipeline;
pub mod quic;
pub mod socks;
pub mod stream;
pub mod watched;
pub mod wire;

/// A target's name, as its binary and its folder of seeds have it, and its function. That gives how much came of the
/// input: things said, frames read, usages counted.
pub type Target = (&'static str, fn(&[u8]) -> usize);

/// All targets.
pub const TARGETS: &[Target] = &[
    ("body", body::run),
    ("capture_file", capture_file::run),
    ("dns", dns::run),
    ("frame", frame::run),
    ("hello", hello::run),
    ("http", http::run),
    ("pipeline", pipeline::run),
    ("quic", quic::run),
    ("socks", socks::run),
];
