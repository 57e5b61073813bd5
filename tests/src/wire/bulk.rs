//! The bulk file: a few TLS downloads side by side, at 1 Gbit/s. The handshakes and requests are real, what follows
//! are full records that nobody can read, in segments of 1,448 bytes with an acknowledgement for every second one.

use std::net::{Ipv4Addr, SocketAddrV4};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{
    packet::{self, ACK, PSH, SYN, Segment},
    pcap::Writer,
    tls::{self, Ends},
};

/// Downloads at once.
const CONNECTIONS: u16 = 4;
/// What fits a frame of 1,514 bytes beside headers and the time stamp option.
const SEGMENT_BYTES: usize = 1_448;
/// One such frame on the wire of 1 Gbit/s, with preamble, checksum and gap, to the microsecond.
const SEGMENT_US: u64 = 12;
const BEGINS_US: u64 = 1_767_600_000_000_000;

/// One download as both ends see it.
struct Download {
    number: u8,
    sent: [u32; 2],
    frame: Vec<u8>,
}

/// Writes downloads of so many bytes in all. The seed makes all but the handshakes' own secrets.
pub(super) fn write<W: std::io::Write>(seed: u64, bytes: u64, writer: &mut Writer<W>) -> anyhow::Result<()> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let record = tls::opaque_record(&mut random);
    let ends = Ends::new(&["download.example"])?;
    let mut now_us = BEGINS_US;
    let mut downloads = Vec::new();
    for number in 0..CONNECTIONS {
        let mut download =
            Download { number: u8::try_from(number)?, sent: [1_000, 2_000], frame: Vec::new() };
        download.open(&ends, &mut now_us, writer)?;
        downloads.push(download);
    }
    let (mut stream, mut at, mut written) = (Vec::new(), 0, 0);
    let mut turn = 0;
    while written < bytes {
        // A segment may hold the end of one record and the beginning of the next.
        stream.clear();
        stream.extend_from_slice(&record[at..]);
        stream.extend_from_slice(&record[..SEGMENT_BYTES]);
        let payload = &stream[..SEGMENT_BYTES];
        let number = downloads.len();
        for download in &mut downloads {
            now_us += SEGMENT_US;
            download.send(false, ACK, payload, now_us, writer)?;
            if turn % 2 == 1 {
                download.send(true, ACK, &[], now_us + 3, writer)?;
            }
        }
        turn += 1;
        written += (SEGMENT_BYTES * number) as u64;
        at = (at + SEGMENT_BYTES) % record.len();
    }
    Ok(())
}

impl Download {
    fn open<W: std::io::Write>(
        &mut self,
        ends: &Ends,
        now_us: &mut u64,
        writer: &mut Writer<W>,
    ) -> anyhow::Result<()> {
        let mut step = |this: &mut Self, up, flags, payload: &[u8]| {
            *now_us += 200;
            this.send(up, flags, payload, *now_us, writer)
        };
        step(self, true, SYN, &[])?;
        step(self, false, SYN | ACK, &[])?;
        step(self, true, ACK, &[])?;
        let request = b"GET /download HTTP/1.1\r\nHost: download.example\r\n\r\n";
        for (up, flight) in tls::handshake(ends, "download.example", request)? {
            for payload in flight.chunks(SEGMENT_BYTES) {
                step(self, up, PSH | ACK, payload)?;
            }
        }
        Ok(())
    }

    /// One segment, the device's or the server's.
    fn send<W: std::io::Write>(
        &mut self,
        up: bool,
        flags: u8,
        payload: &[u8],
        now_us: u64,
        writer: &mut Writer<W>,
    ) -> anyhow::Result<()> {
        let device = SocketAddrV4::new(Ipv4Addr::new(10, 8, 0, 2), 40_000 + u16::from(self.number));
        let server = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, self.number + 1), 443);
        let (from, to) = if up { (device, server) } else { (server, device) };
        let (mine, theirs) = (usize::from(up), usize::from(!up));
        let ack = if flags & ACK == 0 { 0 } else { self.sent[theirs] };
        packet::tcp(&mut self.frame, from, to, Segment { seq: self.sent[mine], ack, flags }, payload);
        let phantom = u32::from(flags & SYN != 0);
        self.sent[mine] = self.sent[mine].wrapping_add(u32::try_from(payload.len())? + phantom);
        Ok(writer.frame(now_us, u32::try_from(self.frame.len())?, &self.frame)?)
    }
}
