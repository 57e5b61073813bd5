//! Whom a connection is to: what it shows of a name, against what DNS told before.

use std::net::SocketAddr;

use jiff::Timestamp;

use super::{Connection, Flows, Hello, NameSource, Naming, WhyOpen};
use crate::{
    decode::{ClientHello, FlowKey, Target},
    domain::Domain,
    names::Names,
};

impl Flows {
    pub(super) fn on_hello(&mut self, now: Timestamp, key: FlowKey, hello: &ClientHello, names: &mut Names) {
        let shown = hello.server_name.as_ref();
        let front = shown.filter(|name| hello.ech && names.is_ech_front(now, name, key.dst.ip()));
        let hints = Hello { ja4: hello.ja4.clone(), alpn: hello.alpn.clone(), encrypted: front.is_some() };
        self.update(now, key, |connection| connection.on_hello(hints));
        match (front, shown) {
            (Some(front), _) => self.name_anew(key, Some(front), names),
            (None, Some(name)) => self.name(key, name, NameSource::ServerName, names),
            (None, None) => self.name_anew(key, None, names),
        }
        self.update(now, key, |_| {});
    }

    /// A connection kept open to a proxy carries requests to one host after another: each is reported on its own.
    pub(super) fn on_http_host(&mut self, now: Timestamp, key: FlowKey, name: &Domain, names: &mut Names) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        if matches!(&connection.naming, Naming::Known(other, NameSource::HttpHost) if other != name) {
            self.reports.extend(connection.report(false));
        }
        self.name(key, name, NameSource::HttpHost, names);
        self.update(now, key, |_| {});
    }

    /// A connection to a proxy is one to whoever is asked for there, by name or by an address that was looked up.
    pub(super) fn on_proxy_target(
        &mut self,
        now: Timestamp,
        key: FlowKey,
        target: &Target,
        names: &mut Names,
    ) {
        let behind = target.address.map(|ip| FlowKey { dst: SocketAddr::new(ip, target.port), ..key });
        let looked_up = behind.and_then(|behind| names.resolve(now, &behind, None).ok());
        if let Some(name) = target.name.as_ref().or(looked_up.as_ref()) {
            self.name(key, name, NameSource::ProxyTarget, names);
        } else if let Some(connection) = self.connections.get_mut(&key) {
            give_back(connection, names);
            connection.open(WhyOpen::ShownAsAddress);
        }
        self.update(now, key, |_| {});
    }

    /// A connection shows its name.
    fn name(&mut self, key: FlowKey, name: &Domain, source: NameSource, names: &mut Names) {
        self.reuse.connected(name);
        let Some(connection) = self.connections.get_mut(&key) else { return };
        if !connection.is_to(name) {
            give_back(connection, names);
        }
        if connection.name(name.clone(), source) {
            connection.lookup = connection.lookup.or(names.connected(name));
        }
    }

    /// A connection shows no name, or only that of an encrypted hello: with what its hello and other connections have
    /// told since it was opened, DNS may tell.
    fn name_anew(&mut self, key: FlowKey, front: Option<&Domain>, names: &mut Names) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        if front.is_none() && connection.naming != Naming::Open(WhyOpen::SeveralFit) {
            return;
        }
        give_back(connection, names);
        match names.resolve(connection.started, &key, front) {
            Ok(name) => self.name(key, &name, NameSource::Dns, names),
            Err(why) => connection.open(if front.is_some() { WhyOpen::HiddenByEch } else { why }),
        }
    }
}

/// The name that DNS told is not this connection's: its lookup waits for another one.
fn give_back(connection: &mut Connection, names: &mut Names) {
    if let Some(guess) = connection.forget_dns_name() {
        names.not_connected(&guess, connection.lookup.take());
    }
}
