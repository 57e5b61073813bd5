//! What text and Markdown write of a page in the first weeks and of a pilot, section by section.

use super::{
    Digest, PageKind, ServiceLine,
    early::{self, NeedMet, ProposalLine},
    kind::PILOT_UNDER,
    not_seen, words,
};
use crate::{
    insight::proposal::Looks,
    published::{Figure, customers_step},
};
use words::thousands;

/// Most needs and most proposals on a page; the JSON has all.
const MOST_LINES: usize = 10;

/// A heading, what stands beside it, and sentences.
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) note: &'static str,
    pub(super) sentences: Vec<String>,
}

/// What leads a page on which nothing else may.
pub(super) fn headline(page: PageKind, seen: Figure, minimum_group: u32) -> String {
    let seen = words::figure(seen, minimum_group);
    match page {
        PageKind::Pilot => {
            format!(
                "This is a pilot: {seen} customers were seen, and figures that compare begin at {PILOT_UNDER}."
            )
        }
        _ => "First weeks: nothing is called elsewhere before somebody has looked at it.".to_owned(),
    }
}

/// All of an early page but its head.
pub(super) fn of(digest: &Digest) -> Vec<Section> {
    let mut sections = Vec::new();
    if digest.page == PageKind::Pilot {
        sections.push(what_can_be_said(digest));
    }
    sections.push(met(digest));
    if digest.segment == "all" {
        sections.push(looks_like_ours(digest));
        sections.push(how_to_review());
    }
    sections.push(Section {
        heading: "What we could not see",
        note: "",
        sentences: not_seen::sentences(digest),
    });
    sections
}

fn what_can_be_said(digest: &Digest) -> Section {
    let k = digest.minimum_group;
    let step = customers_step(k);
    let can = format!(
        "Can be said: which needs {k} customers or more met in the week, at which services, and what looks like ours."
    );
    let seen = digest.figures.first().and_then(|row| row.customers.shown()).filter(|seen| *seen > 0);
    let by_a_step = seen.map(|seen| {
        format!(
            " Customers are rounded down to {step}: of {seen} that is a step of {} in 100.",
            step * 100 / seen
        )
    });
    let can_not = format!(
        "Can't be said: shares, rates, who left or came back, what moves and why.{}",
        by_a_step.unwrap_or_default()
    );
    let with = format!("With {PILOT_UNDER} customers in a week the page sets week beside week.");
    Section { heading: "What can be said of so few", note: "", sentences: vec![can, can_not, with] }
}

fn met(digest: &Digest) -> Section {
    let k = digest.minimum_group;
    let mut sentences: Vec<String> =
        digest.needs_met.iter().take(MOST_LINES).map(|met| need_met(met, k)).collect();
    let more = digest.needs_met.len().saturating_sub(MOST_LINES);
    if more > 0 {
        sentences.push(format!("Met by fewer, in the JSON: {more} needs."));
    }
    if sentences.is_empty() {
        sentences.push(format!("No need was met by {k} customers or more."));
    }
    sentences.push("Take along: which of your jobs is missing here, and where do you do it?".to_owned());
    Section { heading: "Needs that were met", note: "customers, and in brackets last week", sentences }
}

/// `Send and read email: 30 customers (25), 110 days; at Outlook 30 (25).`
fn need_met(met: &NeedMet, minimum_group: u32) -> String {
    let last = |last: Option<u32>| last.map(|last| format!(" ({})", thousands(last))).unwrap_or_default();
    let service = |line: &ServiceLine| {
        format!(
            "{} {}{}",
            line.name,
            words::figure(line.customers, minimum_group),
            last(line.customers_last_week)
        )
    };
    let at = match met.services.as_slice() {
        [] => String::new(),
        some => format!("; at {}", some.iter().map(service).collect::<Vec<_>>().join(", ")),
    };
    format!(
        "{}: {} customers{}, {} days{at}.",
        met.need.name,
        thousands(met.customers),
        last(met.customers_last_week),
        words::figure(met.customer_days, minimum_group)
    )
}

fn looks_like_ours(digest: &Digest) -> Section {
    let mut sentences: Vec<String> = digest.proposals.iter().take(MOST_LINES).map(proposed).collect();
    let more = digest.proposals.len().saturating_sub(MOST_LINES);
    if more > 0 {
        let looks = [
            (early::count(digest, Looks::Ours), "like ours"),
            (early::count(digest, Looks::ToDecide), "to be decided"),
            (early::count(digest, Looks::Elsewhere), "elsewhere, to be looked at"),
        ];
        let all: Vec<String> = looks.into_iter().map(|(count, what)| format!("{count} {what}")).collect();
        sentences.push(format!("All {} services: {}.", digest.proposals.len(), words::list(&all)));
    }
    if sentences.is_empty() {
        sentences.push(
            "No service can be shown yet: services are told of frozen weeks, of groups large enough."
                .to_owned(),
        );
    }
    sentences.push(
        "Take along: which of these do you pay for, and who answers when one of them stops?".to_owned(),
    );
    Section { heading: "What looks like ours", note: "proposed by its figures; you decide", sentences }
}

/// `OURS  Outlook, send and read email: 540 of the 560 customers with this need use it, in 8 of 8 segments.`
fn proposed(line: &ProposalLine) -> String {
    let looks = match line.looks_like {
        "ours" => "OURS?",
        "to_decide" => "DECIDE",
        _ => "LOOK",
    };
    format!("{looks:<6} {}, {}: {}", line.name, words::in_sentence(&line.need.name), line.why)
}

fn how_to_review() -> Section {
    let sentences = [
        "elsewhere-collector portfolio propose: each service that was seen, what it looks like and why.",
        "elsewhere-collector portfolio propose --format toml: the same as entries for portfolio.toml; change what is \
         not so, add them, and run elsewhere-collector check-config.",
        "What is reviewed counts in every week that is not frozen; a frozen one stays as it is.",
    ];
    Section { heading: "How to review", note: "", sentences: sentences.map(str::to_owned).to_vec() }
}
