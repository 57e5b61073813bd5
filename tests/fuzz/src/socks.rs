//! Protocols of two sides that end in something else: SOCKS, and mail before STARTTLS.
//!
//! An input is a byte that chooses the port, and a conversation as `stream` has it.

use super::{input::Input, stream};

/// Runs the target.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let port = [1080, 25, 587, 143, 110, 9050, 3128, 5222][usize::from(input.u8() & 7)];
    stream::conversation(port, &mut input).len()
}
