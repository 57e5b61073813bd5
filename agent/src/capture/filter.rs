//! What the kernel hands over of each packet: a classic BPF program, put together by name.
//!
//! Whole, to [`WHOLE_BYTES`]: DNS; TCP SYN, FIN and RST; what we send that begins like TLS, HTTP or SOCKS, and short
//! pushed pieces that we send (the rest of a split hello); TLS handshake and alert records that we receive; QUIC long
//! headers; refusals by ICMP; fragments. The headers: TCP that begins like TLS or an HTTP answer, pushed pieces, and of
//! the middle of a transfer each segment that reaches the next [`STRIDE`]; what passes between two such is told by their
//! sequence numbers. Of all other UDP [`SHORT_BYTES`], so that bytes and times stay exact. Nothing of anything else, of
//! pure acknowledgements neither, a third of all packets that say nothing the others don't, and of loopback nothing but
//! DNS, once. Offsets count from the IP header and the kernel's own fields tell interface, protocol and direction, so
//! that one program serves all interfaces of a cooked socket, and those of a raw one but for the length of its link
//! header.
//!
//! Without segmentation offload the middle pieces of a hello in three or more are full segments like any other, and the
//! program, which keeps nothing from one packet to the next, passes them over: such a hello tells what stands before
//! the gap, and is counted by the decoder.

mod assembler;

use socket2::SockFilter;

use self::assembler::{Ancillary, Assembler, Code, Scratch};

/// Kept of a packet that may say a name: a hello with post-quantum keys in one segment, with offloading.
pub(super) const WHOLE_BYTES: u32 = 4096;
/// Kept of UDP that says no name: IPv6, UDP and a first byte are 49 bytes.
pub(super) const SHORT_BYTES: u32 = 64;
/// Of a TCP transfer a segment is shown at least every so many bytes: about one in eleven of 1,514 bytes, and each
/// that segmentation offload made large.
pub(super) const STRIDE: u32 = 1 << 14;
/// Kept of a SYN for the bell: the longest headers are 40 and 60 bytes.
pub(super) const SYN_BYTES: u32 = 100;
/// IP packets that fill their link: Ethernet, PPPoE, `WireGuard`, common VPNs, the least of IPv6.
const FULL_PACKETS: [u32; 5] = [1500, 1492, 1420, 1400, 1280];
/// Interfaces that one program tells apart: a laptop has under ten, a host of containers some dozens, whose traffic is
/// seen on the way out in any case. Those past it are not watched, which the log says.
pub(super) const MAX_INTERFACES: usize = 64;

/// Places in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Loopback,
    Device,
    Ip,
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    Icmp,
    Icmpv6,
    Received,
    Sent,
    Begins,
    Pushed,
    Transfer,
    Whole,
    Headers,
    Short,
    Nothing,
}

/// The packet type of what this device sends.
const OUTGOING: u32 = 4;

const VLAN_ID: u32 = 0x0fff;
/// More fragments and offset in IPv4's header.
const FRAGMENT: u32 = 0x3fff;

const TOTAL: Scratch = Scratch(0);
const PAYLOAD: Scratch = Scratch(1);
const FLAGS: Scratch = Scratch(2);
const IS_LOOPBACK: Scratch = Scratch(3);
/// Bytes of headers, and so the place of the payload.
const HEADERS: Scratch = Scratch(4);
/// Sequence number within its stride.
const IN_STRIDE: Scratch = Scratch(5);

/// An interface as the program knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) index: u32,
    pub(super) is_loopback: bool,
}

/// The program for these interfaces, the first [`MAX_INTERFACES`] of them, on a socket whose frames have `link_bytes`
/// before the IP header: none on a cooked one.
pub(super) fn program(link_bytes: u32, watched: &[Watched]) -> Vec<SockFilter> {
    assemble(link_bytes, watched).into_iter().map(as_the_kernel_takes_it).collect()
}

/// The program for a cooked socket that gets the SYNs leaving through these interfaces and nothing else.
pub(super) fn syns(watched: &[Watched]) -> Vec<SockFilter> {
    assemble_syns(watched).into_iter().map(as_the_kernel_takes_it).collect()
}

fn as_the_kernel_takes_it(code: Code) -> SockFilter {
    SockFilter::new(code.op, code.yes, code.no, code.value)
}

