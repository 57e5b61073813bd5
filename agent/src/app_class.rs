//! Which kind of program held a connection, and how that is known.
//!
//! Owns the class and its quality. Three witnesses: the kernel, which knows the control group and the account of an
//! open socket (`sockets` asks it while the agent watches; a capture file has no such witness), the hello's JA4, and
//! what connections of one hello have in common. Refuses to know more than the class: no program, path or person.
//!
//! What one flow's shape alone would say was looked for and left out. Several connections to one host, sockets opened
//! ahead of need and long quiet ones with a heartbeat are habits of browser engines, and a vendor's client is built on
//! the same engine; that a hello went to one vendor alone is only known at the end of a day whose first rows were
//! counted long before. The one shape kept is breadth, in [`breadth`].

mod breadth;
mod hello;
mod recall;

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use breadth::Breadth;
use hello::Engine;
use jiff::Timestamp;
use recall::Recall;
use serde::{Deserialize, Serialize};

use crate::{classify::Subject, flows::Flow};

/// The kind of program behind a connection, never its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppClass {
    /// Nothing tells.
    #[default]
    Unknown,
    /// A web browser.
    Browser,
    /// The service vendor's own client.
    VendorClient,
    /// A developer's tool.
    DeveloperTool,
    /// The operating system.
    System,
    /// Anything else.
    Other,
}

/// How a class is known, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quality {
    /// One hello at more places than a client of one vendor goes to.
    Shape,
    /// The control group says how the program was started, not what it is: from a terminal, in a container, as a
    /// desktop program that stands in no table.
    Started,
    /// JA4 is that of a language's library, which developers' programs are written with, and others seldom.
    Library,
    /// The account is one of the system's own.
    Owner,
    /// JA4 is that of an engine that pages are shown with.
    Engine,
    /// Connections with the same hello to the same service had this control group, and no other.
    Alike,
    /// The control group names the program.
    Cgroup,
}

/// A class, and how it is known.
///
/// The better known one is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppMatch {
    /// How it is known.
    pub quality: Quality,
    /// The class; never [`AppClass::Unknown`].
    pub class: AppClass,
}

/// Judges connections, and remembers what helps with the next one.
#[derive(Debug, Default)]
pub struct Judge {
    breadth: Breadth,
    recall: Recall,
    /// Keys the hashes that are remembered.
    key: RandomState,
}

impl Judge {
    /// The class of program behind a flow; `None` where nothing tells.
    ///
    /// The best witness is believed. How a program was started says nothing of what shows pages: browsers and clients
    /// are started from terminals too.
    pub fn judge(&mut self, now: Timestamp, flow: &Flow, subject: &Subject<'_>) -> Option<AppMatch> {
        let hello = flow.hello.as_deref();
        let engine = hello.and_then(Engine::of);
        let shows_pages = matches!(engine, Some(Engine::Firefox | Engine::Chromium));
        let owner = flow.owner.filter(|owner| owner.quality != Quality::Started || !shows_pages);
        let by_hello = engine.and_then(|engine| hello::told(engine, subject));
        let Some(place) = self.place(subject) else { return owner.max(by_hello) };

        let ja4 = hello.map_or("", |hello| &hello.ja4);
        let alike = self.recall.handle(now, self.key.hash_one((ja4, place)), owner);
        let is_broad =
            engine == Some(Engine::Chromium) && self.breadth.handle(now, self.key.hash_one(ja4), place);
        let by_shape = (is_broad && matches!(subject, Subject::Unlisted(_)))
            .then_some(AppMatch { quality: Quality::Shape, class: AppClass::Browser });
        owner.max(alike).max(by_hello).max(by_shape)
    }

    /// What is remembered of where a flow went; nothing where that is private or no service.
    fn place(&self, subject: &Subject<'_>) -> Option<u64> {
        match subject {
            Subject::Service { service, .. } => Some(self.key.hash_one(service.id)),
            Subject::Unlisted(domain) => Some(self.key.hash_one(domain)),
            Subject::Plumbing(_) | Subject::Tunnel | Subject::Personal | Subject::Unnamed => None,
        }
    }
}

impl AppClass {
    /// The word for it in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Browser => "browser",
            Self::VendorClient => "vendor-client",
            Self::DeveloperTool => "developer-tool",
            Self::System => "system",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "shape",
            Self::Started => "started",
            Self::Library => "library",
            Self::Owner => "owner",
            Self::Engine => "engine",
            Self::Alike => "alike",
            Self::Cgroup => "cgroup",
        })
    }
}

#[cfg(test)]
mod tests;
