//! Why a row has its evidence, in words and figures: every signal that holds, the one that decided first.

use serde::Serialize;

use super::table::bytes;
use crate::evidence::{self, Evidence, Seen, Signal};

/// A signal that holds.
#[derive(Serialize)]
pub(super) struct Reason {
    /// The evidence that it gives.
    pub(super) evidence: Evidence,
    /// Which signal.
    signal: Signal,
    /// What was seen.
    pub(super) words: String,
}

/// The signals of what was seen. That it was reached is only said where nothing else is.
pub(super) fn reasons(seen: &Seen) -> Vec<Reason> {
    let said =
        |(evidence, signal): (Evidence, Signal)| Reason { evidence, signal, words: words(signal, seen) };
    let mut reasons: Vec<_> = evidence::signals(seen).map(said).collect();
    if reasons.len() > 1 {
        reasons.pop();
    }
    reasons
}

fn words(signal: Signal, seen: &Seen) -> String {
    let done = seen.acts.done();
    match signal {
        Signal::HandedOver => {
            format!(
                "{} sent within ten minutes to where handing over is all that is done",
                bytes(seen.sent())
            )
        }
        Signal::Received => format!("{} fetched at once after its page had loaded", bytes(done.received)),
        Signal::Fetched => {
            format!("{} fetched at once by a program that shows no pages", bytes(seen.program_fetched))
        }
        Signal::Called => {
            let moved = seen.call.bytes_up + seen.call.bytes_down;
            format!("{} of sound or picture both ways while it was open", bytes(moved))
        }
        Signal::SentFile => format!("{} sent at once", bytes(seen.sent_at_once())),
        Signal::ProgramSent => {
            let who =
                if seen.developer_tool { "a developer's tool" } else { "a program that shows no pages" };
            format!("{} sent by {who} within ten minutes", bytes(seen.said()))
        }
        Signal::Worked => format!(
            "{} acts within ten minutes{}, {} of them soon after another or answered piece by piece",
            done.acts,
            if seen.signed_in { " and a sign-in" } else { "" },
            done.lively
        ),
        Signal::WentOn => format!("{} acts within ten minutes where people work", done.at_front),
        Signal::RunsByItself => format!(
            "active in {} stretches of five minutes, with at most {} acts in two of them",
            seen.active_slots, done.acts
        ),
        Signal::HeldOpen => format!("a connection held open for {} minutes", seen.held_open_minutes),
        Signal::Opened => {
            let times = if seen.openings == 1 { "once" } else { "more than once" };
            format!("opened {times} with nothing before it, {} of it loaded", bytes(seen.front.bytes_down))
        }
        Signal::Reached => reached(seen).to_owned(),
    }
}

/// Why it was no more than reached.
fn reached(seen: &Seen) -> &'static str {
    let of_others = seen.side.bytes_down;
    let beside = seen.api.bytes_down + seen.content.bytes_down;
    let sign_in = seen.login.bytes_down;
    match (seen.front.bytes_down, beside, sign_in, of_others) {
        (0, 0, 0, 0) => "nothing came back",
        (0, 0, 0, _) => "only hosts that pages of others load from",
        (0, 0, _, _) => "only its sign-in, which leads elsewhere too",
        (0, _, _, _) => "only its files and its API, which pages of others load from too",
        _ => "too little for a visit, or in the wake of another page",
    }
}
