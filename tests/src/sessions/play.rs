//! One session being played: a device, the server that plays all hosts, what is meant by what is done, and the time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::Ipv4Addr,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, ensure};
use elsewhere_agent::evidence::Evidence;
use elsewhere_catalog::Verdict;
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{browser::Browser, quic, server::Server, timeline::Timeline, world};
use crate::{
    clock,
    lab::{Lab, Namespace, Running, pause, wait_for},
};

/// Longest frame that is recorded.
const SNAP_BYTES: u32 = 4_096;
/// How long servers keep a connection that rests: from 75 s of a common web server to 6 minutes.
const KEEP_ALIVE_SECONDS: [u64; 4] = [75, 120, 240, 360];

/// A session being played.
pub(super) struct Play {
    pub(super) lab: Lab,
    pub(super) server: Server,
    pub(super) rng: ChaCha8Rng,
    timeline: Timeline,
    tcpdump: Running,
    keep_alive_seconds: f64,
    told_seconds: f64,
    meant: BTreeMap<String, Evidence>,
    programs: BTreeSet<String>,
    number: u64,
}

/// What is true of one service in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Its id in the catalog.
    pub service_id: &'static str,
    /// How far up the ladder it came.
    pub evidence: Evidence,
}

/// A session that was played: where its recording lies for as long as its lab is there.
pub(super) struct Played {
    pub(super) recording: PathBuf,
    pub(super) timeline: Timeline,
    pub(super) labels: Vec<Label>,
    pub(super) programs: BTreeSet<String>,
    pub(super) unlisted: Vec<String>,
    _lab: Lab,
}

