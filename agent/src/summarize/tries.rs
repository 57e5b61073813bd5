//! Tries: how often a service was turned to, whether that worked, and where the customer went when it did not.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::day::{Day, UsageKey, Used};
use crate::{
    evidence::Evidence,
    flows::{Flow, Outcome},
};

/// A longer gap between connections to one service begins another try.
pub(super) const GAP: SignedDuration = SignedDuration::from_mins(10);
/// Tries that are under way at once; a person has a dozen, a page with many embeds a hundred. Past it the one that was
/// quiet longest is settled early.
pub(super) const MAX_TRIES: usize = 512;
/// Signing in is done by then, with a second factor.
const SIGNS_IN_WITHIN: SignedDuration = SignedDuration::from_mins(2);
/// Services that one signs in at on the way to another; nobody is sent to more.
const MAX_SIGN_INS: usize = 8;
/// A try shorter than this is given up, if little moved.
const GIVEN_UP_BEFORE: SignedDuration = SignedDuration::from_secs(20);
/// A try that moved less than this each way is given up, if it was short.
const GIVEN_UP_BELOW_BYTES: u64 = 10_000;

/// One try, from its first connection until nothing more can come of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Try {
    /// The row it counts in.
    pub(super) key: UsageKey,
    /// Need of the service; none outside the catalog, where nothing can spill.
    pub(super) need: Option<String>,
    /// It began at a door where a person works, so leaving it means something.
    pub(super) meant: bool,
    /// It began at the front door with the head of a burst.
    pub(super) opened: bool,
    started: Timestamp,
    last: Timestamp,
    handshake: bool,
    turned_away: bool,
    bytes_up: u64,
    bytes_down: u64,
    settled: bool,
    /// Where was signed in soon after it began.
    #[serde(default)]
    sign_ins: Vec<String>,
}

impl Try {
    pub(super) fn new(key: UsageKey, need: Option<String>, flow: &Flow) -> Self {
        Self {
            key,
            need,
            meant: false,
            opened: false,
            started: flow.started,
            last: flow.until,
            handshake: false,
            turned_away: false,
            bytes_up: 0,
            bytes_down: 0,
            settled: false,
            sign_ins: Vec::new(),
        }
    }

    pub(super) fn is_to(&self, used: &Used) -> bool {
        self.key.used == *used
    }

    /// A report that begins then belongs to this try.
    pub(super) fn goes_on_at(&self, from: Timestamp) -> bool {
        !self.settled && from <= later(self.last)
    }

    pub(super) fn add(&mut self, flow: &Flow) {
        self.started = self.started.min(flow.started);
        self.last = self.last.max(flow.until);
        self.handshake |= flow.outcome == Outcome::Established;
        self.turned_away |= matches!(flow.outcome, Outcome::Failed(failure) if failure.is_by_a_filter());
        self.bytes_up += flow.bytes_up;
        self.bytes_down += flow.bytes_down;
    }

    /// Signing in takes place at a service then: whether it is on the way to this one.
    fn signs_in(&mut self, at: Timestamp, service_id: &str) -> bool {
        let is_on_the_way = at.duration_since(self.started) < SIGNS_IN_WITHIN;
        let is_new = !self.sign_ins.iter().any(|known| known == service_id);
        if is_on_the_way && is_new && self.sign_ins.len() < MAX_SIGN_INS {
            self.sign_ins.push(service_id.to_owned());
        }
        is_on_the_way
    }

    /// It is one that somebody may sign in on the way to: the service answers, and people or programs work there.
    fn is_signed_in_to(&self, at: Timestamp) -> bool {
        !self.settled && self.meant && self.started <= at
    }

    /// When something last happened in it.
    pub(super) fn last_at(&self) -> Timestamp {
        self.last
    }

    /// When it ends, or, having ended, when it is not needed for spills any more.
    pub(super) fn due(&self) -> Timestamp {
        if self.settled { later(later(self.last)) } else { later(self.last) }
    }

