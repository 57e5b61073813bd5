//! The page for wikis and chats. Names come from configuration and devices, so they are escaped.

use super::{Digest, text, words};
use crate::{insight::percents, published::PublishedNeed};
use words::thousands;

/// Most rows of the table of needs; the rest is in the JSON.
const MOST_NEEDS: usize = 15;

/// The page, with a final line feed.
pub(super) fn write(digest: &Digest) -> String {
    let mut lines = vec![
        format!("# Elsewhere: {}, week {}", escape(&words::organisation(digest)), digest.week),
        format!("{}, {}. {}", escape(&digest.segment_name), words::dates(digest), words::state(digest)),
    ];
    if digest.simulated {
        lines.push("**Simulated company: its customers and all figures are made up.**".to_owned());
    }
    lines.push(format!("## {}", escape(&digest.headline)));
    lines.push(numbers(digest).join("\n"));
    lines.extend(needs(digest));
    if !digest.movements.is_empty() {
        lines.push("## Movements, by days elsewhere gained in four weeks".to_owned());
        lines.push(movements(digest).join("\n"));
    }
    lines.push("## What we could not see".to_owned());
    let sentences = text::not_seen_sentences(&digest.not_seen, digest);
    lines.push(
        sentences.iter().map(|sentence| format!("- {}", escape(sentence))).collect::<Vec<_>>().join("\n"),
    );
    lines.push(format!(
        "One day = one customer meeting one need on one date. Customers are rounded to 5; groups under {} are never \
         shown.",
        digest.minimum_group
    ));
    format!("{}\n", lines.join("\n\n"))
}

fn numbers(digest: &Digest) -> Vec<String> {
    let mut numbers = Vec::new();
    if let Some(share) = &digest.share_of_need {
        numbers.push(format!(
            "1. **Share of need**: {} of 100 days with us alone{}, {} with both, {} tolerated, {} elsewhere alone; {}{} \
             days. *Which job would you not bring to us first, and what would have to be different?*",
            share.ours_alone,
            share.context.last_week.map(|last| format!(" (last week {last})")).unwrap_or_default(),
            share.both,
            share.tolerated,
            share.elsewhere_alone,
            words::line(&share.context).map(|line| format!("{line}; ")).unwrap_or_default(),
            thousands(share.customer_days)
        ));
    }
    let figure = |figure| words::figure(figure, digest.minimum_group);
    numbers.push(format!(
        "1. **Left us, came back**: {} left us for a need, {} came back, of {} customers seen. *What changed for you in \
         the last weeks?*",
        figure(digest.moves.left),
        figure(digest.moves.came_back),
        figure(digest.moves.customers_seen)
    ));
    if let Some(unserved) = &digest.unserved_needs {
        numbers.push(format!(
            "1. **Unserved needs**: {} days elsewhere{}. *Which of these would you rather have from us?*",
            thousands(unserved.customer_days),
            words::line(&unserved.context).map(|line| format!("; {line}")).unwrap_or_default()
        ));
    }
    numbers
}

/// The segment's needs by days elsewhere alone.
fn needs(digest: &Digest) -> Option<String> {
    let row = digest.figures.first()?;
    let mut shown: Vec<(&PublishedNeed, [u32; 4])> = row
        .needs
        .iter()
        .filter_map(|need| Some((need, need.parts()?)))
        .filter(|(_, parts)| parts[3] > 0)
        .collect();
    shown.sort_by_key(|(_, parts)| std::cmp::Reverse(parts[3]));
    if shown.is_empty() {
        return None;
    }
    let mut table = vec![
        "| need | days | with us alone | both | tolerated | elsewhere alone |".to_owned(),
        "| --- | ---: | ---: | ---: | ---: | ---: |".to_owned(),
    ];
    for (need, parts) in shown.into_iter().take(MOST_NEEDS) {
        let [ours, both, tolerated, elsewhere] = percents(parts);
        let days = parts.iter().sum();
        table.push(format!(
            "| {}{} | {} | {ours} % | {both} % | {tolerated} % | {elsewhere} % |",
            escape(name(digest, &need.need)),
            if need.served { "" } else { " (unserved)" },
            thousands(days)
        ));
    }
    Some(table.join("\n"))
}

fn name<'d>(digest: &'d Digest, need: &'d str) -> &'d str {
    digest.need_names.iter().find(|known| known.id == need).map_or(need, |known| &known.name)
}

fn movements(digest: &Digest) -> Vec<String> {
    let movements = digest.movements.iter();
    movements
        .map(|movement| {
            let services = text::services(movement, digest.minimum_group);
            let at = if services.is_empty() { String::new() } else { format!(" At {}.", escape(&services)) };
            format!(
                "1. **{}, {}**: +{} days.{at} {} *{}*",
                escape(&movement.segment_name),
                words::in_sentence(&movement.need.name),
                thousands(movement.gained_days),
                text::rate(movement).unwrap_or_default(),
                escape(&movement.question)
            )
        })
        .collect()
}

/// Text that Markdown and HTML take as it is.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => escaped.extend(['\\', letter]),
            _ => escaped.push(letter),
        }
    }
    escaped
}