fn assemble_syns(watched: &[Watched]) -> Vec<Code> {
    const SYN: u32 = 0x02;
    const SYN_ACK: u32 = 0x12;
    let mut asm = Assembler::new(0);
    asm.load_ancillary(Ancillary::INTERFACE);
    for watched in watched.iter().take(MAX_INTERFACES).filter(|watched| !watched.is_loopback) {
        asm.if_equal(watched.index, At::Device);
    }
    asm.jump(At::Nothing);
    asm.place(At::Device).load_ancillary(Ancillary::PACKET_TYPE).if_equal(OUTGOING, At::Ip).jump(At::Nothing);
    asm.place(At::Ip).load_ancillary(Ancillary::VLAN_TAG).if_any_bit(VLAN_ID, At::Nothing);
    asm.load_ancillary(Ancillary::PROTOCOL).if_equal(0x0800, At::Ipv4).if_equal(0x86dd, At::Ipv6);
    asm.jump(At::Nothing);
    asm.place(At::Ipv4).load_u16(6).if_any_bit(FRAGMENT, At::Nothing);
    asm.x_is_ipv4_header_length().load_u8(9).if_equal(6, At::Tcp).jump(At::Nothing);
    asm.place(At::Ipv6).x_is(40).load_u8(6).if_equal(6, At::Tcp).jump(At::Nothing);
    asm.place(At::Tcp).load_u8_x(13).and(SYN_ACK).if_equal(SYN, At::Headers).jump(At::Nothing);
    asm.place(At::Headers).give(SYN_BYTES);
    asm.place(At::Nothing).give(0);
    asm.finish()
}

fn assemble(link_bytes: u32, watched: &[Watched]) -> Vec<Code> {
    let mut asm = Assembler::new(link_bytes);
    interface(&mut asm, watched);
    network(&mut asm);
    udp(&mut asm);
    tcp(&mut asm);
    icmp(&mut asm);
    asm.place(At::Headers).load(HEADERS).give_a();
    asm.place(At::Whole).give(WHOLE_BYTES);
    asm.place(At::Short).give(SHORT_BYTES);
    asm.place(At::Nothing).give(0);
    asm.finish()
}

/// One of ours, and not a second sight of a packet that another interface shows.
fn interface(asm: &mut Assembler<At>, watched: &[Watched]) {
    const OTHER_HOST: u32 = 3;
    asm.load_ancillary(Ancillary::INTERFACE);
    for watched in watched.iter().take(MAX_INTERFACES) {
        asm.if_equal(watched.index, if watched.is_loopback { At::Loopback } else { At::Device });
    }
    asm.jump(At::Nothing);
    // Loopback shows every packet going and coming: once is enough.
    asm.place(At::Loopback).load_ancillary(Ancillary::PACKET_TYPE).if_equal(OUTGOING, At::Nothing);
    asm.a_is(1).store(IS_LOOPBACK).jump(At::Ip);
    asm.place(At::Device).load_ancillary(Ancillary::PACKET_TYPE).if_equal(OTHER_HOST, At::Nothing);
    asm.a_is(0).store(IS_LOOPBACK);
    // What belongs to a VLAN is seen again, without the tag, on the VLAN's own interface.
    asm.place(At::Ip).load_ancillary(Ancillary::VLAN_TAG).if_any_bit(VLAN_ID, At::Nothing);
    asm.load_ancillary(Ancillary::PROTOCOL).if_equal(0x0800, At::Ipv4).if_equal(0x86dd, At::Ipv6);
    asm.jump(At::Nothing);
}

/// To the transport protocol, with X at its header and the length of the IP packet in `TOTAL`.
fn network(asm: &mut Assembler<At>) {
    asm.place(At::Ipv4).load_u16(6).if_any_bit(FRAGMENT, At::Whole);
    asm.load_u16(2).store(TOTAL).x_is_ipv4_header_length();
    asm.load_u8(9).if_equal(6, At::Tcp).if_equal(17, At::Udp).if_equal(1, At::Icmp).jump(At::Nothing);

    asm.place(At::Ipv6).load_u16(4).add(40).store(TOTAL).x_is(40);
    asm.load_u8(6).if_equal(6, At::Tcp).if_equal(17, At::Udp).if_equal(58, At::Icmpv6);
    // Extension headers (hop-by-hop, routing, fragment, destination) are rare: the decoder follows them.
    asm.if_equal(0, At::Whole).if_equal(43, At::Whole).if_equal(44, At::Whole).if_equal(60, At::Whole);
    asm.jump(At::Nothing);
}

