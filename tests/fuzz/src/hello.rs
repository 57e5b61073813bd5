//! A TLS `ClientHello` over records and segments.
//!
//! An input is a byte (bit 0: what follows are records, and else a handshake message that is put into records; bits 1
//! and 2 choose the port), a byte for the size of the records, two for the cuts, two for the order, and the bytes.

use super::{
    input::Input,
    stream::{self, Cuts},
};

/// Runs the target.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.u8();
    let record_bytes = match input.u8() {
        0 => 1 << 14,
        size => usize::from(size),
    };
    let port = [443, 8443, 25, 1080][usize::from(choice >> 1 & 3)];
    let cuts = Cuts::new(&mut input);
    let shuffle = input.u16();
    let stream = match choice & 1 {
        0 => records(input.rest(), record_bytes),
        _ => input.rest().to_vec(),
    };
    stream::says_the_same_however_cut(port, &stream, cuts, shuffle)
}

/// The message in records of at most `size` bytes.
pub fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).expect("records are cut shorter").to_be_bytes();
        [&[22, 3, 1], &length[..], part].concat()
    };
    message.chunks(size).flat_map(record).collect()
}
