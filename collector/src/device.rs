//! Devices and the customers behind them: random names, the groups they count with, and whether they may deliver.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

use crate::segment::Segments;

/// Random name of an enrolled device, written `7f3a-c21e-0d4b-9a11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(u64);

/// Why a text is no device id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no device id; write it like 7f3a-c21e-0d4b-9a11")]
pub struct DeviceIdError(String);

impl DeviceId {
    /// A name that nobody has: 64 random bits.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The name with these bits, for a simulation that must give the same names from the same seed.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |shift: u32| (self.0 >> shift) & 0xffff;
        write!(f, "{:04x}-{:04x}-{:04x}-{:04x}", part(48), part(32), part(16), part(0))
    }
}

impl FromStr for DeviceId {
    type Err = DeviceIdError;

    fn from_str(text: &str) -> Result<Self, DeviceIdError> {
        let error = || DeviceIdError(text.chars().take(40).collect());
        let digits: String = text.split('-').collect();
        let id = Self(u64::from_str_radix(&digits, 16).map_err(|_| error())?);
        if id.to_string() == text { Ok(id) } else { Err(error()) }
    }
}

/// Random name that joins the devices of one customer; device management writes it, so no person stands behind it here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pseudonym(Box<str>);

/// Why a text is no pseudonym.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a customer pseudonym is 1 to 64 letters, digits, '-', '_' or '.'")]
pub struct PseudonymError;

impl Pseudonym {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pseudonym {
    type Err = PseudonymError;

    fn from_str(text: &str) -> Result<Self, PseudonymError> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if plain && (1..=64).contains(&text.len()) { Ok(Self(text.into())) } else { Err(PseudonymError) }
    }
}

/// What a device says about whom it is counted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// At most one node in each dimension.
    pub segments: Segments,
    /// The customer, where device management has named one; else the device is a customer of its own.
    pub pseudonym: Option<Pseudonym>,
}

/// The customer behind one or more devices: the pseudonym, or the device where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Customer {
    /// Known by a pseudonym on all their devices.
    Pseudonym(Pseudonym),
    /// Known by the one device.
    Device(DeviceId),
}

impl Customer {
    /// The customer of a device with these groups.
    pub fn of(device: DeviceId, groups: &Groups) -> Self {
        groups.pseudonym.clone().map_or(Self::Device(device), Self::Pseudonym)
    }
}

/// Dates on which a device that was enrolled by a token of many uses must have told of a day before it counts toward a
/// group: whoever holds such a token could else enrol the group.
pub const ACTIVE_DAYS: u32 = 5;

/// May the device deliver?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// Yes.
    Active,
    /// Not until somebody has looked: two devices seem to use its certificate.
    Quarantined,
    /// Never again.
    Revoked,
}

impl DeviceState {
    /// As commands print it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Revoked => "revoked",
        }
    }
}

/// An enrolled device, as the control file knows it. No usage stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// Number of its newest enrolment; certificates of earlier ones are refused.
    pub epoch: u32,
    /// Date (UTC) of the first enrolment.
    pub enrolled: Date,
    /// Date (UTC) of the last visit; finer is not kept.
    pub last_visit: Option<Date>,
    /// May it deliver?
    pub state: DeviceState,
    /// Groups as last heard.
    pub groups: Groups,
    /// Enrolled by a token of many uses: counts toward a group's size only after 5 active days.
    pub group_token: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_ids_are_read_only_as_they_are_written() {
        let id: DeviceId = "7f3a-c21e-0d4b-9a11".parse().unwrap();
        assert_eq!(id.to_string(), "7f3a-c21e-0d4b-9a11");
        for text in [
            "",
            "7f3ac21e0d4b9a11",
            "7F3A-c21e-0d4b-9a11",
            "7f3a-c21e-0d4b",
            "7f3a-c21e-0d4b-9a1g",
            "+f3a-c21e-0d4b-9a11",
        ] {
            assert!(text.parse::<DeviceId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pseudonym_is_a_short_plain_word() {
        assert!("c-0f3a.9".parse::<Pseudonym>().is_ok());
        for text in ["", "a b", "ä", &"x".repeat(65)] {
            assert!(text.parse::<Pseudonym>().is_err(), "{text}");
        }
    }
}
