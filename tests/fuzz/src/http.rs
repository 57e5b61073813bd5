//! HTTP/1 heads, and what follows in the same stream.
//!
//! An input is a byte that chooses the port, two for the cuts, two for the order, and the client's stream.

use super::{
    input::Input,
    stream::{self, Cuts},
};

/// Runs the target.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let port = [80, 8080, 3128, 443][usize::from(input.u8() & 3)];
    let cuts = Cuts::new(&mut input);
    let shuffle = input.u16();
    stream::says_the_same_however_cut(port, input.rest(), cuts, shuffle)
}
