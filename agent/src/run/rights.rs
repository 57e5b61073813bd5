//! What the agent gives up once capture is open: every capability but the one to open further interfaces.
//!
//! It stays the account that started it: that is the service unit's to choose. Linux keeps capabilities by thread, so
//! this comes before any other thread is started.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use rustix::{
    process::geteuid,
    thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs},
};

/// Keeps `CAP_NET_RAW`, and `CAP_DAC_OVERRIDE` only where the data directory is another account's.
pub fn give_up(data: &Path) -> io::Result<()> {
    set_no_new_privs(true)?;
    let mut needed = CapabilitySet::NET_RAW;
    if fs::metadata(data)?.uid() != geteuid().as_raw() {
        needed |= CapabilitySet::DAC_OVERRIDE;
    }
    let held = capabilities(None)?.permitted & needed;
    set_capabilities(
        None,
        CapabilitySets { effective: held, permitted: held, inheritable: CapabilitySet::empty() },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_capture_is_left() {
        let data = tempfile::tempdir().unwrap();
        // Capabilities belong to the thread, so that no other test loses its own.
        let left = std::thread::spawn(move || {
            give_up(data.path()).unwrap();
            capabilities(None).unwrap()
        });
        let left = left.join().unwrap();
        assert!(CapabilitySet::NET_RAW.contains(left.permitted));
        assert_eq!(left.effective, left.permitted);
    }
}
