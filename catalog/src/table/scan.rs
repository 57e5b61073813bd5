//! A name's bytes, looked at many at a time: are they plain, where are its dots, 8 of them as a number.

/// All of its bytes may stand in a name, and none is in upper case. Underscores are not in host names, but are in DNS.
pub(super) fn is_plain(name: &[u8]) -> bool {
    // The last bytes overlap with those before, which changes nothing and leaves few names to go through one by one.
    if let Some(last) = name.last_chunk::<16>() {
        let (chunks, _) = name.as_chunks::<16>();
        return are_plain(last) && chunks.iter().all(are_plain);
    }
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => are_plain(first) & are_plain(last),
        _ => name.iter().all(|byte| is_plain_byte(*byte)),
    }
}

/// The same in whatever case.
pub(super) fn is_plain_but_for_case(name: &[u8]) -> bool {
    name.iter().all(|byte| is_plain_byte(byte.to_ascii_lowercase()))
}

/// Of a fixed length and without a branch, so that the compiler looks at all of them at once.
#[inline]
fn are_plain<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(true, |so_far, byte| so_far & is_plain_byte(*byte))
}

#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "without a branch many are looked at at once")]
fn is_plain_byte(byte: u8) -> bool {
    // `-`, `.`, and the digits stand together, with a slash among them.
    byte.is_ascii_lowercase() | (b'-'..=b'9').contains(&byte) & (byte != b'/') | (byte == b'_')
}

/// Where the labels of a name end, from its front: at each dot, and at the name's end.
pub(super) struct Ends<'n> {
    name: &'n [u8],
    /// The part of 64 bytes that is looked at begins here.
    from: usize,
    /// Those in it that were not told yet, a bit for each byte.
    untold: u64,
}

impl<'n> Ends<'n> {
    /// Of a name in ASCII.
    pub(super) fn of(name: &'n [u8]) -> Self {
        Self { name, from: 0, untold: ends_of_part(name) }
    }

    /// Few names are as long.
    #[cold]
    #[inline(never)]
    fn look_further(&mut self) -> Option<()> {
        while self.untold == 0 {
            self.from += 64;
            self.untold = ends_of_part(self.name.get(self.from..)?);
        }
        Some(())
    }
}

impl Iterator for Ends<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.untold == 0 {
            self.look_further()?;
        }
        let end = self.from + self.untold.trailing_zeros() as usize;
        self.untold &= self.untold - 1;
        Some(end)
    }
}

/// Of the first 64 bytes of what is left of a name.
#[inline]
fn ends_of_part(left: &[u8]) -> u64 {
    match left.get(..64) {
        Some(part) => dots_of_part(part),
        None => dots_of_part(left) | 1 << left.len(),
    }
}

/// Of at most 64 bytes: a bit for each, the first one's lowest.
fn dots_of_part(part: &[u8]) -> u64 {
    (0..part.len()).step_by(8).fold(0, |dots, at| dots | dots_of_word(word(part, at)) << at)
}

/// 8 bits for 8 ASCII bytes.
fn dots_of_word(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Zero for a dot; adding 0x7f then leaves the highest bit of the byte unset, and only there.
    let others = word ^ (EACH * u64::from(b'.'));
    let marks = !(others + EACH * 0x7f) >> 7 & EACH;
    // Brings the lowest bit of each byte together in the highest byte.
    marks.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The 8 bytes at a place, with zeros past the end.
pub(super) fn word(bytes: &[u8], at: usize) -> u64 {
    let Some(last) = bytes.len().checked_sub(8) else {
        return bytes.iter().skip(at).rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    };
    let from = at.min(last);
    let (word, _) = bytes[from..].split_first_chunk().expect("8 bytes are left");
    let skipped = at - from;
    if skipped < 8 { u64::from_le_bytes(*word) >> (8 * skipped) } else { 0 }
}

/// The 8 bytes at a place and the 8 after them, with zeros past the end.
#[inline]
pub(super) fn two_words(bytes: &[u8], at: usize) -> (u64, u64) {
    // A load each; of a short rest what was loaded twice is shifted out.
    match bytes[at..].split_first_chunk() {
        None => (word(bytes, at), 0),
        Some((first, rest)) => (u64::from_le_bytes(*first), first_word(rest, bytes)),
    }
}

/// Of what is left of bytes, of which at least 8 stand before it.
#[inline]
fn first_word(rest: &[u8], bytes: &[u8]) -> u64 {
    match (rest.first_chunk(), bytes.last_chunk()) {
        (Some(word), _) => u64::from_le_bytes(*word),
        (None, Some(last)) if !rest.is_empty() => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn many_at_a_time_say_what_one_by_one_does(name in "[a-c.A_/9~\\x00ü]{0,64}") {
            let name = name.as_bytes();
            let is_foreign = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"-._".contains(byte));
            let (has_foreign, has_capital) = (name.iter().any(is_foreign), name.iter().any(u8::is_ascii_uppercase));
            prop_assert_eq!(is_plain(name), !has_foreign && !has_capital);
            prop_assert_eq!(is_plain_but_for_case(name), !has_foreign);
        }

        #[test]
        fn ends_and_words_are_where_they_are(name in "[.+--/A]{0,253}", at in 0..300_usize) {
            let one_by_one: Vec<_> = name.match_indices('.').map(|(at, _)| at).chain([name.len()]).collect();
            let name = name.as_bytes();
            prop_assert_eq!(Ends::of(name).collect::<Vec<_>>(), one_by_one);
            let mut eight = [0; 8];
            eight.iter_mut().zip(name.iter().skip(at)).for_each(|(to, from)| *to = *from);
            prop_assert_eq!(word(name, at), u64::from_le_bytes(eight));
            if at <= name.len() {
                prop_assert_eq!(two_words(name, at), (word(name, at), word(name, at + 8)));
            }
        }
    }
}
