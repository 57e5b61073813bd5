//! An hour of traffic at replay speed, and the agent's memory after each ten minutes of it.
//!
//! A generator writes a capture into the agent's standard input: people browsing to names that are new every time,
//! long connections, a flood of SYNs and one of forged DNS answers. Addresses, flows, tries and rows reach their caps within
//! the first minutes; the hour counts from eighty minutes on.

use std::{
    io::{BufWriter, Write},
    net::{Ipv4Addr, SocketAddrV4},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    packet::{self, ACK, FIN, PSH, SYN, Segment},
    pcap::Writer,
    tls::{self, Ends},
};
use crate::{
    lab::{self, programs},
    table::{Goal, Table},
};

const BEGINS_US: u64 = 1_767_600_000_000_000;
const SEED: u64 = 3_600;
/// Looks at the memory, and the minutes before each.
const LOOKS: usize = 15;
const MINUTES: usize = 10;
/// Looks that are warm-up, the last of them what the later ones are held against. The tables are full within 10 minutes,
/// and each doubles its room once more when what was removed has used it up: the last one does after 65.
const WARM_UP: usize = 8;
/// How much more the last look may show than the first.
const GOAL_PERCENT: f64 = 5.0;

/// Every second: connections to a name that is new, and with it a lookup.
const VISITS: u32 = 20;
/// Every second: SYNs that nobody answers.
const SYNS: u32 = 300;
/// Every second: answers that nobody asked for.
const FORGED: u32 = 60;
/// Connections that last.
const LONG: u16 = 40;

const DEVICE: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
const RESOLVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 9, 0, 1), 53);

/// Feeds the agent and adds the rows.
pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let mut agent = Command::new(programs::binary("elsewhere-agent")?)
        .args(["usage", "--read", "/dev/stdin", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let pid = agent.id();
    let input = agent.stdin.take().context("a pipe to the agent")?;
    let mut writer = Writer::new(BufWriter::new(input))?;
    let mut traffic = Traffic::new()?;
    let mut looks = Vec::new();
    for look in 1..=LOOKS {
        for _ in 0..MINUTES * 60 {
            traffic.second(&mut writer)?;
        }
        let resident = lab::resident_mb(pid)?;
        eprintln!("after {} minutes: {resident:.2} MB resident, {} packets", look * MINUTES, writer.frames());
        looks.push(resident);
    }
    let frames = writer.frames();
    writer.finish()?;
    ensure!(agent.wait()?.success(), "the agent did not read it to the end");
    let (first, last) = (looks[WARM_UP - 1], looks[LOOKS - 1]);
    let all: Vec<String> = looks.iter().map(|look| format!("{look:.1}")).collect();
    let beside = format!("every {MINUTES} min: {} MB; {frames} packets", all.join(" "));
    let growth = (last / first - 1.0) * 100.0;
    table.row("growth in an hour, after warm-up", growth, "%", &beside, Goal::AtMost(GOAL_PERCENT));
    table.row("memory after an hour", last, "MB", "-", Goal::None);
    Ok(())
}

/// Traffic without an end.
struct Traffic {
    random: ChaCha8Rng,
    now_us: u64,
    seconds: u32,
    visits: u32,
    flights: Vec<(bool, Vec<u8>)>,
    /// Where in the hello the number in the name stands.
    number_at: usize,
    frame: Vec<u8>,
}

impl Traffic {
    fn new() -> anyhow::Result<Self> {
        let name = name(0);
        let flights = tls::handshake(&Ends::new(&[&name])?, &name, b"GET / HTTP/1.1\r\n\r\n")?;
        let hello = &flights[0].1;
        let name_at = hello.windows(name.len()).position(|window| window == name.as_bytes());
        let number_at = name_at.context("the name in the hello")? + 4;
        let random = ChaCha8Rng::seed_from_u64(SEED);
        let frame = Vec::new();
        Ok(Self { random, now_us: BEGINS_US, seconds: 0, visits: 0, flights, number_at, frame })
    }

    /// Writes one second.
    fn second<W: Write>(&mut self, writer: &mut Writer<W>) -> anyhow::Result<()> {
        let ends_us = BEGINS_US + u64::from(self.seconds + 1) * 1_000_000;
        for number in 0..LONG {
            self.long(number, writer)?;
        }
        for _ in 0..VISITS {
            self.visit(writer)?;
        }
        for _ in 0..SYNS {
            let (from, to) = (device(self.random.next_u32()), self.somebody(443));
            let segment = Segment { seq: self.random.next_u32(), ack: 0, flags: SYN };
            packet::tcp(&mut self.frame, from, to, segment, &[]);
            self.put(writer)?;
        }
        for _ in 0..FORGED {
            let (name, address) = (name(self.random.next_u32() % 1_000_000), *self.somebody(0).ip());
            packet::udp(&mut self.frame, RESOLVER, device(self.random.next_u32()), &answer(&name, address));
            self.put(writer)?;
        }
        ensure!(self.now_us < ends_us, "a second has more packets than microseconds to tell them apart");
        self.now_us = ends_us;
        self.seconds += 1;
        Ok(())
    }

    /// A lookup, a handshake, an answer, and goodbye.
    fn visit<W: Write>(&mut self, writer: &mut Writer<W>) -> anyhow::Result<()> {
        self.visits += 1;
        let name = name(self.visits % 1_000_000);
        let (from, to) = (device(self.visits), self.somebody(443));
        packet::udp(&mut self.frame, from, RESOLVER, &question(&name));
        self.put(writer)?;
        packet::udp(&mut self.frame, RESOLVER, from, &answer(&name, *to.ip()));
        self.put(writer)?;
        let mut flights = self.flights.clone();
        flights[0].1[self.number_at..self.number_at + 6].copy_from_slice(&name.as_bytes()[4..10]);
        flights.push((false, vec![b'x'; 1_200]));
        let mut sent = [1, 1];
        let mut segments: Vec<(bool, u8, &[u8])> = vec![(true, SYN, &[]), (false, SYN | ACK, &[])];
        for (up, flight) in &flights {
            segments.extend(flight.chunks(1_448).map(|payload| (*up, PSH | ACK, payload)));
        }
        segments.extend([(true, FIN | ACK, &[][..]), (false, FIN | ACK, &[][..])]);
        for (up, flags, payload) in segments {
            let (mine, theirs) = (usize::from(up), usize::from(!up));
            let (src, dst) = if up { (from, to) } else { (to, from) };
            let segment = Segment { seq: sent[mine], ack: sent[theirs], flags };
            packet::tcp(&mut self.frame, src, dst, segment, payload);
            self.put(writer)?;
            sent[mine] += u32::try_from(payload.len())? + u32::from(flags & (SYN | FIN) != 0);
        }
        Ok(())
    }

    /// A connection that was there before and goes on.
    fn long<W: Write>(&mut self, number: u16, writer: &mut Writer<W>) -> anyhow::Result<()> {
        let from = SocketAddrV4::new(DEVICE, 30_000 + number);
        let to = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 1), 443);
        let seq = self.seconds.wrapping_mul(100);
        packet::tcp(&mut self.frame, from, to, Segment { seq, ack: 1, flags: PSH | ACK }, &[7; 100]);
        self.put(writer)?;
        packet::tcp(&mut self.frame, to, from, Segment { seq, ack: 1, flags: PSH | ACK }, &[8; 100]);
        self.put(writer)
    }

    fn put<W: Write>(&mut self, writer: &mut Writer<W>) -> anyhow::Result<()> {
        self.now_us += 50;
        Ok(writer.frame(self.now_us, u32::try_from(self.frame.len())?, &self.frame)?)
    }

    /// An address somewhere.
    fn somebody(&mut self, port: u16) -> SocketAddrV4 {
        let [b, c, d, _] = self.random.next_u32().to_be_bytes();
        SocketAddrV4::new(Ipv4Addr::new(93, b, c, d), port)
    }
}

