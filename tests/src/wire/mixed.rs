//! The mixed file: many copies of the captures, each in a world of its own, over one rising clock.

use std::{cmp::Reverse, collections::BinaryHeap, path::Path};

use anyhow::Context;
use elsewhere_agent::capture::file;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{pcap::Writer, truth, world};

/// When the file begins: 2026-01-05, 08:00 UTC.
const BEGINS_US: u64 = 1_767_600_000_000_000;
/// What the copies begin within.
const SPAN_US: u64 = 3_600_000_000;
/// Longest silence that is kept of a capture: some hold days of it.
const SILENCE_US: u64 = 5_000_000;

/// A capture's frames, as Ethernet, with their time since the first.
pub(super) struct Tape {
    frames: Vec<Taped>,
}

struct Taped {
    at_us: u64,
    wire_bytes: u32,
    bytes: Vec<u8>,
}

/// The frames of all captures that the truth knows.
pub(super) fn tapes(folder: &Path) -> anyhow::Result<Vec<Tape>> {
    let captures = truth::read(folder)?;
    captures.iter().map(|capture| tape(&truth::path_of(folder, capture))).collect()
}

fn tape(path: &Path) -> anyhow::Result<Tape> {
    let mut reader = file::open(path)?;
    let (mut frames, mut at_us, mut last_us) = (Vec::new(), 0, None);
    // What was whole before a cut is traffic all the same.
    while let Ok(Some(frame)) = reader.next_frame() {
        let time_us = frame.time.as_microsecond();
        let gap = time_us - last_us.unwrap_or(time_us);
        at_us += u64::try_from(gap).unwrap_or(0).min(SILENCE_US);
        last_us = Some(time_us);
        if let Some(bytes) = world::as_ethernet(&frame) {
            let link_bytes = u32::try_from(bytes.len().saturating_sub(frame.bytes.len()))?;
            frames.push(Taped { at_us, wire_bytes: frame.wire_bytes + link_bytes, bytes });
        }
    }
    Ok(Tape { frames })
}

/// Writes copies of the tapes until there are at least so many frames.
pub(super) fn write<W: std::io::Write>(
    tapes: &[Tape],
    seed: u64,
    frames: u64,
    writer: &mut Writer<W>,
) -> anyhow::Result<()> {
    let a_round: u64 = tapes.iter().map(|tape| tape.frames.len() as u64).sum();
    let rounds = frames.div_ceil(a_round.max(1));
    let copies = usize::try_from(rounds)? * tapes.len();
    u16::try_from(copies).context("more copies than worlds: the captures are too small")?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Which frame is next, of which copy. A copy is of the tape that its number falls on.
    let mut next: BinaryHeap<Reverse<(u64, usize, usize)>> = (0..copies)
        .filter(|copy| !tapes[copy % tapes.len()].frames.is_empty())
        .map(|copy| Reverse((random.random_range(0..SPAN_US), copy, 0)))
        .collect();
    let mut moved = Vec::new();
    while let Some(Reverse((at_us, copy, number))) = next.pop() {
        let tape = &tapes[copy % tapes.len()].frames;
        let frame = &tape[number];
        moved.clear();
        moved.extend_from_slice(&frame.bytes);
        world::move_to(u16::try_from(copy)?, &mut moved);
        writer.frame(BEGINS_US + at_us, frame.wire_bytes, &moved)?;
        if let Some(following) = tape.get(number + 1) {
            next.push(Reverse((at_us + following.at_us - frame.at_us, copy, number + 1)));
        }
    }
    Ok(())
}
