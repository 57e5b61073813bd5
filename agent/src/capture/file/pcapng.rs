//! The pcapng format: sections of blocks, each with its type and length. draft-ietf-opsawg-pcapng.
//!
//! Read: section headers, interface descriptions (link type, snap length, time resolution and offset), enhanced,
//! simple and obsolete packet blocks with their direction. All other blocks are passed over, of whatever size.

use super::{Input, MAX_FRAME_BYTES, Order, Record, RecordError, link_of, pcap::time_of};
use crate::capture::Direction;

/// Block type of a section header; a palindrome, so that it reads the same in both byte orders.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Most interfaces in one section: far above any machine's; one more is damage, so that memory stays bounded.
const MAX_INTERFACES: usize = 4096;
/// Largest block that is looked into: a frame and 64 KiB of options.
const MAX_BLOCK_BYTES: usize = MAX_FRAME_BYTES + 64 * 1024;

/// The section that is being read.
#[derive(Default)]
pub(super) struct Section {
    order: Option<Order>,
    interfaces: Vec<Interface>,
}

struct Interface {
    link_number: u32,
    snap_bytes: u32,
    ticks_per_second: u64,
    offset_seconds: i64,
}

impl Section {
    pub(super) fn next(&mut self, input: &mut Input) -> Result<Option<Record>, RecordError> {
        loop {
            if !input.fill(12).map_err(RecordError::Io)? {
                return if input.window().is_empty() { Ok(None) } else { Err(RecordError::Cut) };
            }
            if input.window().starts_with(&SECTION_HEADER.to_be_bytes()) {
                self.begin(input.window())?;
            }
            let order = self.order.ok_or(RecordError::Damaged("no section header"))?;
            let field = |at| order.u32(input.window(), at).ok_or(RecordError::Cut);
            let (kind, size) = (field(0)?, field(4)?);
            if size < 12 || size % 4 != 0 {
                return Err(RecordError::Damaged("a block with an impossible length"));
            }
            if !matches!(kind, INTERFACE | PACKET | SIMPLE_PACKET | ENHANCED_PACKET) {
                if !input.skip(u64::from(size)).map_err(RecordError::Io)? {
                    return Err(RecordError::Cut);
                }
                continue;
            }
            let size = size as usize;
            if size > MAX_BLOCK_BYTES {
                return Err(RecordError::Damaged("a block over 320 KiB"));
            }
            if !input.fill(size).map_err(RecordError::Io)? {
                return Err(RecordError::Cut);
            }
            // The length stands once more at the end.
            let block = input.window().get(..size.saturating_sub(4)).unwrap_or_default();
            if kind != INTERFACE {
                return self.packet(order, kind, block, size).map(Some);
            }
            self.interfaces.push(Interface::parse(order, block)?);
            if self.interfaces.len() > MAX_INTERFACES {
                return Err(RecordError::Damaged("more than 4096 interfaces"));
            }
            input.advance(size);
        }
    }

    /// A new section: its byte order, and no interfaces yet.
    fn begin(&mut self, header: &[u8]) -> Result<(), RecordError> {
        self.order = match header.get(8..12) {
            Some([0x1a, 0x2b, 0x3c, 0x4d]) => Some(Order::Big),
            Some([0x4d, 0x3c, 0x2b, 0x1a]) => Some(Order::Little),
            _ => return Err(RecordError::Damaged("a section without byte order")),
        };
        self.interfaces.clear();
        Ok(())
    }

