//! Hellos that go to a resolver: DNS over TLS, QUIC or HTTPS, RFC 7858, RFC 9250, RFC 8484.
//!
//! The first two give themselves away by port 853 or their ALPN. DNS over HTTPS looks like any other HTTPS: it is told
//! by whom it goes to, which for the resolvers that programs come with is a short list. A resolver that stands in no
//! list is not told from a web server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fact::{EncryptedDns, FactKind, FlowKey, Transport};
use crate::domain::Domain;

/// Port of DNS over TLS (RFC 7858 §3.1) and over QUIC (RFC 9250 §4.1.1).
const PORT: u16 = 853;

/// Host names of public resolvers' HTTPS endpoints, each as its operator documents it; names below one count too.
const RESOLVERS: &[&str] = &[
    // developers.cloudflare.com/1.1.1.1/encryption/dns-over-https; covers those for Mozilla, Chrome and families.
    "cloudflare-dns.com",
    "one.one.one.one",
    // developers.google.com/speed/public-dns/docs/doh
    "dns.google",
    // quad9.net/service/service-addresses-and-features
    "dns.quad9.net",
    "dns9.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    // support.opendns.com "Using DNS over HTTPS with OpenDNS"
    "doh.opendns.com",
    "doh.familyshield.opendns.com",
    "doh.umbrella.com",
    // adguard-dns.io/en/public-dns.html
    "dns.adguard-dns.com",
    "family.adguard-dns.com",
    "unfiltered.adguard-dns.com",
    // help.nextdns.io
    "dns.nextdns.io",
    // cleanbrowsing.org/guides/dnsoverhttps
    "doh.cleanbrowsing.org",
    // mullvad.net/help/dns-over-https-and-dns-over-tls
    "dns.mullvad.net",
    // docs.controld.com/docs/free-dns
    "freedns.controld.com",
    "dns.controld.com",
    // Apple's own, used where a network does not name one: developer.apple.com "Designated resolvers".
    "doh.dns.apple.com",
];

/// Addresses at which the same resolvers serve nothing but DNS, where programs reach them without a name.
const ADDRESSES: &[IpAddr] = &[
    // Cloudflare.
    v4(1, 1, 1, 1),
    v4(1, 0, 0, 1),
    v4(1, 1, 1, 2),
    v4(1, 0, 0, 2),
    v4(1, 1, 1, 3),
    v4(1, 0, 0, 3),
    v6(0x2606_4700_4700_0000_0000_0000_0000_1111),
    v6(0x2606_4700_4700_0000_0000_0000_0000_1001),
    // Google.
    v4(8, 8, 8, 8),
    v4(8, 8, 4, 4),
    v6(0x2001_4860_4860_0000_0000_0000_0000_8888),
    v6(0x2001_4860_4860_0000_0000_0000_0000_8844),
    // Quad9.
    v4(9, 9, 9, 9),
    v4(149, 112, 112, 112),
    v6(0x2620_00fe_0000_0000_0000_0000_0000_00fe),
    v6(0x2620_00fe_0000_0000_0000_0000_0000_0009),
    // OpenDNS.
    v4(208, 67, 222, 222),
    v4(208, 67, 220, 220),
    // AdGuard.
    v4(94, 140, 14, 14),
    v4(94, 140, 15, 15),
];

/// Whether a hello is to a resolver, and how it will be asked there.
pub(super) fn behind(flow: &FlowKey, kind: &FactKind) -> Option<EncryptedDns> {
    let (FactKind::TlsClientHello(hello) | FactKind::QuicClientHello { hello, .. }) = kind else {
        return None;
    };
    let offers = |protocol: &str| hello.alpn.iter().any(|offered| offered == protocol);
    if flow.dst.port() == PORT || offers("dot") || offers("doq") {
        return Some(match flow.transport {
            Transport::Tcp => EncryptedDns::Tls,
            Transport::Udp => EncryptedDns::Quic,
        });
    }
    let by_name = hello.server_name.as_ref().is_some_and(is_resolver);
    let by_address = flow.dst.port() == 443 && ADDRESSES.contains(&flow.dst.ip());
    (by_name || by_address).then_some(EncryptedDns::Https)
}

fn is_resolver(name: &Domain) -> bool {
    let is_below = |resolver: &&str| {
        let head = name.as_str().strip_suffix(*resolver);
        head.is_some_and(|head| head.is_empty() || head.ends_with('.'))
    };
    RESOLVERS.iter().any(is_below)
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(bits: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::ClientHello;

    #[test]
    fn resolver_is_told_by_port_protocol_name_or_address() {
        use Transport::{Tcp, Udp};
        for (case, transport, server, name, alpn, expected) in [
            ("TLS by port", Tcp, "198.51.100.1:853", None, "", Some(EncryptedDns::Tls)),
            ("TLS by protocol", Tcp, "198.51.100.1:443", Some("r.example"), "dot", Some(EncryptedDns::Tls)),
            ("QUIC by port", Udp, "198.51.100.1:853", None, "", Some(EncryptedDns::Quic)),
            ("QUIC by protocol", Udp, "198.51.100.1:8853", None, "doq", Some(EncryptedDns::Quic)),
            ("HTTPS by name", Tcp, "198.51.100.1:443", Some("dns.google"), "h2", Some(EncryptedDns::Https)),
            (
                "HTTPS by a name below",
                Udp,
                "198.51.100.1:443",
                Some("mozilla.cloudflare-dns.com"),
                "h3",
                Some(EncryptedDns::Https),
            ),
            ("HTTPS by address", Tcp, "9.9.9.9:443", None, "h2", Some(EncryptedDns::Https)),
            (
                "HTTPS by address, version 6",
                Udp,
                "[2001:4860:4860::8888]:443",
                None,
                "h3",
                Some(EncryptedDns::Https),
            ),
            ("a name that only ends alike", Tcp, "198.51.100.1:443", Some("notdns.google"), "h2", None),
            ("any other", Tcp, "198.51.100.1:443", Some("www.google.com"), "h2", None),
            ("the resolver's address, another port", Tcp, "9.9.9.9:8443", None, "", None),
        ] {
            let flow =
                FlowKey { transport, src: "192.0.2.9:40000".parse().unwrap(), dst: server.parse().unwrap() };
            let server_name = name.map(|name| Domain::from_wire(name.as_bytes()).unwrap());
            let hello = ClientHello { server_name, alpn: vec![alpn.into()], ..ClientHello::default() };
            let kind = match transport {
                Tcp => FactKind::TlsClientHello(hello),
                Udp => FactKind::QuicClientHello { version: 1, hello },
            };
            assert_eq!(behind(&flow, &kind), expected, "{case}");
        }
    }
}
