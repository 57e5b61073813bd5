//! Standard output, as all commands write to it: a reader that went away is no error, a full disk is one.

use std::io::{self, Write};

use anyhow::Context;

/// Prints a whole answer.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    still_read(out.write_all(text.as_bytes()).and_then(|()| out.flush())).map(drop)
}

/// `false` where nobody reads any more, as with `| head`.
pub(super) fn still_read(written: io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("write to standard output"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_that_went_away_is_no_error() {
        assert!(still_read(Ok(())).unwrap());
        assert!(!still_read(Err(io::ErrorKind::BrokenPipe.into())).unwrap());
        assert!(still_read(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
