//! The cases that are built, by what they are about.

mod dns;
mod ech;
mod encrypted_dns;
mod http;
mod ip;
mod link;
mod outcome;
mod proxy;
mod quic;
mod starttls;
mod tls;

use super::{Built, Tape};

/// All of them.
pub(super) fn all() -> Vec<Built> {
    [
        link::CASES,
        ip::CASES,
        dns::CASES,
        tls::CASES,
        starttls::CASES,
        proxy::CASES,
        http::CASES,
        quic::CASES,
        ech::CASES,
        encrypted_dns::CASES,
        outcome::CASES,
    ]
    .into_iter()
    .flatten()
    .map(|case| Built { ..*case })
    .collect()
}

/// A case on Ethernet.
const fn on_ethernet(name: &'static str, about: &'static str, make: fn(&mut Tape)) -> Built {
    Built { name, about, make, tape: Tape::new }
}
