use super::*;

/// A day that passes, to be made wrong by tests.
pub(crate) fn good_day(day: Date, revision: u64) -> v1::DeviceDay {
    v1::DeviceDay {
        day: days_of(day),
        revision,
        usages: vec![v1::Usage {
            service_id: "wetransfer".into(),
            evidence: v1::Evidence::Use.into(),
            place: v1::Place::Office.into(),
            app_class: v1::AppClass::Browser.into(),
            parts_of_day: 4,
            active_minutes: 10,
            tries: 6,
            failed: 1,
            bytes_up: 1_000_000,
            bytes_down: 20_000,
            tenant: v1::Tenant::Guest.into(),
            server_wait: Some(v1::Quantiles { median: 80, p90: 110 }),
            transfer_times: vec![v1::TransferTime {
                size_class: 1,
                duration: Some(v1::Quantiles { median: 120, p90: 140 }),
            }],
            ..Default::default()
        }],
        spills: vec![v1::Spill {
            from_service_id: "own:outbox".into(),
            to_service_id: "wetransfer".into(),
            count: 1,
            tries: 2,
            expected_hundredths: 3,
        }],
        unknown_services: vec![v1::UnknownService { name_hash: u64::MAX, ..Default::default() }],
        blind_spots: Some(v1::BlindSpots { connections: 9, ..Default::default() }),
        agent: Some(v1::AgentState {
            version: "0.1.0".into(),
            catalog_version: "2026-11-11".into(),
            degraded: vec![v1::Degraded::Killed.into()],
            ..Default::default()
        }),
        shared_device: false,
    }
}

#[test]
fn a_good_day_goes_in_and_comes_out_the_same() {
    let wire = good_day(date(2026, 11, 13), 7);
    let own = DeviceDay::try_from(&wire).unwrap();
    assert_eq!(own.day, date(2026, 11, 13));
    assert_eq!(v1::DeviceDay::from(&own), wire);
}

#[test]
fn each_mistake_is_named_by_its_field() {
    type Spoil = fn(&mut v1::DeviceDay);
    let cases: [(&str, Spoil); 16] = [
        ("day: ", |d| d.day = u32::MAX),
        ("revision: ", |d| d.revision = 0),
        ("revision: ", |d| d.revision = u64::MAX),
        ("usages: ", |d| d.usages = vec![d.usages[0].clone(); MAX_ROWS]),
        ("usages[0].service_id: ", |d| d.usages[0].service_id = "We Transfer".into()),
        ("device_day: ", |d| d.usages[0].service_id = "x".repeat(MAX_BYTES)),
        ("usages[0].evidence: it is not said", |d| d.usages[0].evidence = 0),
        ("usages[0].evidence: contact", |d| d.usages[0].evidence = v1::Evidence::Visit.into()),
        ("usages[0].evidence: 99", |d| d.usages[0].evidence = 99),
        ("usages[0].parts_of_day: ", |d| d.usages[0].parts_of_day = 16),
        ("usages[0].active_minutes: ", |d| d.usages[0].active_minutes = 1_501),
        ("usages[0].failed: 7 is more than 6", |d| d.usages[0].failed = 7),
        ("usages[0].bytes_up: ", |d| d.usages[0].bytes_up = u64::MAX),
        ("usages[0].transfer_times[0].median: ", |d| {
            d.usages[0].transfer_times[0].duration.as_mut().unwrap().median = 256;
        }),
        ("spills[0].to_service_id: ", |d| d.spills[0].to_service_id.clear()),
        ("agent.version: ", |d| d.agent.as_mut().unwrap().version = "1\n2".into()),
    ];
    for (expected, spoil) in cases {
        let mut wire = good_day(date(2026, 11, 13), 7);
        spoil(&mut wire);
        let error = DeviceDay::try_from(&wire).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{expected:?}: {error}");
    }
}

#[test]
fn days_and_dates_are_inverse() {
    for days in [0, 1, 20_405, 2_932_896] {
        assert_eq!(days_of(date_of(days).unwrap()), days);
    }
    assert_eq!(date_of(u32::MAX), None);
}
