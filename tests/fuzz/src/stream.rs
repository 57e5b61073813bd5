//! One TCP stream sent in many ways, and conversations that keep no rule.

use elsewhere_agent::{capture::Direction, decode::FactKind};

use super::{
    input::Input,
    watched::Watched,
    wire::{self, ACK, FIN, From, RST, SYN},
};

/// Sequence number before the first byte: so near the end of numbers that they wrap.
const START: u32 = u32::MAX - 20;
/// Payload bytes of a segment that is not cut on purpose.
const FULL_SEGMENT: usize = 1460;
/// Segments that a stream is shuffled in; the decoder holds 64 runs of bytes apart.
const MAX_SHUFFLED: usize = 48;

/// Where a stream is cut: the lengths of its segments, in turn.
#[derive(Clone, Copy)]
pub struct Cuts([usize; 2]);

impl Cuts {
    /// Two bytes of the input; zero is a full segment.
    pub fn new(input: &mut Input<'_>) -> Self {
        Self(input.array().map(|length: u8| if length == 0 { FULL_SEGMENT } else { length.into() }))
    }

    /// The segments with their offsets, none under `least` bytes but the last.
    fn segments(self, stream: &[u8], least: usize) -> Vec<(usize, &[u8])> {
        let mut segments = Vec::new();
        let (mut at, mut rest) = (0, stream);
        for length in self.0.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (segment, after) = rest.split_at(length.max(least).min(rest.len()));
            segments.push((at, segment));
            at += segment.len();
            rest = after;
        }
        segments
    }
}

/// Holds that a client's stream says the same in one segment, cut in order, and shuffled with repetitions; how much
/// that is. What the shorter segments say beyond it comes after: at the beginning of a segment is looked for what may begin there.
pub fn says_the_same_however_cut(port: u16, stream: &[u8], cuts: Cuts, shuffle: u16) -> usize {
    let mut whole = in_segments(From::Client, port, &[(0, stream)]);
    // A hello is told once it is whole. Where its record goes on after it, which no client does, the rest is found
    // again or not.
    if let Some(first) = whole.iter().position(|kind| matches!(kind, FactKind::TlsClientHello(_))) {
        whole.truncate(first + 1);
    }
    let in_order = cut_in_order(From::Client, port, stream, cuts);
    assert!(in_order.starts_with(&whole), "cut: {in_order:?}, whole: {whole:?}");
    let mut segments = cuts.segments(stream, stream.len().div_ceil(MAX_SHUFFLED));
    shuffle_with_repetitions(&mut segments, shuffle);
    let shuffled = in_segments(From::Client, port, &segments);
    assert!(shuffled.starts_with(&whole), "shuffled: {shuffled:?}, whole: {whole:?}");
    whole.len()
}

/// What one side says in segments in order.
pub fn cut_in_order(from: From, port: u16, stream: &[u8], cuts: Cuts) -> Vec<FactKind> {
    in_segments(from, port, &cuts.segments(stream, 1))
}

fn in_segments(from: From, port: u16, segments: &[(usize, &[u8])]) -> Vec<FactKind> {
    let mut watched = Watched::default();
    watched.packet(&wire::tcp(From::Client, port, START, SYN, &[]), 0, None);
    watched.packet(&wire::tcp(From::Server, port, START, SYN | ACK, &[]), 0, None);
    for (offset, segment) in segments {
        let offset = u32::try_from(*offset).expect("inputs are short");
        watched.packet(
            &wire::tcp(from, port, START.wrapping_add(1).wrapping_add(offset), ACK, segment),
            segment.len(),
            None,
        );
    }
    let mut said = watched.finish();
    // Signs are looked for at the beginning of every segment, and so depend on the cuts.
    said.retain(|kind| !matches!(kind, FactKind::TlsServerHello(_) | FactKind::TlsAlert { .. }));
    said
}

/// Another order, and every third segment twice; a generator with 16 bits of state is random enough.
pub fn shuffle_with_repetitions<T: Copy>(items: &mut Vec<T>, mut state: u16) {
    let again: Vec<T> = items.iter().step_by(3).copied().collect();
    items.extend(again);
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(25_173).wrapping_add(13_849);
        items.swap(last, usize::from(state >> 3) % (last + 1));
    }
}

/// Segments of both sides as the input wants them: each has a byte of choices, two bytes of length, and its payload.
///
/// Choices: bit 0 the server speaks; bits 1 and 2 place it after what that side sent, over its end, behind a gap, or
/// anew from the start; bits 3 and 4 plain, FIN, RST or SYN; bit 5 five seconds pass; bit 6 its direction is known.
pub fn conversation(port: u16, input: &mut Input<'_>) -> Vec<FactKind> {
    const OFF_BY: u32 = 3;
    let mut watched = Watched::default();
    let mut next = [START; 2];
    while !input.is_empty() {
        let choice = input.u8();
        let payload = input.counted();
        let (from, direction) = if choice & 1 == 0 {
            (From::Client, Direction::Outgoing)
        } else {
            (From::Server, Direction::Incoming)
        };
        let next = &mut next[usize::from(choice & 1)];
        let seq = match choice >> 1 & 3 {
            0 => *next,
            1 => next.wrapping_sub(OFF_BY),
            2 => next.wrapping_add(OFF_BY),
            _ => START,
        };
        let flags = match choice >> 3 & 3 {
            0 => ACK,
            1 => FIN | ACK,
            2 => RST,
            _ if from == From::Client => SYN,
            _ => SYN | ACK,
        };
        if choice & 32 != 0 {
            watched.wait(5);
        }
        let sent = u32::try_from(payload.len()).expect("inputs are short");
        *next = seq.wrapping_add(sent).wrapping_add(u32::from(flags & (SYN | FIN) != 0));
        let known = (choice & 64 != 0).then_some(direction);
        watched.packet(&wire::tcp(from, port, seq, flags, payload), payload.len(), known);
    }
    watched.finish()
}

/// One segment as an input of a conversation has it.
pub fn encode(choice: u8, payload: &[u8]) -> Vec<u8> {
    super::frame::encode(choice, payload)
}
