//! Where a device is: in the office if its visit came from one of the organisation's own public addresses.
//!
//! The address is compared and forgotten.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::device_day::Place;

/// A network like `203.0.113.0/24`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no network; write it like 203.0.113.0/24 or 2001:db8::/32")]
pub struct NetworkError(String);

impl Network {
    /// Does the address lie in it? An IPv4 address in IPv6 clothes counts as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = u32::from(ours) ^ u32::from(theirs);
                differ.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = u128::from(ours) ^ u128::from(theirs);
                differ.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError(text.chars().take(60).collect());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), str::parse).map_err(|_| error())?;
        if prefix > longest { Err(error()) } else { Ok(Self { address, prefix }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Where a device is whose visit came from this address; not known as long as no office is named.
pub fn of(address: IpAddr, offices: &[Network]) -> Place {
    match offices {
        [] => Place::Unknown,
        _ if offices.iter().any(|office| office.contains(address)) => Place::Office,
        _ => Place::Away,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offices_are_the_networks_named() {
        let offices = ["203.0.113.0/25", "198.51.100.7", "2001:db8::/32"].map(|text| text.parse().unwrap());
        for (address, place) in [
            ("203.0.113.127", Place::Office),
            ("203.0.113.128", Place::Away),
            ("::ffff:203.0.113.1", Place::Office),
            ("198.51.100.7", Place::Office),
            ("198.51.100.6", Place::Away),
            ("2001:db8:1::1", Place::Office),
            ("2001:db9::1", Place::Away),
        ] {
            assert_eq!(of(address.parse().unwrap(), &offices), place, "{address}");
        }
        assert_eq!(of("203.0.113.1".parse().unwrap(), &[]), Place::Unknown);
        assert_eq!(of("192.0.2.1".parse().unwrap(), &["0.0.0.0/0".parse().unwrap()]), Place::Office);
    }

    #[test]
    fn what_is_no_network_says_so() {
        for text in ["", "office", "203.0.113.0/33", "203.0.113.0/", "203.0.113/24", "::/129", "1.2.3.4/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
