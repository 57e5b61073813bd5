//! The page for wikis and chats. Names come from configuration and devices, so they are escaped.

use super::{Digest, PageKind, not_seen, sections, sentences, words};
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
    match digest.page {
        PageKind::Pilot | PageKind::FirstWeeks => lines.extend(early(digest)),
        PageKind::Quiet => {
            lines.push(numbers(digest).join("\n"));
            lines.push("## What we could not see".to_owned());
            lines.extend(list(&not_seen::in_short(digest)));
        }
        PageKind::Usual => lines.extend(usual(digest)),
    }
    lines.push(words::how_counted(digest));
    format!("{}\n", lines.join("\n\n"))
}

fn early(digest: &Digest) -> Vec<String> {
    let mut lines = Vec::new();
    for section in sections::of(digest) {
        lines.push(format!("## {}", section.heading));
        if !section.note.is_empty() {
            lines.push(capitalised(section.note));
        }
        lines.extend(list(&section.sentences));
    }
    lines
}

fn usual(digest: &Digest) -> Vec<String> {
    let mut lines = vec![numbers(digest).join("\n")];
    lines.extend(needs(digest));
    lines.push("## Movements".to_owned());
    if digest.movements.is_empty() {
        lines.push(capitalised(sentences::NO_MOVEMENTS));
    } else {
        lines.push(capitalised(sentences::RANKED));
        lines.push(movements(digest).join("\n"));
    }
    lines.extend(sentences::star(digest).map(escape));
    if let Some(to_review) = list(&sentences::to_review(digest)) {
        lines.extend([
            format!("## {}", sentences::TO_REVIEW),
            capitalised(sentences::TO_REVIEW_NOTE),
            to_review,
        ]);
    }
    lines.extend(list(&sentences::also(digest)));
    lines.extend(followed_up(digest));
    lines.push("## What we could not see".to_owned());
    lines.extend(list(&not_seen::sentences(digest)));
    lines
}

fn numbers(digest: &Digest) -> Vec<String> {
    let mut numbers = Vec::new();
    if let Some(share) = &digest.share_of_need {
        let tolerated =
            if share.tolerated > 0 { format!(", {} tolerated", share.tolerated) } else { String::new() };
        numbers.push(format!(
            "1. **Share of need**: {} of 100 days with us alone, {} with both{tolerated}, {} elsewhere alone; {}. \
             *Which job would you not bring to us first, and what would have to be different?*",
            share.ours_alone,
            share.both,
            share.elsewhere_alone,
            sentences::context(&share.context, Some(format!("{} days", thousands(share.customer_days))))
        ));
    }
    let figure = |figure| words::figure(figure, digest.minimum_group);
    if let Some(moves) = &digest.moves {
        numbers.push(format!(
            "1. **Left us, came back**: {} left us for a need, {} came back, of {} customers seen; {}. *What changed for \
             you in the last weeks?*",
            figure(moves.left),
            figure(moves.came_back),
            figure(moves.customers_seen),
            sentences::moves(moves)
        ));
    }
    if let Some(pace) = digest.pace {
        numbers.push(format!(
            "1. **Pace**: {}; {}. *What could you settle without us?*",
            sentences::pace(pace),
            sentences::pace_of(pace)
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
    let more = shown.len().saturating_sub(MOST_NEEDS);
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
    if more > 0 {
        table.push(format!("\nNeeds with fewer days elsewhere, in the JSON: {more}."));
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
            format!(
                "1. **{} {}**: {}{}. {} *{}*{}",
                sentences::conversation(movement),
                escape(&sentences::what_moved(movement)),
                sentences::affair(movement).map(|affair| format!("{affair}; ")).unwrap_or_default(),
                sentences::gained(movement, digest.week),
                escape(&sentences::movement(movement, digest.minimum_group).join(" ")),
                escape(&movement.question),
                movement.with.as_ref().map(|head| format!(" ({})", escape(head))).unwrap_or_default()
            )
        })
        .collect()
}

fn followed_up(digest: &Digest) -> Vec<String> {
    let mut lines = Vec::new();
    let decisions: Vec<String> = digest.decisions.iter().map(sentences::decision).collect();
    if let Some(decisions) = list(&decisions) {
        lines.extend(["## Decisions followed up".to_owned(), capitalised(sentences::FOLLOWED_UP), decisions]);
    }
    let targets: Vec<String> = digest.targets.iter().map(sentences::target).collect();
    if let Some(targets) = list(&targets) {
        lines.extend(["## The way still to go".to_owned(), targets]);
    }
    lines
}

fn list(sentences: &[String]) -> Option<String> {
    let items: Vec<String> = sentences.iter().map(|sentence| format!("- {}", escape(sentence))).collect();
    (!items.is_empty()).then(|| items.join("\n"))
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
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
