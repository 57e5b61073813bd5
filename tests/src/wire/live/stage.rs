//! Where it is played: a hub with a name server and the scripts' server, a device, and the cable between them.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::script::{Script, Scripts, Then};
use crate::{
    clock,
    lab::{HUB, Lab, pause},
    wire::tls::Ends,
};

/// Where the scripts' server listens, on every address of the hub.
const PORT: u16 = 443;
/// Addresses of the hub that have a name each, beginning here: 10.78.0.0/16.
const NAMED: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 0);
/// Names with an address of their own: each is looked up once in a run, so that an answer that was lost can't hide
/// behind an earlier one.
const NAMES: u16 = 5_000;
/// Handshakes with a name of their own, said again and again.
const HELLOS: usize = 64;

/// The lab with its server.
pub(super) struct Stage {
    pub(super) lab: Lab,
    scripts: Arc<Scripts>,
    small: Vec<Arc<Script>>,
    /// Names that were looked up.
    asked: AtomicU16,
    bulk: Vec<Arc<Script>>,
    stop: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

/// What was made on the wire, for the agent to see.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Made {
    /// Connections whose name only their hello tells.
    pub(super) hellos: u64,
    /// Connections whose name only the lookup before them tells.
    pub(super) lookups: u64,
    /// Payload of the bulk transfer.
    pub(super) bulk_bytes: u64,
    /// And the seconds it took.
    pub(super) bulk_seconds: f64,
}

