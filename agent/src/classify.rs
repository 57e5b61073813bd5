//! What a connection was to: a service and the role of its host, plumbing, or a name outside the catalog.
//!
//! Owns the verdict on a flow; which kind of program it was, [`judge`] says. Refuses private life: a personal
//! name becomes [`Subject::Personal`], which holds nothing, and no later stage learns more. Always holds: the public
//! name of a real Encrypted Client Hello is no subject, because `flows` does not hand it on.

pub mod judge;

use elsewhere_catalog::{
    Catalog, PlumbingKind, Role, Service, Verdict,
    layer::{Layer, Tenancy},
};

use crate::flows::{Flow, Naming, is_tunnel};

/// What a connection was to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'f> {
    /// A host of a service in the catalog.
    Service {
        /// The service.
        service: Service<'f>,
        /// What the host does for it.
        role: Role,
        /// Pages of others load from this host too.
        often_embedded: bool,
        /// Whose tenant of the service the host is.
        tenancy: Tenancy,
    },
    /// A name outside the catalog, by its registrable domain.
    Unlisted(&'f str),
    /// What machines contact for themselves.
    Plumbing(PlumbingKind),
    /// A tunnel of some network: what goes through it is not seen, or seen on the interface inside.
    Tunnel,
    /// Private life. Which kind is not said, to nobody.
    Personal,
    /// Nobody knows: no name, several, a hidden one, or one without a registrable domain.
    Unnamed,
}

/// What the flow was to, by the catalog and what the organisation adds to it.
pub fn subject<'f>(catalog: &'f Catalog, layer: &'f Layer, flow: &'f Flow) -> Subject<'f> {
    if flow.encrypted_dns.is_some() {
        return Subject::Plumbing(PlumbingKind::Dns);
    }
    if is_tunnel(&flow.key) {
        return Subject::Tunnel;
    }
    let Naming::Known(name, _) = &flow.naming else { return Subject::Unnamed };
    match catalog.classify_with(layer, name.as_str()) {
        Verdict::Service { service, role, often_embedded } => {
            let tenancy = catalog.tenancy_with(layer, service.id(), role, name.as_str());
            Subject::Service { service, role, often_embedded, tenancy }
        }
        Verdict::Plumbing(kind) => Subject::Plumbing(kind),
        Verdict::Personal => Subject::Personal,
        Verdict::Unknown => name.registrable().map_or(Subject::Unnamed, Subject::Unlisted),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        decode::{EncryptedDns, FlowKey, Transport},
        domain::Domain,
        flows::{FlowId, NameSource, Outcome, Timings, WhyOpen},
    };

    fn flow(transport: Transport, server: &str, naming: Naming, encrypted_dns: Option<EncryptedDns>) -> Flow {
        let src = "192.0.2.9:40000".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        Flow {
            id: FlowId(1),
            key: FlowKey { transport, src, dst: server.parse().unwrap() },
            started: now,
            from: now,
            until: now,
            naming,
            hello: None,
            owner: None,
            encrypted_dns,
            bytes_up: 0,
            bytes_down: 0,
            resent_up: 0,
            resent_down: 0,
            outcome: Outcome::Established,
            timings: Timings::default(),
            exchanges: Vec::new(),
            is_first: true,
            is_last: true,
        }
    }

    #[test]
    fn subject_is_told_by_what_was_seen_not_by_the_port() {
        use Transport::{Tcp, Udp};
        let open = |why| Naming::Open(why);
        let named =
            |name: &str| Naming::Known(Domain::from_wire(name.as_bytes()).unwrap(), NameSource::ServerName);
        let dns = Subject::Plumbing(PlumbingKind::Dns);
        let cases = [
            ("DNS over TLS", Tcp, "198.51.100.1:853", named("r.example"), Some(EncryptedDns::Tls), dns),
            (
                "DNS over HTTPS",
                Tcp,
                "9.9.9.9:443",
                open(WhyOpen::NeverResolved),
                Some(EncryptedDns::Https),
                dns,
            ),
            (
                "port 853 alone",
                Tcp,
                "198.51.100.1:853",
                named("a.example"),
                None,
                Subject::Unlisted("a.example"),
            ),
            ("tunnel", Udp, "198.51.100.1:51820", open(WhyOpen::NeverResolved), None, Subject::Tunnel),
            ("several", Tcp, "198.51.100.1:443", open(WhyOpen::SeveralFit), None, Subject::Unnamed),
            ("hidden", Tcp, "198.51.100.1:443", open(WhyOpen::HiddenByEch), None, Subject::Unnamed),
        ];
        let catalog = elsewhere_catalog::builtin();
        for (case, transport, server, naming, encrypted_dns, expected) in cases {
            let flow = flow(transport, server, naming, encrypted_dns);
            assert_eq!(subject(catalog, &Layer::default(), &flow), expected, "{case}");
        }
    }
}