impl Play {
    /// Makes the namespaces, names and servers, and starts to record.
    pub(super) fn new(seed: u64) -> anyhow::Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut lab = Lab::new(1)?;
        lab.hub().ip(&format!("route add local {} dev lo", world::BLOCK))?;
        let names: Vec<_> = world::addresses();
        lab.serve_addresses(&names)?;
        let keep_alive = *KEEP_ALIVE_SECONDS.choose(&mut rng).context("some are there")?;
        let server = Server::start(&lab, keep_alive)?;
        fs::write(lab.path("root.pem"), server.root_pem())?;
        // A browser drops what it is doing when an address of its machine comes up meanwhile.
        let device = &lab.devices()[0];
        wait_for("the device's own address of version 6", || {
            let settled = device.run("ip", &["-6", "addr", "show", "dev", "eth0", "-tentative"])?;
            Ok(settled.contains("fe80").then_some(()))
        })?;
        let recording = lab.path("recording.pcap");
        let mut command = lab.devices()[0].command("tcpdump");
        command.args(["-i", "eth0", "-U", "--immediate-mode", "-B", "65536", "-Z", "root", "-s"]);
        command.arg(SNAP_BYTES.to_string()).arg("-w").arg(&recording);
        let tcpdump = Running::start(&mut command, &lab.path("tcpdump.log"))?;
        wait_for("tcpdump", || Ok((fs::metadata(&recording)?.len() >= 24).then_some(())))?;
        Ok(Self {
            lab,
            server,
            rng,
            timeline: Timeline::default(),
            tcpdump,
            keep_alive_seconds: f64::from(u32::try_from(keep_alive)?),
            told_seconds: 0.0,
            meant: BTreeMap::new(),
            programs: BTreeSet::new(),
            number: 0,
        })
    }

    /// The device.
    pub(super) fn device(&self) -> &Namespace {
        &self.lab.devices()[0]
    }

    /// A browser with a fresh profile.
    pub(super) fn browser(&mut self) -> anyhow::Result<Browser> {
        // HTTP/3 is what browsers do where nobody blocks it; many companies do.
        let mut more = Vec::new();
        if self.chance(60) {
            let origins: Vec<_> = quic::HOSTS.iter().map(|host| format!("{host}:443")).collect();
            more.push(format!("--origin-to-force-quic-on={}", origins.join(",")));
            more.push(format!("--ignore-certificate-errors-spki-list={}", self.server.key_fingerprint()));
            self.programs.insert("HTTP/3 where hosts offer it".to_owned());
        }
        let mut browser = Browser::start(&self.lab, &more)?;
        self.programs.insert(browser.version()?);
        Ok(browser)
    }

    /// A program took part; its name goes beside the session.
    pub(super) fn took_part(&mut self, program: &str) {
        self.programs.insert(program.to_owned());
    }

    /// What is done with this host's service comes to this much, or to more that was said before; of other services
    /// that are reached, it is a contact.
    pub(super) fn means(&mut self, host: &str, evidence: Evidence) {
        let meant = self.meant.entry(host.to_owned()).or_insert(evidence);
        *meant = (*meant).max(evidence);
    }

    /// So many seconds pass in which nobody does anything. Servers hang up where it is long.
    pub(super) fn pause(&mut self, seconds: f64) -> anyhow::Result<()> {
        self.silence()?;
        let first = seconds.min(self.keep_alive_seconds);
        self.wait(first)?;
        // Who is hung up on hears of it before anything else is done.
        pause(Duration::from_millis(10));
        if first < seconds {
            self.silence()?;
            self.wait(seconds - first)?;
        }
        Ok(())
    }

    /// Between so many and so many seconds pass.
    pub(super) fn rest(&mut self, seconds: std::ops::Range<f64>) -> anyhow::Result<()> {
        let seconds = self.rng.random_range(seconds);
        self.pause(seconds)
    }

    /// So many seconds pass while something is under way that does not speak meanwhile.
    pub(super) fn wait(&mut self, seconds: f64) -> anyhow::Result<()> {
        self.timeline.pause(clock::now(), SignedDuration::try_from_secs_f64(seconds)?);
        self.told_seconds += seconds;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole seconds do")]
        self.server.time_is(self.told_seconds as u64);
        Ok(())
    }

    /// What is done in here takes so many seconds in life.
    pub(super) fn takes<T>(
        &mut self,
        seconds: f64,
        work: impl FnOnce(&mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let from = clock::now();
        let done = work(self)?;
        let (to, told) = (clock::now(), SignedDuration::try_from_secs_f64(seconds)?);
        if told > to.duration_since(from) {
            self.timeline.stretch(from, to, told);
            self.told_seconds += seconds;
        }
        Ok(done)
    }

    /// A number from here to there.
    pub(super) fn between(&mut self, (from, to): (u32, u32)) -> u32 {
        self.rng.random_range(from..=to.max(from))
    }

    /// A number from here to there, each doubling as likely as the next: most are small and a few are large.
    pub(super) fn wide(&mut self, (from, to): (f64, f64)) -> f64 {
        self.rng.random_range(from.ln()..to.ln()).exp()
    }

    /// A size in bytes from here to there, as [`Play::wide`].
    pub(super) fn wide_bytes(&mut self, range: (f64, f64)) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole bytes do")]
        let bytes = self.wide(range) as u32;
        bytes
    }

    /// It happens in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    /// One of several.
    pub(super) fn one_of<'s, T>(&mut self, several: &'s [T]) -> anyhow::Result<&'s T> {
        several.choose(&mut self.rng).context("there is something to choose from")
    }

    /// A number that no address of this session had before, so that nothing answers from a cache.
    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Waits until nothing is on the wire.
    pub(super) fn silence(&self) -> anyhow::Result<()> {
        let recording = self.recording();
        let (mut before, mut same) = (0, 0);
        for _ in 0..500 {
            let now = fs::metadata(&recording)?.len();
            same = if now == before { same + 1 } else { 0 };
            if same == 3 {
                break;
            }
            before = now;
            pause(Duration::from_millis(20));
        }
        Ok(())
    }

    fn recording(&self) -> PathBuf {
        self.lab.path("recording.pcap")
    }

    /// The session is over: what was reached, and what it came to.
    pub(super) fn end(self) -> anyhow::Result<Played> {
        pause(Duration::from_millis(300));
        self.silence()?;
        let recording = self.recording();
        self.tcpdump.stop()?;
        let asked = self.server.asked();
        for host in self.meant.keys() {
            ensure!(asked.contains(host), "{host} was to be more than a contact and was not reached");
        }
        let mut labels: BTreeMap<&'static str, Evidence> = BTreeMap::new();
        let mut unlisted = Vec::new();
        for host in &asked {
            let meant = self.meant.get(host).copied();
            let Verdict::Service { service, .. } = elsewhere_catalog::builtin().classify(host) else {
                ensure!(meant.is_none(), "the catalog does not know the service of {host}");
                unlisted.push(host.clone());
                continue;
            };
            let evidence = labels.entry(service.id()).or_insert(Evidence::Contact);
            *evidence = (*evidence).max(meant.unwrap_or(Evidence::Contact));
        }
        let label = |(service_id, evidence)| Label { service_id, evidence };
        Ok(Played {
            recording,
            timeline: self.timeline,
            labels: labels.into_iter().map(label).collect(),
            programs: self.programs,
            unlisted,
            _lab: self.lab,
        })
    }

    /// When the session began, as its time stamps tell: on a working day, the same for a seed every time.
    pub(super) fn began(seed: u64) -> anyhow::Result<Timestamp> {
        /// 2026-03-02 08:00:00 UTC, a Monday.
        const MONDAY: i64 = 1_772_438_400;
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xda7e);
        let (day, second) = (rng.random_range(0..5), rng.random_range(0..7 * 3_600));
        Ok(Timestamp::from_second(MONDAY + day * 86_400 + second)?)
    }

    /// The address that the device's resolver gives for a name.
    pub(super) fn look_up(&self, name: &str) -> anyhow::Result<Ipv4Addr> {
        let found = self.device().run("getent", &["ahostsv4", name]).with_context(|| name.to_owned())?;
        let address = found.split_whitespace().next().context("name lookup gave no address")?;
        Ok(address.parse()?)
    }
}
