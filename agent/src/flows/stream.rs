//! Payload bytes of one direction of a TCP connection, each counted once.
//!
//! Works on sequence numbers alone (RFC 9293 §3.4), wrap included: a retransmission adds nothing, a piece that comes
//! late fills the hole it left, a keep-alive probe is no payload. Always holds: never counts more than was seen, and
//! what a capture that thins transfers out had no need to show.

/// Holes that are remembered; a connection that loses and reorders has one or two at a time. Past it the oldest is
/// given up and what comes for it later counts as sent again.
const MAX_HOLES: usize = 8;
/// A segment further than this from what is expected belongs to nothing we know: the largest window is 1 GiB.
const MAX_JUMP: u32 = 1 << 30;

/// How far one direction has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    next: Option<u32>,
    /// What was jumped over, as first and one past the last sequence number.
    holes: Vec<(u32, u32)>,
}

impl Stream {
    /// Says where the first payload byte will stand: one past the SYN.
    pub(super) fn begin(&mut self, seq: u32) {
        *self = Self { next: Some(seq), holes: Vec::new() };
    }

    /// Takes in a segment and says how many bytes are new: of its payload, and of a gap before it that is shorter than
    /// `stride`, which passed unshown.
    pub(super) fn advance(&mut self, seq: u32, payload_bytes: u32, stride: u32) -> u32 {
        let next = *self.next.get_or_insert(seq);
        let end = seq.wrapping_add(payload_bytes);
        let ahead = seq.wrapping_sub(next);
        if ahead < stride {
            self.next = Some(end);
            return ahead.saturating_add(payload_bytes);
        }
        if payload_bytes == 0 {
            return 0;
        }
        let behind = next.wrapping_sub(seq);
        if ahead <= MAX_JUMP {
            if ahead > 0 {
                self.remember_hole(next, seq);
            }
            self.next = Some(end);
            return payload_bytes;
        }
        if behind > MAX_JUMP {
            // Neither shortly before nor shortly after: begin again there.
            self.begin(end);
            return payload_bytes;
        }
        let beyond = payload_bytes.saturating_sub(behind);
        if beyond > 0 {
            self.next = Some(end);
        }
        let below = payload_bytes - beyond;
        let (filled, unshown) = self.fill(seq, below, stride);
        // Whoever jumps all around the numbers makes holes that overlap.
        beyond + filled.min(below) + unshown.min(2 * stride)
    }

    fn remember_hole(&mut self, from: u32, to: u32) {
        if self.holes.len() >= MAX_HOLES {
            self.holes.remove(0);
        }
        self.holes.push((from, to));
    }

    /// Takes `length` bytes at `seq` out of the holes and says how many of them were missing, and how many passed unshown
    /// before and after them: what is left of a hole and shorter than `stride`.
    fn fill(&mut self, seq: u32, length: u32, stride: u32) -> (u32, u32) {
        let (mut filled, mut unshown) = (0, 0);
        let mut left = Vec::with_capacity(self.holes.len());
        for &(from, to) in &self.holes {
            // Offsets from the hole's start, signed by wrapping: all distances are far below 2^31, or somebody made them up.
            let hole = to.wrapping_sub(from);
            let start = clamp_offset(seq.wrapping_sub(from), hole);
            let end = clamp_offset(seq.wrapping_add(length).wrapping_sub(from), hole);
            if end <= start {
                left.push((from, to));
                continue;
            }
            filled = (end - start).saturating_add(filled);
            for (begin, bytes) in [(from, start), (from.wrapping_add(end), hole - end)] {
                if bytes < stride {
                    unshown = bytes.saturating_add(unshown);
                } else if bytes > 0 {
                    left.push((begin, begin.wrapping_add(bytes)));
                }
            }
        }
        left.truncate(MAX_HOLES);
        self.holes = left;
        (filled, unshown)
    }
}

