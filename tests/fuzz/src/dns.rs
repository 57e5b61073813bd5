//! DNS messages, over UDP and over TCP.
//!
//! An input is a byte (bit 0: the server speaks, bit 1: multicast's port, where nothing is to be said), two bytes that
//! space the cuts of the stream, and the messages as TCP carries them, each after its length.

use elsewhere_agent::decode::FactKind;

use super::{
    input::Input,
    stream::{self, Cuts},
    watched::Watched,
    wire::{self, From},
};

/// Runs the target: over TCP, cut anywhere, messages say what they say over UDP.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.u8();
    let cuts = Cuts::new(&mut input);
    let from = if choice & 1 == 0 { From::Client } else { From::Server };
    let port = if choice & 2 == 0 { 53 } else { 5353 };
    let messages = input.rest();

    let (by_udp, well_formed) = by_udp(from, port, messages);
    let by_tcp = stream::cut_in_order(from, port, messages, cuts);
    if port != 53 {
        assert!(by_udp.is_empty(), "multicast names are of the neighbourhood");
    } else if well_formed {
        assert_eq!(by_tcp, by_udp, "TCP and UDP differ");
    } else {
        // What follows a malformed message is found again at a later segment's beginning, or not.
        assert!(by_tcp.starts_with(&by_udp), "TCP lost what UDP said: {by_udp:?} {by_tcp:?}");
    }
    by_udp.len()
}

/// Each message in its datagram, up to the first that is malformed; whether none was.
fn by_udp(from: From, port: u16, mut messages: &[u8]) -> (Vec<FactKind>, bool) {
    let mut watched = Watched::default();
    while let Some((length, rest)) = messages.split_first_chunk::<2>()
        && let Some((message, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
    {
        watched.packet(&wire::udp(from, port, message), message.len(), None);
        if watched.counts().dns_malformed > 0 {
            return (watched.finish(), false);
        }
        messages = rest;
    }
    (watched.finish(), true)
}
