//! Frames out of a pcap or pcapng file, streamed through one window of fixed size.
//!
//! Read here and not by a crate: `pcap-file` refuses frames longer than the file's snap length, which is what a short
//! capture is made of, takes every pcapng time stamp for nanoseconds and holds 8 MB. What was whole before a cut or a
//! damaged place is handed over first; then comes one error that says where.
//!
//! The file is a stranger's: no byte of it is had by its index and no number in it computed with unchecked, which the
//! lints below see to. No length that it states is ever allocated: frames are lent out of the window, and the only table
//! (pcapng's interfaces) has a cap.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod input;
mod pcap;
mod pcapng;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use self::input::Input;
use super::{Direction, Frame, Link};

/// Most bytes that a frame may have kept: tcpdump's own limit. A frame that claims more is damage.
pub const MAX_FRAME_BYTES: usize = 256 * 1024;

/// A capture file that is being read.
pub struct Reader {
    path: PathBuf,
    input: Input,
    format: Format,
    total_bytes: Option<u64>,
    frames: u64,
    foreign: Option<u32>,
    ended: bool,
}

enum Format {
    Pcap(pcap::Header),
    Pcapng(pcapng::Section),
}

/// Where a frame stands in the window, and what its record says about it.
struct Record {
    time: Timestamp,
    /// `None` for a link type that is not read here; `link_number` tells which.
    link: Option<Link>,
    link_number: u32,
    interface: u32,
    direction: Option<Direction>,
    wire_bytes: u32,
    /// Bytes of the record before the frame's own.
    skip: usize,
    length: usize,
    /// The whole record.
    size: usize,
}

/// Why a file gives no more frames.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It could not be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The system failed while it was read.
    #[error("cannot read {} at byte {offset}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Bytes read before.
        offset: u64,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It does not begin as a capture does.
    #[error("{} is no pcap or pcapng capture{}", path.display(), hint)]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What it looks like, or what to do.
        hint: &'static str,
    },
    /// It ends inside a frame.
    #[error(
        "{} is cut off at byte {offset}, after frame {frames}; what came before was read; copy the file again whole",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Frames read before.
        frames: u64,
        /// Where the unfinished record begins.
        offset: u64,
    },
    /// A record makes no sense.
    #[error(
        "{} is damaged at byte {offset}, after frame {frames}: {what}; what came before was read; copy the file again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Frames read before.
        frames: u64,
        /// Where the record begins.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No frame of it has a link type that is read here.
    #[error(
        "{} holds link type {link}, which is not read here; capture on Ethernet, raw IP, PPP, loopback or Linux cooked",
        path.display()
    )]
    UnsupportedLink {
        /// The file.
        path: PathBuf,
        /// The LINKTYPE number, see tcpdump.org.
        link: u32,
    },
}

/// What a format's own parser can find wrong; the reader adds file and place.
enum RecordError {
    /// More bytes are needed than the file has.
    Cut,
    Damaged(&'static str),
    Io(io::Error),
}

/// Opens a capture file.
pub fn open(path: &Path) -> Result<Reader, ReadError> {
    let opened = File::open(path).and_then(|file| {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok((file, metadata.is_file().then_some(metadata.len())))
    });
    let (file, total_bytes) = opened.map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    Reader::new(path, Box::new(file), total_bytes)
}

impl Reader {
    /// Reads from `source`; `path` is its name in errors.
    pub fn new(
        path: &Path,
        source: Box<dyn Read + Send>,
        total_bytes: Option<u64>,
    ) -> Result<Self, ReadError> {
        let mut input = Input::new(source);
        let path = path.to_owned();
        match input.fill(pcap::HEADER_BYTES) {
            Ok(_) => {}
            Err(source) => return Err(ReadError::Io { path, offset: 0, source }),
        }
        let format = match recognize(input.window()) {
            Ok(format) => format,
            Err(hint) => return Err(ReadError::NotACapture { path, hint }),
        };
        if let Format::Pcap(header) = &format {
            if header.link.is_none() {
                return Err(ReadError::UnsupportedLink { path, link: header.link_number });
            }
            input.advance(pcap::HEADER_BYTES);
        }
        Ok(Self { path, input, format, total_bytes, frames: 0, foreign: None, ended: false })
    }

    /// The next frame; `None` at the end. After an error there are no more.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        let Some(record) = self.next_record()? else { return Ok(None) };
        let Some(link) = record.link else { return Ok(None) };
        self.frames = self.frames.saturating_add(1);
        let bytes = self.input.take(record.size).get(record.skip..).unwrap_or_default();
        let bytes = bytes.get(..record.length).unwrap_or_default();
        Ok(Some(Frame {
            time: record.time,
            link,
            interface: record.interface,
            direction: record.direction,
            wire_bytes: record.wire_bytes.max(u32::try_from(bytes.len()).unwrap_or(u32::MAX)),
            stride: 0,
            bytes,
        }))
    }

    /// Bytes read so far.
    pub fn consumed_bytes(&self) -> u64 {
        self.input.offset()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's size; `None` where it is a pipe.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// The next record with a link type that is read here; the others are passed over.
    fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        while !self.ended {
            let found = match &mut self.format {
                Format::Pcap(header) => header.next(&mut self.input),
                Format::Pcapng(section) => section.next(&mut self.input),
            };
            match found {
                Ok(Some(record)) if record.link.is_some() => return Ok(Some(record)),
                Ok(Some(record)) => {
                    self.foreign = Some(record.link_number);
                    self.input.advance(record.size);
                }
                Ok(None) => {
                    self.ended = true;
                    if let (0, Some(link)) = (self.frames, self.foreign) {
                        return Err(ReadError::UnsupportedLink { path: self.path.clone(), link });
                    }
                }
                Err(error) => {
                    self.ended = true;
                    return Err(self.placed(error));
                }
            }
        }
        Ok(None)
    }

    fn placed(&self, error: RecordError) -> ReadError {
        let (path, frames, offset) = (self.path.clone(), self.frames, self.input.offset());
        match error {
            RecordError::Cut => ReadError::Truncated { path, frames, offset },
            RecordError::Damaged(what) => ReadError::Damaged { path, frames, offset, what },
            RecordError::Io(source) => ReadError::Io { path, offset, source },
        }
    }
}

fn recognize(start: &[u8]) -> Result<Format, &'static str> {
    if let Some(header) = pcap::Header::parse(start) {
        return Ok(Format::Pcap(header));
    }
    if start.starts_with(&pcapng::SECTION_HEADER.to_be_bytes()) && start.len() >= 12 {
        return Ok(Format::Pcapng(pcapng::Section::default()));
    }
    Err(match start {
        [] => ": it is empty",
        [0x1f, 0x8b, ..] => ": it is compressed; unpack it with gunzip first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ": it is compressed; unpack it with unzstd first",
        _ => "; write one with tcpdump -w or Wireshark",
    })
}

/// Byte order of a file's integers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        })
    }
}

/// What a LINKTYPE number means, as listed at tcpdump.org; with the numbers that old systems wrote for raw IP.
fn link_of(number: u32) -> Option<Link> {
    match number {
        0 => Some(Link::Null),
        1 => Some(Link::Ethernet),
        9 | 50 => Some(Link::Ppp),
        12 | 14 | 101 | 228 | 229 => Some(Link::RawIp),
        108 => Some(Link::Loop),
        113 => Some(Link::LinuxCooked),
        276 => Some(Link::LinuxCooked2),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
