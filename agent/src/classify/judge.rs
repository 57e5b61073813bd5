//! Which kind of program held a connection: three witnesses, of whom the best is believed.
//!
//! The kernel, which knows the control group and the account of an open socket (`sockets` asks it while the agent
//! watches; a capture file has no such witness), the hello's JA4, and what connections of one hello have in common.
//!
//! What one flow's shape alone would say was looked for and left out. Several connections to one host, sockets opened
//! ahead of need and long quiet ones with a heartbeat are habits of browser engines, and a vendor's client is built on
//! the same engine; that a hello went to one vendor alone is only known at the end of a day whose first rows were
//! counted long before. The one shape kept is breadth, in [`breadth`].

mod breadth;
mod hello;
mod recall;

use std::hash::{BuildHasher, RandomState};

use breadth::Breadth;
use hello::Engine;
use jiff::Timestamp;
use recall::Recall;

use super::Subject;
use crate::{
    app_class::{AppClass, AppMatch, Quality},
    flows::{Flow, Hello},
};

/// Judges connections, and remembers what helps with the next one.
#[derive(Debug, Default)]
pub struct Judge {
    breadth: Breadth,
    recall: Recall,
    /// Keys the hashes that are remembered.
    key: RandomState,
}

/// The hello may be that of a program that shows pages, a browser's or a client's that is built on one.
pub fn may_show_pages(hello: &Hello) -> bool {
    hello::may_show_pages(hello)
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
            Subject::Service { service, .. } => Some(self.key.hash_one(service.id())),
            Subject::Unlisted(domain) => Some(self.key.hash_one(domain)),
            Subject::Plumbing(_) | Subject::Tunnel | Subject::Personal | Subject::Unnamed => None,
        }
    }
}

#[cfg(test)]
mod tests;