fn dns(asm: &mut Assembler<At>) {
    asm.load_u16_x(0).if_equal(53, At::Whole).load_u16_x(2).if_equal(53, At::Whole);
    asm.load(IS_LOOPBACK).if_equal(1, At::Nothing);
}

fn udp(asm: &mut Assembler<At>) {
    const EMPTY: u32 = 8;
    const LONG_HEADER: u32 = 0xc0;
    asm.place(At::Udp);
    dns(asm);
    asm.load_u16_x(4).if_equal(EMPTY, At::Short);
    asm.load_u8_x(8).and(LONG_HEADER).if_equal(LONG_HEADER, At::Whole).jump(At::Short);
}

fn tcp(asm: &mut Assembler<At>) {
    const SYN_FIN_RST: u32 = 0x07;
    const PSH: u32 = 0x08;
    /// What the methods are told by; fewer bytes are whole in any case.
    const FIRST_WORD: u32 = 4;
    const HANDSHAKE: u32 = 0x1603;
    const ALERT: u32 = 0x1503;
    const APPLICATION_DATA: u32 = 0x1703;
    const HTTP: u32 = u16::from_be_bytes(*b"HT") as u32;
    const METHODS: [&[u8; 4]; 17] = [
        b"GET ", b"POST", b"HEAD", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC", b"PROP", b"MKCO",
        b"COPY", b"MOVE", b"LOCK", b"UNLO", b"REPO", b"SEAR",
    ];
    asm.place(At::Tcp);
    dns(asm);
    asm.load_u8_x(13).store(FLAGS).if_any_bit(SYN_FIN_RST, At::Whole);
    asm.load_u32_x(4).and(STRIDE - 1).store(IN_STRIDE);
    // X to the payload: the header's length is in the upper half of byte 12, in words.
    asm.load_u8_x(12).and(0xf0).shift_right(2).add_x().x_is_a().store(HEADERS);
    asm.load(TOTAL).subtract_x().store(PAYLOAD).if_equal(0, At::Nothing);
    asm.load_ancillary(Ancillary::PACKET_TYPE).if_equal(OUTGOING, At::Sent);

    // A packet that states no length (larger than 64 KB) has wrapped to a large number here.
    asm.load(PAYLOAD).if_at_least(FIRST_WORD, At::Received).jump(At::Headers);
    asm.place(At::Received).load_u16_x(0).if_equal(HANDSHAKE, At::Whole).if_equal(ALERT, At::Whole);
    // The first byte of an answer, for whoever measures how long it took.
    asm.if_equal(APPLICATION_DATA, At::Headers).if_equal(HTTP, At::Headers);
    if_full(asm, At::Transfer);
    asm.load(FLAGS).if_any_bit(PSH, At::Headers).jump(At::Transfer);

    asm.place(At::Sent).load(PAYLOAD).if_at_least(FIRST_WORD, At::Begins).jump(At::Whole);
    asm.place(At::Begins).load_u16_x(0).if_equal(HANDSHAKE, At::Whole).if_equal(ALERT, At::Whole);
    asm.load_u8_x(0).if_equal(4, At::Whole).if_equal(5, At::Whole);
    asm.load_u32_x(0);
    for method in METHODS {
        asm.if_equal(u32::from_be_bytes(*method), At::Whole);
    }
    if_full(asm, At::Transfer);
    asm.load(FLAGS).if_any_bit(PSH, At::Pushed).jump(At::Transfer);
    asm.place(At::Pushed).load(PAYLOAD).if_at_least(WHOLE_BYTES, At::Headers).jump(At::Whole);

    asm.place(At::Transfer).load(PAYLOAD).if_at_least(STRIDE, At::Headers);
    asm.x_is_a().load(IN_STRIDE).add_x().if_at_least(STRIDE, At::Headers).jump(At::Nothing);
}

/// To `place` with what fills its link: it is no end of anything, pushed or not, for without offload every few of a
/// transfer are pushed.
fn if_full(asm: &mut Assembler<At>, place: At) {
    asm.load(TOTAL);
    for bytes in FULL_PACKETS {
        asm.if_equal(bytes, place);
    }
}

fn icmp(asm: &mut Assembler<At>) {
    asm.place(At::Icmp).load_u8_x(0).if_equal(3, At::Whole).jump(At::Nothing);
    asm.place(At::Icmpv6).load_u8_x(0).if_equal(1, At::Whole).jump(At::Nothing);
}

#[cfg(test)]
mod tests;
