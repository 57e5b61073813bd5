//! How sure the device is that a person worked with a service: contact < visit < present < use.
//!
//! One table of rules over what was seen of a service on one day; the first that holds decides. What was seen only
//! ever grows during a day, and so does the evidence.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something was handed to a service made for handing over.
    HandedOver,
    /// An upload to the service's own host.
    Uploaded,
    /// A body went to or from the service's own host.
    Moved,
    /// A program sent a body to the service's API.
    SentToApi,
    /// A developer's tool sent something to the service's API.
    ToolSentToApi,
    /// A large upload to one of the service's content hosts.
    UploadedContent,
    /// Opened on purpose, stayed with, and sent to.
    Stayed,
    /// Opened on purpose again and again, and sent to.
    CameBack,
    /// Active on and off for long, with little sent.
    RunsByItself,
    /// A connection held open for long.
    HeldOpen,
    /// Opened on purpose, with a page's worth of content.
    Opened,
    /// None of these.
    Reached,
}

/// Which door of a service a connection went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Where people work: app, console, tenant, its own site; any host of a name outside the catalog.
    Front,
    /// Where programs work.
    Api,
    /// Where people sign in, also to other services.
    Login,
    /// What pages of others load too: widgets, content, hosted pages.
    Side,
}

/// What was seen of one service on one day, as far as evidence goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// It stands in the catalog.
    pub listed: bool,
    /// Its need is to hand something over once.
    pub sends_once: bool,
    /// A developer's tool held the connections.
    pub developer_tool: bool,
    /// Tries that began at the front door with the head of a burst.
    pub openings: u32,
    /// Stretches of 5 minutes with activity.
    pub active_slots: u32,
    /// Longest time one connection was open, in minutes.
    pub held_open_minutes: u32,
    /// Through [`Door::Front`].
    pub front: Traffic,
    /// Through [`Door::Api`].
    pub api: Traffic,
    /// Through [`Door::Login`].
    pub login: Traffic,
    /// Through [`Door::Side`].
    pub side: Traffic,
}

/// Payload through one door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes sent over the day.
    pub bytes_up: u64,
    /// Bytes received over the day.
    pub bytes_down: u64,
    /// Most bytes sent in about ten minutes.
    pub sent: Peak,
    /// Most bytes moved either way in about ten minutes.
    pub moved: Peak,
}

/// The most that came together in two neighbouring stretches of 5 minutes.
///
/// An idle client's trickle adds up over a day but not within ten minutes; work does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    slot: u16,
    here: u64,
    before: u64,
    best: u64,
}

impl Traffic {
    /// Adds what moved in a stretch of 5 minutes, numbered from midnight.
    pub fn add(&mut self, slot: u16, bytes_up: u64, bytes_down: u64) {
        self.bytes_up += bytes_up;
        self.bytes_down += bytes_down;
        self.sent.add(slot, bytes_up);
        self.moved.add(slot, bytes_up + bytes_down);
    }
}

impl Peak {
    fn add(&mut self, slot: u16, bytes: u64) {
        if slot != self.slot {
            self.before = if self.slot.checked_add(1) == Some(slot) { self.here } else { 0 };
            self.here = 0;
            self.slot = slot;
        }
        self.here += bytes;
        self.best = self.best.max(self.before + self.here);
    }
}

impl Seen {
    /// The traffic through a door.
    pub fn through(&mut self, door: Door) -> &mut Traffic {
        match door {
            Door::Front => &mut self.front,
            Door::Api => &mut self.api,
            Door::Login => &mut self.login,
            Door::Side => &mut self.side,
        }
    }
}

/// One rule: the evidence it gives, its signal, and when it holds.
type Rule = (Evidence, Signal, fn(&Seen) -> bool);

const KB: u64 = 1_000;
const MB: u64 = 1_000_000;