    fn packet(&self, order: Order, kind: u32, block: &[u8], size: usize) -> Result<Record, RecordError> {
        let short = || RecordError::Damaged("a packet block too short for its fields");
        let field = |at| order.u32(block, at).ok_or_else(short);
        let (id, high, low, length, wire_bytes, skip) = match kind {
            ENHANCED_PACKET => (field(8)?, field(12)?, field(16)?, field(20)?, field(24)?, 28),
            PACKET => {
                let id = order.u16(block, 8).ok_or_else(short)?;
                (u32::from(id), field(12)?, field(16)?, field(20)?, field(24)?, 28)
            }
            _ => (0, 0, 0, u32::MAX, field(8)?, 12),
        };
        let interface = usize::try_from(id).ok().and_then(|id| self.interfaces.get(id));
        let interface = interface.ok_or(RecordError::Damaged("a packet of an interface never described"))?;
        let length = if kind == SIMPLE_PACKET { wire_bytes.min(interface.snap_bytes) } else { length };
        let end = length.saturating_add(skip) as usize;
        if end > block.len() {
            return Err(RecordError::Damaged("a frame longer than its block"));
        }
        if length as usize > MAX_FRAME_BYTES {
            return Err(RecordError::Damaged("a frame over 256 KiB"));
        }
        let options = block.get(end.next_multiple_of(4)..).unwrap_or_default();
        Ok(Record {
            time: time_of(interface.offset_seconds.into(), interface.nanoseconds(high, low))?,
            link: link_of(interface.link_number),
            link_number: interface.link_number,
            interface: id.saturating_add(1),
            direction: direction(order, options),
            wire_bytes,
            skip: skip as usize,
            length: length as usize,
            size,
        })
    }
}

impl Interface {
    fn parse(order: Order, block: &[u8]) -> Result<Self, RecordError> {
        let short = || RecordError::Damaged("an interface block too short for its fields");
        let link_number = u32::from(order.u16(block, 8).ok_or_else(short)?);
        let snap_bytes = match order.u32(block, 12).ok_or_else(short)? {
            0 => u32::MAX,
            bytes => bytes,
        };
        let mut interface = Self { link_number, snap_bytes, ticks_per_second: 1_000_000, offset_seconds: 0 };
        for (code, value) in options(order, block.get(16..).unwrap_or_default()) {
            match (code, value) {
                (9, [resolution, ..]) => interface.ticks_per_second = ticks_per_second(*resolution)?,
                (14, value) => {
                    let seconds = order.u64(value, 0).ok_or_else(short)?;
                    interface.offset_seconds = seconds.cast_signed();
                }
                _ => {}
            }
        }
        Ok(interface)
    }

    /// Since the interface's offset.
    fn nanoseconds(&self, high: u32, low: u32) -> i128 {
        let ticks = u64::from(high) << 32 | u64::from(low);
        match self.ticks_per_second {
            1_000_000 => i128::from(ticks).saturating_mul(1000),
            1_000_000_000 => i128::from(ticks),
            // A power of ten or two is never zero.
            other => i128::from(ticks).saturating_mul(1_000_000_000).checked_div(other.into()).unwrap_or(0),
        }
    }
}

/// What `if_tsresol` means: a negative power of ten, or of two where the top bit is set.
fn ticks_per_second(resolution: u8) -> Result<u64, RecordError> {
    let power = u32::from(resolution & 0x7f);
    let ticks = if resolution & 0x80 == 0 { 10_u64.checked_pow(power) } else { 2_u64.checked_pow(power) };
    ticks.ok_or(RecordError::Damaged("a time resolution out of all range"))
}

/// Bits 0 and 1 of `epb_flags`: 1 inbound, 2 outbound.
fn direction(order: Order, options_bytes: &[u8]) -> Option<Direction> {
    let (_, flags) = options(order, options_bytes).find(|(code, _)| *code == 2)?;
    match order.u32(flags, 0)? & 3 {
        1 => Some(Direction::Incoming),
        2 => Some(Direction::Outgoing),
        _ => None,
    }
}

/// Code and value of each option; ends at the end-of-options mark or the first that does not fit.
fn options(order: Order, mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = order.u16(bytes, 0).filter(|code| *code != 0)?;
        let length = usize::from(order.u16(bytes, 2)?);
        let rest = bytes.get(4..)?;
        let value = rest.get(..length)?;
        bytes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}
