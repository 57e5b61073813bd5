//! Bytes of one stream that arrive in any order, twice, and overlapping, put in order.

use std::ops::Range;

/// Most bytes held of one stream: the largest DNS message with its length, and more than any `ClientHello` in use.
pub(super) const MAX_BYTES: usize = 66 * 1024;
/// Most separate runs of bytes held; a piece that would make one more is not taken. Far above what reordering makes.
const MAX_RUNS: usize = 64;

/// Bytes from offset 0 on, with gaps.
#[derive(Default)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// What of `bytes` is there: sorted, apart from each other.
    runs: Vec<Range<usize>>,
}

impl Pieces {
    /// Puts `piece` at `offset`. What is there already stays: the first word counts.
    /// `false` where it lies beyond the cap.
    pub(super) fn insert(&mut self, offset: usize, piece: &[u8]) -> bool {
        let Some(end) = offset.checked_add(piece.len()).filter(|end| *end <= MAX_BYTES) else { return false };
        if piece.is_empty() {
            return true;
        }
        let first = self.runs.partition_point(|run| run.end < offset);
        let after = self.runs.partition_point(|run| run.start <= end);
        if first >= after && self.runs.len() >= MAX_RUNS {
            return false;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let mut merged = offset..end;
        let mut at = offset;
        for run in self.runs.get(first..after).unwrap_or_default() {
            copy(&mut self.bytes, at..run.start, offset, piece);
            at = at.max(run.end);
            merged = merged.start.min(run.start)..merged.end.max(run.end);
        }
        copy(&mut self.bytes, at..end, offset, piece);
        self.runs.splice(first..after.max(first), [merged]);
        true
    }

    /// What is there without a gap from offset 0 on.
    pub(super) fn ready(&self) -> &[u8] {
        match self.runs.first() {
            Some(run) if run.start == 0 => self.bytes.get(..run.end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Memory in use.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Gives up `count` bytes at the front, there or not; offsets shift by as many.
    pub(super) fn consume(&mut self, count: usize) {
        if count >= self.bytes.len() {
            // What is read and gone holds no memory either.
            *self = Self::default();
            return;
        }
        self.bytes.drain(..count);
        for run in &mut self.runs {
            *run = run.start.saturating_sub(count)..run.end.saturating_sub(count);
        }
        self.runs.retain(|run| !run.is_empty());
    }
}

/// Copies what of `piece` (which begins at `offset`) belongs into `range`.
fn copy(bytes: &mut [u8], range: Range<usize>, offset: usize, piece: &[u8]) {
    if range.is_empty() {
        return;
    }
    let from = range.start.saturating_sub(offset)..range.end.saturating_sub(offset);
    if let (Some(to), Some(from)) = (bytes.get_mut(range), piece.get(from)) {
        to.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_word_counts_where_pieces_overlap() {
        let mut pieces = Pieces::default();
        assert!(pieces.insert(4, b"EFG"));
        assert_eq!(pieces.ready(), b"");
        assert!(pieces.insert(0, b"abcdefghij"));
        assert_eq!(pieces.ready(), b"abcdEFGhij");
        pieces.consume(5);
        assert!(pieces.insert(7, b"!"));
        assert_eq!(pieces.ready(), b"FGhij");
        assert!(pieces.held_bytes() >= 8);
        assert!(pieces.insert(5, b"kl"));
        assert_eq!(pieces.ready(), b"FGhijkl!");
        pieces.consume(8);
        assert_eq!(pieces.held_bytes(), 0);
        assert!(pieces.insert(20, b"later"));
        pieces.consume(18);
        assert_eq!(pieces.ready(), b"");
        assert!(pieces.held_bytes() >= 7);
        assert!(pieces.insert(0, b"..."));
        assert_eq!(pieces.ready(), b"..later");
    }

    #[test]
    fn caps_hold() {
        let mut pieces = Pieces::default();
        assert!(!pieces.insert(MAX_BYTES, b"x"));
        assert!(!pieces.insert(usize::MAX, b"x"));
        for run in 0..MAX_RUNS {
            assert!(pieces.insert(run * 2, b"x"));
        }
        assert!(!pieces.insert(MAX_RUNS * 2, b"x"));
        assert!(pieces.insert(1, b"x"));
        assert!(pieces.insert(MAX_RUNS * 2, b"x"));
    }

    proptest! {
        #[test]
        fn any_order_of_pieces_gives_the_stream(
            stream in proptest::collection::vec(any::<u8>(), 1..300),
            cuts in proptest::collection::vec((0_usize..300, 1_usize..60), 0..60),
        ) {
            let mut pieces = Pieces::default();
            let mut there = vec![false; stream.len()];
            for (offset, length) in cuts {
                let offset = offset.min(stream.len());
                let end = (offset + length).min(stream.len());
                prop_assert!(pieces.insert(offset, &stream[offset..end]));
                there[offset..end].fill(true);
                let ready = there.iter().take_while(|there| **there).count();
                prop_assert_eq!(pieces.ready(), &stream[..ready]);
            }
            pieces.insert(0, &stream);
            prop_assert_eq!(pieces.ready(), &stream[..]);
        }
    }
}
