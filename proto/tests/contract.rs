//! The wire contract holds what it promises: each field says what it reveals, nothing is left loose, the README
//! lists all that leaves a laptop, and every encoding ever released is still read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fmt::Debug, fs, path::Path};

use elsewhere_proto::{DESCRIPTORS, v1};
use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Type};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/v1");

/// A field as its .proto file tells it.
struct Field {
    message: String,
    name: String,
    comment: String,
    message_type: Option<String>,
}

fn fields() -> Vec<Field> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let mut fields = Vec::new();
    for file in &set.file {
        let comments = file.source_code_info.as_ref().unwrap();
        for (index, message) in file.message_type.iter().enumerate() {
            for (position, field) in message.field.iter().enumerate() {
                let path = [4, i32::try_from(index).unwrap(), 2, i32::try_from(position).unwrap()];
                let location = comments.location.iter().find(|location| location.path == path).unwrap();
                let nested = field.r#type() == Type::Message;
                fields.push(Field {
                    message: message.name().to_owned(),
                    name: field.name().to_owned(),
                    comment: location.leading_comments().split_whitespace().collect::<Vec<_>>().join(" "),
                    message_type: nested.then(|| field.type_name().rsplit('.').next().unwrap().to_owned()),
                });
            }
        }
    }
    fields
}

/// Messages that go from the device to the collector, with all that they hold.
fn sent_by_a_device(fields: &[Field]) -> BTreeSet<String> {
    let mut sent: BTreeSet<String> =
        ["EnrollRequest", "RenewRequest", "VisitRequest"].map(str::to_owned).into();
    loop {
        let inner: BTreeSet<_> = fields
            .iter()
            .filter(|field| sent.contains(&field.message))
            .filter_map(|field| field.message_type.clone())
            .collect();
        let before = sent.len();
        sent.extend(inner);
        if sent.len() == before {
            return sent;
        }
    }
}

#[test]
fn every_field_is_documented_and_what_a_device_sends_says_what_it_reveals() {
    let fields = fields();
    let sent = sent_by_a_device(&fields);
    assert!(sent.contains("TransferTime"), "the walk reaches the deepest message");
    for field in &fields {
        let place = format!("{}.{}", field.message, field.name);
        assert!(!field.comment.is_empty(), "{place} has no comment");
        if sent.contains(&field.message) && field.message_type.is_none() {
            assert!(field.comment.contains("Reveals:"), "{place} does not say what it reveals");
        }
    }
}

#[test]
fn field_numbers_are_used_or_reserved() {
    fn loose(message: &DescriptorProto) -> Vec<i32> {
        let used: BTreeSet<i32> =
            message.field.iter().map(prost_types::FieldDescriptorProto::number).collect();
        let reserved =
            |n: i32| message.reserved_range.iter().any(|range| range.start() <= n && n < range.end());
        (1..=used.last().copied().unwrap_or(0)).filter(|n| !used.contains(n) && !reserved(*n)).collect()
    }
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    for message in set.file.iter().flat_map(|file| &file.message_type) {
        assert_eq!(loose(message), Vec::<i32>::new(), "{} has loose numbers", message.name());
    }
}

/// README's section has a table row for each field: | `Message.field` | what it reveals |
#[test]
fn readme_lists_all_that_leaves_a_laptop() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let section = readme.split("## What leaves a laptop").nth(1).expect("README has the section");
    let section = section.split("\n## ").next().unwrap();
    let listed: BTreeSet<String> = section
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned()))
        .filter(|name| name.contains('.'))
        .collect();
    let fields = fields();
    let sent = sent_by_a_device(&fields);
    let leaves: BTreeSet<String> = fields
        .iter()
        .filter(|field| sent.contains(&field.message) && field.message_type.is_none())
        .map(|field| format!("{}.{}", field.message, field.name))
        .collect();
    let missing: Vec<_> = leaves.difference(&listed).collect();
    let invented: Vec<_> = listed.difference(&leaves).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not listed: {missing:#?}\nlisted, not sent: {invented:#?}"
    );
}

