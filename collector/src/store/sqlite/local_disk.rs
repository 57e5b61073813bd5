//! Only local disks: SQLite's log is shared by memory and guarded by locks of one machine, and over a network both look as
//! if they worked until a commit is lost.

use std::path::Path;

use crate::store::StoreError;

/// File systems of another machine, by the number that the kernel gives them. FUSE and 9p are most often shares, and where
/// they are not, their locks and shared memory are still nobody's promise. Unknown numbers are let in: new local file
/// systems come more often than new shares.
const SHARED: [(u32, &str); 21] = [
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0000_564c, "NCP"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x4750_4653, "GPFS"),
    (0xaad7_aaea, "PanFS"),
    (0xbeef_dead, "StorNext"),
    (0x1983_0326, "BeeGFS"),
    (0x2003_0528, "OrangeFS"),
    (0x786f_4256, "a folder shared by VirtualBox"),
    (0xbacb_acbc, "a folder shared by VMware"),
];

/// Refuses a directory that is not on a local disk.
pub(super) fn ensure(dir: &Path) -> Result<(), StoreError> {
    match shared(number(dir)?) {
        Some(kind) => Err(StoreError::SharedFiles { path: dir.to_owned(), kind }),
        None => Ok(()),
    }
}

/// What a file system of this number is called, if it is another machine's.
fn shared(number: u32) -> Option<&'static str> {
    SHARED.iter().find(|(known, _)| *known == number).map(|(_, kind)| *kind)
}

#[cfg(target_os = "linux")]
fn number(dir: &Path) -> Result<u32, StoreError> {
    let told = rustix::fs::statfs(dir)
        .map_err(|error| StoreError::Files { path: dir.to_owned(), source: error.into() })?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the numbers have 32 bits, in a word of the machine's size and sign"
    )]
    let number = told.f_type as u32;
    Ok(number)
}

/// Other systems number theirs otherwise; nothing is known there.
#[cfg(not(target_os = "linux"))]
fn number(_: &Path) -> Result<u32, StoreError> {
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_refused_and_local_disks_taken() {
        for number in [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400] {
            assert!(shared(number).is_some(), "{number:x}");
        }
        // ext4, XFS, Btrfs, tmpfs, overlay, ZFS.
        for number in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(shared(number), None, "{number:x}");
        }
    }

    /// `/proc` stands for a share: it is a file system whose number we know and where no database can be.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_is_asked_for_the_number() {
        assert_eq!(number(Path::new("/proc")).unwrap(), 0x9fa0);
        assert!(number(Path::new("/proc/no such folder")).is_err());
    }

    #[test]
    fn the_error_says_what_to_do() {
        let error = StoreError::SharedFiles { path: "/mnt/share".into(), kind: "NFS" };
        assert_eq!(
            error.to_string(),
            "/mnt/share is on NFS, where SQLite can lose what was committed; use a local disk"
        );
    }
}
