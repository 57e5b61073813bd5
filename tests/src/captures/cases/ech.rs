//! Encrypted Client Hello, RFC 9849: extensions that are only for show, and real ones.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    super::{
        Built, Tape,
        hello::{Hello, noise},
        names::{self, Message},
        quic::{Initial, V1, crypto},
        tape::Tcp,
        wire::Ends,
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "ech-grease",
        "Hellos over TCP and QUIC with an ECH extension that means nothing, as browsers send it where DNS gave no \
         configuration: the name in the clear is the real one.",
        grease,
    ),
    on_ethernet(
        "ech-real",
        "An HTTPS record gives an ECH configuration; the hellos to the addresses that DNS gave carry its public name \
         over TCP and QUIC. The public name is no service: the connection has the name that was asked for.",
        real,
    ),
    on_ethernet(
        "ech-real-alone",
        "The same hello where DNS told nothing but the configuration: whom the connection is to is hidden.",
        alone,
    ),
];

fn visit(tape: &mut Tape, ends: Ends, hello: &Hello, flow_name: &str) {
    let stream = hello.records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
    let answer = [&[22, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3][..], &[23, 3, 3, 2, 0], &[0x77; 512]].concat();
    tcp.down(tape, &answer);
    tape.expect(ends.turned(), "tls-server-hello");
    // The client's Finished and a request.
    let request = [&[20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 100][..], &[0x55; 100]].concat();
    tcp.up(tape, &request);
    tcp.down(tape, &answer[11..]);
    tcp.close(tape);
    let (up, down) = (stream.len() + request.len(), 2 * answer.len() - 11);
    tape.expect(ends, format_args!("flow {flow_name} up={up} down={down} established"));
}

fn grease(tape: &mut Tape) {
    let ends = tape.ends(443);
    let hello = Hello { ech: true, ..Hello::large("grease.example.com") };
    visit(tape, ends, &hello, "grease.example.com");
    let ends = tape.ends(443);
    visit_quic(tape, ends, "grease-quic.example.com", "grease-quic.example.com");
}

fn visit_quic(tape: &mut Tape, ends: Ends, name: &str, flow_name: &str) {
    let hello = Hello { ech: true, ..Hello::quic(name) };
    let id = noise(&mut tape.rng, 8);
    let first = Initial::first(V1, &id);
    let packet = first.seal(&crypto(0, &hello.message(&mut tape.rng)), 1200);
    tape.udp(ends, &packet);
    tape.expect(ends, hello.fact("quic 0x00000001"));
    let answer = Initial { destination_id: b"client", source_id: b"server", by_server: true, ..first };
    let answer = answer.seal(&crypto(0, &[2, 0, 0, 2, 3, 3]), 1200);
    tape.udp(ends.turned(), &answer);
    tape.expect(ends.turned(), "quic-server");
    tape.expect(ends, format_args!("flow {flow_name} up={} down={} established", packet.len(), answer.len()));
}

/// A name is asked for both its HTTPS record and its address, as browsers do.
fn look_up(tape: &mut Tape, name: &str, address: Option<IpAddr>) {
    let dns = tape.ends(53);
    let config = names::ech_config_list("cover.example.net", &noise(&mut tape.rng, 32));
    tape.udp(dns, &Message::query(1, name, names::HTTPS).bytes());
    tape.expect(dns, format_args!("dns-query {name} 65"));
    let parameters = [(1, b"\x02h3\x02h2".to_vec()), (5, config)];
    let response =
        Message::response(1, 0, name, names::HTTPS).service(name, names::HTTPS, 1, "", &parameters);
    tape.udp(dns.turned(), &response.bytes());
    tape.expect(dns.turned(), format_args!("dns-response {name} 65 rcode=0"));
    tape.expect(
        dns.turned(),
        format_args!("dns-answer {name} ttl=300 service alpn=h3,h2 ech=cover.example.net"),
    );
    let Some(address) = address else { return };
    tape.udp(dns, &Message::query(2, name, names::A).bytes());
    tape.expect(dns, format_args!("dns-query {name} 1"));
    tape.udp(dns.turned(), &Message::response(2, 0, name, names::A).address(name, 300, address).bytes());
    tape.expect(dns.turned(), format_args!("dns-response {name} 1 rcode=0"));
    tape.expect(dns.turned(), format_args!("dns-answer {name} ttl=300 address {address}"));
}

fn real(tape: &mut Tape) {
    let (ends, quic) = (tape.ends(443), tape.ends(443));
    look_up(tape, "private.example.com", Some(ends.server.ip()));
    let hello = Hello { ech: true, ..Hello::large("cover.example.net") };
    visit(tape, ends, &hello, "private.example.com");
    look_up(tape, "private-quic.example.com", Some(quic.server.ip()));
    visit_quic(tape, quic, "cover.example.net", "private-quic.example.com");
}

fn alone(tape: &mut Tape) {
    look_up(tape, "private.example.com", None);
    let ends = Ends { server: (Ipv4Addr::new(203, 0, 113, 99), 443).into(), ..tape.ends(443) };
    let hello = Hello { ech: true, ..Hello::large("cover.example.net") };
    visit(tape, ends, &hello, "hidden");
}
