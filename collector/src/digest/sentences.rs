//! What text and Markdown say in the same words.

use super::{
    Context, DecisionLine, Digest, MovementLine, Moves, Pace, ServiceLine, TargetLine, UnservedNeeds, why,
    words,
};
use crate::{insight::why::Interval, week::Week};
use words::thousands;

/// How movements are ranked, and how they are read.
pub(super) const RANKED: &str =
    "by days elsewhere gained in four weeks, or since the week named; last week in brackets";
/// Most unserved needs that are named; the JSON has all.
const MOST_NEEDS: usize = 4;
/// Over decisions.
pub(super) const FOLLOWED_UP: &str =
    "of 100 days with us alone, before > now, beside segments left as they were";
/// Over what nobody has reviewed.
pub(super) const TO_REVIEW: &str = "New, unreviewed: look at it first";
/// Beside that.
pub(super) const TO_REVIEW_NOTE: &str = "by customers, and in brackets last week";
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
    days_gained(movement.gained_days, movement.weeks, week)
}

fn days_gained(gained: u32, weeks: usize, week: Week) -> String {
    let days = format!("+{} days", thousands(gained));
    match weeks {
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
    sentences.push(why::sentence(movement));
    let before = movement.word_of_mouth.as_ref();
    sentences.extend(
        before.map(|before| format!("Word of mouth: {}, since {}.", before.segment_name, before.since)),
    );
    sentences
}

/// `FIX`, in capitals: the kind of the next conversation.
pub(super) fn conversation(movement: &MovementLine) -> String {
    movement.conversation.to_uppercase()
}

/// `Marketing*, send something once: WeTransfer`; the star is for those who serve the paying customer.
pub(super) fn what_moved(movement: &MovementLine) -> String {
    let star = if movement.customer_facing { "*" } else { "" };
    let service = movement.services.first().map(|service| format!(": {}", service.name)).unwrap_or_default();
    format!("{}{star}, {}{service}", movement.segment_name, words::in_sentence(&movement.need.name))
}

/// `habit, growing since 2026-W42`.
pub(super) fn affair(movement: &MovementLine) -> Option<String> {
    movement
        .affair
        .as_ref()
        .map(|affair| format!("{}, {}, since {}", affair.stage, affair.trend, affair.since))
}

/// Under the movements, where one has a star.
pub(super) fn star(digest: &Digest) -> Option<&'static str> {
    let any = digest.movements.iter().any(|movement| movement.customer_facing);
    any.then_some("* serves the paying customer directly: a day gained ranks as one and a half")
}

/// `a service becomes their habit in 19 days; we take 43 to decide about it`.
pub(super) fn pace(pace: Pace) -> String {
    let theirs = match pace.their_days {
        Some(days) => format!("a service becomes their habit in {days} days"),
        None => "no service became their habit in 13 weeks".to_owned(),
    };
    let ours = match pace.our_days {
        Some(days) => format!("we take {days} to decide about it"),
        None => "no decision of ours can be timed yet".to_owned(),
    };
    format!("{theirs}; {ours}")
}

/// `middle of 11 habits, 7 decisions; 4 habits wait for us`.
pub(super) fn pace_of(pace: Pace) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {many}")),
    };
    let of = [count(pace.habits, "habit", "habits"), count(pace.decisions, "decision", "decisions")];
    let of: Vec<String> = of.into_iter().flatten().collect();
    let middle = (!of.is_empty()).then(|| format!("middle of {}", of.join(", ")));
    let waiting = count(pace.waiting, "habit waits for us", "habits wait for us");
    let waiting = waiting.unwrap_or_else(|| "no habit waits for us".to_owned());
    middle.into_iter().chain([waiting]).collect::<Vec<_>>().join("; ")
}

/// `31 Operations, sync without VPN, 14 September, Files team: 63 > 78 points with us alone, unchanged 71 > 72: worked,
/// +14 (9 to 19).`
pub(super) fn decision(decision: &DecisionLine) -> String {
    let head = format!(
        "{} {}, {}, {}, {}",
        decision.number,
        decision.segment_name,
        decision.what,
        decision.date.strftime("%-d %B"),
        decision.owner
    );
    let points = |(before, now): (f64, f64)| format!("{before:.0} > {now:.0}");
    let there = decision.there.map(|there| format!("{} of 100 days with us alone, ", points(there)));
    let unchanged = decision.unchanged.map(|unchanged| format!("unchanged {}, ", points(unchanged)));
    let effect =
        decision.effect.map(|Interval { value, low, high }| format!(" {value:+.0} ({low:.0} to {high:.0})"));
    let verdict = match decision.verdict {
        "worked" => "worked,",
        "backfired" => "did the opposite,",
        "no_effect" => "no effect to be seen,",
        "too_early" => "too early",
        "too_few_to_tell" => "too few unchanged segments to tell",
        _ => "withheld",
    };
    let review = decision.review.map(|review| format!("; look again {}", review.strftime("%-d %B")));
    let parts = [there, unchanged].map(Option::unwrap_or_default).concat();
    format!("{head}: {parts}{verdict}{}{}.", effect.unwrap_or_default(), review.unwrap_or_default())
}

