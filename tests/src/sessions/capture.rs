//! Writes the recording anew: with the session's own times, and without what only fills the disk.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, BufWriter, ErrorKind, Read, Write},
    path::Path,
};

use anyhow::{Context, ensure};
use jiff::Timestamp;

use super::timeline::Timeline;

/// Frames of one connection that are kept as they were recorded: its handshake and first requests.
const WHOLE_FRAMES: u32 = 40;
/// Bytes kept of each later one: headers, and the header of a TLS record where one begins.
const LATER_BYTES: usize = 160;
/// Bytes kept of each later datagram: headers, and a little of what nobody can read.
const LATER_DATAGRAM_BYTES: usize = 60;
/// UDP's number in an IPv4 header.
const UDP: u8 = 17;
/// A recording's first four bytes, read as little-endian: microseconds.
const MICROSECONDS: u32 = 0xa1b2_c3d4;

/// How long a session took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    /// As it was played, seconds.
    pub(super) played_seconds: f64,
    /// As its time stamps tell, seconds.
    pub(super) told_seconds: f64,
    /// Frames in it.
    pub(super) frames: u64,
}

/// Reads a pcap of microseconds and writes it with the times of a session that began then.
pub(super) fn rewrite(
    from: &Path,
    to: &Path,
    timeline: &Timeline,
    began: Timestamp,
) -> anyhow::Result<Length> {
    let mut recorded = BufReader::new(File::open(from)?);
    let mut out = BufWriter::new(File::create(to).with_context(|| to.display().to_string())?);
    let mut head = [0; 24];
    recorded.read_exact(&mut head)?;
    ensure!(word(&head, 0) == MICROSECONDS, "{} is no pcap of microseconds", from.display());
    out.write_all(&head)?;

    let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
    let (mut first_us, mut latest_us) = (None, i64::MIN);
    let mut length = Length { played_seconds: 0.0, told_seconds: 0.0, frames: 0 };
    while let Some((at_us, wire_bytes, mut frame)) = next_frame(&mut recorded)? {
        let played_from_us = *first_us.get_or_insert(at_us);
        // Processors that take frames at once may hand them on microseconds out of order.
        let told_us = timeline.told_us(began, played_from_us, at_us).max(latest_us);
        latest_us = told_us;
        let before = seen.entry(connection(&frame)).or_default();
        *before += 1;
        if *before > WHOLE_FRAMES && !is_dns(&frame) {
            let is_datagram = frame.get(23) == Some(&UDP);
            frame.truncate(if is_datagram { LATER_DATAGRAM_BYTES } else { LATER_BYTES });
        }
        for number in [told_us / 1_000_000, told_us % 1_000_000] {
            out.write_all(&u32::try_from(number)?.to_le_bytes())?;
        }
        out.write_all(&u32::try_from(frame.len())?.to_le_bytes())?;
        out.write_all(&wire_bytes.to_le_bytes())?;
        out.write_all(&frame)?;
        length.frames += 1;
        length.played_seconds = seconds(at_us - played_from_us);
        length.told_seconds = seconds(told_us - began.as_microsecond());
    }
    out.flush()?;
    Ok(length)
}

fn seconds(micros: i64) -> f64 {
    jiff::SignedDuration::from_micros(micros).as_secs_f64()
}

/// Time in microseconds, length on the wire, bytes kept.
fn next_frame(recorded: &mut impl Read) -> anyhow::Result<Option<(i64, u32, Vec<u8>)>> {
    let mut head = [0; 16];
    match recorded.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let at_us = i64::from(word(&head, 0)) * 1_000_000 + i64::from(word(&head, 4));
    let mut frame = vec![0; usize::try_from(word(&head, 8))?];
    recorded.read_exact(&mut frame).context("the recording ends within a frame")?;
    Ok(Some((at_us, word(&head, 12), frame)))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Addresses, protocol and ports of IPv4 in Ethernet, both ways alike; nothing of any other frame.
fn connection(frame: &[u8]) -> Vec<u8> {
    if frame.len() < 38 || frame[12..14] != [8, 0] {
        return Vec::new();
    }
    let (one, other) = ([&frame[26..30], &frame[34..36]].concat(), [&frame[30..34], &frame[36..38]].concat());
    let ends = if one < other { [one, other] } else { [other, one] };
    [&ends.concat()[..], &frame[23..24]].concat()
}

fn is_dns(frame: &[u8]) -> bool {
    frame.len() >= 38 && (frame[34..36] == [0, 53] || frame[36..38] == [0, 53])
}
