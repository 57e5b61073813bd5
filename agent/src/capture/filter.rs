//! What the kernel hands over of each packet: a classic BPF program, put together by name.
//!
//! Whole, to [`WHOLE_BYTES`]: DNS; TCP SYN, FIN and RST; TCP payload that begins like TLS, HTTP or SOCKS, and short
//! pushed pieces that we send (the rest of a split hello); QUIC long headers; refusals by ICMP; fragments. Of all other
//! TCP and UDP [`SHORT_BYTES`], enough for every header, so that bytes stay exact. Nothing of anything else. Offsets
//! count from the IP header and the kernel's own fields tell protocol and direction, so that the program is the same for
//! every kind of interface but for the length of its link header.

mod assembler;

use socket2::SockFilter;

use self::assembler::{Ancillary, Assembler, Code, Scratch};

/// Kept of a packet that may say a name: a hello with post-quantum keys in one segment, with offloading.
pub(super) const WHOLE_BYTES: u32 = 4096;
/// Kept of all others: Ethernet, IPv6 and TCP with all options are 114 bytes.
pub(super) const SHORT_BYTES: u32 = 128;

/// Places in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    Icmp,
    Icmpv6,
    Begins,
    Pushed,
    Whole,
    Short,
    Nothing,
}

/// The packet type of what this device sends.
const OUTGOING: u32 = 4;

const TOTAL: Scratch = Scratch(0);
const PAYLOAD: Scratch = Scratch(1);
const FLAGS: Scratch = Scratch(2);

/// The program for an interface whose frames have `link_bytes` before the IP header, or for loopback.
pub(super) fn program(link_bytes: u32, loopback: bool) -> Vec<SockFilter> {
    let codes = assemble(link_bytes, loopback);
    codes.into_iter().map(|code| SockFilter::new(code.op, code.yes, code.no, code.value)).collect()
}

fn assemble(link_bytes: u32, loopback: bool) -> Vec<Code> {
    let mut asm = Assembler::new(link_bytes);
    begin(&mut asm, loopback);
    network(&mut asm);
    udp(&mut asm, loopback);
    tcp(&mut asm, loopback);
    icmp(&mut asm);
    asm.place(At::Whole).give(WHOLE_BYTES);
    asm.place(At::Short).give(SHORT_BYTES);
    asm.place(At::Nothing).give(0);
    asm.finish()
}

fn begin(asm: &mut Assembler<At>, loopback: bool) {
    const OTHER_HOST: u32 = 3;
    const VLAN_ID: u32 = 0x0fff;
    asm.load_ancillary(Ancillary::PACKET_TYPE);
    // Loopback shows every packet going and coming: once is enough.
    asm.if_equal(if loopback { OUTGOING } else { OTHER_HOST }, At::Nothing);
    // What belongs to a VLAN is seen again, without the tag, on the VLAN's own interface.
    asm.load_ancillary(Ancillary::VLAN_TAG).if_any_bit(VLAN_ID, At::Nothing);
    asm.load_ancillary(Ancillary::PROTOCOL).if_equal(0x0800, At::Ipv4).if_equal(0x86dd, At::Ipv6);
    asm.jump(At::Nothing);
}

/// To the transport protocol, with X at its header and the length of the IP packet in `TOTAL`.
fn network(asm: &mut Assembler<At>) {
    const FRAGMENT: u32 = 0x3fff;
    asm.place(At::Ipv4).load_u16(6).if_any_bit(FRAGMENT, At::Whole);
    asm.load_u16(2).store(TOTAL).x_is_ipv4_header_length();
    asm.load_u8(9).if_equal(6, At::Tcp).if_equal(17, At::Udp).if_equal(1, At::Icmp).jump(At::Nothing);

    asm.place(At::Ipv6).load_u16(4).add(40).store(TOTAL).x_is(40);
    asm.load_u8(6).if_equal(6, At::Tcp).if_equal(17, At::Udp).if_equal(58, At::Icmpv6);
    // Extension headers (hop-by-hop, routing, fragment, destination) are rare: the decoder follows them.
    asm.if_equal(0, At::Whole).if_equal(43, At::Whole).if_equal(44, At::Whole).if_equal(60, At::Whole);
    asm.jump(At::Nothing);
}

fn dns(asm: &mut Assembler<At>, loopback: bool) {
    asm.load_u16_x(0).if_equal(53, At::Whole).load_u16_x(2).if_equal(53, At::Whole);
    if loopback {
        asm.jump(At::Nothing);
    }
}

fn udp(asm: &mut Assembler<At>, loopback: bool) {
    const EMPTY: u32 = 8;
    const LONG_HEADER: u32 = 0xc0;
    asm.place(At::Udp);
    dns(asm, loopback);
    asm.load_u16_x(4).if_equal(EMPTY, At::Short);
    asm.load_u8_x(8).and(LONG_HEADER).if_equal(LONG_HEADER, At::Whole).jump(At::Short);
}

fn tcp(asm: &mut Assembler<At>, loopback: bool) {
    const SYN_FIN_RST: u32 = 0x07;
    const PSH: u32 = 0x08;
    /// What the methods are told by; fewer bytes are whole in any case.
    const FIRST_WORD: u32 = 4;
    const METHODS: [&[u8; 4]; 17] = [
        b"GET ", b"POST", b"HEAD", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC", b"PROP", b"MKCO",
        b"COPY", b"MOVE", b"LOCK", b"UNLO", b"REPO", b"SEAR",
    ];
    asm.place(At::Tcp);
    dns(asm, loopback);
    asm.load_u8_x(13).store(FLAGS).if_any_bit(SYN_FIN_RST, At::Whole);
    // X to the payload: the header's length is in the upper half of byte 12, in words.
    asm.load_u8_x(12).and(0xf0).shift_right(2).add_x().x_is_a();
    asm.load(TOTAL).subtract_x().store(PAYLOAD).if_equal(0, At::Short);
    // A packet that states no length (larger than 64 KB) has wrapped to a large number here.
    asm.if_at_least(FIRST_WORD, At::Begins).jump(At::Whole);
    asm.place(At::Begins);
    asm.load_u16_x(0).if_equal(0x1603, At::Whole).if_equal(0x1503, At::Whole);
    asm.load_u8_x(0).if_equal(4, At::Whole).if_equal(5, At::Whole);
    asm.load_u32_x(0);
    for method in METHODS {
        asm.if_equal(u32::from_be_bytes(*method), At::Whole);
    }
    asm.load_ancillary(Ancillary::PACKET_TYPE).if_equal(OUTGOING, At::Pushed).jump(At::Short);

    asm.place(At::Pushed).load(PAYLOAD).if_at_least(WHOLE_BYTES, At::Short);
    asm.load(FLAGS).if_any_bit(PSH, At::Whole).jump(At::Short);
}

fn icmp(asm: &mut Assembler<At>) {
    asm.place(At::Icmp).load_u8_x(0).if_equal(3, At::Whole).jump(At::Nothing);
    asm.place(At::Icmpv6).load_u8_x(0).if_equal(1, At::Whole).jump(At::Nothing);
}

#[cfg(test)]
mod tests;