/// `Sales, send something once: 68 of 100 days with us alone, aim 80 by 31 March 2027; about 4 February 2027.`
pub(super) fn target(target: &TargetLine) -> String {
    let now =
        target.now.map_or_else(|| "withheld".to_owned(), |now| format!("{now:.0} of 100 days with us alone"));
    let when = match (target.arrival, target.arrives) {
        ("met", _) => "met".to_owned(),
        (_, Some(date)) => format!("at this pace about {}", date.strftime("%-d %B %Y")),
        ("not_at_this_pace", _) => "not at this pace".to_owned(),
        _ => "too few weeks to say when".to_owned(),
    };
    format!(
        "{}, {}: {now}, aim {} by {}; {when}.",
        target.segment_name,
        words::in_sentence(&target.need.name),
        target.target,
        target.by.strftime("%-d %B %Y")
    )
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
    sentences.extend(digest.unserved_needs.as_ref().map(unserved_needs));
    let retired: Vec<String> = digest
        .retired
        .iter()
        .map(|retired| format!("{}, {}", retired.segment_name, words::in_sentence(&retired.need.name)))
        .collect();
    if !retired.is_empty() {
        sentences.push(format!(
            "Still growing, and off the page after four weeks without a decision: {}.",
            retired.join("; ")
        ));
    }
    let back: Vec<String> = digest
        .came_back
        .iter()
        .map(|back| {
            let need = words::in_sentence(&back.need.name);
            format!("{}, {need}: {} customers in four weeks", back.segment_name, back.customers)
        })
        .collect();
    if !back.is_empty() {
        sentences.push(format!("Came back: {}.", back.join("; ")));
    }
    sentences
}

/// Services and gains that nobody has reviewed, a question and the command; nothing where there are none.
pub(super) fn to_review(digest: &Digest) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for new in &digest.new_unreviewed {
        let last = new.customers_last_week.map(|last| format!(" ({})", thousands(last))).unwrap_or_default();
        sentences.push(format!(
            "{}, {}: {} {} customers{last}.",
            new.segment_name,
            words::in_sentence(&new.need.name),
            new.service,
            words::figure(new.customers, digest.minimum_group)
        ));
    }
    let gained: Vec<String> = digest
        .unreviewed_gains
        .iter()
        .map(|gain| {
            let days = days_gained(gain.gained_days, gain.weeks, digest.week);
            format!("{}, {} {days}", gain.segment_name, words::in_sentence(&gain.need.name))
        })
        .collect();
    if !gained.is_empty() {
        sentences.push(format!(
            "Days gained there, which nobody has called elsewhere yet: {}.",
            gained.join("; ")
        ));
    }
    if !sentences.is_empty() {
        sentences
            .push("Take along: what do they do there, and is it ours, tolerated or elsewhere?".to_owned());
        sentences.push("Review: elsewhere-collector portfolio propose".to_owned());
    }
    sentences
}

/// `Unserved needs: 1,602 days elsewhere (last week 1,600) in 1 need that we do not serve: translate or polish.`
fn unserved_needs(unserved: &UnservedNeeds) -> String {
    let named = unserved.needs.iter().take(MOST_NEEDS).map(|need| words::in_sentence(&need.name));
    let more = unserved.needs.len().saturating_sub(MOST_NEEDS);
    let names: Vec<String> = named.chain((more > 0).then(|| format!("{more} more"))).collect();
    let needs = if unserved.needs.len() == 1 { "need" } else { "needs" };
    let last = unserved.context.last_week.map(|last| format!(" (last week {})", thousands(last)));
    format!(
        "Unserved needs: {} days elsewhere{} in {} {needs} that we do not serve: {}.",
        thousands(unserved.customer_days),
        last.unwrap_or_default(),
        unserved.needs.len(),
        names.join("; ")
    )
}
