//! Seeds out of capture files: their frames, the files' beginnings, and payloads by what they begin with.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hasher},
    path::{Path, PathBuf},
};

use anyhow::Context;
use elsewhere_agent::capture::{Frame, Link, file};
use elsewhere_tests::fuzz::{frame, stream};

use super::Seed;

/// Seeds of a file for one target: the first few of a kind are as good as all.
const SEEDS_A_FILE: usize = 6;
/// Frames looked at in one file.
const FRAMES_A_FILE: usize = 2000;
/// Frames of a file put into one seed.
const FRAMES_A_SEED: usize = 8;
/// Longest seed.
const MAX_BYTES: usize = 6000;

/// Seeds of all captures in a folder and those below it.
pub(crate) fn seeds(folder: &Path) -> anyhow::Result<Vec<Seed>> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    files.sort();
    let mut seeds = Vec::new();
    for path in &files {
        let mut of_file = File::default();
        of_file.begin(path)?;
        // What is no capture, or ends in damage, gives what it gives.
        let Ok(mut reader) = file::open(path) else { continue };
        for _ in 0..FRAMES_A_FILE {
            let Ok(Some(frame)) = reader.next_frame() else { break };
            of_file.frame(&frame);
        }
        for (target, found) in of_file.found {
            seeds.extend(found.into_iter().map(|bytes| (target, name_of(&bytes), bytes)));
        }
    }
    Ok(seeds)
}

/// A name by what is in it: found again, it is the same seed.
fn name_of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("capture-{:016x}", hasher.finish())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// What one file gives, by target.
#[derive(Default)]
struct File {
    found: BTreeMap<&'static str, BTreeSet<Vec<u8>>>,
    row: Vec<u8>,
    frames_in_row: usize,
}

impl File {
    fn begin(&mut self, path: &Path) -> anyhow::Result<()> {
        let bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        self.add("capture_file", bytes[..bytes.len().min(MAX_BYTES)].to_vec());
        Ok(())
    }

    fn add(&mut self, target: &'static str, bytes: Vec<u8>) {
        let found = self.found.entry(target).or_default();
        if found.len() < SEEDS_A_FILE && bytes.len() <= MAX_BYTES {
            found.insert(bytes);
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let link = match frame.link {
            Link::Ethernet => 0,
            Link::RawIp => 1,
            Link::LinuxCooked => 2,
            Link::LinuxCooked2 => 3,
            Link::Null => 4,
            Link::Loop => 5,
            Link::Ppp => 6,
        };
        self.row
            .extend(frame::encode(link, &frame.bytes[..frame.bytes.len().min(MAX_BYTES / FRAMES_A_SEED)]));
        self.frames_in_row += 1;
        if self.frames_in_row == FRAMES_A_SEED {
            let row = std::mem::take(&mut self.row);
            self.frames_in_row = 0;
            self.add("frame", row.clone());
            self.add("pipeline", row);
        }
        if let Some((protocol, ports, payload)) = payload(frame) {
            self.payload(protocol, ports, payload);
        }
    }

    fn payload(&mut self, protocol: u8, ports: [u16; 2], payload: &[u8]) {
        let from_server = u8::from(ports[0] < ports[1]);
        match (protocol, payload) {
            (17, _) if ports.contains(&53) => {
                let length = u16::try_from(payload.len()).unwrap_or(0).to_be_bytes();
                self.add("dns", [&[from_server, 0, 0], &length[..], payload].concat());
            }
            (6, _) if ports.contains(&53) => self.add("dns", [&[from_server, 0, 0], payload].concat()),
            (17, [first, ..]) if first & 0xc0 == 0xc0 => {
                self.add("quic", [&[1, 0][..], &frame::encode(3, payload)].concat());
            }
            (6, [0x16, 3, ..]) => self.add("hello", [&[1, 0, 0, 0, 0, 0], payload].concat()),
            (6, [b'A'..=b'Z', ..]) => {
                self.add("http", [&[0, 0, 0, 0, 0], payload].concat());
                self.add("socks", [&[1][..], &stream::encode(from_server, payload)].concat());
            }
            (6, [4 | 5, ..]) => self.add("socks", [&[0][..], &stream::encode(from_server, payload)].concat()),
            _ => {}
        }
    }
}

/// Protocol, ports and payload of a plain IPv4 packet; others are in the seeds as whole frames.
fn payload<'a>(frame: &Frame<'a>) -> Option<(u8, [u16; 2], &'a [u8])> {
    let packet = match frame.link {
        Link::Ethernet => frame.bytes.get(14..)?,
        Link::RawIp => frame.bytes,
        Link::LinuxCooked => frame.bytes.get(16..)?,
        _ => return None,
    };
    let first = *packet.first()?;
    if first >> 4 != 4 {
        return None;
    }
    let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let packet = packet.get(..total.min(packet.len()))?;
    let protocol = *packet.get(9)?;
    let segment = packet.get(usize::from(first & 15) * 4..)?;
    let port = |at: usize| Some(u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?]));
    let ports = [port(0)?, port(2)?];
    let header_bytes = match protocol {
        17 => 8,
        6 => usize::from(*segment.get(12)? >> 4) * 4,
        _ => return None,
    };
    let payload = segment.get(header_bytes..).filter(|payload| !payload.is_empty())?;
    Some((protocol, ports, payload))
}
