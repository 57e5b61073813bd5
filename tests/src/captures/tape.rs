//! What a generator writes down: frames at rising times, and beside them the facts that it knows to be in them.

use std::{
    fmt::Display,
    net::{Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::wire::{self, ACK, CLIENT, CLIENT6, Ends, FIN, Header, PSH, RST, SYN, protocol};

/// 2026-03-02 09:00:00 UTC, a Monday.
const START_MICROS: u64 = 1_772_442_000_000_000;
/// Payload of a full segment.
pub(super) const MSS: usize = 1400;
/// A pcap file's link type for Ethernet.
pub(super) const ETHERNET: u32 = 1;

/// Puts an IP packet in a frame.
type Wrap = fn(&[u8]) -> Vec<u8>;

/// A capture being made.
pub(super) struct Tape {
    link: u32,
    wrap: Wrap,
    /// Bytes kept of each frame.
    snap_bytes: usize,
    now_micros: u64,
    connections: u16,
    frames: Vec<Frame>,
    expected: Vec<String>,
    /// For bytes that mean nothing, the same in every run.
    pub(super) rng: ChaCha8Rng,
}

struct Frame {
    micros: u64,
    bytes: Vec<u8>,
    wire_bytes: usize,
}

impl Tape {
    pub(super) fn new() -> Self {
        Self::of(ETHERNET, ethernet)
    }

    /// A capture of another link type.
    pub(super) fn of(link: u32, wrap: Wrap) -> Self {
        Self {
            link,
            wrap,
            snap_bytes: usize::MAX,
            now_micros: START_MICROS,
            connections: 0,
            frames: Vec::new(),
            expected: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(3),
        }
    }

    /// Frames from now on come in this wrapping.
    pub(super) fn wrap(&mut self, wrap: Wrap) {
        self.wrap = wrap;
    }

    /// Of frames from now on only so many bytes are kept.
    pub(super) fn snap(&mut self, bytes: usize) {
        self.snap_bytes = bytes;
    }

    /// A client and a server that were not there before.
    pub(super) fn ends(&mut self, server_port: u16) -> Ends {
        self.connections += 1;
        let last = u8::try_from(self.connections % 250).expect("under 250") + 1;
        Ends {
            client: (CLIENT, 50_000 + self.connections).into(),
            server: (Ipv4Addr::new(198, 51, 100, last), server_port).into(),
        }
    }

    /// The same over IPv6.
    pub(super) fn ends6(&mut self, server_port: u16) -> Ends {
        let ends = self.ends(server_port);
        let server = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x1000 + self.connections);
        Ends { client: (CLIENT6, ends.client.port()).into(), server: (server, server_port).into() }
    }

    /// Time passes.
    pub(super) fn wait(&mut self, millis: u64) {
        self.now_micros += millis * 1000;
    }

    /// One IP packet, one millisecond after the last.
    pub(super) fn packet(&mut self, packet: &[u8]) {
        self.wait(1);
        let mut bytes = (self.wrap)(packet);
        let wire_bytes = bytes.len();
        bytes.truncate(self.snap_bytes);
        self.frames.push(Frame { micros: self.now_micros, bytes, wire_bytes });
    }

    /// A UDP datagram from `ends.client`.
    pub(super) fn udp(&mut self, ends: Ends, payload: &[u8]) {
        self.packet(&wire::ip(ends, protocol::UDP, &wire::udp(ends, payload)));
    }

    /// What has to come out, on the packet's way from `ends.client`.
    pub(super) fn expect(&mut self, ends: Ends, fact: impl Display) {
        self.expected.push(format!("{} > {} {fact}", ends.client, ends.server));
    }

    /// The capture as a pcap file.
    pub(super) fn pcap(&self) -> Vec<u8> {
        let mut file = Vec::new();
        file.extend(0xa1b2_c3d4_u32.to_le_bytes());
        file.extend(2_u16.to_le_bytes());
        file.extend(4_u16.to_le_bytes());
        file.extend([0; 8]);
        file.extend(262_144_u32.to_le_bytes());
        file.extend(self.link.to_le_bytes());
        for frame in &self.frames {
            let seconds = u32::try_from(frame.micros / 1_000_000).expect("before 2106");
            let micros = u32::try_from(frame.micros % 1_000_000).expect("under a million");
            file.extend(seconds.to_le_bytes());
            file.extend(micros.to_le_bytes());
            for length in [frame.bytes.len(), frame.wire_bytes] {
                file.extend(u32::try_from(length).expect("frames are short").to_le_bytes());
            }
            file.extend(&frame.bytes);
        }
        file
    }

    /// The facts that have to come out of it, in no order that matters.
    pub(super) fn expected(&self) -> &[String] {
        &self.expected
    }
}

/// Ethernet II between two made-up cards.
pub(super) fn ethernet(packet: &[u8]) -> Vec<u8> {
    let ethertype = if packet[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
    [&MACS[..], &ethertype, packet].concat()
}

/// Destination and source of every Ethernet frame.
pub(super) const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

/// One TCP connection.
pub(super) struct Tcp {
    pub(super) ends: Ends,
    up: u32,
    down: u32,
    sent_up: usize,
    sent_down: usize,
}

impl Tcp {
    /// A connection of which nothing was sent yet, not even a SYN.
    pub(super) fn silent(ends: Ends) -> Self {
        // So near the end of the numbers that every hello wraps around.
        Self { ends, up: u32::MAX - 99, down: 7_000, sent_up: 0, sent_down: 0 }
    }

    /// The three packets that open a connection.
    pub(super) fn open(tape: &mut Tape, ends: Ends) -> Self {
        Self::opened(tape, Self::silent(ends))
    }

    /// The same, with the client's first byte at this number.
    pub(super) fn open_at(tape: &mut Tape, ends: Ends, up: u32) -> Self {
        Self::opened(tape, Self { up, ..Self::silent(ends) })
    }

    fn opened(tape: &mut Tape, tcp: Self) -> Self {
        tcp.syn(tape);
        tcp.syn_ack(tape);
        tcp.segment(tape, ACK, 0, &[]);
        tcp
    }

    pub(super) fn syn(&self, tape: &mut Tape) {
        let header = Header { seq: self.up.wrapping_sub(1), ack: 0, flags: SYN };
        tape.packet(&wire::ip(self.ends, protocol::TCP, &wire::tcp(self.ends, header, &[])));
    }

    pub(super) fn syn_ack(&self, tape: &mut Tape) {
        let header = Header { seq: self.down.wrapping_sub(1), ack: self.up, flags: SYN | ACK };
        let ends = self.ends.turned();
        tape.packet(&wire::ip(ends, protocol::TCP, &wire::tcp(ends, header, &[])));
    }

    /// The client's next bytes, in order and in full segments.
    pub(super) fn up(&mut self, tape: &mut Tape, bytes: &[u8]) {
        for part in bytes.chunks(MSS) {
            self.segment(tape, ACK | PSH, self.sent_up, part);
            self.sent_up += part.len();
        }
    }

    /// The client's bytes that belong `offset` bytes into its stream.
    pub(super) fn up_at(&mut self, tape: &mut Tape, offset: usize, bytes: &[u8]) {
        self.segment(tape, ACK | PSH, offset, bytes);
        self.sent_up = self.sent_up.max(offset + bytes.len());
    }

    /// A piece of the client's stream, by the place where it lies in it.
    pub(super) fn up_piece(&mut self, tape: &mut Tape, stream: &[u8], piece: Range<usize>) {
        self.up_at(tape, piece.start, &stream[piece.start..piece.end.min(stream.len())]);
    }

    /// Several pieces.
    pub(super) fn up_pieces(&mut self, tape: &mut Tape, stream: &[u8], pieces: &[Range<usize>]) {
        for piece in pieces {
            self.up_piece(tape, stream, piece.clone());
        }
    }

    /// The server's next bytes.
    pub(super) fn down(&mut self, tape: &mut Tape, bytes: &[u8]) {
        for part in bytes.chunks(MSS) {
            self.down_at(tape, self.sent_down, part);
        }
    }

    /// The server's bytes that belong `offset` bytes into its stream.
    pub(super) fn down_at(&mut self, tape: &mut Tape, offset: usize, bytes: &[u8]) {
        let header =
            Header { seq: place(self.down, offset), ack: place(self.up, self.sent_up), flags: ACK | PSH };
        let ends = self.ends.turned();
        tape.packet(&wire::ip(ends, protocol::TCP, &wire::tcp(ends, header, bytes)));
        self.sent_down = self.sent_down.max(offset + bytes.len());
    }

    /// The server's next bytes in one segment, however long: a super-frame of segmentation offload.
    pub(super) fn down_at_once(&mut self, tape: &mut Tape, bytes: &[u8]) {
        self.down_at(tape, self.sent_down, bytes);
    }

    /// Both sides end the connection.
    pub(super) fn close(&self, tape: &mut Tape) {
        self.segment(tape, FIN | ACK, self.sent_up, &[]);
        let ends = self.ends.turned();
        let header = Header {
            seq: place(self.down, self.sent_down),
            ack: place(self.up, self.sent_up + 1),
            flags: FIN | ACK,
        };
        tape.packet(&wire::ip(ends, protocol::TCP, &wire::tcp(ends, header, &[])));
    }

    /// The server resets the connection, and the SYN if nothing was opened yet.
    pub(super) fn reset_by_server(&self, tape: &mut Tape) {
        let ends = self.ends.turned();
        let header = Header {
            seq: place(self.down, self.sent_down),
            ack: place(self.up, self.sent_up),
            flags: RST | ACK,
        };
        tape.packet(&wire::ip(ends, protocol::TCP, &wire::tcp(ends, header, &[])));
    }

    fn segment(&self, tape: &mut Tape, flags: u8, offset: usize, bytes: &[u8]) {
        let header = Header { seq: place(self.up, offset), ack: place(self.down, self.sent_down), flags };
        tape.packet(&wire::ip(self.ends, protocol::TCP, &wire::tcp(self.ends, header, bytes)));
    }
}

fn place(start: u32, offset: usize) -> u32 {
    start.wrapping_add(u32::try_from(offset).expect("streams are short"))
}