/// From the strongest to the weakest; the first that holds decides. A hello and a request take 2 to 6 KB up, a page
/// with its forms under 100 KB, and an idle client stays under 50 KB in ten minutes.
const RULES: &[Rule] = &[
    // Something small is enough where handing over is all the service does.
    (Evidence::Use, Signal::HandedOver, |s| {
        s.sends_once && s.front.sent.best + s.api.sent.best + s.side.sent.best >= 100 * KB
    }),
    // More than a page sends by itself.
    (Evidence::Use, Signal::Uploaded, |s| s.front.sent.best >= 200 * KB),
    // A document, a long page of work, a download. Outside the catalog any page may be that heavy.
    (Evidence::Use, Signal::Moved, |s| s.listed && s.front.moved.best >= MB),
    // Pages embed APIs too, but send little to them.
    (Evidence::Use, Signal::SentToApi, |s| s.api.sent.best >= 64 * KB),
    // A tool calls nothing by accident.
    (Evidence::Use, Signal::ToolSentToApi, |s| s.developer_tool && s.api.sent.best >= 8 * KB),
    // Widgets send kilobytes, uploads to a content host send files.
    (Evidence::Use, Signal::UploadedContent, |s| s.listed && s.side.sent.best >= MB),
    // Twenty minutes with something sent.
    (Evidence::Use, Signal::Stayed, |s| {
        s.openings >= 1 && s.active_slots >= 4 && s.front.sent.best >= 50 * KB
    }),
    // Three times a day is a habit, an idle client that reconnects sends less.
    (Evidence::Use, Signal::CameBack, |s| {
        s.openings >= 3 && s.active_slots >= 3 && s.front.bytes_up >= 100 * KB
    }),
    // Half an hour of activity without one of the above.
    (Evidence::Present, Signal::RunsByItself, |s| s.listed && s.active_slots >= 6 && has_own_door(s)),
    // Clients keep a connection for being called; pages let go of theirs.
    (Evidence::Present, Signal::HeldOpen, |s| s.listed && s.held_open_minutes >= 30 && has_own_door(s)),
    // A page, not a beacon.
    (Evidence::Visit, Signal::Opened, |s| s.openings >= 1 && s.front.bytes_down >= 20 * KB),
    // Reached at all.
    (Evidence::Contact, Signal::Reached, |_| true),
];

/// The evidence, and the signal that decided.
pub fn judge(seen: &Seen) -> (Evidence, Signal) {
    let rule = RULES.iter().find(|(_, _, holds)| holds(seen));
    rule.map_or((Evidence::Contact, Signal::Reached), |&(evidence, signal, _)| (evidence, signal))
}

/// It was reached where only its own pages and programs go.
fn has_own_door(seen: &Seen) -> bool {
    seen.front.bytes_down + seen.api.bytes_down > 0
}

#[cfg(test)]
mod tests {
    use super::{Door, Evidence, Peak, Seen, Signal, judge};

    /// What was seen of a listed service: each `moved` is door, slot, bytes up, bytes down.
    fn seen(openings: u32, active_slots: u32, moved: &[(Door, u16, u64, u64)]) -> Seen {
        let mut seen = Seen { listed: true, openings, active_slots, ..Seen::default() };
        for &(door, slot, up, down) in moved {
            seen.through(door).add(slot, up, down);
        }
        seen
    }

    fn trickle(door: Door, slots: u16, up: u64, down: u64) -> Vec<(Door, u16, u64, u64)> {
        (0..slots).map(|slot| (door, slot, up, down)).collect()
    }

