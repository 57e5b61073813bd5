//! Numbers, names and lists as people read them.

use super::{Context, Digest};
use crate::published::{Figure, WeekState, customers_step};

/// `61400` as `61,400`.
pub(super) fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A figure, or that it is under the smallest group.
pub(super) fn figure(figure: Figure, minimum_group: u32) -> String {
    figure.shown().map_or_else(|| format!("fewer than {minimum_group}"), thousands)
}

/// Tenths of a percent: `34` as `3.4`.
pub(super) fn tenths(tenths: u16) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// "Send something once" within a sentence; "AI ..." stays as it is.
pub(super) fn in_sentence(name: &str) -> String {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain([second]).chain(letters).collect()
        }
        _ => name.to_owned(),
    }
}

/// `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Eight heights, the least and the most of the line as the lowest and the highest; a dot where there is no figure.
pub(super) fn sparkline(line: &[Option<u32>]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = || line.iter().copied().flatten();
    let (least, most) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
    let height = |value: u32| match most - least {
        0 => HEIGHTS[3],
        range => {
            let height = u64::from(value - least) * 7 / u64::from(range);
            HEIGHTS[usize::try_from(height).expect("it is at most 7")]
        }
    };
    line.iter().map(|value| value.map_or('·', height)).collect()
}

/// `13 weeks 78 ██▆▃▁ 74`, as long as the line has a past.
pub(super) fn line(context: &Context) -> Option<String> {
    let known: Vec<u32> = context.line.iter().copied().flatten().collect();
    let [first, .., last] = known.as_slice() else { return None };
    let from = context.line.iter().position(Option::is_some)?;
    let line = &context.line[from..];
    Some(format!("{} weeks {} {} {}", line.len(), thousands(*first), sparkline(line), thousands(*last)))
}

/// What a day is, and how figures are rounded.
pub(super) fn how_counted(digest: &Digest) -> String {
    let step = customers_step(digest.minimum_group);
    format!(
        "One day = one customer meeting one need on one date. Customers are rounded down to {step}, days to {}; groups \
         under {} are never shown.",
        2 * step,
        digest.minimum_group
    )
}

/// Whether and when the week was frozen.
pub(super) fn state(digest: &Digest) -> String {
    match (digest.state, &digest.frozen_local) {
        (WeekState::Frozen { before_its_end: true, .. }, Some(at)) => {
            format!("Frozen {at}, BEFORE ITS END: days are missing.")
        }
        (WeekState::Frozen { .. }, Some(at)) => format!("Frozen {at}."),
        _ => "Not frozen yet: it is counted anew every night.".to_owned(),
    }
}

/// `Northmoor (simulated)`.
pub(super) fn organisation(digest: &Digest) -> String {
    format!("{}{}", digest.organisation, if digest.simulated { " (simulated)" } else { "" })
}

/// `9-15 November`, `30 November-6 December`.
pub(super) fn dates(digest: &Digest) -> String {
    let (from, to) = (digest.from, digest.to);
    if from.month() == to.month() {
        return format!("{}-{}", from.day(), to.strftime("%-d %B"));
    }
    format!("{}-{}", from.strftime("%-d %B"), to.strftime("%-d %B"))
}

/// The name of a small number.
pub(super) fn count(number: usize) -> &'static str {
    ["no", "one", "two", "three", "four", "five"].get(number).copied().unwrap_or("some")
}
