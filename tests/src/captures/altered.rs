//! The same traffic as another network would carry it: TCP streams cut anew and turned round, datagrams in another
//! order, packets in fragments, everything in other wrappings. The facts have to stay.

use std::{net::SocketAddr, path::Path};

use anyhow::ensure;
use elsewhere_agent::capture::{Frame, Link, file};
use jiff::{SignedDuration, Timestamp};
use rand::{
    RngExt,
    seq::{IteratorRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;

use super::{
    seen::Seen,
    wire::{self, ACK, Ends, FIN, Header, PSH, Piece, RST, SYN, protocol},
};

/// Most pieces that a stream is cut into: as many as can be under way at once.
const MAX_PIECES: usize = 40;

/// Packets without their frames, in order.
pub(super) struct Packets(Vec<Vec<u8>>);

impl Packets {
    /// The packets of a capture on Ethernet with whole frames.
    pub(super) fn of_ethernet(path: &Path) -> anyhow::Result<Self> {
        let mut reader = file::open(path)?;
        let mut packets = Vec::new();
        while let Some(frame) = reader.next_frame()? {
            ensure!(frame.link == Link::Ethernet, "{:?}", frame.link);
            ensure!(frame.wire_bytes as usize == frame.bytes.len(), "a frame is cut short");
            ensure!(matches!(frame.bytes[12..14], [8, 0] | [0x86, 0xdd]), "a frame is tagged");
            packets.push(frame.bytes[14..].to_vec());
        }
        Ok(Self(packets))
    }

    /// What the agent sees in them, a millisecond apart.
    pub(super) fn seen(&self, link: Link, wrap: impl Fn(&[u8]) -> Vec<u8>) -> Seen {
        let frames: Vec<_> = self.0.iter().map(|packet| wrap(packet)).collect();
        let mut time = Timestamp::from_second(1_772_442_000).expect("in 2026");
        Seen::in_frames(frames.iter().map(|bytes| {
            time += SignedDuration::from_millis(1);
            let wire_bytes = u32::try_from(bytes.len()).expect("frames are short");
            Frame { time, link, interface: 0, direction: None, wire_bytes, stride: 0, bytes }
        }))
    }

    /// Each TCP stream without a gap is cut at other places, its pieces overlap, come twice and in any order, between
    /// its SYN and its end. Of what servers say only DNS is cut: the signs of TLS are read off single segments.
    pub(super) fn cut_anew(&self, rng: &mut ChaCha8Rng) -> Self {
        let mut streams: Vec<Stream> = Vec::new();
        let mut packets = Vec::new();
        for packet in &self.0 {
            let Some(segment) = Segment::read(packet) else {
                packets.push(Laid::AsItWas(packet));
                continue;
            };
            let of_it = |stream: &&mut Stream| stream.is_of(&segment.ends);
            let known = streams.iter_mut().rev().find(of_it).filter(|_| segment.header.flags & SYN == 0);
            if let Some(stream) = known {
                stream.segments.push((packet, segment));
            } else {
                packets.push(Laid::Stream(streams.len()));
                streams.push(Stream { segments: vec![(packet, segment)] });
            }
        }
        let streams: Vec<_> = streams.iter().map(|stream| stream.cut_anew(rng)).collect();
        let laid = packets.into_iter().flat_map(|laid| match laid {
            Laid::AsItWas(packet) => vec![packet.clone()],
            Laid::Stream(at) => streams[at].clone(),
        });
        Self(laid.collect())
    }

    /// The client's datagrams in any order and some of them twice; the server's come after them.
    pub(super) fn datagrams_in_any_order(&self, rng: &mut ChaCha8Rng) -> Self {
        let (mut theirs, mut ours): (Vec<_>, Vec<_>) =
            self.0.iter().cloned().partition(|packet| ports(packet).is_some_and(|(from, to)| from < to));
        let again: Vec<_> = ours.iter().filter(|_| rng.random_ratio(1, 4)).cloned().collect();
        ours.extend(again);
        ours.shuffle(rng);
        ours.append(&mut theirs);
        Self(ours)
    }

    /// Every IPv4 packet in fragments of any size and order; packets that are fragments already stay.
    pub(super) fn in_fragments(&self, rng: &mut ChaCha8Rng) -> Self {
        let mut id = 0;
        let mut pieces = |packet: &Vec<u8>| {
            if packet[..6] != [0x45, 0, packet[2], packet[3], packet[4], packet[5]] || packet[6] != 0x40 {
                return vec![packet.clone()];
            }
            id += 1;
            let address = |at: usize| {
                SocketAddr::from(([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]], 0))
            };
            let ends = Ends { client: address(12), server: address(16) };
            let size = 8 * rng.random_range(2..=60_usize);
            let payload = &packet[20..];
            let mut fragments: Vec<_> = payload
                .chunks(size)
                .enumerate()
                .map(|(at, part)| {
                    let offset = u16::try_from(at * size).expect("packets are short");
                    let more = at * size + part.len() < payload.len();
                    wire::ipv4(ends, packet[9], Piece { id, offset, more }, part)
                })
                .collect();
            fragments.shuffle(rng);
            fragments
        };
        Self(self.0.iter().flat_map(&mut pieces).collect())
    }
}

enum Laid<'a> {
    AsItWas(&'a Vec<u8>),
    Stream(usize),
}

struct Segment<'a> {
    ends: Ends,
    header: Header,
    payload: &'a [u8],
}