/// A device-day with every field set, as version 1 sends it. Later versions add files beside it and keep this one.
fn full_device_day() -> v1::DeviceDay {
    v1::DeviceDay {
        day: 20_774,
        revision: 7,
        usages: vec![v1::Usage {
            service_id: "wetransfer".to_owned(),
            app_class: v1::AppClass::Browser.into(),
            place: v1::Place::Office.into(),
            evidence: v1::Evidence::Use.into(),
            parts_of_day: 4,
            active_minutes: 10,
            tries: 6,
            failed: 1,
            given_up: 2,
            turned_away: 3,
            bytes_up: 210_000_000,
            bytes_down: 1_100_000,
            tenant: v1::Tenant::Guest.into(),
            sign_in_hops: 1,
            server_wait: Some(v1::Quantiles { median: 84, p90: 108 }),
            transfer_times: vec![v1::TransferTime {
                size_class: 3,
                duration: Some(v1::Quantiles { median: 205, p90: 222 }),
            }],
        }],
        spills: vec![v1::Spill {
            from_service_id: "box".to_owned(),
            to_service_id: "wetransfer".to_owned(),
            count: 1,
            tries: 2,
            expected_hundredths: 3,
        }],
        unknown_services: vec![v1::UnknownService {
            name_hash: 0x9b1f_20c7_0011_2233,
            app_class: v1::AppClass::VendorClient.into(),
            bytes_up: 12_345,
            bytes_down: 67_890,
            active_minutes: 5,
        }],
        blind_spots: Some(v1::BlindSpots {
            connections: 3_114,
            encrypted_hello: 34,
            encrypted_dns: 28,
            unnamed: 44,
            tunnels: 1,
            plumbing: 2_000,
            reused: 9,
            dropped_packets: 17,
        }),
        agent: Some(v1::AgentState {
            version: "0.1.0".to_owned(),
            catalog_version: "2026-11-22".to_owned(),
            down_seconds: 10,
            paused_seconds: 7_200,
            degraded: vec![v1::Degraded::Killed.into()],
        }),
        shared_device: true,
    }
}

/// A visit's first words with every field set.
fn full_hello() -> v1::VisitRequest {
    v1::VisitRequest {
        said: Some(v1::visit_request::Said::Hello(v1::VisitHello {
            agent_version: "0.1.0".to_owned(),
            catalog_version: "2026-11-22".to_owned(),
            store_id: "0011223344556677".to_owned(),
            segments: vec![v1::Segment {
                dimension: "department".to_owned(),
                path: "Sales/North".to_owned(),
            }],
            customer_pseudonym: "c-81f2".to_owned(),
            ..v1::VisitHello::default()
        })),
    }
}

/// Before a version is released, `WRITE_GOLDEN=1` writes the files that are missing; none is ever written again.
fn holds<M: Message + Default + PartialEq + Debug>(file: &str, expected: &M) {
    let path = Path::new(GOLDEN).join(file);
    if std::env::var_os("WRITE_GOLDEN").is_some() && !path.exists() {
        fs::write(&path, expected.encode_to_vec()).unwrap();
    }
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(&M::decode(bytes.as_slice()).unwrap(), expected, "{file} is read as it was meant");
    assert_eq!(expected.encode_to_vec(), bytes, "{file} is still written the same");
}

