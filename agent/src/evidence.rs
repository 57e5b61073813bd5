//! How sure the device is that a person worked with a service: contact < visit < present < use.
//!
//! One table of rules over what was seen of a service on one day; the first that holds decides. It asks through which
//! door of the service and by which kind of program ([`Seen`]), and what somebody did there among all that pages and
//! programs do by themselves ([`acts`]). What was seen only ever grows during a day, and with it what leaves the device.

pub mod acts;
mod seen;

pub use seen::{Door, Peak, Seen, Traffic};
use serde::{Deserialize, Serialize};

/// The ladder. Only `Present` and above leaves the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A name was reached: perhaps embedded in somebody else's page.
    Contact,
    /// Opened on purpose.
    Visit,
    /// A program that runs by itself.
    Present,
    /// Work: sent, received, stayed.
    Use,
}

impl Evidence {
    /// The word for it in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Visit => "visit",
            Self::Present => "present",
            Self::Use => "use",
        }
    }
}

/// What led to the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Something was handed to a service made for handing over.
    HandedOver,
    /// Something was fetched from a service made for handing over or keeping files, after its page had loaded.
    Received,
    /// A program that shows no pages fetched something.
    Fetched,
    /// Sound or picture went both ways.
    Called,
    /// A file, or as much as one, was sent at once.
    SentFile,
    /// A developer's tool sent something, or another program much.
    ProgramSent,
    /// Acts of somebody in quick succession.
    Worked,
    /// Many acts within ten minutes.
    WentOn,
    /// Active on and off for long, with little done.
    RunsByItself,
    /// A connection held open for long.
    HeldOpen,
    /// Opened on purpose, with a page's worth of content.
    Opened,
    /// None of these.
    Reached,
}

/// One rule: the evidence it gives, its signal, and when it holds.
type Rule = (Evidence, Signal, fn(&Seen) -> bool);

const KB: u64 = 1_000;

/// From the strongest to the weakest; the first that holds decides. A hello and a request take 2 to 6 KB up; what
/// programs measure and send by themselves stays under 30 KB at once.
const RULES: &[Rule] = &[
    // Something small is enough where handing over is all the service does.
    (Evidence::Use, Signal::HandedOver, |s| {
        s.sends_once && (s.sent() >= 100 * KB || s.sent_at_once() >= 30 * KB)
    }),
    // More than a page and its pictures.
    (Evidence::Use, Signal::Received, |s| s.hands_out && s.own_front && s.acts.done().received >= 1_500 * KB),
    // What a program fetches that shows no pages, it was told to; clients at rest fetch less at their start.
    (Evidence::Use, Signal::Fetched, |s| s.program_fetched >= 1_500 * KB),
    // 20 seconds of sound.
    (Evidence::Use, Signal::Called, |s| s.call.sent.best >= 100 * KB && s.call.moved.best >= 200 * KB),
    (Evidence::Use, Signal::SentFile, |s| s.itself() && s.sent_at_once() >= 100 * KB),
    // A tool calls nothing by accident: it fetches packages with some hundred bytes each, and tells what it has. What
    // other programs measure by themselves adds up to more.
    (Evidence::Use, Signal::ProgramSent, |s| {
        s.developer_tool && s.said() >= 4 * KB || s.by_program && s.said() >= 30 * KB
    }),
    // Who signs in came to work; widgets are worked in too, but seldom for long.
    (Evidence::Use, Signal::Worked, |s| {
        let done = s.acts.done();
        let (lively, acts) = match s.surely_itself() {
            true if s.signed_in => (1, 2),
            true => (2, 3),
            false => (4, 6),
        };
        s.itself() && done.lively >= lively && done.acts >= acts
    }),
    // Clients at rest come to four outside their rhythm there, to more where only programs work.
    (Evidence::Use, Signal::WentOn, |s| s.surely_itself() && s.acts.done().at_front >= 8),
    // A quarter of an hour of activity without one of the above.
    (Evidence::Present, Signal::RunsByItself, |s| s.listed && s.surely_itself() && s.active_slots >= 4),
    // Clients keep a connection for being called; pages let go of theirs.
    (Evidence::Present, Signal::HeldOpen, |s| s.listed && s.surely_itself() && s.held_open_minutes >= 15),
    // A page, not a beacon, a picture in a mail, what was fetched ahead or by a program that shows none.
    (Evidence::Visit, Signal::Opened, |s| {
        let again = s.front.exchanges + s.content.exchanges >= 2;
        !s.by_program && s.openings >= 1 && s.front.bytes_down >= if again { 20 * KB } else { 100 * KB }
    }),
    // Reached at all.
    (Evidence::Contact, Signal::Reached, |_| true),
];

/// All signals that hold, with the evidence that each gives: the one that decides first, contact last.
pub fn signals(seen: &Seen) -> impl Iterator<Item = (Evidence, Signal)> {
    let holding = RULES.iter().filter(|(_, _, holds)| holds(seen));
    holding.map(|&(evidence, signal, _)| (evidence, signal))
}

/// The evidence, and the signal that decided.
pub fn judge(seen: &Seen) -> (Evidence, Signal) {
    signals(seen).next().unwrap_or((Evidence::Contact, Signal::Reached))
}

#[cfg(test)]
mod tests;