    fn is_given_up(&self) -> bool {
        let little = self.bytes_up < GIVEN_UP_BELOW_BYTES && self.bytes_down < GIVEN_UP_BELOW_BYTES;
        self.handshake && little && self.last.duration_since(self.started) < GIVEN_UP_BEFORE
    }

    /// How long a try at another service counts as one that it went over to: from its beginning, or, where it is long,
    /// from 10 minutes before its end, as what was over by then is forgotten; until 10 minutes after its end.
    fn may_go_over_for(&self) -> SignedDuration {
        GAP + self.last.duration_since(self.started).min(GAP)
    }

    /// The other try began after this one and not over 10 minutes after its end.
    fn may_have_gone_over_to(&self, other: &Try) -> bool {
        let same_need = self.need.is_some() && self.need == other.need;
        same_need
            && self.key.used != other.key.used
            && other.started > self.started
            && other.started <= later(self.last)
    }
}

impl Day {
    /// Settles the tries whose time has come, the earliest first, and forgets those that are done.
    pub(super) fn settle_tries(&mut self, now: Timestamp) {
        while let Some(at) = earliest(&self.tries, |one| !one.settled && one.due() <= now) {
            self.settle(at);
        }
        self.tries.retain(|one| one.due() > now);
    }

    /// Somebody signs in somewhere: on the way to what was turned to last.
    pub(super) fn sign_in(&mut self, at: Timestamp, used: &Used) {
        let Used::Service(service_id) = used else { return };
        let open = self.tries.iter_mut().filter(|one| one.is_signed_in_to(at));
        let Some(latest) = open.max_by_key(|one| one.started) else { return };
        if latest.signs_in(at, service_id) {
            let key = latest.key.clone();
            if let Some(row) = self.row(&key) {
                row.seen.signed_in = true;
            }
        }
    }

    /// Makes room for another try.
    pub(super) fn make_room_for_try(&mut self) {
        if self.tries.len() < MAX_TRIES {
            return;
        }
        let Some(at) = earliest(&self.tries, |_| true) else { return };
        if !self.tries[at].settled {
            self.settle(at);
        }
        self.tries.remove(at);
    }

    fn settle(&mut self, at: usize) {
        self.tries[at].settled = true;
        let done = self.tries[at].clone();
        self.changes += 1;
        let given_up = done.is_given_up();
        let left = done.meant && (given_up || !done.handshake);
        if let Some(row) = self.row(&done.key) {
            let hops = u32::try_from(done.sign_ins.len()).unwrap_or(u32::MAX);
            row.sign_in_hops = row.sign_in_hops.max(if done.handshake { hops } else { 0 });
            row.failed += u32::from(!done.handshake);
            row.given_up += u32::from(given_up);
            row.turned_away += u32::from(done.turned_away && !done.handshake);
            if left {
                row.left.add(done.may_go_over_for());
            }
        }
        if left {
            self.look_for_spill(&done);
        }
    }

    /// Counts the first use of another service for the same need that followed.
    fn look_for_spill(&mut self, left: &Try) {
        let Used::Service(from) = &left.key.used else { return };
        let is_use = |id: &str| self.rows_of(id).any(|usage| usage.evidence() >= Evidence::Use);
        let next = self.tries.iter().filter(|other| left.may_have_gone_over_to(other)).filter_map(|other| {
            match &other.key.used {
                Used::Service(to) if is_use(to) => Some((other.started, to.clone())),
                _ => None,
            }
        });
        if let Some((_, to)) = next.min() {
            self.count_spill(from, &to);
        }
    }
}

fn earliest(tries: &[Try], of: impl Fn(&Try) -> bool) -> Option<usize> {
    tries.iter().enumerate().filter(|(_, one)| of(one)).min_by_key(|(_, one)| one.last).map(|(at, _)| at)
}

fn later(at: Timestamp) -> Timestamp {
    at.saturating_add(GAP).unwrap_or(Timestamp::MAX)
}
