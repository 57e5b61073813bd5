//! DNS over UDP and TCP as resolvers and clients really speak it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    super::{
        Built, Tape,
        hello::noise,
        names::{self, Message},
        tape::Tcp,
        wire::Ends,
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "dns-answers",
        "Questions with EDNS (cookie, padding), in mixed case, for the root, with underscores and with bytes of no host name; answers with a chain of \
         twelve CNAMEs in shuffled order, of both families, of types without a name in them, NXDOMAIN with its SOA, SERVFAIL.",
        answers,
    ),
    on_ethernet(
        "dns-services",
        "HTTPS and SVCB records, RFC 9460: alias mode, service mode with ALPN and hints, with an ECH configuration whose \
         public name is another, with one of an unknown version before it, and with one that is cut short.",
        services,
    ),
    on_ethernet(
        "dns-tcp",
        "DNS over TCP: several messages a segment, a message over many segments, the length split from its message and \
         in itself, pieces in reverse order and doubled; both directions.",
        tcp,
    ),
];

fn ask(tape: &mut Tape, message: &Message, fact: &str) -> Ends {
    let ends = tape.ends(53);
    tape.udp(ends, &message.bytes());
    tape.expect(ends, format_args!("dns-query {fact}"));
    ends
}

/// Sends a response, and expects it with these answers.
fn answer(tape: &mut Tape, ends: Ends, message: &Message, question: &str, answers: &[String]) {
    let ends = ends.turned();
    tape.udp(ends, &message.bytes());
    expect_answer(tape, ends, question, answers);
}

fn expect_answer(tape: &mut Tape, ends: Ends, question: &str, answers: &[String]) {
    tape.expect(ends, format_args!("dns-response {question}"));
    for answer in answers {
        tape.expect(ends, format_args!("dns-answer {answer}"));
    }
}

fn answers(tape: &mut Tape) {
    let name = "www.chain.example.com";
    let ends = ask(tape, &Message::query(1, name, names::A).edns(), &format!("{name} 1"));
    let link =
        |at: usize| if at == 0 { name.to_owned() } else { format!("hop{at}.cdn{}.example.net", at % 3) };
    let mut message =
        Message::response(1, 0, name, names::A).address(&link(12), 20, Ipv4Addr::new(203, 0, 113, 7));
    let mut facts = vec![format!("{} ttl=20 address 203.0.113.7", link(12))];
    for at in [7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 4, 6] {
        message = message.alias(&link(at), 300, &link(at + 1));
        facts.push(format!("{} ttl=300 alias {}", link(at), link(at + 1)));
    }
    answer(tape, ends, &message.edns(), &format!("{name} 1 rcode=0"), &facts);

    let ends = ask(tape, &Message::query(2, "wWw.eXaMpLe.cOm", names::AAAA), "www.example.com 28");
    let address: Ipv6Addr = "2001:db8::80".parse().expect("an address");
    let message =
        Message::response(2, 0, "wWw.eXaMpLe.cOm", names::AAAA).address("wWw.eXaMpLe.cOm", 1, address);
    let facts = ["www.example.com ttl=1 address 2001:db8::80".into()];
    answer(tape, ends, &message, "www.example.com 28 rcode=0", &facts);

    let name = "_dmarc.example.com";
    let ends = ask(tape, &Message::query(3, name, names::TXT), &format!("{name} 16"));
    let message = Message::response(3, 0, name, names::TXT).answer(name, names::TXT, 5, b"\x06v=none");
    answer(tape, ends, &message, &format!("{name} 16 rcode=0"), &[format!("{name} ttl=5 type 16")]);

    let name = "nobody.example.com";
    let ends = ask(tape, &Message::query(4, name, names::A), &format!("{name} 1"));
    let message = Message::response(4, 3, name, names::A).authority("example.com").edns();
    answer(tape, ends, &message, &format!("{name} 1 rcode=3"), &[]);

    let name = "broken.example.com";
    let ends = ask(tape, &Message::query(5, name, names::A), &format!("{name} 1"));
    answer(tape, ends, &Message::response(5, 2, name, names::A), &format!("{name} 1 rcode=2"), &[]);

    let ends = tape.ends(53);
    tape.udp(ends, &Message::query(8, "Caf\u{e9} \r\u{1a}.example.com", names::A).bytes());
    tape.expect(ends, "dns-odd-name caf\u{e9} \\r\\032.example.com 1");

    // The root has no name that could be anyone's; nothing is said about it.
    let ends = tape.ends(53);
    tape.udp(ends, &Message::query(6, "", names::SOA).bytes());

    let name = "xn--bcher-kva.example";
    let ends = ask(tape, &Message::query(7, name, names::A), &format!("{name} 1"));
    let message = Message::response(7, 0, name, names::A);
    let cut = message.address(name, 9, Ipv4Addr::new(203, 0, 113, 9)).address(
        name,
        9,
        Ipv4Addr::new(203, 0, 113, 8),
    );
    // The second address breaks off, as in a truncated answer.
    let bytes = cut.bytes();
    tape.udp(ends.turned(), &bytes[..bytes.len() - 2]);
    let facts = [format!("{name} ttl=9 address 203.0.113.9")];
    expect_answer(tape, ends.turned(), &format!("{name} 1 rcode=0"), &facts);
}