impl<'a> Segment<'a> {
    /// A whole TCP segment right behind its IP header.
    fn read(packet: &'a [u8]) -> Option<Self> {
        // What follows is the padding of a short frame.
        let length = |at: usize| usize::from(u16::from_be_bytes([packet[at], packet[at + 1]]));
        let (number, from, to, segment) = match packet[0] {
            0x45 if matches!(packet[6..8], [0 | 0x40, 0]) => {
                let v4 = |at: usize| <[u8; 4]>::try_from(&packet[at..at + 4]).expect("four bytes").into();
                (packet[9], v4(12), v4(16), packet.get(20..length(2))?)
            }
            first if first >> 4 == 6 => {
                let v6 = |at: usize| <[u8; 16]>::try_from(&packet[at..at + 16]).expect("16 bytes").into();
                (packet[6], v6(8), v6(24), packet.get(40..40 + length(4))?)
            }
            _ => return None,
        };
        if number != protocol::TCP {
            return None;
        }
        let number = |at: usize| u32::from_be_bytes(segment[at..at + 4].try_into().expect("four bytes"));
        let port = |at: usize| u16::from_be_bytes([segment[at], segment[at + 1]]);
        let ends = Ends { client: SocketAddr::new(from, port(0)), server: SocketAddr::new(to, port(2)) };
        let header = Header { seq: number(4), ack: number(8), flags: segment[13] };
        Some(Self { ends, header, payload: &segment[usize::from(segment[12] >> 4) * 4..] })
    }
}

/// One side of a connection.
struct Stream<'a> {
    segments: Vec<(&'a Vec<u8>, Segment<'a>)>,
}

impl Stream<'_> {
    fn is_of(&self, ends: &Ends) -> bool {
        let first = &self.segments[0].1.ends;
        (first.client, first.server) == (ends.client, ends.server)
    }

    fn cut_anew(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
        let (first_packet, first) = &self.segments[0];
        let Some(bytes) = self.bytes() else {
            return self.segments.iter().map(|(packet, _)| (*packet).clone()).collect();
        };
        let start = first.header.seq.wrapping_add(1);
        let ack = self.segments.last().expect("it has one").1.header.ack;
        let count = rng.random_range(1..=MAX_PIECES);
        let mut cuts = (1..bytes.len()).sample(rng, count.min(bytes.len().saturating_sub(1)));
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut pieces: Vec<_> = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
        for at in 0..pieces.len() {
            if rng.random_ratio(1, 4) {
                // Overlaps with its neighbours; what is left of the old piece comes as well.
                let (before, after) = (rng.random_range(0..50), rng.random_range(0..50));
                let piece = &pieces[at];
                pieces.push(piece.start.saturating_sub(before)..(piece.end + after).min(bytes.len()));
            }
        }
        pieces.shuffle(rng);
        let mut packets = vec![(*first_packet).clone()];
        packets.extend(pieces.into_iter().filter(|piece| !piece.is_empty()).map(|piece| {
            let seq = start.wrapping_add(u32::try_from(piece.start).expect("streams are short"));
            let segment = wire::tcp(first.ends, Header { seq, ack, flags: ACK | PSH }, &bytes[piece]);
            wire::ip(first.ends, protocol::TCP, &segment)
        }));
        let ends = self
            .segments
            .iter()
            .filter(|(_, it)| it.payload.is_empty() && it.header.flags & (FIN | RST) != 0);
        packets.extend(ends.map(|(packet, _)| (*packet).clone()));
        packets
    }

    /// All that it says, by the first word for each byte; nothing where it is not read, or its SYN or a byte is missing.
    fn bytes(&self) -> Option<Vec<u8>> {
        let first = &self.segments[0].1;
        let is_read = first.header.flags & ACK == 0 || first.ends.client.port() == 53;
        if first.header.flags & SYN == 0 || !is_read {
            return None;
        }
        let start = first.header.seq.wrapping_add(1);
        let mut bytes: Vec<Option<u8>> = Vec::new();
        for (_, segment) in &self.segments[1..] {
            let at = segment.header.seq.wrapping_sub(start) as usize;
            bytes.resize(bytes.len().max(at + segment.payload.len()), None);
            for (place, byte) in bytes[at..].iter_mut().zip(segment.payload) {
                place.get_or_insert(*byte);
            }
        }
        bytes.into_iter().collect()
    }
}

/// Source and destination port of an IPv4 or IPv6 packet without extensions.
fn ports(packet: &[u8]) -> Option<(u16, u16)> {
    let at = if packet[0] >> 4 == 4 { 20 } else { 40 };
    let ports = packet.get(at..at + 4)?;
    Some((u16::from_be_bytes([ports[0], ports[1]]), u16::from_be_bytes([ports[2], ports[3]])))
}

#[cfg(test)]
mod tests;
