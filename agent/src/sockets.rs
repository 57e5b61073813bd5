//! The door to the kernel's table of sockets: which kind of program holds a connection of this device.
//!
//! Owns one netlink socket (`sock_diag(7)`) and what is known of control groups. One connection is asked for by its exact
//! 5-tuple; the kernel answers within the call, to anybody, without any right. The account and the name of the control
//! group stay in here: what comes out is a class and its quality, and whether several people's accounts were in use.
//! Refuses processes: no process id, command or path is read. Always holds: no call waits; at most [`MAX_A_SECOND`]
//! questions a second, past which the owner stays unknown and is counted.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod cgroups;
mod diag;
mod program;

use std::{
    io,
    os::fd::OwnedFd,
    path::PathBuf,
    time::{Duration, Instant},
};

use cgroups::Cgroups;
use diag::Socket;
use jiff::civil::Date;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, netlink, recv, send, socket_with,
};

use crate::{
    app_class::{AppClass, AppMatch, Quality},
    decode::FlowKey,
};

/// Questions a second, at 10 µs each 1 % of a core. 20,000 new connections a minute are 333.
pub const MAX_A_SECOND: u32 = 1_000;
/// Accounts below are the system's own: `UID_MIN` of `login.defs(5)` everywhere but on machines made before 2010.
const FIRST_ACCOUNT: u32 = 1_000;
/// Accounts above are nobody's: `UID_MAX` of `login.defs(5)`. Directory accounts lie above too; they have their slice.
const LAST_ACCOUNT: u32 = 60_000;
/// An answer has some 170 bytes.
const MAX_ANSWER: usize = 1_024;
/// Answers to earlier questions that are passed over: there are none unless one could not be read.
const MAX_STALE: usize = 4;

/// What came of the questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections whose class the kernel's answer told.
    pub told: u64,
    /// Sockets that were there and said nothing about the class.
    pub silent: u64,
    /// Sockets that were gone, or never in this network namespace.
    pub gone: u64,
    /// Not asked, because of the cap.
    pub not_asked: u64,
}

/// The door.
#[derive(Debug)]
pub struct Sockets {
    netlink: OwnedFd,
    cgroups: Cgroups,
    accounts: Accounts,
    counts: Counts,
    sequence: u32,
    second: Instant,
    asked_in_second: u32,
}

/// People's accounts that held a connection on one date. Two are enough to know.
#[derive(Debug, Default)]
struct Accounts {
    date: Option<Date>,
    seen: Vec<u32>,
}

impl Sockets {
    /// Opens it. Control groups are found where the version 2 hierarchy is mounted.
    pub fn open(now: Instant) -> io::Result<Self> {
        Self::with_cgroups_at(now, cgroups::mount())
    }

    /// Opens it with the control groups of this directory.
    pub fn with_cgroups_at(now: Instant, root: Option<PathBuf>) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let netlink =
            socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG))?;
        connect(&netlink, &netlink::SocketAddrNetlink::new(0, 0))?;
        Ok(Self {
            netlink,
            cgroups: Cgroups::at(root),
            accounts: Accounts::default(),
            counts: Counts::default(),
            sequence: 0,
            second: now,
            asked_in_second: 0,
        })
    }

    /// The kind of program that holds this connection now; `key` runs from the device to the server.
    pub fn owner(&mut self, now: Instant, key: &FlowKey) -> Option<AppMatch> {
        if !self.may_ask(now) {
            self.counts.not_asked = self.counts.not_asked.saturating_add(1);
            return None;
        }
        let Some(socket) = self.ask(key) else {
            self.counts.gone = self.counts.gone.saturating_add(1);
            return None;
        };
        let app = self.class_of(now, &socket);
        let count = if app.is_some() { &mut self.counts.told } else { &mut self.counts.silent };
        *count = count.saturating_add(1);
        app
    }

    /// Whether accounts of several people held connections on this date, since the agent watches.
    pub fn is_shared_on(&mut self, date: Date) -> bool {
        if self.accounts.date.is_some_and(|before| before != date) {
            self.accounts.seen.clear();
        }
        self.accounts.date = Some(date);
        self.accounts.seen.len() > 1
    }

    /// What came of the questions so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn may_ask(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.second) >= Duration::from_secs(1) {
            self.second = now;
            self.asked_in_second = 0;
        }
        self.asked_in_second = self.asked_in_second.saturating_add(1);
        self.asked_in_second <= MAX_A_SECOND
    }

    /// What the kernel says of the socket; the answer waits when the question is sent.
    fn ask(&mut self, key: &FlowKey) -> Option<Socket> {
        self.sequence = self.sequence.wrapping_add(1);
        send(&self.netlink, &diag::question(key, self.sequence), SendFlags::empty()).ok()?;
        let mut buffer = [0; MAX_ANSWER];
        for _ in 0..=MAX_STALE {
            let (_, length) = recv(&self.netlink, &mut buffer[..], RecvFlags::empty()).ok()?;
            let answer = diag::answer(buffer.get(..length)?);
            if let Some((sequence, socket)) = answer
                && sequence == self.sequence
            {
                return socket;
            }
        }
        None
    }

    fn class_of(&mut self, now: Instant, socket: &Socket) -> Option<AppMatch> {
        let seat = socket.cgroup.and_then(|id| self.cgroups.seat(now, id));
        let slice = seat.and_then(|seat| seat.account);
        // A group that was not found yet says nothing, and nor does its account: a service may have any.
        let account = match socket.cgroup {
            Some(_) if self.cgroups.are_there() => slice,
            _ => socket.uid.filter(|uid| *uid <= LAST_ACCOUNT),
        };
        account.filter(|uid| *uid >= FIRST_ACCOUNT).into_iter().for_each(|uid| self.accounts.note(uid));

        // In a person's slice it is that person's doing, by sudo.
        let by_account = socket
            .uid
            .filter(|uid| *uid < FIRST_ACCOUNT && slice.is_none_or(|account| account < FIRST_ACCOUNT))
            .map(|_| AppMatch { quality: Quality::Owner, class: AppClass::System });
        seat.and_then(|seat| seat.program).max(by_account)
    }
}

impl Accounts {
    fn note(&mut self, uid: u32) {
        if self.seen.len() < 2 && !self.seen.contains(&uid) {
            self.seen.push(uid);
        }
    }
}

#[cfg(test)]
mod tests;