/// Key and value of a service parameter.
type Parameter = (u16, Vec<u8>);

fn services(tape: &mut Tape) {
    let alpn = (1, b"\x02h3\x02h2".to_vec());
    let hint = names::hint(Ipv4Addr::new(203, 0, 113, 1));
    let config = names::ech_config_list("public.example.net", &noise(&mut tape.rng, 32));
    let mut other_first = config.clone();
    // An unknown version of four bytes before the known one.
    other_first.splice(2..2, [0xfe, 0x08, 0, 4, 1, 2, 3, 4]);
    let length = u16::try_from(other_first.len() - 2).expect("a list is short");
    other_first[..2].copy_from_slice(&length.to_be_bytes());
    let cut = config[..20].to_vec();
    let (https, svcb) = (names::HTTPS, names::SVCB);
    let own_name = (1, "");
    tell(tape, "alias.example.com", https, (0, "pool.example.net"), &[], "-");
    tell(tape, "plain.example.com", https, own_name, &[alpn.clone(), hint.clone()], "-");
    let with_ech = [alpn.clone(), hint.clone(), (5, config)];
    tell(tape, "hidden.example.com", https, own_name, &with_ech, "public.example.net");
    let with_two = [alpn, (5, other_first)];
    tell(tape, "second.example.com", https, (2, "backup.example.com"), &with_two, "public.example.net");
    tell(tape, "cut.example.com", https, own_name, &[(5, cut)], "-");
    tell(tape, "_dns.resolver.example.com", svcb, (1, "doh.example.com"), &[hint], "-");
}

/// A question for a name's service, and the answer with one record: its priority and target, its parameters.
fn tell(
    tape: &mut Tape,
    name: &str,
    kind: u16,
    (priority, target): (u16, &str),
    parameters: &[Parameter],
    public_name: &str,
) {
    let ends = ask(tape, &Message::query(8, name, kind).edns(), &format!("{name} {kind}"));
    let message = Message::response(8, 0, name, kind).service(name, kind, priority, target, parameters);
    let alpn = if parameters.iter().any(|(key, _)| *key == 1) { "h3,h2" } else { "-" };
    let fact = format!("{name} ttl=300 service alpn={alpn} ech={public_name}");
    answer(tape, ends, &message, &format!("{name} {kind} rcode=0"), &[fact]);
}

fn tcp(tape: &mut Tape) {
    let question = |name: &str| Message::query(9, name, names::A).edns().framed();
    let reply = |name: &str| {
        Message::response(9, 0, name, names::A).address(name, 60, Ipv4Addr::new(203, 0, 113, 5)).framed()
    };
    let expect = |tape: &mut Tape, ends: Ends, name: &str| {
        tape.expect(ends, format_args!("dns-query {name} 1"));
        let facts = [format!("{name} ttl=60 address 203.0.113.5")];
        expect_answer(tape, ends.turned(), &format!("{name} 1 rcode=0"), &facts);
    };

    let ends = tape.ends(53);
    let mut connection = Tcp::open(tape, ends);
    let names = ["a.example.com", "b.example.com", "c.example.com"];
    connection.up(tape, &names.map(question).concat());
    connection.down(tape, &names.map(reply).concat());
    for name in names {
        expect(tape, ends, name);
    }
    connection.close(tape);

    let ends = tape.ends(53);
    let mut connection = Tcp::open(tape, ends);
    for byte in question("bytewise.example.com") {
        connection.up(tape, &[byte]);
    }
    let bytes = reply("bytewise.example.com");
    for part in bytes.chunks(7) {
        connection.down(tape, part);
    }
    expect(tape, ends, "bytewise.example.com");
    connection.close(tape);

    let ends = tape.ends(53);
    let mut connection = Tcp::open(tape, ends);
    let stream = [question("late.example.com"), question("later.example.com")].concat();
    connection.up_pieces(tape, &stream, &[50..200, 1..60, 1..60, 0..1]);
    let stream = [reply("late.example.com"), reply("later.example.com")].concat();
    connection.down_at(tape, 40, &stream[40..]);
    connection.down_at(tape, 2, &stream[2..45]);
    connection.down_at(tape, 0, &stream[..2]);
    expect(tape, ends, "late.example.com");
    expect(tape, ends, "later.example.com");
    connection.close(tape);
}
