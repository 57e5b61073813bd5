//! Encrypted hellos: GREASE shows the real name, a real one its public name, which is never a service.

use super::*;

const FRONT: &str = "front.example";

/// The device looked up a name whose record has this front.
fn asked_https(wire: &mut Wire, qname: &str, front: &str) {
    let data = DnsData::Service { alpn: vec![], ech_public_name: Some(domain(front)) };
    let service = DnsAnswer { name: domain(qname), ttl: 60, data };
    let address = DnsAnswer { name: domain(qname), ttl: 60, data: DnsData::Address(wire.key.dst.ip()) };
    wire.dns(qname, 0, vec![address, service]);
}

fn encrypted(wire: &mut Wire, shown: Option<&str>) {
    let hello = ClientHello { server_name: shown.map(domain), ech: true, ..ClientHello::default() };
    wire.connect().segment(UP, ACK, 500).tell(UP, FactKind::TlsClientHello(hello));
    wire.server_hello().segment(UP, ACK, 200);
}

#[test]
fn each_kind_of_encrypted_hello_is_told_apart() {
    type Case = (&'static str, fn(&mut Wire), Naming, bool);
    let known = |name: &str, source| Naming::Known(domain(name), source);
    let open = Naming::Open;
    let cases: &[Case] = &[
        (
            "grease",
            |wire| encrypted(wire, Some("miro.com")),
            known("miro.com", NameSource::ServerName),
            false,
        ),
        (
            "grease to a name that another one's record has",
            |wire| {
                asked_https(wire, "evil.example", "miro.com");
                wire.asked_dns("miro.com");
                encrypted(wire, Some("miro.com"));
            },
            known("miro.com", NameSource::ServerName),
            false,
        ),
        (
            "real, by the short list",
            |wire| encrypted(wire, Some("cloudflare-ech.com")),
            open(WhyOpen::HiddenByEch),
            true,
        ),
        (
            "real, and DNS told",
            |wire| {
                wire.asked_dns("miro.com");
                encrypted(wire, Some("cloudflare-ech.com"));
            },
            known("miro.com", NameSource::Dns),
            true,
        ),
        (
            "real, by the record of the hidden name",
            |wire| {
                asked_https(wire, "miro.com", FRONT);
                encrypted(wire, Some(FRONT));
            },
            known("miro.com", NameSource::Dns),
            true,
        ),
        (
            "real, one of several names at the address",
            |wire| {
                wire.asked_dns("slack.com");
                asked_https(wire, "miro.com", FRONT);
                wire.asked_dns("asana.com");
                encrypted(wire, Some(FRONT));
            },
            known("miro.com", NameSource::Dns),
            true,
        ),
        (
            "real, one of several names, none of which has that front",
            |wire| {
                wire.asked_dns("slack.com").asked_dns("asana.com");
                encrypted(wire, Some("cloudflare-ech.com"));
            },
            open(WhyOpen::HiddenByEch),
            true,
        ),
        (
            "real, the other name has its own connection by now",
            |wire| {
                wire.asked_dns("slack.com").asked_dns("asana.com").establish("slack.com");
                wire.flows.finish();
                wire.reports();
                wire.key.src.set_port(40_001);
                encrypted(wire, Some("cloudflare-ech.com"));
            },
            known("asana.com", NameSource::Dns),
            true,
        ),
        (
            "real, and the public name itself is all that was asked for",
            |wire| {
                wire.asked_dns("cloudflare-ech.com");
                encrypted(wire, Some("cloudflare-ech.com"));
            },
            open(WhyOpen::HiddenByEch),
            true,
        ),
        ("no name on show", |wire| encrypted(wire, None), open(WhyOpen::NeverResolved), false),
        (
            "no name on show, and DNS told",
            |wire| {
                wire.asked_dns("miro.com");
                encrypted(wire, None);
            },
            known("miro.com", NameSource::Dns),
            false,
        ),
        (
            "public name without the extension",
            |wire| {
                asked_https(wire, "miro.com", FRONT);
                wire.asked_dns(FRONT).establish(FRONT);
            },
            known(FRONT, NameSource::ServerName),
            false,
        ),
        (
            "short list without the extension",
            |wire| {
                wire.establish("cloudflare-ech.com");
            },
            known("cloudflare-ech.com", NameSource::ServerName),
            false,
        ),
    ];
    for (case, play, naming, is_encrypted) in cases {
        let mut wire = Wire::tcp();
        play(&mut wire);
        let flow = wire.end().unwrap();
        assert_eq!((&flow.naming, flow.hello.unwrap().encrypted), (naming, *is_encrypted), "{case}");
    }
}