    #[test]
    fn evidence_follows_what_was_done() {
        use Door::{Api, Front, Login, Side};
        let idle_sync = trickle(Front, 200, 8_000, 12_000);
        let chat = trickle(Front, 12, 30_000, 60_000);
        let three_times =
            [(Front, 10, 40_000, 90_000), (Front, 90, 40_000, 90_000), (Front, 170, 40_000, 90_000)];
        let cases: &[(&str, Seen, Evidence, Signal)] = &[
            ("embedded script", seen(0, 1, &[(Side, 1, 3_000, 400_000)]), Evidence::Contact, Signal::Reached),
            (
                "video embedded in a page",
                seen(0, 2, &[(Side, 1, 60_000, 40_000_000)]),
                Evidence::Contact,
                Signal::Reached,
            ),
            (
                "sign-in of another product",
                seen(0, 1, &[(Login, 1, 20_000, 300_000)]),
                Evidence::Contact,
                Signal::Reached,
            ),
            ("looked at", seen(1, 1, &[(Front, 1, 8_000, 300_000)]), Evidence::Visit, Signal::Opened),
            ("body downloaded", seen(1, 1, &[(Front, 1, 4_000, 1_000_000)]), Evidence::Use, Signal::Moved),
            ("body uploaded", seen(1, 1, &[(Front, 1, 1_000_000, 4_000)]), Evidence::Use, Signal::Uploaded),
            (
                "body over a slot's edge",
                seen(1, 2, &[(Front, 1, 9, 600_000), (Front, 2, 9, 500_000)]),
                Evidence::Use,
                Signal::Moved,
            ),
            (
                "file on a content host",
                seen(0, 1, &[(Side, 1, 2_000_000, 4_000)]),
                Evidence::Use,
                Signal::UploadedContent,
            ),
            ("prompt by a program", seen(0, 1, &[(Api, 1, 70_000, 9_000)]), Evidence::Use, Signal::SentToApi),
            (
                "api called by a page",
                seen(0, 1, &[(Api, 1, 9_000, 9_000)]),
                Evidence::Contact,
                Signal::Reached,
            ),
            ("idle client all day", seen(1, 200, &idle_sync), Evidence::Present, Signal::RunsByItself),
            ("long chat", seen(1, 12, &chat), Evidence::Use, Signal::Stayed),
            ("three times a day", seen(3, 3, &three_times), Evidence::Use, Signal::CameBack),
        ];
        for (case, seen, evidence, signal) in cases {
            assert_eq!(judge(seen), (*evidence, *signal), "{case}");
        }
    }

    #[test]
    fn context_changes_the_verdict() {
        let small_upload = [(Door::Front, 1, 120_000, 4_000)];
        let send_once = Seen { sends_once: true, ..seen(1, 1, &small_upload) };
        assert_eq!(judge(&send_once), (Evidence::Use, Signal::HandedOver));
        assert_eq!(judge(&seen(1, 1, &small_upload)).0, Evidence::Contact);

        let call = [(Door::Api, 1, 9_000, 9_000)];
        let by_tool = Seen { developer_tool: true, ..seen(0, 1, &call) };
        assert_eq!(judge(&by_tool), (Evidence::Use, Signal::ToolSentToApi));

        let held = Seen { held_open_minutes: 45, ..seen(0, 2, &[(Door::Front, 1, 5_000, 9_000)]) };
        assert_eq!(judge(&held), (Evidence::Present, Signal::HeldOpen));

        let heavy_page = Seen { listed: false, ..seen(1, 1, &[(Door::Front, 1, 50_000, 9_000_000)]) };
        assert_eq!(judge(&heavy_page), (Evidence::Visit, Signal::Opened));
    }

    #[test]
    fn peak_is_the_best_of_two_neighbouring_slots() {
        let cases: &[(&[(u16, u64)], u64)] = &[
            (&[], 0),
            (&[(0, 5), (0, 6)], 11),
            (&[(7, 5), (8, 6), (9, 1)], 11),
            (&[(7, 5), (9, 6)], 6),
            (&[(u16::MAX, 5), (0, 6)], 6),
        ];
        for (added, best) in cases {
            let mut peak = Peak::default();
            for &(slot, bytes) in *added {
                peak.add(slot, bytes);
            }
            assert_eq!(peak.best, *best, "{added:?}");
        }
    }
}
