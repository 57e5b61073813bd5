//! Every capture that can be altered, altered at random.

use proptest::prelude::*;
use rand::SeedableRng;

use super::{super::Case, *};
use crate::captures::{
    folder,
    hello::{Hello, noise},
    quic::{Initial, V1, V2, crypto},
    tape::{MACS, Tape, ethernet},
};

/// Captures whose packets lie in Ethernet frames, whole. Those of other link types and those that keep the beginnings
/// of frames have nothing to cut anew.
fn alterable() -> Vec<(Case, Packets)> {
    let cases = Case::all().unwrap();
    let all = cases.len();
    let kept: Vec<_> = cases
        .into_iter()
        .filter_map(|mut case| {
            let packets = Packets::of_ethernet(&case.input).ok()?;
            case.expected.retain(|line| !line.contains(" flow "));
            Some((case, packets))
        })
        .collect();
    assert!(kept.len() * 10 >= all * 6, "only {} of {all} captures can be altered", kept.len());
    kept
}

fn holds(case: &Case, seen: &Seen) -> Result<(), TestCaseError> {
    let differences = case.differences(seen);
    prop_assert!(differences.is_empty(), "{}: {}", case.name, differences.join("\n"));
    Ok(())
}

/// Behind these dialogues a hello is found only where a segment begins with it, in order: they are not followed.
const NOT_FOLLOWED: &[&str] = &["starttls-others"];
/// Here the order of the datagrams is what it is about: keys come from what was sent first.
const ORDERED: &[&str] = &["quic-retry", "quic-id-change", "quic-again"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn streams_cut_anywhere_in_any_order_give_the_same_facts(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (case, packets) in alterable() {
            if !NOT_FOLLOWED.contains(&case.name.as_str()) {
                holds(&case, &packets.cut_anew(&mut rng).seen(Link::Ethernet, ethernet))?;
            }
        }
    }

    #[test]
    fn datagrams_in_any_order_give_the_same_facts(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (case, packets) in alterable() {
            if case.name.contains("quic") && !ORDERED.contains(&case.name.as_str()) {
                holds(&case, &packets.datagrams_in_any_order(&mut rng).seen(Link::Ethernet, ethernet))?;
            }
        }
    }

    #[test]
    fn packets_in_fragments_and_in_any_wrapping_give_the_same_facts(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (case, packets) in alterable() {
            let fragments = packets.in_fragments(&mut rng);
            let seen = match rng.random_range(0..5) {
                0 => fragments.seen(Link::RawIp, <[u8]>::to_vec),
                1 => fragments.seen(Link::Ethernet, |packet| {
                    let frame = ethernet(packet);
                    [&frame[..12], &[0x88, 0xa8, 0, 1, 0x81, 0, 0, 2], &frame[12..]].concat()
                }),
                2 => fragments.seen(Link::Null, |packet| [&[2, 0, 0, 0], packet].concat()),
                3 => fragments.seen(Link::Ethernet, |packet| {
                    let length = u16::try_from(packet.len() + 2).unwrap().to_be_bytes();
                    let number = if packet[0] >> 4 == 4 { 0x21 } else { 0x57 };
                    [&MACS[..], &[0x88, 0x64, 0x11, 0, 0, 1], &length, &[0, number], packet].concat()
                }),
                _ => fragments.seen(Link::Ethernet, |packet| {
                    let number = if packet[0] >> 4 == 4 { protocol::IPV4 } else { protocol::IPV6 };
                    let ends = Ends {
                        client: ([203, 0, 113, 1], 0).into(),
                        server: ([203, 0, 113, 2], 0).into(),
                    };
                    ethernet(&wire::ip(ends, number, packet))
                }),
            };
            holds(&case, &seen)?;
        }
    }

    #[test]
    fn hello_in_any_crypto_frames_of_any_initials_in_any_order_is_told_once(seed: u64, version in prop_oneof![Just(V1), Just(V2)]) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let hello = Hello { post_quantum: true, ..Hello::quic("www.example.com") };
        let message = hello.message(&mut rng);
        let mut cuts = (1..message.len()).sample(&mut rng, 30);
        cuts.extend([0, message.len()]);
        cuts.sort_unstable();
        let mut frames: Vec<_> = cuts.windows(2).map(|pair| crypto(pair[0], &message[pair[0]..pair[1]])).collect();
        frames.shuffle(&mut rng);
        let id = noise(&mut rng, 8);
        let mut datagrams: Vec<Vec<u8>> = Vec::new();
        for (number, some) in frames.chunks(rng.random_range(1..=9)).enumerate() {
            let number = u32::try_from(number).unwrap();
            let sealed = Initial { number, ..Initial::first(version, &id) }.seal(&some.concat(), 0);
            match datagrams.last_mut() {
                Some(last) if rng.random() => last.extend(sealed),
                _ => datagrams.push(sealed),
            }
        }
        datagrams.extend(datagrams.clone());
        datagrams.shuffle(&mut rng);
        let mut tape = Tape::new();
        let ends = tape.ends(443);
        let packets = Packets(
            datagrams.iter().map(|datagram| wire::ip(ends, protocol::UDP, &wire::udp(ends, datagram))).collect(),
        );
        let fact = format!("{} > {} {}", ends.client, ends.server, hello.fact(&format!("quic {version:#010x}")));
        prop_assert_eq!(packets.seen(Link::Ethernet, ethernet).facts(), [fact]);
    }
}

#[test]
fn there_is_something_to_alter_in_the_cases_named() {
    for name in NOT_FOLLOWED.iter().chain(ORDERED) {
        assert!(Packets::of_ethernet(&folder().join(name).join("input.pcap")).is_ok(), "{name}");
    }
}
