//! Cases whose traffic real programs make, in the lab's namespaces, written down by tcpdump on the device's cable.
//!
//! No two recordings are the same, so each is pinned by its file. What has to come out is known from what the programs
//! were told to do; where only the wire knows (how many connections a browser opens, how many bytes TLS adds) tshark is
//! asked, which shares nothing with our decoder.

mod browser;
mod programs;
mod quinn;

use std::{
    fmt::Display,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::folder;
use crate::lab::{HUB, Lab, Namespace, Running, pause, run, wait_for};

/// A case that is recorded.
pub struct Recorded {
    /// Its folder's name.
    pub name: &'static str,
    /// What is in it and why, for its README.
    pub about: &'static str,
    /// What tcpdump keeps, so that only what the case is about lies in the file.
    filter: &'static str,
    /// Bytes kept of each frame.
    snap_bytes: u32,
    /// Commands that tell the versions of the programs.
    versions: &'static [&'static [&'static str]],
    make: fn(&mut Recorder) -> anyhow::Result<()>,
}

/// All cases that are recorded.
pub fn all() -> impl Iterator<Item = &'static Recorded> {
    [programs::CASES, quinn::CASES, browser::CASES].into_iter().flatten()
}

impl Recorded {
    /// Records it anew and writes its folder.
    pub fn write(&self) -> anyhow::Result<()> {
        let mut recorder = Recorder::new(self)?;
        (self.make)(&mut recorder)?;
        let pcap = recorder.stop()?;
        let folder = folder().join(self.name);
        fs::create_dir_all(&folder)?;
        fs::copy(pcap, folder.join("input.pcap"))?;
        fs::write(folder.join("expect.snap"), recorder.expected.join("\n") + "\n")?;
        let how = "Recorded in network namespaces; `elsewhere-captures record` records it anew. Programs:";
        let versions =
            self.versions.iter().map(|command| version(command)).collect::<anyhow::Result<Vec<_>>>()?;
        let readme = format!("# {}\n\n{}\n\n{how}\n\n{}", self.name, self.about, versions.concat());
        fs::write(folder.join("README.md"), readme)?;
        Ok(())
    }
}

/// The first line of what a program says about its version, as an item of a list.
fn version(command: &[&str]) -> anyhow::Result<String> {
    let output = run(Command::new(command[0]).args(&command[1..]))?;
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    let line = said.lines().next().context("a program says its version")?;
    Ok(format!("- {}: {}\n", command[0], line.trim()))
}

/// A lab with one device whose cable is listened to.
struct Recorder {
    lab: Lab,
    tcpdump: Option<Running>,
    filter: &'static str,
    snap_bytes: u32,
    expected: Vec<String>,
}

/// The device's address on its cable.
const DEVICE: &str = "10.77.0.11";

impl Recorder {
    fn new(case: &Recorded) -> anyhow::Result<Self> {
        let (filter, snap_bytes) = (case.filter, case.snap_bytes);
        Ok(Self { lab: Lab::new(1)?, tcpdump: None, filter, snap_bytes, expected: Vec::new() })
    }

    fn device(&self) -> &Namespace {
        &self.lab.devices()[0]
    }

    fn pcap(&self) -> PathBuf {
        self.lab.path("input.pcap")
    }

    /// From now on it is written down.
    fn start(&mut self) -> anyhow::Result<()> {
        let mut command = self.device().command("tcpdump");
        command
            .args(["-i", "eth0", "-U", "--immediate-mode", "-Z", "root", "-s"])
            .arg(self.snap_bytes.to_string());
        command.arg("-w").arg(self.pcap()).arg(self.filter);
        self.tcpdump = Some(Running::start(&mut command, &self.lab.path("tcpdump.log"))?);
        let pcap = self.pcap();
        wait_for("tcpdump", || Ok((fs::metadata(&pcap)?.len() >= 24).then_some(())))
    }

    /// The recording is over; where it lies.
    fn stop(&mut self) -> anyhow::Result<PathBuf> {
        self.stop_and_look()?;
        Ok(self.pcap())
    }

    /// The recording is over, if it was not before: tshark may be asked about it.
    fn stop_and_look(&mut self) -> anyhow::Result<()> {
        let Some(tcpdump) = self.tcpdump.take() else { return Ok(()) };
        let pcap = self.pcap();
        // What a connection says last comes when the program that made it is gone: until nothing comes any more.
        let mut before = 0;
        wait_for("the cable to fall silent", || {
            pause(Duration::from_millis(700));
            let now = fs::metadata(&pcap)?.len();
            let silent = now == before;
            before = now;
            Ok(silent.then_some(()))
        })?;
        tcpdump.stop().map(drop)
    }

    /// What has to come out, from a client's port or, where that is not known, from any.
    fn expect(&mut self, client_port: impl Display, server_port: u16, fact: impl Display) {
        self.expected.push(format!("{DEVICE}:{client_port} > {HUB}:{server_port} {fact}"));
    }

    /// The same of what the server says.
    fn expect_back(&mut self, server_port: u16, client_port: impl Display, fact: impl Display) {
        self.expected.push(format!("{HUB}:{server_port} > {DEVICE}:{client_port} {fact}"));
    }

    /// Runs a program on the device whose success does not matter.
    fn try_on_device(&self, program: &str, args: &[&str]) -> anyhow::Result<()> {
        let output = self.device().command(program).args(args).stdin(std::process::Stdio::null()).output()?;
        fs::write(self.lab.path(&format!("{program}.log")), [output.stdout, output.stderr].concat())?;
        Ok(())
    }

    /// One value a line of a field of the packets that tshark's filter lets through.
    fn tshark(&self, filter: &str, field: &str) -> anyhow::Result<Vec<String>> {
        let file = self.pcap().display().to_string();
        let args = ["-r", &file, "-Y", filter, "-T", "fields", "-e", field];
        let output = run(Command::new("tshark").args(args))?;
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    }

    /// Payload bytes of one TCP connection, up and down, as tshark adds them up.
    fn tshark_bytes(&self, client_port: u16) -> anyhow::Result<(u64, u64)> {
        let sum = |side: &str| -> anyhow::Result<u64> {
            let filter = format!("tcp.{side}port == {client_port} && !tcp.analysis.retransmission");
            self.tshark(&filter, "tcp.len")?.iter().map(|length| Ok(length.parse::<u64>()?)).sum()
        };
        Ok((sum("src")?, sum("dst")?))
    }

    /// A server on the hub that says its banner, then one answer to each thing it hears, refuses the hello and hangs up.
    fn serve(
        &self,
        port: u16,
        banner: &'static [u8],
        answers: &'static [&'static [u8]],
    ) -> anyhow::Result<()> {
        let address = SocketAddr::from((HUB, port));
        let listener = self.lab.hub().inside(async || Ok(TcpListener::bind(address)?))?;
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that went away is nothing to report.
                let _gone = stream.and_then(|stream| answer(stream, banner, answers));
            }
        });
        Ok(())
    }
}

fn answer(mut stream: TcpStream, banner: &[u8], answers: &[&[u8]]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(banner)?;
    let mut heard = [0; 4096];
    for answer in answers {
        if stream.read(&mut heard)? == 0 {
            return Ok(());
        }
        stream.write_all(answer)?;
    }
    // The hello is refused: a handshake failure.
    if stream.read(&mut heard)? > 0 {
        stream.write_all(&[21, 3, 3, 0, 2, 2, 40])?;
    }
    Ok(())
}

/// Fails unless a program said that it did what it should have done.
fn ensure_some(what: &str, found: &[String]) -> anyhow::Result<()> {
    ensure!(!found.is_empty(), "tshark sees no {what} in the recording");
    Ok(())
}
