//! What the agent gives up once capture is open: every capability but the one to open further interfaces.
//!
//! It stays the account that started it: that is the service unit's to choose. Linux keeps capabilities by thread: a
//! thread has those of the one that started it, and gives up its own.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use rustix::{
    process::geteuid,
    thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs},
};

/// Keeps `CAP_NET_RAW`, and `CAP_DAC_OVERRIDE` only where the data directory is another account's.
pub fn keep_capture_only(data: &Path) -> io::Result<()> {
    let mut needed = CapabilitySet::NET_RAW;
    if fs::metadata(data)?.uid() != geteuid().as_raw() {
        needed |= CapabilitySet::DAC_OVERRIDE;
    }
    keep(needed)
}

/// Keeps none: for a thread that reads what is open already.
pub fn keep_none() -> io::Result<()> {
    keep(CapabilitySet::empty())
}

fn keep(needed: CapabilitySet) -> io::Result<()> {
    set_no_new_privs(true)?;
    let held = capabilities(None)?.permitted & needed;
    let sets = CapabilitySets { effective: held, permitted: held, inheritable: CapabilitySet::empty() };
    Ok(set_capabilities(None, sets)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Capabilities belong to the thread, so that no other test loses its own.
    fn left_after(give_up: impl FnOnce() -> io::Result<()> + Send + 'static) -> CapabilitySets {
        let thread = std::thread::spawn(|| {
            give_up().unwrap();
            capabilities(None).unwrap()
        });
        thread.join().unwrap()
    }

    #[test]
    fn nothing_but_capture_is_left() {
        let data = tempfile::tempdir().unwrap();
        let left = left_after(move || keep_capture_only(data.path()));
        assert!(CapabilitySet::NET_RAW.contains(left.permitted));
        assert_eq!(left.effective, left.permitted);
        assert!(left_after(keep_none).permitted.is_empty());
    }
}
