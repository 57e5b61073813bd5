//! The pcap format: a header of 24 bytes, then records of 16 bytes and a frame. draft-ietf-opsawg-pcap.

use jiff::Timestamp;

use super::{Input, MAX_FRAME_BYTES, Order, Record, RecordError, link_of};
use crate::capture::Link;

pub(super) const HEADER_BYTES: usize = 24;
const RECORD_BYTES: usize = 16;

/// What the file's header says about all records.
pub(super) struct Header {
    order: Order,
    nanoseconds: bool,
    pub(super) link: Option<Link>,
    pub(super) link_number: u32,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (order, nanoseconds) = match *bytes.first_chunk::<4>()? {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, false),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, true),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, true),
            _ => return None,
        };
        // The upper half tells of frame check sequences, which the IP length cuts off anyway.
        let link_number = order.u32(bytes, 20)? & 0xffff;
        Some(Self { order, nanoseconds, link: link_of(link_number), link_number })
    }

    pub(super) fn next(&self, input: &mut Input) -> Result<Option<Record>, RecordError> {
        if !input.fill(RECORD_BYTES).map_err(RecordError::Io)? {
            return if input.window().is_empty() { Ok(None) } else { Err(RecordError::Cut) };
        }
        let field = |at| self.order.u32(input.window(), at).ok_or(RecordError::Cut);
        let (seconds, fraction, length, wire_bytes) = (field(0)?, field(4)?, field(8)?, field(12)?);
        let length = length as usize;
        if length > MAX_FRAME_BYTES {
            return Err(RecordError::Damaged("a frame over 256 KiB"));
        }
        let unit = if self.nanoseconds { 1 } else { 1000 };
        let time = time_of(seconds.into(), i128::from(fraction).saturating_mul(unit))?;
        let size = RECORD_BYTES.saturating_add(length);
        if !input.fill(size).map_err(RecordError::Io)? {
            return Err(RecordError::Cut);
        }
        Ok(Some(Record {
            time,
            link: self.link,
            link_number: self.link_number,
            interface: 0,
            direction: None,
            wire_bytes,
            skip: RECORD_BYTES,
            length,
            size,
        }))
    }
}

/// The time that many seconds and nanoseconds after 1970.
pub(super) fn time_of(seconds: i128, nanoseconds: i128) -> Result<Timestamp, RecordError> {
    Timestamp::from_nanosecond(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
        .map_err(|_| RecordError::Damaged("a time out of all range"))
}