/// What a collector answers in one visit, every field set.
fn full_answers() -> [v1::VisitResponse; 3] {
    use v1::visit_response::Said;
    let settings = v1::Settings {
        visit_interval_seconds: 900,
        paused_until: 1_795_315_162,
        minimum_group: 5,
        kept_weeks: 13,
        sanctioned_service_ids: vec!["sharepoint-online".to_owned()],
    };
    let welcome = v1::VisitWelcome {
        store_id: "0011223344556677".to_owned(),
        settings: Some(settings),
        place: v1::Place::Away.into(),
        unknown_name_key: vec![7; 32],
        reveal: vec![0x9b1f_20c7_0011_2233],
        ..v1::VisitWelcome::default()
    };
    let ack = v1::DeviceDayAck {
        day: 20_774,
        revision: 7,
        outcome: v1::device_day_ack::Outcome::Refused.into(),
        fingerprint: vec![9; 32],
        problem: "day lies in the future".to_owned(),
    };
    let farewell = v1::VisitFarewell { next_visit_seconds: 871 };
    [Said::Welcome(welcome), Said::Ack(ack), Said::Farewell(farewell)]
        .map(|said| v1::VisitResponse { said: Some(said) })
}

/// The papers' way: token, request, answer, every field set.
fn full_enrolment() -> (v1::EnrollmentToken, v1::EnrollRequest, v1::EnrollResponse) {
    let token = v1::EnrollmentToken {
        address: "elsewhere.example:8421".to_owned(),
        ca_fingerprint: vec![1; 32],
        secret: vec![2; 32],
    };
    let request = v1::EnrollRequest {
        token_secret: vec![2; 32],
        csr: vec![3; 16],
        agent_version: "0.1.0".to_owned(),
        platform: "linux".to_owned(),
    };
    let response = v1::EnrollResponse {
        certificate: vec![4; 16],
        ca_certificate: vec![5; 16],
        device_id: "7f3a-c21e-0011-2233".to_owned(),
        epoch: 2,
        segments: vec![v1::Segment { dimension: "site".to_owned(), path: "Leeds".to_owned() }],
    };
    (token, request, response)
}

/// What an organisation adds, every field set; devices keep it on their disk.
fn full_delta() -> v1::CatalogDelta {
    let service = v1::OwnService {
        id: "own:outbox".to_owned(),
        name: "Outbox".to_owned(),
        need: "send-once".to_owned(),
    };
    let rule = v1::OwnRule {
        name: "outbox.northmoor.example".to_owned(),
        exact: true,
        service_id: "own:outbox".to_owned(),
        role: "app".to_owned(),
    };
    let tenant =
        v1::TenantHost { service_id: "sharepoint".to_owned(), host: "northmoor.sharepoint.com".to_owned() };
    let facts = v1::CatalogFacts {
        version: 7,
        services: vec![service],
        rules: vec![rule],
        own_domains: vec!["northmoor.example".to_owned()],
        tenants: vec![tenant],
    };
    v1::CatalogDelta { facts: facts.encode_to_vec(), signature: vec![6; 16] }
}

#[test]
fn golden_encodings_are_read_for_ever() {
    let delta = full_delta();
    holds("catalog_delta.bin", &delta);
    holds("catalog_facts.bin", &v1::CatalogFacts::decode(&delta.facts[..]).unwrap());
    holds("device_day.bin", &full_device_day());
    holds("visit_hello.bin", &full_hello());
    let name = v1::RevealedName {
        name_hash: 0x9b1f_20c7_0011_2233,
        registrable_domain: "freightdesk.example".to_owned(),
    };
    let revealed = v1::VisitRequest { said: Some(v1::visit_request::Said::RevealedName(name)) };
    holds("visit_revealed_name.bin", &revealed);
    let [welcome, ack, farewell] = full_answers();
    holds("visit_welcome.bin", &welcome);
    holds("visit_ack.bin", &ack);
    holds("visit_farewell.bin", &farewell);
    let (token, request, response) = full_enrolment();
    holds("enrollment_token.bin", &token);
    holds("enroll_request.bin", &request);
    holds("enroll_response.bin", &response);
    holds("renew_request.bin", &v1::RenewRequest { csr: vec![3; 16] });
    let renewed = v1::RenewResponse { certificate: vec![4; 16], ca_certificate: vec![5; 16] };
    holds("renew_response.bin", &renewed);
    assert_eq!(fs::read_dir(GOLDEN).unwrap().count(), 13, "each golden file has its line above");
}
