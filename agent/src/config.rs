//! The agent's settings: defaults < file < environment < flags.
//!
//! Owns every setting and its default. Refuses unknown keys, and reports all mistakes together, each with where it
//! stands, its key and the remedy. What the collector may set (`uplink::collector`) is no setting of this file.

mod segments;

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use toml::Value;

pub use self::segments::{Membership, MembershipError, Segment};
use crate::uplink::proxy::Proxy;

/// Where settings are looked for when neither `--config` nor `--data` is given.
const SYSTEM_FILE: &str = "/etc/elsewhere/agent.toml";
const ENVIRONMENT_PREFIX: &str = "ELSEWHERE_AGENT_";
/// Set for the log filter and for the settings file itself; they are no settings.
const OTHER_VARIABLES: [&str; 2] = ["LOG", "CONFIG"];
const KEYS: [&str; 5] = ["data", "interfaces", "segments_file", "proxy", "zone"];

/// Flags that every command with a data directory takes.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Flags {
    /// Data directory [default: /var/lib/elsewhere-agent]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings file [default: DIR/agent.toml with --data DIR, else /etc/elsewhere/agent.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Directory of identity, spool and state.
    pub data: PathBuf,
    /// Interfaces to watch; empty means all that matter.
    pub interfaces: Vec<String>,
    /// Groups and pseudonym of this device, written by device management; need not exist.
    pub segments_file: PathBuf,
    /// HTTP proxy on the way to the collector.
    pub proxy: Option<Proxy>,
    /// Zone of the device's civil dates; the system's where none is set.
    pub zone: Option<TimeZone>,
}

/// Everything that is wrong with the settings, one line each.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<String>);

/// One source of settings: what it sets, and nothing else.
#[derive(Default)]
struct Layer {
    data: Option<PathBuf>,
    interfaces: Option<Vec<String>>,
    segments_file: Option<PathBuf>,
    proxy: Option<Proxy>,
    zone: Option<TimeZone>,
}

impl Config {
    /// Reads file and environment and lays the flags over them.
    pub fn load(flags: &Flags) -> Result<Self, Mistakes> {
        let variables: Vec<(String, String)> = env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        Self::from_sources(flags, &variables, |path| fs::read_to_string(path))
    }

    /// The settings file that these flags and variables lead to, and whether somebody asked for it by name.
    fn file(flags: &Flags, environment: &Layer, variables: &[(String, String)]) -> (PathBuf, bool) {
        let named =
            variables.iter().find(|(name, _)| name == "ELSEWHERE_AGENT_CONFIG").map(|(_, value)| value);
        match (flags.config.clone().or_else(|| named.map(PathBuf::from)), flags.data.as_ref()) {
            (Some(path), _) => (path, true),
            (None, Some(data)) => (data.join("agent.toml"), false),
            (None, None) => match &environment.data {
                Some(data) => (data.join("agent.toml"), false),
                None => (SYSTEM_FILE.into(), false),
            },
        }
    }

    fn from_sources(
        flags: &Flags,
        variables: &[(String, String)],
        read: impl FnOnce(&Path) -> io::Result<String>,
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let environment = Layer::from_environment(variables, &mut mistakes);
        let (path, named) = Self::file(flags, &environment, variables);
        let file = match read(&path) {
            Ok(text) => Layer::from_toml(&path.display().to_string(), &text, &mut mistakes),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !named => Layer::default(),
            Err(error) => {
                mistakes.push(format!(
                    "{}: {error}; make it readable or name another with --config",
                    path.display()
                ));
                Layer::default()
            }
        };
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        Ok(Self {
            data: flags
                .data
                .clone()
                .or(environment.data)
                .or(file.data)
                .unwrap_or_else(|| "/var/lib/elsewhere-agent".into()),
            interfaces: environment.interfaces.or(file.interfaces).unwrap_or_default(),
            segments_file: environment
                .segments_file
                .or(file.segments_file)
                .unwrap_or_else(|| "/etc/elsewhere/segments.toml".into()),
            proxy: environment.proxy.or(file.proxy),
            zone: environment.zone.or(file.zone),
        })
    }

    /// The zone in which this device's dates are counted.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or_else(TimeZone::system)
    }
}

impl Layer {
    fn from_toml(file: &str, text: &str, mistakes: &mut Vec<String>) -> Self {
        let mut layer = Self::default();
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                mistakes.push(format!("{file}: {}", not_toml(text, &error)));
                return layer;
            }
        };
        for (key, value) in table {
            if let Err(problem) = layer.set(&key, value) {
                mistakes.push(format!("{file}: {key}: {problem}"));
            }
        }
        layer
    }

    fn from_environment(variables: &[(String, String)], mistakes: &mut Vec<String>) -> Self {
        let mut layer = Self::default();
        for (name, text) in variables {
            let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            if OTHER_VARIABLES.contains(&key) {
                continue;
            }
            let key = key.to_ascii_lowercase();
            let value = match key.as_str() {
                "interfaces" => Value::Array(text.split(',').map(|name| name.trim().into()).collect()),
                _ => Value::from(text.as_str()),
            };
            if let Err(problem) = layer.set(&key, value) {
                mistakes.push(format!("environment: {name}: {problem}"));
            }
        }
        layer
    }

    /// Takes one setting; the error says what is wrong and what to write instead.
    fn set(&mut self, key: &str, value: Value) -> Result<(), String> {
        match key {
            "data" => self.data = Some(absolute_path(&value)?),
            "segments_file" => self.segments_file = Some(absolute_path(&value)?),
            "interfaces" => self.interfaces = Some(interface_names(value)?),
            "proxy" => self.proxy = Some(text(&value)?.parse::<Proxy>().map_err(|error| error.to_string())?),
            "zone" => self.zone = Some(zone(text(&value)?)?),
            _ => return Err(format!("no such setting; remove it or write one of {}", KEYS.join(", "))),
        }
        Ok(())
    }
}