/// An offset into a hole, where a negative one (in two's complement) is its start.
fn clamp_offset(offset: u32, hole: u32) -> u32 {
    if offset > u32::MAX / 2 { 0 } else { offset.min(hole) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Stream;

    fn count(begin: u32, segments: &[(u32, u32)]) -> u32 {
        let mut stream = Stream::default();
        stream.begin(begin);
        segments.iter().map(|&(at, length)| stream.advance(begin.wrapping_add(at), length, 0)).sum()
    }

    #[test]
    fn each_byte_counts_once() {
        type Case = (&'static str, &'static [(u32, u32)], u32);
        let cases: &[Case] = &[
            ("in order", &[(0, 100), (100, 100)], 200),
            ("sent again whole", &[(0, 100), (0, 100), (100, 50)], 150),
            ("sent again with more", &[(0, 100), (50, 100)], 150),
            ("reordered", &[(100, 100), (0, 100)], 200),
            (
                "hole filled in two pieces, one twice",
                &[(0, 10), (100, 10), (10, 40), (50, 50), (50, 50)],
                110,
            ),
            ("hole stays", &[(0, 10), (100, 10)], 20),
            ("keep-alive probe", &[(0, 100), (99, 1), (100, 1)], 101),
            ("piece over a hole's edges", &[(0, 10), (20, 10), (5, 20)], 30),
        ];
        for begin in [0, 1_000, u32::MAX - 50] {
            for (name, segments, expected) in cases {
                assert_eq!(count(begin, segments), *expected, "{name} from {begin}");
            }
        }
    }

    #[test]
    fn gap_that_is_shorter_than_the_stride_passed_unshown() {
        let mut stream = Stream::default();
        stream.begin(u32::MAX - 99);
        assert_eq!(stream.advance(0, 50, 1_000), 150, "over the turn of the numbers");
        assert_eq!(stream.advance(949, 1, 1_000), 900);
        assert_eq!(stream.advance(10, 900, 1_000), 0, "what passed unshown is sent again");
        assert_eq!(stream.advance(960, 0, 1_000), 10, "nothing but the end");
        assert_eq!(stream.advance(1_960, 10, 1_000), 10, "a stride is a gap");
        assert_eq!(stream.advance(960, 500, 1_000), 1_000, "of which what is left is shorter");
        assert_eq!(stream.advance(1_969, 1, 1_000), 0, "a keep-alive probe");
    }

    #[test]
    fn more_holes_than_remembered_never_count_twice() {
        let mut segments: Vec<_> = (0..100).map(|hole| (hole * 20 + 10, 10)).collect();
        segments.extend((0..100).map(|hole| (hole * 20, 10)));
        let counted = count(0, &segments);
        assert!((1_000..=2_000).contains(&counted), "{counted}");
    }

    #[test]
    fn holes_that_overlap_after_a_turn_around_the_numbers_count_no_byte_twice() {
        let mut stream = Stream::default();
        stream.begin(0);
        for turn in 1..=5_u32 {
            stream.advance((turn % 4) << 30, 1, 0);
        }
        assert_eq!(stream.advance(100, 50, 0), 50);
    }

    proptest! {
        #[test]
        fn any_order_of_few_pieces_counts_exactly(
            pieces in Just((0..8_u32).collect::<Vec<_>>()).prop_shuffle(),
            again in proptest::collection::vec(0..8_u32, 0..8),
            begin in any::<u32>(),
        ) {
            let segments: Vec<_> = pieces.iter().chain(&again).map(|piece| (piece * 100, 100)).collect();
            prop_assert_eq!(count(begin, &segments), 800);
        }

        #[test]
        fn hostile_numbers_never_panic(
            segments in proptest::collection::vec((any::<u32>(), prop_oneof![0..70_000_u32, 0..=1_u32 << 31]), 0..64),
            stride in prop_oneof![Just(0), Just(1_u32 << 14)],
        ) {
            let mut stream = Stream::default();
            for (seq, length) in segments {
                prop_assert!(stream.advance(seq, length, stride) <= length + 2 * stride);
            }
        }
    }
}
