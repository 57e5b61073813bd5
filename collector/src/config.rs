//! How a collector is configured: defaults < `collector.toml` < `ELSEWHERE_COLLECTOR_*` < flags.
//!
//! Unknown keys are refused, and all mistakes are reported together. Nothing here is secret.

use std::{fmt, net::SocketAddr, path::Path};

use jiff::{
    Timestamp,
    civil::{Time, Weekday},
    tz::TimeZone,
};

use self::source::Sources;
use crate::{place::Network, week::Week};

mod source;
mod value;

/// All settings of one collector.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where people's browsers and programs connect: plain HTTP, so loopback only.
    pub people: SocketAddr,
    /// Where agents connect.
    pub devices: SocketAddr,
    /// The agents' address as they must dial it; where it is not set, the one that is listened on.
    pub public_address: Option<PublicAddress>,
    /// The organisation's time zone.
    pub zone: TimeZone,
    /// When a week is frozen, in that zone.
    pub freeze: FreezeTime,
    /// Smallest group that is ever shown; at least 5.
    pub minimum_group: u32,
    /// Seconds between two visits of an agent.
    pub visit_interval_seconds: u32,
    /// Public addresses of the organisation's offices.
    pub offices: Vec<Network>,
}

/// Host and port that agents dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicAddress {
    /// A host name or an address; it becomes a name of the server's certificate.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A weekly time at which the week before is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreezeTime {
    /// The day.
    pub weekday: Weekday,
    /// The time on that day.
    pub time: Time,
}

/// All that is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

/// Smallest group under which nothing is ever shown; the floor's promise, so it can only be raised.
pub const LEAST_MINIMUM_GROUP: u32 = 5;
/// Every key, as the file spells it; the environment spells it in capitals after its prefix.
const KEYS: [&str; 8] = [
    "people",
    "devices",
    "public_address",
    "zone",
    "freeze",
    "minimum_group",
    "visit_interval_seconds",
    "offices",
];

impl Config {
    /// Reads what is configured for the directory. `flags` are the settings given on the command line, by key.
    pub fn load(
        dir: &Path,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(&'static str, String)],
    ) -> Result<Self, ConfigError> {
        let path = dir.join("collector.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError(vec![format!("{}: {error}", path.display())])),
        };
        Self::parse(&path.display().to_string(), &text, environment, flags)
    }

    /// Settings from the text of a file, the environment and the command line.
    pub fn parse(
        file: &str,
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(&'static str, String)],
    ) -> Result<Self, ConfigError> {
        let mut sources = Sources::read(file, text, environment, flags, &KEYS);
        let config = Self {
            people: sources.take("people", value::loopback, || value::LOCAL(8420)),
            devices: sources.take("devices", value::listener, || value::LOCAL(8421)),
            public_address: sources.take("public_address", |v| value::text(v).map(Some), || None),
            zone: sources.take("zone", value::zone, || TimeZone::UTC),
            freeze: sources.take("freeze", value::text, FreezeTime::default),
            minimum_group: sources.take(
                "minimum_group",
                |v| value::number(v, LEAST_MINIMUM_GROUP, 1_000),
                || LEAST_MINIMUM_GROUP,
            ),
            visit_interval_seconds: sources.take(
                "visit_interval_seconds",
                |v| value::number(v, 1, 24 * 60 * 60),
                || 15 * 60,
            ),
            offices: sources.take("offices", value::list, Vec::new),
        };
        sources.finish().map_err(ConfigError)?;
        Ok(config)
    }
}

/// As collector.toml would spell it.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "people = \"{}\"", self.people)?;
        writeln!(f, "devices = \"{}\"", self.devices)?;
        if let Some(address) = &self.public_address {
            writeln!(f, "public_address = \"{address}\"")?;
        }
        writeln!(f, "zone = \"{}\"", self.zone.iana_name().unwrap_or("UTC"))?;
        writeln!(f, "freeze = \"{}\"", self.freeze)?;
        writeln!(f, "minimum_group = {}", self.minimum_group)?;
        writeln!(f, "visit_interval_seconds = {}", self.visit_interval_seconds)?;
        let offices: Vec<String> = self.offices.iter().map(|office| format!("\"{office}\"")).collect();
        writeln!(f, "offices = [{}]", offices.join(", "))
    }
}

impl Default for FreezeTime {
    fn default() -> Self {
        Self { weekday: Weekday::Monday, time: Time::constant(12, 0, 0, 0) }
    }
}

impl FreezeTime {
    /// The first freeze time after the end of a week, in the organisation's zone.
    pub fn after(self, week: Week, zone: &TimeZone) -> Timestamp {
        let days = i64::from(self.weekday.to_monday_zero_offset());
        let date = week.plus(1).monday().saturating_add(jiff::Span::new().days(days));
        // A time that clocks skip is taken as the time after the gap; dates at the calendar's end never come.
        zone.to_ambiguous_timestamp(date.to_datetime(self.time)).compatible().unwrap_or(Timestamp::MAX)
    }
}

impl std::str::FromStr for FreezeTime {
    type Err = String;

    /// Reads `Monday 12:00`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(' ').and_then(|(day, time)| {
            let weekday = Weekday::from_monday_zero_offset(
                DAYS.iter().position(|name| name.eq_ignore_ascii_case(day))?.try_into().ok()?,
            );
            Some((weekday.ok()?, time.trim().parse().ok()?))
        });
        let (weekday, time) =
            parts.ok_or_else(|| format!("'{text}' is no weekday and time; write it like Monday 12:00"))?;
        Ok(Self { weekday, time })
    }
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl fmt::Display for FreezeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = DAYS[usize::from(self.weekday.to_monday_zero_offset().unsigned_abs())];
        write!(f, "{day} {:02}:{:02}", self.time.hour(), self.time.minute())
    }
}

impl std::str::FromStr for PublicAddress {
    type Err = String;

    /// Reads `host:port`; an IPv6 address stands in brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("'{text}' is no public address; write it like elsewhere.example.com:8421");
        let (host, port) = text.rsplit_once(':').ok_or_else(error)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(error)?;
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().map_err(|_| error())?.to_string(),
            None => host.to_ascii_lowercase(),
        };
        let name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b));
        if host.is_empty() || !name || host.len() > 253 {
            return Err(error());
        }
        Ok(Self { host, port })
    }
}

impl From<SocketAddr> for PublicAddress {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_canonical().to_string(), port: address.port() }
    }
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests;
