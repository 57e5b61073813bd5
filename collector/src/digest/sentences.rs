//! What text and Markdown say in the same words.

use super::{Context, Digest, MovementLine, Moves, ServiceLine, words};
use crate::week::Week;
use words::thousands;

/// How movements are ranked, and how they are read.
pub(super) const RANKED: &str =
    "days elsewhere gained in four weeks or since the week named; in brackets last week";
/// Instead of movements.
pub(super) const NO_MOVEMENTS: &str =
    "nothing gained more days elsewhere in four weeks than it usually swings";

/// `last week 75, usual swing 1; 13 weeks 78 █▅▁ 74`, and what else there is to say; empty where nothing is known.
pub(super) fn context(context: &Context, more: Option<String>) -> String {
    let last = context.last_week.map(|last| {
        let swing = context.usual_swing.map(|swing| format!(", usual swing {}", thousands(swing)));
        format!("last week {}{}", thousands(last), swing.unwrap_or_default())
    });
    let parts = [last, words::line(context), more];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// `last week 60 and 55; usual 40-70 and 30-60; counted once, on the change`.
pub(super) fn moves(moves: &Moves) -> String {
    let pair = |left: Option<String>, back: Option<String>| Some(format!("{} and {}", left?, back?));
    let (left, back) = (&moves.left_context, &moves.came_back_context);
    let last = pair(left.last_week.map(thousands), back.last_week.map(thousands));
    let range = |range: Option<(u32, u32)>| {
        range.map(|(low, high)| {
            if low == high { thousands(low) } else { format!("{}-{}", thousands(low), thousands(high)) }
        })
    };
    let usual = pair(range(left.usual_range), range(back.usual_range));
    let history = match moves.weeks_of_history {
        8.. => None,
        weeks => Some(format!("from {weeks} of the 8 weeks of history it takes")),
    };
    let parts = [
        last.map(|last| format!("last week {last}")),
        usual.map(|usual| format!("usual {usual}")),
        history,
        Some("counted once, on the change".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// `+249 days`, or `+37 days since 2026-W44` where the weeks before can't be shown.
pub(super) fn gained(movement: &MovementLine, week: Week) -> String {
    let days = format!("+{} days", thousands(movement.gained_days));
    match movement.weeks {
        4 => days,
        weeks => format!("{days} since {}", week.plus(-i64::try_from(weeks).expect("four at most"))),
    }
}

/// Where they go, what share that is, and at which rate.
pub(super) fn movement(movement: &MovementLine, minimum_group: u32) -> Vec<String> {
    let mut sentences = Vec::new();
    if !movement.services.is_empty() {
        sentences.push(format!("At {}.", services(&movement.services, minimum_group)));
    }
    let of = format!(
        "{} customers, {} days",
        words::figure(movement.customers, minimum_group),
        words::figure(movement.customer_days, minimum_group)
    );
    sentences.push(match movement.share_of_need {
        _ if !movement.served => format!("Unserved need: we offer nothing. {of}."),
        Some([ours, both, tolerated, elsewhere]) => {
            let last = movement.ours_alone_last_week.map(|last| format!(" ({last})")).unwrap_or_default();
            let tolerated = if tolerated > 0 { format!(", tolerated {tolerated}") } else { String::new() };
            format!(
                "Share of need {ours} of 100 days{last}, both {both}{tolerated}, elsewhere {elsewhere}; {of}."
            )
        }
        None => format!("{of}."),
    });
    sentences.extend(rate(movement));
    sentences
}

/// `WeTransfer 120 customers (85), Smash 20 (20)`.
fn services(services: &[ServiceLine], minimum_group: u32) -> String {
    let service = |(service, word): (&ServiceLine, &str)| {
        let last =
            service.customers_last_week.map(|last| format!(" ({})", thousands(last))).unwrap_or_default();
        format!("{} {}{word}{last}", service.name, words::figure(service.customers, minimum_group))
    };
    let word = std::iter::once(" customers").chain(std::iter::repeat(""));
    services.iter().zip(word).map(service).collect::<Vec<_>>().join(", ")
}

/// `Elsewhere rate 47 %: 145 of 310 customers, of whom 75 use both; 30 left us this week.`
fn rate(movement: &MovementLine) -> Option<String> {
    let (elsewhere, of) =
        (movement.customers_elsewhere.shown()?, movement.customers_ours_or_elsewhere.shown()?);
    let percent = (u64::from(elsewhere) * 100 + u64::from(of) / 2).checked_div(u64::from(of))?;
    let both = movement.customers_both.shown().map(|both| format!(", of whom {} use both", thousands(both)));
    let left = movement.left.shown().map(|left| format!("; {} left us this week", thousands(left)));
    Some(format!(
        "Elsewhere rate {percent} %: {} of {} customers{}{}.",
        thousands(elsewhere),
        thousands(of),
        both.unwrap_or_default(),
        left.unwrap_or_default()
    ))
}

/// The largest need that did not move, who came back and what is new, as far as there is any.
pub(super) fn also(digest: &Digest) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(still) = &digest.largest_not_moving {
        let last = still
            .days_elsewhere_last_week
            .map(|last| format!(" ({} last week)", thousands(last)))
            .unwrap_or_default();
        let share =
            still.ours_alone.map(|share| format!(", {share} of 100 with us alone")).unwrap_or_default();
        sentences.push(format!(
            "Largest without a movement: {}, {} days elsewhere{last}{share}.",
            words::in_sentence(&still.need.name),
            thousands(still.days_elsewhere)
        ));
    }
    let figure = |figure| words::figure(figure, digest.minimum_group);
    let back: Vec<String> = digest
        .came_back
        .iter()
        .map(|back| {
            let need = words::in_sentence(&back.need.name);
            format!("{}, {need}: {} customers", back.segment_name, figure(back.customers))
        })
        .collect();
    if !back.is_empty() {
        sentences.push(format!("Came back: {}.", back.join("; ")));
    }
    let new: Vec<String> = digest
        .new_unreviewed
        .iter()
        .map(|new| {
            let need = words::in_sentence(&new.need.name);
            format!("{}, {need}: {} {}", new.segment_name, new.service, figure(new.customers))
        })
        .collect();
    if !new.is_empty() {
        sentences.push(format!("New, unreviewed: {}.", new.join("; ")));
    }
    sentences
}

/// What is missing, a sentence or two each.
pub(super) fn not_seen(digest: &Digest) -> Vec<String> {
    let not_seen = &digest.not_seen;
    let mut sentences = Vec::new();
    if let Some(trust) = &not_seen.trust {
        let hardly: Vec<String> =
            not_seen.hardly_reporting.iter().map(|(name, percent)| format!("{name} {percent} %")).collect();
        let hardly = if hardly.is_empty() {
            String::new()
        } else {
            format!(" Under 70 %, and so without movements: {}.", words::list(&hardly))
        };
        sentences.push(format!(
            "Devices: {} % of those enrolled reported; nothing is known of people without one.{hardly}",
            trust.devices_reporting
        ));
        let bounds: Vec<String> = not_seen
            .lower_bounds
            .iter()
            .map(|(name, unnamed)| format!("{name} {} %", words::tenths(*unnamed)))
            .collect();
        let bounds = if bounds.is_empty() {
            String::new()
        } else {
            format!(" So many that the figures are a lower bound: {}.", words::list(&bounds))
        };
        sentences.push(format!(
            "Unnamed connections: {} % (hidden hello {}, encrypted DNS {}, tunnels {}).{bounds}",
            words::tenths(trust.unnamed_tenths),
            words::tenths(trust.encrypted_hello_tenths),
            words::tenths(trust.encrypted_dns_tenths),
            words::tenths(trust.tunnels_tenths)
        ));
    }
    sentences.extend(price(digest));
    if !not_seen.share_withheld.is_empty() {
        let needs = not_seen.share_withheld.iter().map(|need| words::in_sentence(&need.name));
        sentences.push(format!(
            "Share withheld, as a service of ours serves it unseen: {}.",
            needs.collect::<Vec<_>>().join("; ")
        ));
    }
    sentences.push(format!(
        "In no figure: {} services as often private as work (webmail, chat, social), other organisations' own tenants, \
         shared devices.",
        not_seen.as_often_private
    ));
    sentences
}

fn price(digest: &Digest) -> Option<String> {
    let shown = digest.not_seen.shown;
    let by = |percent: Option<u8>, what: &str| percent.map(|percent| format!("{percent} {what}"));
    let levels = [
        by(shown.organisation_by_need, "by need"),
        by(shown.segment_by_need, "by segment and need"),
        by(shown.segment_by_service, "by segment and service"),
    ];
    let levels: Vec<String> = levels.into_iter().flatten().collect();
    let withheld = match digest.not_seen.segments_withheld {
        0 => String::new(),
        1 => format!(" One segment is under {} as a whole.", digest.minimum_group),
        segments => format!(" {segments} segments are under {} as a whole.", digest.minimum_group),
    };
    (!levels.is_empty()).then(|| {
        format!(
            "Groups under {} are in totals only. Of 100 days elsewhere we can show at least {}.{withheld}",
            digest.minimum_group,
            words::list(&levels)
        )
    })
}
