//! What a person did, among all that a service's pages and programs send by themselves.
//!
//! An act is something sent that neither belongs to the loading of a page nor keeps to a clock. Programs at rest
//! measure, poll and say that they are there, in a rhythm: after the same time as before, or with the same size. A
//! page that loads says much within seconds and gets far more back. What is left comes from somebody; where it comes
//! in quick succession, or is answered piece by piece as assistants do, somebody is at work.
//!
//! Connections report once a minute, so what they tell is put in order first. Time is that of the frames.

use std::{collections::VecDeque, ops::RangeInclusive};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Door;
use crate::flows::Exchange;

/// Less than this sent is a stir: typing is told and presence; it counts for nothing, but an act soon after it is lively.
const ACT_BYTES: u64 = 200;
/// So many times more received than sent is fetching; what is saved is often read again at once.
const FETCHED: u64 = 40;
/// Fetching this much is loading a page or a part of it.
const PAGE_BYTES: u64 = 40_000;
/// What is sent so soon after a page began to load belongs to its loading.
const LOADS: SignedDuration = SignedDuration::from_secs(6);
/// As much as [`SAID_BYTES`] so soon after the last time keeps to no clock: what measures or polls by itself says less,
/// or comes less often.
const OFTEN: SignedDuration = SignedDuration::from_secs(10);
/// More than a poll says.
const SAID_BYTES: u64 = 600;
/// An answer that took this long and was not long came piece by piece.
const IN_PIECES: SignedDuration = SignedDuration::from_secs(3);
/// Less than this is news that is waited for, more is a download.
const SPOKEN_BYTES: RangeInclusive<u64> = 3_000..=300_000;
/// Acts so close together are one act: connections beside each other tell of the same.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(2);
/// The next act of somebody at work comes sooner than this.
const LIVELY: SignedDuration = SignedDuration::from_secs(25);
/// Acts count together within this time.
const TOGETHER: SignedDuration = SignedDuration::from_mins(10);
/// A connection tells of a minute, and a little later.
const LATE: SignedDuration = SignedDuration::from_secs(75);
/// Exchanges that wait to be put in order; a busy minute at one service has 60. Past it the earliest goes on early.
const MAX_WAITING: usize = 128;
/// More acts than this within [`TOGETHER`] say nothing more.
const ENOUGH: usize = 12;
/// Gaps and sizes that a rhythm is known by.
const BEATS: usize = 4;

/// The acts at one service on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Acts {
    /// Not in order yet, by their time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<Told>,
    counted: Counted,
}

/// What was counted, of what is in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Counted {
    /// When the last visit to the front door began, and when it went on.
    visit: Option<(Timestamp, Timestamp)>,
    /// What is sent until then belongs to a page that loads.
    loads_until: Option<Timestamp>,
    /// The last act or stir.
    last: Option<Timestamp>,
    acts: Lately,
    at_front: Lately,
    lively: Lately,
    received: u64,
    rhythms: Rhythms,
}

/// Acts and stirs have clocks of their own, and so has each door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Rhythms {
    front: [Rhythm; 2],
    api: [Rhythm; 2],
}

/// An exchange at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    at: Timestamp,
    door: Door,
    up: u64,
    down: u64,
    in_pieces: bool,
}

/// The gaps and sizes of what went before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rhythm {
    last: Option<Timestamp>,
    gaps_ms: VecDeque<u32>,
    sizes: VecDeque<u64>,
}

/// The most that came within [`TOGETHER`], up to [`ENOUGH`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lately {
    times: VecDeque<Timestamp>,
    most: usize,
}

/// How much was done, as far as it counts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Most acts within ten minutes.
    pub acts: usize,
    /// Most of them at the front door.
    pub at_front: usize,
    /// Most acts within ten minutes that followed another soon, or were answered piece by piece.
    pub lively: usize,
    /// The most that was fetched at once and not by a page that loads, in bytes.
    pub received: u64,
}

impl Acts {
    /// Takes in an exchange of a report.
    pub(super) fn add(&mut self, door: Door, exchange: &Exchange) {
        let in_pieces = exchange.answer >= IN_PIECES && SPOKEN_BYTES.contains(&exchange.bytes_down);
        let &Exchange { at, bytes_up: up, bytes_down: down, .. } = exchange;
        let place = self.waiting.partition_point(|one| one.at <= at);
        self.waiting.insert(place, Told { at, door, up, down, in_pieces });
    }

