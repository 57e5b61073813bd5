//! Reading a body from its front: every step says how many bytes it takes, and none goes past the end.

use super::BodyError;

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'b [u8], BodyError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BodyError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, BodyError> {
        let (first, rest) = self.0.split_first().ok_or(BodyError::Short)?;
        self.0 = rest;
        Ok(*first)
    }

    /// Seven bits a byte, the lowest first, the highest bit set where more follow.
    pub(super) fn varint(&mut self) -> Result<u64, BodyError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(BodyError::Malformed("a number of more than 64 bits"))
    }

    pub(super) fn varint32(&mut self) -> Result<u32, BodyError> {
        u32::try_from(self.varint()?).map_err(|_| BodyError::Malformed("a number of more than 32 bits"))
    }

    /// How many of something there are; at most `most`.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, BodyError> {
        let count = usize::try_from(self.varint()?).ok().filter(|count| *count <= most);
        count.ok_or(BodyError::Malformed("more entries than are ever taken"))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), 1 << 44, u64::MAX] {
            let mut bytes = Vec::new();
            push_varint(&mut bytes, value);
            let mut cursor = Cursor::new(&bytes);
            assert_eq!(cursor.varint().unwrap(), value);
            assert!(cursor.is_empty());
            assert!(matches!(Cursor::new(&bytes[..bytes.len() - 1]).varint(), Err(BodyError::Short)));
        }
    }

    #[test]
    fn a_number_that_is_too_long_is_refused() {
        let mut long = vec![0xff; 9];
        long.push(2);
        assert!(matches!(Cursor::new(&long).varint(), Err(BodyError::Malformed(_))));
        assert!(matches!(
            Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).varint32(),
            Err(BodyError::Malformed(_))
        ));
    }
}
