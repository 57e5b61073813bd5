//! Why, and what to ask, in words.

use super::{MovementLine, SaidLine, WhyLine};
use crate::insight::{
    Movement,
    conversation::Conversation,
    why::{Finding, Interval, Reason, Verdict},
};

/// One reason that was looked at.
pub(super) fn line(finding: &Finding) -> WhyLine {
    let (verdict, difference, customers) = match finding.verdict {
        Verdict::Yes { difference, customers } => ("yes", Some(difference), Some(customers)),
        Verdict::NoDifference { difference, customers } => {
            ("no_difference", Some(difference), Some(customers))
        }
        Verdict::CannotTell => ("cannot_tell", None, None),
    };
    let (reason, weeks_ago) = (finding.reason.as_str(), finding.weeks_ago);
    WhyLine { reason, verdict, difference, customers, weeks_ago }
}

/// The question to take to the business; it asks for their work, never for who it was.
pub(super) fn question(movement: &Movement<'_>, service: Option<&str>) -> String {
    let there = service.unwrap_or("there");
    match (movement.talk.next.conversation, movement.talk.next.reason) {
        (Conversation::Fix, Some(reason)) => match reason {
            Reason::CameToUsFirst => "What did not do when you came to us first?",
            Reason::SlowerToAnswer | Reason::SlowerToMove => {
                "How long may it take before you go on elsewhere?"
            }
            Reason::Failing => "What do you do when ours fails, and what does that cost you?",
            Reason::Reach => "Where are you when ours does not do?",
            Reason::FrontDoor => "Which of the steps to sign in would you miss least?",
            Reason::TurnedAway => "What were you after when our filter turned you away?",
        }
        .to_owned(),
        (Conversation::Explain, _) => "What do you know of ours for this, and who told you?".to_owned(),
        (Conversation::Adopt, _) if service.is_some() => {
            format!("What goes through {there}, and what must not?")
        }
        (Conversation::Adopt, _) => "What do you use for it, and what would you want from us?".to_owned(),
        (Conversation::Guide, _) => "Which of these do those you work with already have?".to_owned(),
        (Conversation::Retire, _) => "What would you miss if ours were gone?".to_owned(),
        _ if movement.need.served => format!("What did you try {there} for first?"),
        _ => format!("What do you try {there} for, and what would you want from us?"),
    }
}

/// `Why: files of like size take 2.4 times as long with us (2.0 to 2.8; 80 customers).`
pub(super) fn sentence(movement: &MovementLine) -> String {
    let told = movement.why.iter().filter(|line| line.verdict == "yes");
    let mut reasons: Vec<String> = told.filter_map(told_of).collect();
    reasons.extend(movement.said.as_ref().map(said));
    if !movement.served {
        reasons.insert(0, "nothing of ours to compare with".to_owned());
    }
    if !reasons.is_empty() {
        return format!("Why: {}.", reasons.join("; "));
    }
    let same: Vec<&str> =
        movement.why.iter().filter(|line| line.verdict == "no_difference").filter_map(short).collect();
    let seen = if same.is_empty() {
        "too few customers have both".to_owned()
    } else {
        format!(
            "no difference in {}",
            super::words::list(&same.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
        )
    };
    format!("Why: we cannot tell: {seen}; not asked.")
}

fn told_of(line: &WhyLine) -> Option<String> {
    let (difference, customers) = (line.difference?, line.customers?);
    let ago = match line.weeks_ago {
        0 => String::new(),
        1 => " last week".to_owned(),
        weeks => format!(" {} weeks ago", super::words::count(weeks)),
    };
    let with = |interval: Interval, unit: &str, decimals: usize, what: &str| {
        let Interval { value, low, high } = interval;
        format!(
            "{value:.decimals$}{unit} {what} ({low:.decimals$} to {high:.decimals$}; {} customers{ago})",
            super::words::thousands(customers)
        )
    };
    let percent = |what| with(difference.map(|share| share * 100.0), " in 100", 0, what);
    Some(match reason(line)? {
        Reason::CameToUsFirst => {
            let Interval { value, low, high } = difference;
            let did = super::words::thousands(customers);
            format!(
                "they came to us first: who leaves a try at ours goes on elsewhere {value:.1} times a week beyond chance \
                 ({low:.1} to {high:.1}; {did} customers did{ago})"
            )
        }
        Reason::SlowerToMove => with(difference, "", 1, "times as long for files of like size with us"),
        Reason::SlowerToAnswer => with(difference, "", 1, "times as long for an answer with us"),
        Reason::Failing => percent("more tries fail with us"),
        Reason::Reach => percent("more of their use is away from the office than of ours"),
        Reason::FrontDoor => with(difference, "", 1, "more steps to sign in with us"),
        Reason::TurnedAway => percent("of those elsewhere were turned away by our own filter"),
    })
}

fn said(said: &SaidLine) -> String {
    let what = match said.answer {
        "did_not_know_ours" => "did not know ours",
        "others_are_there" => "those they work with are there",
        other => other,
    };
    let percent = said.share.map(|share| share * 100.0);
    format!(
        "{what}: {} of {} answers, {:.0} % ({:.0} to {:.0})",
        said.customers, said.of, percent.value, percent.low, percent.high
    )
}

fn short(line: &WhyLine) -> Option<&'static str> {
    Some(match reason(line)? {
        Reason::CameToUsFirst => "moves beyond chance",
        Reason::SlowerToMove => "the time of files",
        Reason::SlowerToAnswer => "speed",
        Reason::Failing => "failures",
        Reason::Reach => "place",
        Reason::FrontDoor => "signing in",
        Reason::TurnedAway => "what our filter turns away",
    })
}

fn reason(line: &WhyLine) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.as_str() == line.reason)
}
