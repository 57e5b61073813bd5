//! What stands before IP: tags, PPP, cooked headers, nothing.

use super::{
    super::{
        Built, Tape,
        hello::Hello,
        names::{self, Message},
        tape::{MACS, Tcp, ethernet},
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "link-vlan",
        "A hello and a DNS exchange each under a VLAN tag, under QinQ (0x88a8 and the older 0x9100), and under MPLS.",
        vlan,
    ),
    on_ethernet(
        "link-pppoe",
        "PPPoE sessions, RFC 2516, with IPv4 and IPv6, each frame padded beyond the length that PPPoE states.",
        pppoe,
    ),
    Built {
        name: "link-ppp",
        about: "Link type PPP (9): with the framing of RFC 1662, without it, and with a compressed protocol number.",
        make: ppp,
        tape: || Tape::of(9, |packet| framed(&[0xff, 3, 0, number_of(packet)], packet)),
    },
    Built {
        name: "link-cooked",
        about: "Link type Linux cooked, version 1 (113), as `tcpdump -i any` wrote it; every frame as sent.",
        make: talk,
        tape: || {
            Tape::of(113, |packet| {
                framed(
                    &[&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &ethertype(packet)[..]].concat(),
                    packet,
                )
            })
        },
    },
    Built {
        name: "link-cooked2",
        about: "Link type Linux cooked, version 2 (276), as `tcpdump -i any` writes it; every frame as sent.",
        make: talk,
        tape: || {
            Tape::of(276, |packet| {
                framed(
                    &[&ethertype(packet)[..], &[0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0]]
                        .concat(),
                    packet,
                )
            })
        },
    },
    Built {
        name: "link-raw",
        about: "Link type raw IP (101), as a WireGuard or tun interface gives it: no link header at all, IPv4 and IPv6 in turn.",
        make: talk,
        tape: || Tape::of(101, <[u8]>::to_vec),
    },
    Built {
        name: "link-loopback",
        about: "Link type BSD loopback (0): four bytes of address family, with the number that macOS has for IPv6.",
        make: talk,
        tape: || Tape::of(0, |packet| framed(&[if packet[0] >> 4 == 4 { 2 } else { 30 }, 0, 0, 0], packet)),
    },
];

fn framed(header: &[u8], packet: &[u8]) -> Vec<u8> {
    [header, packet].concat()
}

fn ethertype(packet: &[u8]) -> [u8; 2] {
    if packet[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] }
}

/// The PPP protocol number of a packet.
fn number_of(packet: &[u8]) -> u8 {
    if packet[0] >> 4 == 4 { 0x21 } else { 0x57 }
}

/// A name looked up and connected to, over both families.
fn talk(tape: &mut Tape) {
    exchange(tape, "four");
    let ends = tape.ends6(443);
    say_hello(tape, ends, "six.example.com");
}

fn exchange(tape: &mut Tape, label: &str) {
    let name = format!("{label}.example.com");
    let dns = tape.ends(53);
    tape.udp(dns, &Message::query(1, &name, names::A).bytes());
    tape.expect(dns, format_args!("dns-query {name} 1"));
    let ends = tape.ends(443);
    let answer = Message::response(1, 0, &name, names::A).address(&name, 60, ends.server.ip());
    tape.udp(dns.turned(), &answer.bytes());
    tape.expect(dns.turned(), format_args!("dns-response {name} 1 rcode=0"));
    tape.expect(dns.turned(), format_args!("dns-answer {name} ttl=60 address {}", ends.server.ip()));
    say_hello(tape, ends, &name);
}

fn say_hello(tape: &mut Tape, ends: super::super::wire::Ends, name: &str) {
    let hello = Hello::to(name);
    let mut tcp = Tcp::open(tape, ends);
    let stream = hello.records(&mut tape.rng);
    tcp.up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
    tcp.close(tape);
}

fn vlan(tape: &mut Tape) {
    tape.wrap(|packet| tagged(&[0x81, 0, 0, 5], packet));
    exchange(tape, "vlan");
    tape.wrap(|packet| tagged(&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], packet));
    exchange(tape, "qinq");
    tape.wrap(|packet| tagged(&[0x91, 0, 0, 5, 0x81, 0, 0, 6], packet));
    exchange(tape, "old-qinq");
    // Two labels; the second is the bottom of the stack.
    tape.wrap(|packet| [&MACS[..], &[0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64], packet].concat());
    exchange(tape, "mpls");
    tape.wrap(|packet| tagged(&[0x81, 0, 0, 0], packet));
    let ends = tape.ends6(443);
    say_hello(tape, ends, "priority-tagged.example.com");
}

fn tagged(tags: &[u8], packet: &[u8]) -> Vec<u8> {
    let untagged = ethernet(packet);
    [&untagged[..12], tags, &untagged[12..]].concat()
}

fn pppoe(tape: &mut Tape) {
    tape.wrap(|packet| {
        let length = u16::try_from(packet.len() + 2).expect("packets are short").to_be_bytes();
        let header = [0x88, 0x64, 0x11, 0, 0, 9, length[0], length[1], 0, number_of(packet)];
        [&MACS[..], &header, packet, &[0xee; 6]].concat()
    });
    talk(tape);
}

fn ppp(tape: &mut Tape) {
    exchange(tape, "framed");
    tape.wrap(|packet| framed(&[0, number_of(packet)], packet));
    exchange(tape, "plain");
    tape.wrap(|packet| framed(&[number_of(packet)], packet));
    exchange(tape, "compressed");
    let ends = tape.ends6(443);
    say_hello(tape, ends, "six.example.com");
}
