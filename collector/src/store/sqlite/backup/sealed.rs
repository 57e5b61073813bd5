//! A part of a backup: encrypted and authenticated in chunks, so that it can be written and read as a stream.
//!
//! A part is 32 random bytes, then chunks of 64 KiB, each sealed by AES-256-GCM with its own tag; the last one is shorter or
//! full, never left out. Each part has a key of its own, drawn by HKDF-SHA256 from the long-lived key, the random bytes, the
//! backup's id and the part's name. The nonce is the chunk's number and whether it is the last. So no nonce comes
//! twice, and a chunk that was changed, moved, cut off, repeated, or taken from another part or another backup does not open.

use std::io::{self, Read, Write};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};

use crate::store::sqlite::control::week_keys::Key;

const CHUNK: usize = 64 * 1024;
const SALT: usize = 32;
/// Changes with the format, so that a part of another one does not open.
const PURPOSE: &[u8] = b"elsewhere backup part 1";

/// What a part is, so that it stands for nothing else.
#[derive(Clone, Copy)]
pub(super) struct Label<'l> {
    /// The backup.
    pub(super) backup: &'l str,
    /// The part's name in it.
    pub(super) name: &'l str,
}

/// Why a part does not open. Which of the reasons it is can't be told.
#[derive(Debug, thiserror::Error)]
#[error("it is damaged, cut off, of another backup, or sealed under another key")]
struct DoesNotOpen;

/// Seals all that `from` gives; gives the number of bytes.
pub(super) fn seal(
    key: &Key,
    label: Label<'_>,
    from: &mut dyn Read,
    to: &mut dyn Write,
    moved: &mut dyn FnMut(u64),
) -> io::Result<u64> {
    let salt: [u8; SALT] = rand::random();
    to.write_all(&salt)?;
    let key = part_key(key, &salt, label);
    let mut bytes = 0;
    let mut chunk = Vec::with_capacity(CHUNK + AES_256_GCM.tag_len());
    let mut next = Vec::with_capacity(CHUNK);
    fill(from, &mut chunk, CHUNK)?;
    for number in 0.. {
        fill(from, &mut next, CHUNK)?;
        let last = next.is_empty();
        let length = chunk.len() as u64;
        key.seal_in_place_append_tag(nonce(number, last), Aad::empty(), &mut chunk)
            .map_err(|_| io::Error::other("a chunk can't be sealed"))?;
        to.write_all(&chunk)?;
        bytes += length;
        moved(length);
        if last {
            break;
        }
        std::mem::swap(&mut chunk, &mut next);
    }
    Ok(bytes)
}

/// Opens a part into `to`. Only chunks that are right are written; the whole is right once this is `Ok`.
pub(super) fn open(
    key: &Key,
    label: Label<'_>,
    from: &mut dyn Read,
    to: &mut dyn Write,
    moved: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let refused = || io::Error::new(io::ErrorKind::InvalidData, DoesNotOpen);
    let mut salt = [0; SALT];
    from.read_exact(&mut salt).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => refused(),
        _ => error,
    })?;
    let key = part_key(key, &salt, label);
    let sealed_chunk = CHUNK + AES_256_GCM.tag_len();
    let (mut chunk, mut next) = (Vec::with_capacity(sealed_chunk), Vec::with_capacity(sealed_chunk));
    fill(from, &mut chunk, sealed_chunk)?;
    for number in 0.. {
        fill(from, &mut next, sealed_chunk)?;
        let last = next.is_empty();
        let opened =
            key.open_in_place(nonce(number, last), Aad::empty(), &mut chunk).map_err(|_| refused())?;
        to.write_all(opened)?;
        moved(opened.len() as u64);
        if last {
            break;
        }
        std::mem::swap(&mut chunk, &mut next);
    }
    Ok(())
}

fn part_key(key: &Key, salt: &[u8], label: Label<'_>) -> LessSafeKey {
    let drawn = Salt::new(HKDF_SHA256, salt).extract(key);
    // The zero byte keeps a backup's id and a part's name apart; neither holds one.
    let info = [PURPOSE, label.backup.as_bytes(), &[0], label.name.as_bytes()];
    let key = drawn.expand(&info, &AES_256_GCM).expect("32 bytes are within what HKDF gives");
    LessSafeKey::new(UnboundKey::from(key))
}

fn nonce(number: u64, last: bool) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    nonce[NONCE_LEN - 1] = last.into();
    Nonce::assume_unique_for_key(nonce)
}

/// Fills the buffer anew with as many bytes as there are, at most `length`.
fn fill(from: &mut dyn Read, buffer: &mut Vec<u8>, length: usize) -> io::Result<()> {
    buffer.clear();
    from.take(length as u64).read_to_end(buffer)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [7; 32];
    const LABEL: Label<'_> = Label { backup: "b", name: "p" };

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        assert_eq!(seal(&KEY, LABEL, &mut &plain[..], &mut sealed, &mut |_| ()).unwrap(), plain.len() as u64);
        sealed
    }

    fn opened(key: &Key, label: Label<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::new();
        open(key, label, &mut &sealed[..], &mut plain, &mut |_| ()).ok().map(|()| plain)
    }

    fn plain(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[test]
    fn what_is_sealed_opens_to_the_same() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5] {
            let plain = plain(length);
            assert_eq!(opened(&KEY, LABEL, &sealed(&plain)), Some(plain), "{length}");
        }
        assert_ne!(sealed(&[1]), sealed(&[1]), "no two parts are alike");
        let text = plain(CHUNK);
        assert!(!sealed(&text).windows(16).any(|window| window == &text[..16]), "nothing shows through");
    }

    #[test]
    fn only_the_same_key_backup_and_part_open_it() {
        let sealed = sealed(&plain(100));
        assert_eq!(opened(&[8; 32], LABEL, &sealed), None);
        assert_eq!(opened(&KEY, Label { backup: "c", name: "p" }, &sealed), None);
        assert_eq!(opened(&KEY, Label { backup: "b", name: "q" }, &sealed), None);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealed = sealed(&plain(300));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(opened(&KEY, LABEL, &changed), None, "byte {at}");
        }
    }

    #[test]
    fn what_is_cut_off_moved_repeated_or_added_is_noticed() {
        let sealed = sealed(&plain(3 * CHUNK + 5));
        let chunk = CHUNK + AES_256_GCM.tag_len();
        let ends = [0, 1, SALT, SALT + 1, SALT + chunk - 1, SALT + chunk, SALT + 3 * chunk, sealed.len() - 1];
        for end in ends {
            assert_eq!(opened(&KEY, LABEL, &sealed[..end]), None, "cut off at {end}");
        }
        let (salt, rest) = sealed.split_at(SALT);
        let chunks: Vec<&[u8]> = rest.chunks(chunk).collect();
        for order in [&[1, 0, 2, 3][..], &[0, 1, 1, 2, 3], &[0, 2, 3], &[0, 1, 2, 3, 3], &[3]] {
            let mut changed = salt.to_vec();
            changed.extend(order.iter().flat_map(|at| chunks[*at]));
            assert_eq!(opened(&KEY, LABEL, &changed), None, "{order:?}");
        }
        let mut longer = sealed.clone();
        longer.push(0);
        assert_eq!(opened(&KEY, LABEL, &longer), None);
    }
}
