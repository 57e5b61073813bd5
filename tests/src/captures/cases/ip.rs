//! IP within IP, extension headers, and fragments in any order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    super::{
        Built, Tape,
        hello::Hello,
        names::{self, Message},
        tape::ethernet,
        wire::{self, ACK, Ends, Header, PSH, Piece, protocol},
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "ip-tunnels",
        "A DNS query and a hello in IPv6 within IPv4 (6in4), IPv4 within IPv4 and IPv4 within IPv6.",
        tunnels,
    ),
    on_ethernet(
        "ip-virtual-networks",
        "A DNS query and a hello in GRE with key and sequence number, in Ethernet within GRE, in PPTP, in VXLAN, in GTP-U and \
         in Teredo.",
        virtual_networks,
    ),
    on_ethernet(
        "ip-extensions",
        "A hello behind IPv6 hop-by-hop options, routing and destination options, and behind IPv4 options.",
        extensions,
    ),
    on_ethernet(
        "ip-fragments",
        "DNS answers and hellos in fragments: in order, reversed, doubled, with a second word for bytes that came already, \
         over IPv4 and IPv6; a packet of one fragment only (RFC 6946); and one whose middle never comes.",
        fragments,
    ),
];

/// What a client sends in its first segment with payload.
fn hello_segment(tape: &mut Tape, ends: Ends, name: &str) -> Vec<u8> {
    let stream = Hello::to(name).records(&mut tape.rng);
    wire::tcp(ends, Header { seq: 5_000, ack: 9, flags: ACK | PSH }, &stream)
}

fn hello_fact(name: &str) -> String {
    Hello::to(name).fact("tls")
}

fn tunnels(tape: &mut Tape) {
    let (outer4, outer6) = (tape.ends(0), tape.ends6(0));
    let (ends4, ends6) = (tape.ends(443), tape.ends6(443));
    let wrapped = [
        (ends6, outer4, protocol::IPV6, "sixinfour.example.com"),
        (ends4, outer4, protocol::IPV4, "fourinfour.example.com"),
        (tape.ends(443), outer6, protocol::IPV4, "fourinsix.example.com"),
    ];
    for (ends, outer, number, name) in wrapped {
        let query = Message::query(3, name, names::AAAA).bytes();
        let dns = Ends { server: (ends.server.ip(), 53).into(), ..ends };
        let inner = wire::ip(dns, protocol::UDP, &wire::udp(dns, &query));
        tape.packet(&wire::ip(outer, number, &inner));
        tape.expect(dns, format_args!("dns-query {name} 28"));
        let segment = hello_segment(tape, ends, name);
        let inner = wire::ip(ends, protocol::TCP, &segment);
        tape.packet(&wire::ip(outer, number, &inner));
        tape.expect(ends, hello_fact(name));
    }
}

/// A header with a sequence number; its length, in bytes 2 and 3, is that of what follows the first 8.
const GTP: [u8; 12] = [0x32, 255, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0];

fn virtual_networks(tape: &mut Tape) {
    let ethernet = ethernet(&[0x40])[..14].to_vec();
    let gre_ethernet = [&[0, 0, 0x65, 0x58], &ethernet[..]].concat();
    let vxlan = [&[8, 0, 0, 0, 0, 0, 42, 0], &ethernet[..]].concat();
    let by_ip: [(&str, &[u8]); 3] = [
        ("gre", &[0x30, 0, 8, 0, 0, 0, 0, 7, 0, 0, 0, 1]),
        ("gre-ethernet", &gre_ethernet),
        ("pptp", &[0x30, 1, 0x88, 0x0b, 0, 9, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21]),
    ];
    for (label, header) in by_ip {
        let outer = tape.ends(0);
        let ends = tape.ends(443);
        for inner in query_and_hello(tape, ends, label) {
            tape.packet(&wire::ip(outer, protocol::GRE, &[header, &inner].concat()));
        }
    }
    let by_udp: [(&str, u16, &[u8]); 3] =
        [("vxlan", 4789, &vxlan), ("gtp", 2152, &GTP), ("teredo", 3544, &[])];
    for (label, port, header) in by_udp {
        let outer = tape.ends(port);
        let ends = if label == "teredo" { tape.ends6(443) } else { tape.ends(443) };
        for inner in query_and_hello(tape, ends, label) {
            let mut datagram = [header, &inner].concat();
            if header == GTP {
                let length = u16::try_from(datagram.len() - 8).expect("packets are short");
                datagram[2..4].copy_from_slice(&length.to_be_bytes());
            }
            tape.udp(outer, &datagram);
        }
    }
}

/// Two packets for a tunnel, with their facts noted.
fn query_and_hello(tape: &mut Tape, ends: Ends, label: &str) -> [Vec<u8>; 2] {
    let name = format!("{label}.example.com");
    let dns = Ends { server: (ends.server.ip(), 53).into(), ..ends };
    tape.expect(dns, format_args!("dns-query {name} 1"));
    tape.expect(ends, hello_fact(&name));
    let query = wire::udp(dns, &Message::query(3, &name, names::A).bytes());
    let segment = hello_segment(tape, ends, &name);
    [wire::ip(dns, protocol::UDP, &query), wire::ip(ends, protocol::TCP, &segment)]
}