/// What stands in the way of reading a TOML text, on one line.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
    format!("line {line}: {}", error.message().replace('\n', ", "))
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("is {}; write a text in quotes", value.type_str()))
}

fn absolute_path(value: &Value) -> Result<PathBuf, String> {
    let path = PathBuf::from(text(value)?);
    if !path.is_absolute() {
        return Err(format!("'{}' is no absolute path; begin it with /", path.display()));
    }
    Ok(path)
}

fn interface_names(value: Value) -> Result<Vec<String>, String> {
    let Value::Array(names) = value else {
        return Err(format!("is {}; write a list like [\"eth0\", \"wlan0\"]", value.type_str()));
    };
    names.iter().map(interface_name).collect()
}

/// Linux allows 15 bytes, and no slash or blank.
fn interface_name(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    if name.is_empty() || name.len() > 15 || name.contains(|c: char| c == '/' || c.is_whitespace()) {
        return Err(format!("'{name}' is no interface name; see the names with: ip link"));
    }
    Ok(name.to_owned())
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("'{name}' is no time zone; write one like Europe/London"))
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n  "))
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../deploy/agent.example.toml");

    fn load(flags: &Flags, variables: &[(&str, &str)], file: Option<&str>) -> Result<Config, Mistakes> {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        Config::from_sources(flags, &variables, |_| {
            file.map(String::from).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let config = load(&Flags::default(), &[], None).unwrap();
        assert_eq!(config.data, Path::new("/var/lib/elsewhere-agent"));
        assert_eq!(config.segments_file, Path::new("/etc/elsewhere/segments.toml"));
        assert!(config.interfaces.is_empty() && config.proxy.is_none() && config.zone.is_none());
    }

    #[test]
    fn the_shipped_example_holds_the_defaults_and_every_key() {
        assert_eq!(load(&Flags::default(), &[], Some(EXAMPLE)), load(&Flags::default(), &[], None));
        let uncommented = EXAMPLE.replace("\n# ", "\n").lines().filter(|line| line.contains(" = ")).fold(
            String::new(),
            |mut text, line| {
                text += line;
                text.push('\n');
                text
            },
        );
        let table: toml::Table = uncommented.parse().unwrap();
        assert_eq!(table.len(), KEYS.len(), "{uncommented}");
        load(&Flags::default(), &[], Some(&uncommented)).unwrap();
    }

    #[test]
    fn flags_beat_environment_beats_file() {
        let file = "data = '/file'\nzone = 'Europe/Berlin'\ninterfaces = ['eth0']";
        let variables = [("ELSEWHERE_AGENT_DATA", "/env"), ("ELSEWHERE_AGENT_INTERFACES", "eth1, wlan0")];
        let config = load(&Flags::default(), &variables, Some(file)).unwrap();
        assert_eq!(config.data, Path::new("/env"));
        assert_eq!(config.interfaces, ["eth1", "wlan0"]);
        assert_eq!(config.zone, TimeZone::get("Europe/Berlin").ok());

        let flags = Flags { data: Some("/flag".into()), config: None };
        assert_eq!(load(&flags, &variables, Some(file)).unwrap().data, Path::new("/flag"));
    }

    #[test]
    fn a_data_directory_brings_its_own_file() {
        let layer = Layer::default();
        let flags = Flags { data: Some("/d".into()), config: None };
        assert_eq!(Config::file(&flags, &layer, &[]), ("/d/agent.toml".into(), false));
        let flags = Flags { data: Some("/d".into()), config: Some("/c".into()) };
        assert_eq!(Config::file(&flags, &layer, &[]), ("/c".into(), true));
        assert_eq!(Config::file(&Flags::default(), &layer, &[]), (SYSTEM_FILE.into(), false));
    }

    #[test]
    fn all_mistakes_are_reported_together() {
        let file = "data = 'relative'\ninterval = 5\nzone = 'Mars/Olympus'\ninterfaces = 'eth0'\nproxy = 'socks5://x'";
        let mistakes = load(&Flags::default(), &[("ELSEWHERE_AGENT_DATE", "x")], Some(file)).unwrap_err();
        insta::assert_snapshot!(mistakes, @r#"
        environment: ELSEWHERE_AGENT_DATE: no such setting; remove it or write one of data, interfaces, segments_file, proxy, zone
          /etc/elsewhere/agent.toml: data: 'relative' is no absolute path; begin it with /
          /etc/elsewhere/agent.toml: interfaces: is string; write a list like ["eth0", "wlan0"]
          /etc/elsewhere/agent.toml: interval: no such setting; remove it or write one of data, interfaces, segments_file, proxy, zone
          /etc/elsewhere/agent.toml: proxy: no proxy to use; write it like http://proxy.example:3128, without a password
          /etc/elsewhere/agent.toml: zone: 'Mars/Olympus' is no time zone; write one like Europe/London
        "#);
    }

    #[test]
    fn a_named_file_must_exist() {
        let flags = Flags { config: Some("/nowhere.toml".into()), data: None };
        assert!(load(&flags, &[], None).unwrap_err().to_string().starts_with("/nowhere.toml: "));
        assert!(load(&Flags::default(), &[], Some("data = ")).is_err());
    }
}
