//! Questions that wait for their answer: what makes an answer solicited, and how long it took.
//!
//! A response is believed where this device sent the question: same name and type, same message id, addresses and
//! ports turned round (RFC 5452 §9). A question sent again, to whichever resolver, goes on waiting from the first time.
//! Always holds: at most [`MAX_PENDING`] lookups with at most [`MAX_SENT`] questions each.

use jiff::{SignedDuration, Timestamp};

use super::{Recent, after};
use crate::{
    decode::{DnsQuestion, DnsResponse, FlowKey},
    domain::Domain,
};

/// Lookups that wait at once; a page makes some 60, with two or three types each. Past it the one that was asked for
/// longest ago is forgotten: its answer counts as unsolicited, its silence as nothing.
pub(super) const MAX_PENDING: usize = 1_024;
/// Questions sent for one lookup; stub resolvers send 2 to 6. Past it the earliest is not waited for any more.
const MAX_SENT: usize = 8;
/// After this long without an answer to the last question the resolver is silent; no stub waits longer
/// (`resolv.conf(5)`: 5 seconds, twice).
pub(super) const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Lookups under way.
#[derive(Debug)]
pub(super) struct Pending {
    lookups: Recent<(Domain, u16), Waiting>,
    /// When the first of them is silent: asked for at every packet, changed at every question.
    due: Option<Timestamp>,
}

#[derive(Debug)]
struct Waiting {
    first: Timestamp,
    last: Timestamp,
    /// An answer came; others may follow, to the questions sent again.
    answered: bool,
    sent: Vec<(FlowKey, u16)>,
}

/// A lookup that was never answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    pub(super) name: Domain,
    pub(super) qtype: u16,
    /// The last question's way.
    pub(super) flow: FlowKey,
    pub(super) began: Timestamp,
    /// When it was clear that nobody answers.
    pub(super) ended: Timestamp,
}

/// What an answer is to a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody asked, or before we looked.
    Unsolicited,
    /// Asked for at that time, and this is the first answer.
    First(Timestamp),
    /// One more answer to a lookup that has one, or one that did not fit and is asked for again.
    Further,
}

impl Default for Pending {
    fn default() -> Self {
        Self { lookups: Recent::new(MAX_PENDING), due: None }
    }
}

impl Pending {
    /// This device asked.
    pub(super) fn asked(&mut self, now: Timestamp, flow: FlowKey, question: &DnsQuestion) {
        let fresh = || Waiting { first: now, last: now, answered: false, sent: Vec::new() };
        let waiting = self.lookups.renew((question.qname.clone(), question.qtype), fresh);
        if waiting.answered {
            (waiting.first, waiting.answered) = (now, false);
        }
        waiting.last = now;
        let sent = (flow, question.id);
        if !waiting.sent.contains(&sent) {
            if waiting.sent.len() >= MAX_SENT {
                waiting.sent.remove(0);
            }
            waiting.sent.push(sent);
        }
        self.note_due();
    }

    /// Somebody answered; `flow` is that of the response.
    pub(super) fn answered(
        &mut self,
        flow: FlowKey,
        question: &DnsQuestion,
        response: &DnsResponse,
    ) -> Answer {
        let key = (question.qname.clone(), question.qtype);
        let Some(waiting) = self.lookups.get_mut(&key) else { return Answer::Unsolicited };
        let sent = (flow.reversed(), question.id);
        let Some(at) = waiting.sent.iter().position(|one| *one == sent) else { return Answer::Unsolicited };
        waiting.sent.remove(at);
        if response.truncated && response.answers.is_empty() || waiting.answered {
            return Answer::Further;
        }
        waiting.answered = true;
        let first = waiting.first;
        if waiting.sent.is_empty() {
            self.lookups.remove(&key);
            self.note_due();
        }
        Answer::First(first)
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.due
    }

    /// The next lookup whose resolver was silent until now.
    pub(super) fn next_unanswered(&mut self, now: Timestamp) -> Option<Unanswered> {
        while let Some(ended) = self.poll_timeout().filter(|due| *due <= now) {
            let ((name, qtype), waiting) = self.lookups.pop_oldest()?;
            self.note_due();
            // Where nothing is left, an answer came that did not fit and nobody asked again.
            let Some(&(flow, _)) = waiting.sent.last().filter(|_| !waiting.answered) else { continue };
            return Some(Unanswered { name, qtype, flow, began: waiting.first, ended });
        }
        None
    }

    /// Forgets what waits: the clock was set back.
    pub(super) fn clear(&mut self) {
        self.lookups.clear();
        self.due = None;
    }

    fn note_due(&mut self) {
        self.due = self.lookups.oldest().map(|waiting| after(waiting.last, SILENT_AFTER));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lookups.len()
    }
}