fn extensions(tape: &mut Tape) {
    let ends = tape.ends6(443);
    let segment = hello_segment(tape, ends, "options.example.com");
    // Hop-by-hop with a jumbo-less pad, routing of type 4 with no segments left, destination options.
    let headers = [
        &[43_u8, 0, 1, 4, 0, 0, 0, 0][..],
        &[60, 2, 4, 0, 0, 0, 0, 0],
        &[0x20; 16],
        &[protocol::TCP, 0, 1, 4, 0, 0, 0, 0],
    ];
    tape.packet(&wire::ipv6(ends, 0, &[&headers.concat()[..], &segment].concat()));
    tape.expect(ends, hello_fact("options.example.com"));

    let ends = tape.ends(443);
    let segment = hello_segment(tape, ends, "router-alert.example.com");
    let mut packet = wire::ip(ends, protocol::TCP, &segment);
    packet.splice(20..20, [0x94, 4, 0, 0]);
    packet[0] = 0x46;
    let length = u16::from_be_bytes([packet[2], packet[3]]) + 4;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    tape.packet(&packet);
    tape.expect(ends, hello_fact("router-alert.example.com"));
}

/// Bytes of each fragment.
const FRAGMENT: usize = 480;

/// A response too long for one packet.
fn pool(tape: &mut Tape, name: &str) -> (Ends, Vec<u8>) {
    let dns = tape.ends(53);
    let mut message = Message::response(4, 0, name, names::A);
    for host in 1..=60 {
        message = message.address(name, 30, Ipv4Addr::new(203, 0, 113, host));
    }
    (dns.turned(), wire::udp(dns.turned(), &message.edns().bytes()))
}

fn expect_pool(tape: &mut Tape, ends: Ends, name: &str) {
    tape.expect(ends, format_args!("dns-response {name} 1 rcode=0"));
    for host in 1..=60 {
        let address = Ipv4Addr::new(203, 0, 113, host);
        tape.expect(ends, format_args!("dns-answer {name} ttl=30 address {address}"));
    }
}

fn pieces4(ends: Ends, number: u8, id: u16, payload: &[u8]) -> Vec<Vec<u8>> {
    let parts = payload.chunks(FRAGMENT).enumerate();
    let piece = |(at, part): (usize, &[u8])| {
        let offset = u16::try_from(at * FRAGMENT).expect("packets are short");
        let more = at * FRAGMENT + part.len() < payload.len();
        wire::ipv4(ends, number, Piece { id, offset, more }, part)
    };
    parts.map(piece).collect()
}

fn pieces6(ends: Ends, number: u8, id: u32, payload: &[u8]) -> Vec<Vec<u8>> {
    let parts = payload.chunks(FRAGMENT).enumerate();
    let piece = |(at, part): (usize, &[u8])| {
        let more = u16::from(at * FRAGMENT + part.len() < payload.len());
        let field = u16::try_from(at * FRAGMENT).expect("packets are short") | more;
        let header = [&[number, 0][..], &field.to_be_bytes(), &id.to_be_bytes()].concat();
        wire::ipv6(ends, 44, &[&header, part].concat())
    };
    parts.map(piece).collect()
}

fn fragments(tape: &mut Tape) {
    let (ends, datagram) = pool(tape, "in-order.example.com");
    for packet in pieces4(ends, protocol::UDP, 11, &datagram) {
        tape.packet(&packet);
    }
    expect_pool(tape, ends, "in-order.example.com");

    let (ends, datagram) = pool(tape, "reversed.example.com");
    for packet in pieces4(ends, protocol::UDP, 12, &datagram).iter().rev() {
        tape.packet(packet);
        tape.packet(packet);
    }
    expect_pool(tape, ends, "reversed.example.com");

    // The second word for the middle is another address: the first counts.
    let (ends, datagram) = pool(tape, "first-word.example.com");
    let packets = pieces4(ends, protocol::UDP, 13, &datagram);
    let mut lie = datagram.clone();
    lie[FRAGMENT..2 * FRAGMENT].fill(0x66);
    tape.packet(&packets[1]);
    tape.packet(&pieces4(ends, protocol::UDP, 13, &lie)[1]);
    tape.packet(&packets[2]);
    tape.packet(&packets[0]);
    expect_pool(tape, ends, "first-word.example.com");

    let ends = tape.ends(443);
    let segment = hello_segment(tape, ends, "fragmented.example.com");
    for packet in pieces4(ends, protocol::TCP, 14, &segment).iter().rev() {
        tape.packet(packet);
    }
    tape.expect(ends, hello_fact("fragmented.example.com"));

    let ends = tape.ends6(443);
    let segment = hello_segment(tape, ends, "fragmented-six.example.com");
    for packet in pieces6(ends, protocol::TCP, 15, &segment).iter().rev() {
        tape.packet(packet);
    }
    tape.expect(ends, hello_fact("fragmented-six.example.com"));

    let ends = Ends { server: (IpAddr::from(Ipv6Addr::LOCALHOST), 53).into(), ..tape.ends6(53) };
    let query = wire::udp(ends, &Message::query(5, "atomic.example.com", names::AAAA).bytes());
    for packet in pieces6(ends, protocol::UDP, 16, &query) {
        tape.packet(&packet);
    }
    tape.expect(ends, "dns-query atomic.example.com 28");

    let (ends, datagram) = pool(tape, "never-whole.example.com");
    let packets = pieces4(ends, protocol::UDP, 17, &datagram);
    tape.packet(&packets[0]);
    tape.packet(&packets[2]);
}