impl Stage {
    /// Sets it up; `bulk` are the long transfers that can be asked for by their number.
    pub(super) fn new(bulk: &[Then]) -> anyhow::Result<Self> {
        let mut lab = Lab::new(1)?;
        // Every address of the range is the hub's own.
        lab.hub().run("ip", &["route", "add", "local", "10.78.0.0/16", "dev", "lo"])?;
        let names: Vec<(String, Ipv4Addr)> =
            (0..NAMES).map(|number| (looked_up(number), address(number))).collect();
        lab.serve_addresses(&names)?;

        let hello_names: Vec<String> = (0..HELLOS).map(|number| format!("h{number}.hello.example")).collect();
        let mut all: Vec<&str> = hello_names.iter().map(String::as_str).collect();
        all.push("bulk.example");
        let ends = Ends::new(&all)?;
        let long = ends.with_long_hello();
        let mut scripts = Scripts::new(7);
        let small = hello_names.iter().enumerate().map(|(number, name)| {
            // Every second hello takes two segments.
            scripts.add(if number % 2 == 0 { &ends } else { &long }, name, Then::Answer)
        });
        let small = small.collect::<anyhow::Result<_>>()?;
        let bulk = bulk.iter().map(|then| scripts.add(&ends, "bulk.example", *then));
        let bulk = bulk.collect::<anyhow::Result<_>>()?;

        let listener = lab.hub().inside(async || Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?))?;
        let mut stage = Self {
            lab,
            scripts: Arc::new(scripts),
            small,
            asked: AtomicU16::new(0),
            bulk,
            stop: Arc::default(),
            server: None,
        };
        stage.serve(listener);
        Ok(stage)
    }

    /// Segmentation offload on both ends of the cable and on the bridge, or none: then frames have 1,514 bytes.
    pub(super) fn set_offload(&self, is_on: bool) -> anyhow::Result<()> {
        let word = if is_on { "on" } else { "off" };
        for (namespace, interface) in
            [(self.lab.hub(), "br0"), (self.lab.hub(), "p1"), (&self.lab.devices()[0], "eth0")]
        {
            namespace.run("ethtool", &["-K", interface, "tso", word, "gso", word, "gro", word])?;
        }
        Ok(())
    }

    /// A long transfer with small connections beside it, ten a second each way of naming.
    pub(super) fn bulk(&self, number: usize) -> anyhow::Result<Made> {
        let device = &self.lab.devices()[0];
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| {
                device.inside(async || {
                    let mut made = Made::default();
                    while !done.load(Ordering::Relaxed) {
                        self.small_pair(&mut made)?;
                        pause(Duration::from_millis(100));
                    }
                    Ok(made)
                })
            });
            let played = device.inside(async || self.scripts.play(&self.bulk[number], hub()));
            done.store(true, Ordering::Relaxed);
            let made =
                beside.join().map_err(|_| anyhow::anyhow!("the small connections' thread panicked"))?;
            let (bulk_bytes, bulk_seconds) = played?;
            let made = made?;
            // The bulk connection has its hello too.
            Ok(Made { bulk_bytes, bulk_seconds, hellos: made.hellos + 1, ..made })
        })
    }

    /// So many new connections a second for so many seconds, all with a handshake.
    pub(super) fn connections(&self, per_second: u64, seconds: u64) -> anyhow::Result<Made> {
        let device = &self.lab.devices()[0];
        device.inside(async || {
            let begun = clock::now();
            let elapsed_us =
                || u64::try_from(clock::now().duration_since(begun).as_micros()).unwrap_or_default();
            let mut made = Made::default();
            while made.hellos < per_second * seconds {
                let number = usize::try_from(made.hellos)?;
                self.scripts.play(&self.small[number % self.small.len()], hub())?;
                made.hellos += 1;
                let due_us = made.hellos * 1_000_000 / per_second;
                pause(Duration::from_micros(due_us.saturating_sub(elapsed_us())));
            }
            made.bulk_seconds = clock::now().duration_since(begun).as_secs_f64();
            Ok(made)
        })
    }

    /// One connection that only its hello names, one that only its lookup does.
    fn small_pair(&self, made: &mut Made) -> anyhow::Result<()> {
        let number = usize::try_from(made.hellos)?;
        self.scripts.play(&self.small[number % self.small.len()], hub())?;
        made.hellos += 1;
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        ensure!(number < NAMES, "all {NAMES} names were looked up: a shorter run needs fewer");
        look_up(&looked_up(number), address(number))?;
        say_and_hear(SocketAddr::from((address(number), PORT)))?;
        made.lookups += 1;
        Ok(())
    }

    /// A thread for each connection that is long; the small ones are over at once.
    fn serve(&mut self, listener: TcpListener) {
        let (scripts, stop) = (Arc::clone(&self.scripts), Arc::clone(&self.stop));
        self.server = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let scripts = Arc::clone(&scripts);
                std::thread::spawn(move || {
                    let served = stream.map_err(anyhow::Error::from).and_then(|stream| scripts.serve(stream));
                    if let Err(error) = served {
                        // Its client fails, and with it the measurement.
                        eprintln!("the scripts' server: {error:#}");
                    }
                });
            }
        }));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // One last connection wakes it up.
        let woken = self.lab.hub().inside(async || Ok(std::net::TcpStream::connect(hub())?));
        if woken.is_ok()
            && let Some(server) = self.server.take()
        {
            drop(server.join());
        }
    }
}

fn hub() -> SocketAddr {
    SocketAddr::from((HUB, PORT))
}

fn looked_up(number: u16) -> String {
    format!("n{number}.lookup.example")
}

fn address(number: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(NAMED.to_bits() + 1 + u32::from(number))
}

/// Asks the hub's name server for an address and makes sure of the answer.
fn look_up(name: &str, expected: Ipv4Addr) -> anyhow::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.connect((HUB, 53))?;
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len())?);
        query.extend(label.bytes());
    }
    query.extend([0, 0, 1, 0, 1]);
    socket.send(&query)?;
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).with_context(|| format!("look up {name}"))?;
    ensure!(answer[..length].ends_with(&expected.octets()), "another answer than expected for {name}");
    Ok(())
}

/// A connection that names nothing.
fn say_and_hear(server: SocketAddr) -> anyhow::Result<()> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(server)?;
    stream.write_all(b"hello")?;
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard)?;
    ensure!(heard == b"hello", "{} bytes came back", heard.len());
    Ok(())
}