/// Names of one length, each under a domain of its own.
fn name(number: u32) -> String {
    format!("site{number:06}.com")
}

/// A port of the device above the long connections' ones.
fn device(number: u32) -> SocketAddrV4 {
    SocketAddrV4::new(DEVICE, 32_768 + u16::try_from(number % 32_768).expect("under 2^15"))
}

/// A DNS question for the name's address.
fn question(name: &str) -> Vec<u8> {
    asked(&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], name)
}

/// A DNS message of a header and this question.
fn asked(header: &[u8; 12], name: &str) -> Vec<u8> {
    let mut message = header.to_vec();
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).expect("a short label"));
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

/// A DNS answer: this name has this address for five minutes.
fn answer(name: &str, address: Ipv4Addr) -> Vec<u8> {
    let mut message = asked(&[0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], name);
    message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
    message.extend(address.octets());
    message
}

#[cfg(test)]
mod tests {
    use elsewhere_agent::{capture::file::Reader, pipeline::Pipeline};
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn the_stages_see_each_visit_under_its_own_name() {
        let mut traffic = Traffic::new().unwrap();
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file).unwrap();
        for _ in 0..3 {
            traffic.second(&mut writer).unwrap();
        }
        writer.finish().unwrap();
        let path = std::path::Path::new("test");
        let mut reader = Reader::new(path, Box::new(std::io::Cursor::new(file)), None).unwrap();
        let mut pipeline = Pipeline::new(elsewhere_catalog::builtin(), TimeZone::UTC);
        while let Some(frame) = reader.next_frame().unwrap() {
            pipeline.handle(&frame);
        }
        pipeline.finish();
        let visited = pipeline.usages().filter(|(_, usage)| usage.bytes_down == 1_200 || usage.tries == 1);
        assert!(visited.count() >= 3 * VISITS as usize);
    }
}
