//! Resets from near by: a filter on the way cut the connection, not the server.
//!
//! How far a packet came shows in its TTL: systems begin at 32, 64, 128 or 255, so the hops are what is missing to the
//! next of these (p0f guesses distances so). A reset that came at most [`NEAR_HOPS`] hops, and at least
//! [`NEARER_BY`] fewer than the SYN-ACK of the same connection, was sent by another machine (the TTL test of Weaver,
//! Sommer and Paxson, "Detecting Forged TCP Reset Packets", NDSS 2009). Where the reset answers the SYN there is
//! nothing to compare with: then it has to come from within [`NEXT_DOOR_HOPS`] hops, where no server on the Internet is,
//! and the device must have had a SYN-ACK from afar before: behind a translator in user space (of a virtual machine, of
//! some VPN clients) every server is next door.
//!
//! Limits: a filter that copies the server's TTL, or answers the SYN itself, is taken for the server; one farther away
//! than the company's own network is not sought. A server of the own network is never far: no alarm for private
//! addresses, nor for those that share the device's network prefix (/16, or /48).

use std::net::IpAddr;

/// A company's own filter is no farther away.
const NEAR_HOPS: u8 = 5;
/// Ways there and back, and load balancers, differ by less.
const NEARER_BY: u8 = 3;
/// As far as the company's own router to the Internet.
const NEXT_DOOR_HOPS: u8 = 2;

/// Whether a SYN-ACK with this TTL shows that this device sees how far servers on the Internet are.
pub(super) fn is_from_afar(syn_ack: u8, device: IpAddr, server: IpAddr) -> bool {
    is_of_the_internet(server) && !share_a_network(device, server) && hops(syn_ack) > NEAR_HOPS
}

/// Whether a reset with this TTL comes from nearer than the server. `syn_ack` is the TTL of the server's SYN-ACK, if
/// there was one; `sees_afar` whether any came [from afar](is_from_afar) before.
pub(super) fn is_from_near_by(
    reset: u8,
    syn_ack: Option<u8>,
    sees_afar: bool,
    device: IpAddr,
    server: IpAddr,
) -> bool {
    if !is_of_the_internet(server) || share_a_network(device, server) {
        return false;
    }
    let came = hops(reset);
    match syn_ack {
        Some(syn_ack) => came <= NEAR_HOPS && came + NEARER_BY <= hops(syn_ack),
        None => sees_afar && came <= NEXT_DOOR_HOPS,
    }
}

fn hops(ttl: u8) -> u8 {
    let began = match ttl {
        0..=32 => 32,
        33..=64 => 64,
        65..=128 => 128,
        129..=255 => 255,
    };
    began - ttl
}

/// An address that is routed everywhere: none of RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 §2.5.6.
fn is_of_the_internet(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let is_shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared)
        }
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

fn share_a_network(device: IpAddr, server: IpAddr) -> bool {
    match (device.to_canonical(), server.to_canonical()) {
        (IpAddr::V4(device), IpAddr::V4(server)) => device.octets()[..2] == server.octets()[..2],
        (IpAddr::V6(device), IpAddr::V6(server)) => device.octets()[..6] == server.octets()[..6],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_from_afar, is_from_near_by};

    #[test]
    fn reset_is_from_near_by_only_where_its_hops_say_so() {
        type Case = (&'static str, u8, Option<u8>, &'static str, &'static str, bool);
        let cases: &[Case] = &[
            ("the server itself", 52, Some(52), "10.1.2.3", "203.0.113.1", false),
            ("the server, another way back", 50, Some(52), "10.1.2.3", "203.0.113.1", false),
            ("the server's stack begins resets at 255", 243, Some(52), "10.1.2.3", "203.0.113.1", false),
            ("its load balancer", 54, Some(52), "10.1.2.3", "203.0.113.1", false),
            ("the firewall", 63, Some(52), "10.1.2.3", "203.0.113.1", true),
            ("the firewall, with another beginning", 254, Some(113), "10.1.2.3", "203.0.113.1", true),
            ("somebody on the way, far off", 57, Some(50), "10.1.2.3", "203.0.113.1", false),
            ("a server three hops away", 61, Some(61), "10.1.2.3", "203.0.113.1", false),
            ("a server in the own building", 64, Some(64), "10.1.2.3", "10.7.0.1", false),
            ("in answer to the SYN, next door", 63, None, "10.1.2.3", "203.0.113.1", true),
            ("in answer to the SYN, from afar", 48, None, "10.1.2.3", "203.0.113.1", false),
            ("in answer to the SYN, private", 64, None, "10.1.2.3", "192.168.0.1", false),
            ("in answer to the SYN, shared space", 64, None, "10.1.2.3", "100.64.0.1", false),
            (
                "in answer to the SYN, own network of global addresses",
                64,
                None,
                "203.0.113.9",
                "203.0.5.1",
                false,
            ),
            ("version 6, next door", 255, None, "2001:db8:1::9", "2001:db8:2::1", true),
            ("version 6, own network", 255, None, "2001:db8:1::9", "2001:db8:1:7::1", false),
            ("version 6, unique local", 64, None, "fd00::9", "fd00:1::1", false),
        ];
        for (case, reset, syn_ack, device, server, expected) in cases {
            let (device, server) = (device.parse().unwrap(), server.parse().unwrap());
            assert_eq!(is_from_near_by(*reset, *syn_ack, true, device, server), *expected, "{case}");
            let blind = is_from_near_by(*reset, *syn_ack, false, device, server);
            assert_eq!(blind, *expected && syn_ack.is_some(), "{case}, where every server is next door");
        }
    }

    #[test]
    fn only_servers_on_the_internet_show_how_far_they_are() {
        let afar = |ttl, server: &str| is_from_afar(ttl, [10, 1, 2, 3].into(), server.parse().unwrap());
        assert!(afar(52, "203.0.113.1"));
        assert!(!afar(63, "203.0.113.1") && !afar(64, "203.0.113.1"));
        assert!(!afar(52, "10.7.0.1"));
    }
}
