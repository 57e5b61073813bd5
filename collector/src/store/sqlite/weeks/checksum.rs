//! What a row's checksum is made of. Frozen: stored rows have it.

use crc32fast::Hasher;

/// Of a device-day: device, day, epoch, revision and date of receipt in little endian, then the body.
pub(super) fn of_device_day(
    (device, day, epoch): (i64, u32, u32),
    revision: i64,
    received: u32,
    body: &[u8],
) -> u32 {
    let mut fixed = [0; 28];
    fixed[..8].copy_from_slice(&device.to_le_bytes());
    fixed[8..12].copy_from_slice(&day.to_le_bytes());
    fixed[12..16].copy_from_slice(&epoch.to_le_bytes());
    fixed[16..24].copy_from_slice(&revision.to_le_bytes());
    fixed[24..].copy_from_slice(&received.to_le_bytes());
    let mut checksum = Hasher::new();
    checksum.update(&fixed);
    checksum.update(body);
    checksum.finalize()
}

/// Of a membership: device and date of enrolment in little endian, 1 for a group token or 0, the pseudonym, a zero byte,
/// the segments. Without a pseudonym there is none of its bytes: no pseudonym is empty.
pub(super) fn of_member(
    device: i64,
    enrolled: u32,
    group_token: bool,
    pseudonym: Option<&str>,
    segments: &str,
) -> u32 {
    let mut checksum = Hasher::new();
    checksum.update(&device.to_le_bytes());
    checksum.update(&enrolled.to_le_bytes());
    checksum.update(&[u8::from(group_token)]);
    checksum.update(pseudonym.unwrap_or_default().as_bytes());
    checksum.update(&[0]);
    checksum.update(segments.as_bytes());
    checksum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_stay_as_they_are() {
        assert_eq!(of_device_day((-2, 20_770, 1), 7, 20_771, b"body"), 1_504_028_085);
        assert_eq!(of_member(-2, 20_700, true, Some("c-1"), "site:Leeds"), 817_416_322);
    }
}
