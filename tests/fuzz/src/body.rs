//! Bodies of device-days as they lie in the collector's files, where a bad disk may turn any of their bits.
//!
//! An input is a body.

use elsewhere_collector::{
    device_day::DeviceDay,
    store::body::{self, PackedDay, PackedRow},
    wire::days_of,
};

/// Runs the target: what can be read is the same read whole, read in part, and packed anew.
pub fn run(bytes: &[u8]) -> usize {
    let mut room = Vec::new();
    let rows = body::read(bytes, &mut room).map_or(0, |packed| look(&packed));
    let Ok(day) = body::unpack(bytes) else { return 0 };
    let again = body::pack(&day);
    assert_eq!(body::unpack(&again).expect("it was packed just now"), day);
    assert_eq!(body::pack(&body::unpack(&again).expect("as before")), again, "one day, one body");
    assert_eq!(body::fingerprint_of(&again).expect("as before"), body::fingerprint(&day));
    assert!(body::fingerprint_of(bytes).is_ok(), "what is answered to a second delivery");
    agrees(bytes, &day);
    1 + rows
}

/// Reads a view to its end; gives how much is in it.
fn look(packed: &PackedDay<'_>) -> usize {
    let services = packed.services().len();
    assert!(packed.kinds().all(|kind| kind.service < services), "a row of a service that is not there");
    let mut told = 0;
    let _ = packed.rows(|row| {
        told += match row {
            PackedRow::Usage(usage) => usage.transfer_times().count(),
            PackedRow::Spill(_) => 1,
        }
    });
    packed.kinds().count() + packed.name_hashes().count() + told
}

/// The view says of a day what the day says of itself.
fn agrees(bytes: &[u8], day: &DeviceDay) {
    let mut room = Vec::new();
    let packed = body::read(bytes, &mut room).expect("what is read whole is read in part");
    assert_eq!((packed.day(), packed.revision()), (days_of(day.day), day.revision));
    assert_eq!(packed.shared_device(), day.shared_device);
    assert_eq!(packed.blind_spots(), &day.blind_spots);
    let hashes = day.unknown_services.iter().map(|unknown| unknown.name_hash);
    assert!(packed.name_hashes().eq(hashes));
    let services: Vec<&str> = packed.services().collect();
    assert_eq!(packed.kinds().count(), day.usages.len());
    for (kind, usage) in packed.kinds().zip(&day.usages) {
        assert_eq!(services[kind.service], usage.service.as_str());
        assert_eq!((kind.evidence, kind.tenant, kind.place), (usage.evidence, usage.tenant, usage.place));
    }
}
