//! What was seen of one service on one day, as far as evidence goes. It only ever grows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::acts::Acts;
use crate::flows::Exchange;

/// Which door of a service a connection went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// Where people work: app, console, tenant, its own site; any host of a name outside the catalog.
    Front,
    /// Where programs work.
    Api,
    /// Where people sign in, also to other services.
    Login,
    /// Where its files, images and streams come from and go to.
    Content,
    /// What pages of others load: widgets, hosted pages, hosts that are often embedded.
    Side,
}

/// What was seen of one service on one day, as far as evidence goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// It stands in the catalog.
    pub listed: bool,
    /// Its need is to hand something over once.
    pub sends_once: bool,
    /// Its need is to hand something over, or to keep it where others fetch it.
    #[serde(default)]
    pub hands_out: bool,
    /// A developer's tool held the connections.
    pub developer_tool: bool,
    /// A program held a connection that is not built to show pages.
    #[serde(default)]
    pub by_program: bool,
    /// Most that such a program fetched at once where people work, of what is no package; in bytes.
    #[serde(default)]
    pub program_fetched: u64,
    /// A host was reached where people work and that pages of others seldom load from.
    #[serde(default)]
    pub own_front: bool,
    /// Somebody signed in on the way there.
    #[serde(default)]
    pub signed_in: bool,
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
    /// Through [`Door::Content`].
    #[serde(default)]
    pub content: Traffic,
    /// Through [`Door::Side`].
    pub side: Traffic,
    /// Sound and picture to an address without a name while it was open.
    #[serde(default)]
    pub call: Traffic,
    /// What somebody did there.
    #[serde(default)]
    pub acts: Acts,
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
    /// Most bytes sent in about ten minutes in exchanges that did not fetch.
    #[serde(default)]
    pub said: Peak,
    /// Exchanges.
    #[serde(default)]
    pub exchanges: u32,
    /// Most bytes sent in one exchange.
    #[serde(default)]
    pub sent_at_once: u64,
}

/// The most that came together in two neighbouring stretches of 5 minutes.
///
/// An idle client's trickle adds up over a day but not within ten minutes; work does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    slot: u16,
    here: u64,
    before: u64,
    /// The most.
    pub best: u64,
}

impl Seen {
    /// The traffic through a door.
    pub fn through(&mut self, door: Door) -> &mut Traffic {
        match door {
            Door::Front => &mut self.front,
            Door::Api => &mut self.api,
            Door::Login => &mut self.login,
            Door::Content => &mut self.content,
            Door::Side => &mut self.side,
        }
    }

    /// Adds the exchanges of a report until then, in a stretch of 5 minutes numbered from midnight.
    pub fn hear(&mut self, door: Door, slot: u16, until: Timestamp, exchanges: &[Exchange]) {
        for exchange in exchanges {
            self.acts.add(door, exchange);
            self.through(door).hear(slot, exchange);
        }
        self.acts.settle(until);
    }

    /// Most bytes sent at once through any door but those of others' pages and the sign-in.
    pub fn sent_at_once(&self) -> u64 {
        self.own_doors().iter().map(|door| door.sent_at_once).max().unwrap_or_default()
    }

    /// Most bytes sent in about ten minutes through these doors.
    pub fn sent(&self) -> u64 {
        self.own_doors().iter().map(|door| door.sent.best).sum()
    }

    /// The same, of what did not fetch.
    pub fn said(&self) -> u64 {
        self.own_doors().iter().map(|door| door.said.best).sum()
    }

    fn own_doors(&self) -> [&Traffic; 3] {
        [&self.front, &self.api, &self.content]
    }

    /// Somebody or some program went to the service itself, not only to what pages of others load from it: pages
    /// call the APIs and fetch the content of services that nobody opened.
    pub(super) fn itself(&self) -> bool {
        self.surely_itself() || self.openings > 0
    }

    /// The same, and not by a host that pages of others load from too.
    pub(super) fn surely_itself(&self) -> bool {
        self.by_program || self.developer_tool || self.own_front
    }
}

impl Traffic {
    /// Adds what moved in a stretch of 5 minutes, numbered from midnight.
    pub fn add(&mut self, slot: u16, bytes_up: u64, bytes_down: u64) {
        self.bytes_up += bytes_up;
        self.bytes_down += bytes_down;
        self.sent.add(slot, bytes_up);
        self.moved.add(slot, bytes_up + bytes_down);
    }

    fn hear(&mut self, slot: u16, exchange: &Exchange) {
        /// An answer so many times longer than what was sent was fetched.
        const FETCHED: u64 = 4;
        if exchange.bytes_down <= exchange.bytes_up.saturating_mul(FETCHED) {
            self.said.add(slot, exchange.bytes_up);
        }
        self.exchanges = self.exchanges.saturating_add(1);
        self.sent_at_once = self.sent_at_once.max(exchange.bytes_up);
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

#[cfg(test)]
mod tests {
    use super::Peak;

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
