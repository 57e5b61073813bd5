//! What an attribute has to be: a known name, a value of that name's form, a source and a month.

use super::{MAX_WORD_BYTES, files};
use crate::attribute::AttributeName;
use crate::name::check_name;

/// The attributes of a service, in the order of [`AttributeName::ALL`]. `review` is the month of the catalog's last
/// review, past which nothing can be known.
pub(super) fn check(
    service: &files::Service,
    review: &str,
    refuse: &mut impl FnMut(String),
) -> Vec<(AttributeName, files::Attribute)> {
    let mut attributes = Vec::new();
    for (name, attribute) in &service.attributes {
        let mut refuse = |why: &str| refuse(format!("service `{}`: attribute `{name}`: {why}", service.id));
        let Some(known) = AttributeName::ALL.into_iter().find(|known| known.as_str() == name) else {
            refuse(&format!("is none of {}", AttributeName::ALL.map(AttributeName::as_str).join(", ")));
            continue;
        };
        if let Err(form) = known.read(&attribute.value) {
            refuse(&format!("value `{}` is not {form}", attribute.value));
        }
        if attribute.value.len() > MAX_WORD_BYTES || attribute.source.len() > MAX_WORD_BYTES {
            refuse(&format!("value or source is longer than {MAX_WORD_BYTES} bytes"));
        }
        if !is_address(&attribute.source) {
            refuse("the source is the https address of the page that says so");
        }
        if !is_month(&attribute.month) {
            refuse(&format!("month `{}` is not like 2026-11", attribute.month));
        } else if *attribute.month > *review {
            refuse(&format!("month `{}` is after the catalog's version, {review}", attribute.month));
        }
        attributes.push((known, attribute.clone()));
    }
    attributes.sort_by_key(|(name, _)| *name);
    attributes
}

/// `https://`, a host and what follows, without blanks.
fn is_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.contains('.') && check_name(host).is_ok() && rest.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `2026-11`.
fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else { return false };
    is_number(year, 4)
        && is_number(month, 2)
        && month.parse().is_ok_and(|month: u8| (1..=12).contains(&month))
}

/// The month of a date like `2026-11-22`.
pub(super) fn month_of(date: &str) -> Option<&str> {
    let (month, day) = date.rsplit_once('-')?;
    let is_date =
        is_month(month) && is_number(day, 2) && day.parse().is_ok_and(|day: u8| (1..=31).contains(&day));
    is_date.then_some(month)
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}
