//! pcap and pcapng files: the input is the file.

use std::{
    io::{self, Read},
    path::Path,
};

use elsewhere_agent::capture::file::{MAX_FRAME_BYTES, ReadError, Reader};

/// What a file gave: each frame's time, link, interface and bytes; the error that ended it.
type Outcome = (Vec<String>, Option<String>);

/// Runs the target: read whole and read byte by byte, a file gives the same.
pub fn run(bytes: &[u8]) -> usize {
    let whole = read(bytes, usize::MAX);
    assert_eq!(whole, read(bytes, 1), "short reads make a difference");
    // The smallest record of a frame has 16 bytes.
    assert!(whole.0.len() <= bytes.len() / 16, "more frames than records fit");
    whole.0.len()
}

fn read(bytes: &[u8], at_once: usize) -> Outcome {
    let mut frames = Vec::new();
    let source = Box::new(Trickle { rest: bytes.to_vec().into(), at_once });
    let mut reader = match Reader::new(Path::new("fuzzed"), source, Some(bytes.len() as u64)) {
        Ok(reader) => reader,
        Err(error) => return (frames, Some(error.to_string())),
    };
    let error = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                assert!(frame.bytes.len() <= MAX_FRAME_BYTES.min(bytes.len()));
                assert!(frame.wire_bytes as usize >= frame.bytes.len());
                frames.push(format!("{frame:?}"));
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        assert!(reader.consumed_bytes() <= bytes.len() as u64);
    };
    assert!(matches!(reader.next_frame(), Ok(None)), "frames after the end");
    if let Some(ReadError::Truncated { offset, .. } | ReadError::Damaged { offset, .. }) = &error {
        assert!(*offset <= bytes.len() as u64);
    }
    (frames, error.map(|error| error.to_string()))
}

/// Gives at most so many bytes a read.
struct Trickle {
    rest: std::collections::VecDeque<u8>,
    at_once: usize,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.at_once);
        self.rest.read(&mut buffer[..count])
    }
}
