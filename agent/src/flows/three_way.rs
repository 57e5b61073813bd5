//! TCP's three-way handshake, RFC 9293 §3.5: the SYN, the server's answer, and the device's answer to that.

use jiff::{SignedDuration, Timestamp};

use super::{ACK, SYN};
use crate::decode::TcpSegment;

/// What was seen of the three segments.
#[derive(Debug, Default)]
pub(super) struct ThreeWay {
    /// Sequence number of the device's SYN; `None` where the connection is older than the capture.
    syn: Option<u32>,
    /// When it was sent last.
    sent: Option<Timestamp>,
    /// When the device got the answer; `None` where the capture may have been made elsewhere.
    answered: Option<Timestamp>,
    /// Time to live of the server's SYN-ACK, once there was one.
    pub(super) server_ttl: Option<u8>,
    /// The device answered the SYN-ACK.
    is_confirmed: bool,
    /// From the last SYN to the device's answer to the SYN-ACK.
    pub(super) round_trip: Option<SignedDuration>,
}

impl ThreeWay {
    /// A segment of the connection; `is_answered` where the server was heard by then.
    pub(super) fn handle(&mut self, now: Timestamp, up: bool, segment: &TcpSegment, is_answered: bool) {
        match (up, segment.flags & (SYN | ACK)) {
            (true, SYN) => (self.syn, self.sent) = (Some(segment.seq), Some(now)),
            (false, flags) if flags == SYN | ACK => self.server_ttl = Some(segment.ttl),
            (true, _) if is_answered && !self.is_confirmed => {
                self.is_confirmed = self.syn.is_some();
                // Where the answer itself was not seen, what comes later says nothing about the round trip.
                let answers = self.syn.is_some_and(|syn| segment.seq == syn.wrapping_add(1));
                // A live capture keeps no pure acknowledgement: of those the device sends its answer at once.
                let answered = self.answered.filter(|_| segment.payload_bytes > 0).unwrap_or(now);
                let sent = self.sent.filter(|_| answers);
                self.round_trip = sent.map(|sent| answered.duration_since(sent).max(SignedDuration::ZERO));
            }
            _ => {}
        }
    }

    /// The server's answer arrived at the device itself, not at some place on the way.
    pub(super) fn on_answered_here(&mut self, now: Timestamp) {
        self.answered = self.answered.or(Some(now));
    }

    /// Whether a SYN with this number is the one that opened the connection.
    pub(super) fn is_by(&self, syn: u32) -> bool {
        self.syn == Some(syn)
    }

    /// Both sides know that they are connected.
    pub(super) fn is_done(&self) -> bool {
        self.is_confirmed || self.answered.is_some()
    }

    /// The clock jumped: what was measured until now is not measured on.
    pub(super) fn restart_clock(&mut self, now: Timestamp) {
        self.sent = None;
        self.answered = self.answered.map(|_| now);
    }
}
