//! A small pcap writer: Ethernet frames with microseconds, streamed.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

/// Longest frame that is announced; Linux's largest segment with offload is shorter.
const SNAP_BYTES: u32 = 262_144;
/// `LINKTYPE_ETHERNET`.
const ETHERNET: u32 = 1;

/// A capture file being written.
pub(super) struct Writer<W: Write> {
    out: W,
    frames: u64,
    bytes: u64,
}

impl Writer<BufWriter<File>> {
    /// Begins a file.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Self::new(BufWriter::with_capacity(1 << 20, File::create(path)?))
    }
}

impl<W: Write> Writer<W> {
    /// Begins a capture.
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&0xa1b2_c3d4_u32.to_le_bytes())?;
        out.write_all(&[2, 0, 4, 0])?;
        out.write_all(&[0; 8])?;
        out.write_all(&SNAP_BYTES.to_le_bytes())?;
        out.write_all(&ETHERNET.to_le_bytes())?;
        Ok(Self { out, frames: 0, bytes: 24 })
    }

    /// Adds a frame of which `bytes` were kept.
    pub(super) fn frame(&mut self, time_us: u64, wire_bytes: u32, bytes: &[u8]) -> io::Result<()> {
        let kept = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let seconds = u32::try_from(time_us / 1_000_000).map_err(io::Error::other)?;
        let micros = u32::try_from(time_us % 1_000_000).map_err(io::Error::other)?;
        for word in [seconds, micros, kept, wire_bytes.max(kept)] {
            self.out.write_all(&word.to_le_bytes())?;
        }
        self.out.write_all(bytes)?;
        self.frames += 1;
        self.bytes += 16 + u64::from(kept);
        Ok(())
    }

    /// Frames written.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Bytes of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elsewhere_agent::capture::{Link, file::Reader};

    #[test]
    fn what_was_written_is_read_again() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out).unwrap();
        writer.frame(1_700_000_000_000_007, 1_514, &[7; 60]).unwrap();
        assert_eq!((writer.frames(), writer.bytes()), (1, 100));
        writer.finish().unwrap();
        let mut reader = Reader::new(Path::new("test"), Box::new(io::Cursor::new(out)), None).unwrap();
        let frame = reader.next_frame().unwrap().unwrap();
        assert_eq!((frame.link, frame.wire_bytes, frame.bytes), (Link::Ethernet, 1_514, &[7; 60][..]));
        assert_eq!(frame.time.as_microsecond(), 1_700_000_000_000_007);
        assert!(reader.next_frame().unwrap().is_none());
    }
}
