//! Which interfaces are watched.
//!
//! All that are up and carry the device's own traffic: Ethernet and the like, tunnels, PPP, and loopback for the
//! questions to a resolver on the device itself. Not the ports of a bridge or a bond, whose traffic is seen again on the
//! bridge or the bond itself, and nothing that carries no IP.

use std::{fs, net::IpAddr, path::Path};

use pnet::datalink::{self, NetworkInterface};

use super::Link;

/// Where Linux tells about interfaces.
const ABOUT: &str = "/sys/class/net";

/// An interface that can be watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// What its frames begin with on a raw socket; `None` where such a socket does not tell. A cooked one needs none.
    pub link: Option<Link>,
    pub(super) inner: NetworkInterface,
}

/// Why the interfaces asked for can't be watched.
#[derive(Debug, thiserror::Error)]
pub enum InterfaceError {
    /// There is none of this name, or it is down, or of a kind that is not read.
    #[error(
        "interface {name} is not there, is down, or is of a kind that is not read; watched could be: {there}"
    )]
    NotThere {
        /// As asked for.
        name: String,
        /// What is there.
        there: String,
    },
}

impl Interface {
    /// Its name, such as `eth0`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The system's number for it.
    pub fn index(&self) -> u32 {
        self.inner.index
    }

    /// Whether it leads back to this device.
    pub fn is_loopback(&self) -> bool {
        self.inner.is_loopback()
    }

    /// Whether it was taken away since, even if another has its name by now.
    pub(super) fn is_gone(&self) -> bool {
        let index = fs::read_to_string(Path::new(ABOUT).join(self.name()).join("ifindex"));
        !index.is_ok_and(|index| index.trim().parse() == Ok(self.index()))
    }

    pub(super) fn mac(&self) -> Option<[u8; 6]> {
        self.inner.mac.map(|mac| mac.octets())
    }

    pub(super) fn has_address(&self, address: IpAddr) -> bool {
        self.inner.ips.iter().any(|network| network.ip() == address)
    }
}

/// All interfaces that matter.
pub fn interfaces() -> Vec<Interface> {
    datalink::interfaces().into_iter().filter_map(watchable).collect()
}

/// The interfaces of these names; all that matter where there are none.
pub fn select(names: &[String]) -> Result<Vec<Interface>, InterfaceError> {
    let there = interfaces();
    if names.is_empty() {
        return Ok(there);
    }
    let named = |name: &String| {
        there.iter().find(|interface| interface.name() == name).cloned().ok_or_else(|| {
            let there: Vec<&str> = there.iter().map(Interface::name).collect();
            InterfaceError::NotThere { name: name.clone(), there: there.join(", ") }
        })
    };
    names.iter().map(named).collect()
}

fn watchable(interface: NetworkInterface) -> Option<Interface> {
    let about = Path::new(ABOUT).join(&interface.name);
    let is_port = about.join("brport").exists() || about.join("bonding_slave").exists();
    if !interface.is_up() || is_port {
        return None;
    }
    let link = match fs::read_to_string(about.join("type")) {
        Ok(kind) => link_of(kind.trim())?,
        // Only Linux has this file; elsewhere pnet gives Ethernet frames.
        Err(_) => Some(Link::Ethernet),
    };
    Some(Interface { link, inner: interface })
}

/// What frames of a hardware type of `linux/if_arp.h` begin with; outside, whether it carries IP.
#[expect(clippy::option_option, reason = "the outer one says whether it is watched at all")]
fn link_of(hardware_type: &str) -> Option<Option<Link>> {
    match hardware_type {
        // Ethernet; loopback, with an Ethernet header.
        "1" | "772" => Some(Some(Link::Ethernet)),
        // Nothing: tun, WireGuard.
        "65534" => Some(Some(Link::RawIp)),
        // CAN, radio below Ethernet, and the kernel's own monitors.
        "280" | "801" | "802" | "803" | "804" | "805" | "824" | "826" => None,
        // PPP, IP in IP, and others with a header of their own.
        _ => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_are_read_are_watched() {
        assert_eq!(link_of("1"), Some(Some(Link::Ethernet)));
        assert_eq!(link_of("65534"), Some(Some(Link::RawIp)));
        assert_eq!(link_of("512"), Some(None));
        assert_eq!(link_of("280"), None);
    }

    #[test]
    fn unknown_name_is_refused_with_what_is_there() {
        let error = select(&["no-such-interface".into()]).unwrap_err();
        assert!(error.to_string().starts_with("interface no-such-interface is not there"));
    }
}