    /// Reports until now are in: counts what no later one can come before.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let in_order = |one: &Told| now.duration_since(one.at) >= LATE;
        let due = self.waiting.partition_point(in_order).max(self.waiting.len().saturating_sub(MAX_WAITING));
        for told in self.waiting.drain(..due) {
            self.counted.count(&told);
        }
    }

    /// What was done until now.
    pub fn done(&self) -> Done {
        let mut counted = self.counted.clone();
        self.waiting.iter().for_each(|told| counted.count(told));
        let Counted { acts, at_front, lively, received, .. } = counted;
        Done { acts: acts.most, at_front: at_front.most, lively: lively.most, received }
    }
}

impl Counted {
    fn count(&mut self, told: &Told) {
        if told.door == Door::Side {
            return;
        }
        if told.door == Door::Front {
            self.come_in(told.at);
        }
        // A clock that was set back leaves moments in the future; they are as good as gone.
        let loads =
            self.loads_until.is_some_and(|until| told.at < until && until.duration_since(told.at) <= LOADS);
        if told.down > told.up.saturating_mul(FETCHED) && !told.in_pieces {
            if told.down >= PAGE_BYTES {
                self.fetch(told);
            }
            return;
        }
        let is_act = told.up >= ACT_BYTES;
        let Some(rhythm) = self.rhythms.of(told.door, is_act) else { return };
        if !rhythm.is_broken_by(told, is_act) || loads {
            return;
        }
        let soon = self.last.is_some_and(|last| told.at.duration_since(last).abs() < LIVELY);
        if is_act {
            self.acts.add(told.at);
            if told.door == Door::Front {
                self.at_front.add(told.at);
            }
            if soon || told.in_pieces {
                self.lively.add(told.at);
            }
        }
        self.last = Some(told.at);
    }

    /// Something at the front door: a visit begins, or goes on.
    fn come_in(&mut self, at: Timestamp) {
        let since =
            self.visit.filter(|(_, last)| at.duration_since(*last) < TOGETHER).map_or(at, |(since, _)| since);
        self.visit = Some((since, at));
    }

    /// A page or a part of it, or, later than a page takes, something that somebody fetched.
    fn fetch(&mut self, told: &Told) {
        if self.visit.is_some_and(|(since, _)| told.at.duration_since(since) >= LOADS) {
            self.received = self.received.max(told.down);
        }
        self.loads_until = told.at.checked_add(LOADS).ok();
    }
}

impl Rhythms {
    /// Only where people and their programs work is there something to be done.
    fn of(&mut self, door: Door, is_act: bool) -> Option<&mut Rhythm> {
        match door {
            Door::Front => self.front.get_mut(usize::from(is_act)),
            Door::Api => self.api.get_mut(usize::from(is_act)),
            Door::Login | Door::Content | Door::Side => None,
        }
    }
}

impl Rhythm {
    /// It came neither with what was just told nor as a clock would bring it.
    fn is_broken_by(&mut self, told: &Told, is_act: bool) -> bool {
        let gap = self.last.map(|last| told.at.duration_since(last));
        if gap.is_some_and(|gap| gap.abs() < AT_ONCE) {
            return false;
        }
        self.last = Some(told.at);
        let gap_ms = gap.and_then(|gap| u32::try_from(gap.as_millis()).ok());
        // Within an eighth: timers of pages wait for the answer before they begin again.
        let in_time =
            gap_ms.is_some_and(|gap| self.gaps_ms.iter().any(|&known| gap.abs_diff(known) <= known / 8));
        // Requests of one program to one place differ by a number or a time of day.
        let in_size = is_act && self.sizes.iter().any(|&known| told.up.abs_diff(known) <= known / 50 + 8);
        keep(&mut self.gaps_ms, gap_ms);
        keep(&mut self.sizes, Some(told.up));
        let often = told.up >= SAID_BYTES && gap.is_some_and(|gap| gap.abs() < OFTEN);
        told.in_pieces || often || !in_time && !in_size
    }
}

impl Lately {
    fn add(&mut self, at: Timestamp) {
        self.times.push_back(at);
        while self.times.len() > ENOUGH
            || self.times.front().is_some_and(|first| at.duration_since(*first).abs() >= TOGETHER)
        {
            self.times.pop_front();
        }
        self.most = self.most.max(self.times.len());
    }
}

fn keep<T>(beats: &mut VecDeque<T>, fresh: Option<T>) {
    beats.extend(fresh);
    if beats.len() > BEATS {
        beats.pop_front();
    }
}
