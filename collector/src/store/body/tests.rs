use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    device_day::{
        AgentState, AppClass, BlindSpots, Degraded, Evidence, Place, Quantiles, Spill, Tenant, TransferTime,
        UnknownService, Usage,
    },
    wire::{date_of, days_of, tests::good_day},
};

/// What version 1 was.
fn pack_as_wire(day: &DeviceDay) -> Vec<u8> {
    [vec![WIRE], v1::DeviceDay::from(day).encode_to_vec()].concat()
}

fn quantiles() -> impl Strategy<Value = Quantiles> {
    any::<(u8, u8)>().prop_map(|(median, p90)| Quantiles { median, p90 })
}

fn app_class() -> impl Strategy<Value = AppClass> {
    use AppClass::{Browser, DeveloperTool, Other, System, Unknown, VendorClient};
    prop::sample::select(vec![Unknown, Browser, VendorClient, DeveloperTool, System, Other])
}

prop_compose! {
    fn usage(services: usize)(
        service in 0..services,
        (app_class, place, evidence, tenant) in (
            app_class(),
            prop::sample::select(vec![Place::Unknown, Place::Office, Place::Away]),
            prop::sample::select(vec![Evidence::Present, Evidence::Use]),
            prop::sample::select(vec![Tenant::Unknown, Tenant::Ours, Tenant::Guest]),
        ),
        (parts_of_day, active_minutes) in (0..16_u8, 0..=1_500_u32),
        tries in any::<u32>(),
        troubles in prop::option::of(any::<(u32, u32, u32)>()),
        (bytes_up, bytes_down) in (0..=1_u64 << 44, 0..=1_u64 << 44),
        sign_in_hops in prop_oneof![Just(0), any::<u32>()],
        server_wait in prop::option::of(quantiles()),
        times in prop::collection::vec((0..5_u8, quantiles()), 0..4),
    ) -> Usage {
        let (failed, given_up, turned_away) = troubles.unwrap_or_default();
        Usage {
            service: format!("service-{service}").parse().unwrap(),
            app_class, place, evidence, parts_of_day, active_minutes, tries,
            failed: failed.min(tries), given_up: given_up.min(tries), turned_away: turned_away.min(tries),
            bytes_up, bytes_down, tenant, sign_in_hops, server_wait,
            transfer_times: times.into_iter().map(|(size_class, duration)| TransferTime { size_class, duration }).collect(),
        }
    }
}

prop_compose! {
    fn spill()(from in 0..9_u8, tries in any::<u32>(), count in any::<u32>(), expected_hundredths in any::<u32>()) -> Spill {
        Spill {
            from: format!("own:{from}").parse().unwrap(),
            to: "x".repeat(64).parse().unwrap(),
            count: count.min(tries),
            tries,
            expected_hundredths,
        }
    }
}

prop_compose! {
    fn unknown_service()(
        (name_hash, app_class, active_minutes) in (any::<u64>(), app_class(), any::<u32>()),
        (bytes_up, bytes_down) in (0..=1_u64 << 44, 0..=1_u64 << 44),
    ) -> UnknownService {
        UnknownService { name_hash, app_class, bytes_up, bytes_down, active_minutes: active_minutes % 1_501 }
    }
}

