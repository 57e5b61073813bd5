//! What a single setting may be. The environment and flags give texts, the file also numbers and lists.

use std::{
    fmt::Display,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use jiff::tz::TimeZone;
use toml::Value;

pub(super) const LOCAL: fn(u16) -> SocketAddr = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));

pub(super) fn text<T: FromStr<Err: Display>>(value: &Value) -> Result<T, String> {
    let text = value.as_str().ok_or_else(|| format!("{value} is no text; put it in quotes"))?;
    text.parse().map_err(|error: T::Err| error.to_string())
}

pub(super) fn listener(value: &Value) -> Result<SocketAddr, String> {
    let text: String = text(value)?;
    text.parse().map_err(|_| format!("'{text}' is no address and port; write it like 127.0.0.1:8421"))
}

pub(super) fn loopback(value: &Value) -> Result<SocketAddr, String> {
    let address = listener(value)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!(
        "{address} can be reached from other machines, and people are served without TLS; \
         use a loopback address and put a TLS proxy in front"
    ))
}

pub(super) fn zone(value: &Value) -> Result<TimeZone, String> {
    let text: String = text(value)?;
    TimeZone::get(&text).map_err(|_| format!("'{text}' is no time zone; write it like Europe/London"))
}

pub(super) fn number(value: &Value, least: u32, most: u32) -> Result<u32, String> {
    let number = match value {
        Value::Integer(number) => Some(*number),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{value} is no number from {least} to {most}"))
}

/// A list, or a text with commas.
pub(super) fn list<T: FromStr<Err: Display>>(value: &Value) -> Result<Vec<T>, String> {
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        Value::String(texts) => texts
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| text.parse().map_err(|error: T::Err| error.to_string()))
            .collect(),
        _ => Err(format!("{value} is no list; write it like [\"203.0.113.0/24\"]")),
    }
}