prop_compose! {
    fn device_day()(
        (day, revision, shared_device) in (0..2_932_896_u32, 1..=i64::MAX.cast_unsigned(), any::<bool>()),
        usages in prop_oneof![
            4 => prop::collection::vec(usage(20), 0..60),
            1 => prop::collection::vec(usage(1_000), 300..500),
        ],
        spills in prop::collection::vec(spill(), 0..4),
        unknown_services in prop::collection::vec(unknown_service(), 0..4),
        counts in any::<[u32; 7]>(),
        dropped_packets in any::<u64>(),
        (version, catalog_version) in ("[!-~]{0,64}", "[!-~]{0,64}"),
        (down_seconds, paused_seconds) in (0..=90_000_u32, 0..=90_000_u32),
        reasons in prop::sample::subsequence(
            vec![Degraded::NoKernelFilter, Degraded::Killed, Degraded::Spool, Degraded::TableFull],
            0..=4,
        ),
    ) -> DeviceDay {
        let [connections, encrypted_hello, encrypted_dns, unnamed, tunnels, plumbing, reused] = counts;
        DeviceDay {
            day: date_of(day).unwrap(), revision, usages, spills, unknown_services, shared_device,
            blind_spots: BlindSpots {
                connections, encrypted_hello, encrypted_dns, unnamed, tunnels, plumbing, reused, dropped_packets,
            },
            agent: AgentState { version, catalog_version, down_seconds, paused_seconds, degraded: reasons },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_version_is_read_as_it_was_packed(day in device_day()) {
        let wire = Sha256::digest(v1::DeviceDay::from(&day).encode_to_vec());
        let mut room = Vec::new();
        for body in [pack(&day), pack_as_wire(&day)] {
            prop_assert_eq!(&unpack(&body).unwrap(), &day);
            prop_assert_eq!(fingerprint_of(&body).unwrap(), <[u8; 32]>::from(wire));
            agrees(&read(&body, &mut room).unwrap(), &day);
        }
        prop_assert_eq!(fingerprint(&day), <[u8; 32]>::from(wire));
    }

    #[test]
    fn any_bytes_are_a_body_or_an_error(mut body in prop::collection::vec(any::<u8>(), 0..200), is_packed in any::<bool>()) {
        if let Some(version) = body.first_mut().filter(|_| is_packed) {
            *version = PACKED;
        }
        survives(&body);
    }

    #[test]
    fn a_body_that_was_tampered_with_is_a_body_or_an_error(day in device_day(), at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let mut body = pack(&day);
        let at = at.index(body.len());
        body[at] = byte;
        survives(&body);
        let short = &body[..cut.index(body.len())];
        survives(short);
    }
}

/// The view says of a day what the day says of itself.
fn agrees(packed: &PackedDay<'_>, day: &DeviceDay) {
    assert_eq!((packed.day(), packed.revision()), (days_of(day.day), day.revision));
    assert_eq!(packed.shared_device(), day.shared_device);
    assert_eq!(packed.blind_spots(), &day.blind_spots);
    let hashes: Vec<_> = day.unknown_services.iter().map(|unknown| unknown.name_hash).collect();
    assert_eq!(packed.name_hashes().collect::<Vec<_>>(), hashes);
    let services: Vec<_> = packed.services().collect();
    let (mut usages, mut spills) = (Vec::new(), Vec::new());
    packed
        .rows(|row| match row {
            PackedRow::Usage(usage) => usages.push(usage),
            PackedRow::Spill(spill) => spills.push((spill.from, spill.to, spill.count)),
        })
        .unwrap();
    let told = day.spills.iter().map(|spill| (spill.from.as_str(), spill.to.as_str(), spill.count));
    assert!(spills.into_iter().eq(told));
    assert_eq!((packed.kinds().count(), usages.len()), (day.usages.len(), day.usages.len()));
    for ((kind, row), usage) in packed.kinds().zip(usages).zip(&day.usages) {
        assert_eq!((row.kind, row.service), (kind, usage.service.as_str()));
        assert_eq!(services[kind.service], usage.service.as_str());
        let Usage { evidence, tenant, place, app_class, .. } = *usage;
        assert_eq!(kind, Kind { service: kind.service, evidence, tenant, place, app_class });
        assert_eq!((row.tries, row.bytes_down), (usage.tries, usage.bytes_down));
    }
}

/// Whatever can be read keeps the caps, and a view that was read is read to its end.
fn survives(body: &[u8]) {
    let mut room = Vec::new();
    if let Ok(packed) = read(body, &mut room) {
        let services = packed.services().len();
        assert!(packed.kinds().all(|kind| kind.service < services));
        let _ = packed.rows(|row| {
            if let PackedRow::Usage(usage) = row {
                usage.transfer_times().for_each(drop);
            }
        });
    }
    if let Ok(day) = unpack(body) {
        assert_eq!(unpack(&pack(&day)).unwrap(), day);
    }
}

#[test]
fn what_is_no_body_is_an_error() {
    assert!(matches!(unpack(&[]), Err(BodyError::Empty)));
    assert!(matches!(unpack(&[9, 1]), Err(BodyError::Version(9))));
    assert!(matches!(unpack(&[1, 0xff]), Err(BodyError::Decode(_))));
    assert!(matches!(unpack(&[1]), Err(BodyError::Record(_))));
    assert!(matches!(unpack(&[2, 0, 1]), Err(BodyError::Short)));
    assert!(matches!(unpack(&[2, 7]), Err(BodyError::Malformed(_))));
    let good = DeviceDay::try_from(&good_day(date(2026, 11, 13), 7)).unwrap();
    let more = [pack(&good), vec![0]].concat();
    assert!(matches!(unpack(&more), Err(BodyError::Malformed(_))));
}

fn base16(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Pinned: whoever changes version 2 instead of adding a version finds this.
#[test]
fn a_body_of_version_2_stays_as_it_is() {
    let day = DeviceDay::try_from(&good_day(date(2026, 11, 13), 7)).unwrap();
    let body = pack(&day);
    insta::assert_snapshot!(base16(&body), @"0200a2a201070201010a0a77657472616e736665726f776e3a6f7574626f782d00ffffffffffffffff090000000000000005302e312e300a323032362d31312d3131000002740406c0843da09c01010000506e0101788c01010001020300000000");
    assert_eq!(unpack(&body).unwrap(), day);
}

/// The limits on a day with as many rows as a busy one has.
#[test]
fn a_device_day_of_40_rows_is_small() {
    let mut day = DeviceDay::try_from(&good_day(date(2026, 11, 13), 7)).unwrap();
    let row = day.usages[0].clone();
    let places = [Place::Office, Place::Away];
    day.usages = (0..40_u32)
        .map(|n| Usage {
            service: format!("service-{}", n / 2).parse().unwrap(),
            place: places[n as usize % 2],
            bytes_up: 3_456_789,
            bytes_down: 300_456_789,
            active_minutes: 5 * n,
            tries: 7 * n + 1,
            ..row.clone()
        })
        .collect();
    let body = pack(&day);
    assert_eq!(unpack(&body).unwrap(), day);
    assert!(body.len() <= 1_300, "{} bytes", body.len());
}
