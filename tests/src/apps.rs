//! Real programs in control groups and accounts of a laptop, and the class that a real agent gives each of them.
//!
//! Each program fetches from a service of its own, so that the rows of the day tell them apart.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use serde_json::Value;

use crate::lab::{Lab, Running, programs, run, servers::Web, wait_for};

/// Size of what each program fetches: above 1 MB it is use, and leaves the device.
const BODY_BYTES: usize = 1_500_000;
/// Account of the person at the laptop.
const PERSON: u32 = 1_000;

/// A program, where it runs, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// In words.
    pub what: &'static str,
    /// The command; `{url}`, `{host}`, `{ca}` and `{home}` stand for what they say.
    pub command: &'static str,
    /// Its control group, as systemd would name it.
    pub group: &'static str,
    /// It runs as root, else as a person's account.
    pub root: bool,
    /// A host of the service it fetches from.
    pub host: &'static str,
    /// That service.
    pub service_id: &'static str,
    /// What it is, in the words of `usage`.
    pub class: &'static str,
}

/// What was said of a program.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The program.
    pub program: Program,
    /// The class that a watching agent gives it.
    pub with_owner: String,
    /// The class that its packets alone give it.
    pub without: String,
}

/// A laptop with an agent, and the programs' control groups on the machine that it stands for.
struct Laptop {
    lab: Lab,
    web: Web,
    agent: programs::Agent,
    groups: Groups,
}

/// Runs the programs one after another beside an agent, then asks the agent, and reads the packets alone. The laptop's
/// line carries so many Mbit/s down; nothing limits it where none is given, and a fetch is over in some 20 ms.
pub fn judge(programs: &[Program], line_mbit: Option<u32>) -> anyhow::Result<Vec<Judged>> {
    let laptop = Laptop::start(programs)?;
    if let Some(mbit) = line_mbit {
        let shape = format!("qdisc add dev p1 root tbf rate {mbit}mbit burst 32k latency 100ms");
        laptop.lab.hub().run("tc", &shape.split(' ').collect::<Vec<_>>())?;
    }
    let capture = laptop.lab.path("laptop.pcap");
    let tcpdump = laptop.lab.path("tcpdump.log");
    let mut command = laptop.lab.devices()[0].command("tcpdump");
    command.args(["-i", "eth0", "-U", "-B", "65536", "-w"]).arg(&capture);
    let recorder = Running::start(&mut command, &tcpdump)?;
    wait_for("tcpdump to listen", || {
        Ok(fs::read_to_string(&tcpdump)?.contains("listening on").then_some(()))
    })?;
    for program in programs {
        laptop.run(program)?;
    }
    let days = wait_for("the agent to count them all", || {
        let days = laptop.agent.raw()?;
        let is_there = |program: &&Program| fetched(&days, program.service_id) >= BODY_BYTES as u64;
        let missing: Vec<_> = programs.iter().filter(|program| !is_there(program)).collect();
        anyhow::ensure!(missing.is_empty(), "not counted: {missing:?}");
        Ok(Some(days))
    })?;
    recorder.stop()?;

    let usage = Command::new(programs::binary("elsewhere-agent")?)
        .args(["usage", "--format", "json", "--read"])
        .arg(&capture)
        .output()?;
    let rows: Vec<Value> =
        String::from_utf8(usage.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let judged = |program: &Program| Judged {
        program: *program,
        with_owner: class(
            days.iter().filter_map(|day| day["record"]["usages"].as_array()).flatten(),
            program.service_id,
        ),
        without: class(rows.iter(), program.service_id),
    };
    Ok(programs.iter().map(judged).collect())
}

fn fetched(days: &[Value], service_id: &str) -> u64 {
    let rows = days.iter().filter_map(|day| day["record"]["usages"].as_array()).flatten();
    rows.filter(|row| row["service_id"] == service_id).filter_map(|row| row["bytes_down"].as_u64()).sum()
}

/// The class that most bytes of a service stand under.
fn class<'r>(rows: impl Iterator<Item = &'r Value>, service_id: &str) -> String {
    let most =
        rows.filter(|row| row["service_id"] == service_id).max_by_key(|row| row["bytes_down"].as_u64());
    let word = most.and_then(|row| row["app_class"].as_str()).unwrap_or("no row");
    match word {
        "unspecified" => "unknown".to_owned(),
        word => word.replace('_', "-"),
    }
}

impl Laptop {
    fn start(programs: &[Program]) -> anyhow::Result<Self> {
        let mut lab = Lab::new(1)?;
        let hosts: Vec<_> = programs.iter().map(|program| program.host).collect();
        lab.serve_dns(&hosts)?;
        let web = lab.serve_web(&hosts)?;
        fs::write(web.root.join("body"), vec![b'e'; BODY_BYTES])?;
        let collector = programs::Collector::start(&lab, "organisation = \"Apps\"\n")?;
        let token = collector.command(&["enroll-token", "create", "--segment", "department=All"])?;
        let agent = programs::Agent::start(&lab, 0, &token)?;
        let groups = Groups::new()?;
        // A person's programs read the root certificate, which lies in a directory of root's.
        let trust = groups.home.path().join("ca.pem");
        fs::copy(&web.ca, &trust)?;
        run(Command::new("chmod").args(["-R", "a+rX"]).arg(groups.home.path()))?;
        Ok(Self { lab, web, agent, groups })
    }

    /// Runs a program to its end; what it prints is of no interest, only that the server served it.
    fn run(&self, program: &Program) -> anyhow::Result<()> {
        let home = self.groups.home.path();
        let own = tempfile::Builder::new().prefix("home-").tempdir_in(home)?;
        let uid = if program.root { 0 } else { PERSON };
        std::os::unix::fs::chown(own.path(), Some(uid), Some(uid))?;
        let shell = program
            .command
            .replace("{url}", &format!("https://{}/body", program.host))
            .replace("{host}", program.host)
            .replace("{ca}", &home.join("ca.pem").display().to_string())
            .replace("{home}", &own.path().display().to_string());
        let group = self.groups.make(program.group)?;
        let mut inside = self.lab.devices()[0].command("setpriv");
        inside
            .args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()])
            .args(["sh", "-c", &shell]);
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(group.join("cgroup.procs"))
            .arg(inside.get_program())
            .args(inside.get_args())
            .env("HOME", own.path())
            .current_dir(own.path());
        let log = self.lab.path("programs.log");
        let output = command.output()?;
        let said =
            format!("{}: {}\n{}", program.what, output.status, String::from_utf8_lossy(&output.stderr));
        fs::write(&log, fs::read_to_string(&log).unwrap_or_default() + &said)?;
        let served = fs::read_to_string(&self.web.access_log)?;
        let is_served = |line: &str| line.contains(program.host) && line.contains("\"uri\":\"/body\"");
        anyhow::ensure!(served.lines().any(is_served), "nothing was fetched: {said}");
        Ok(())
    }
}

/// Control groups below one of our own; gone when dropped.
struct Groups {
    root: PathBuf,
    home: tempfile::TempDir,
}

impl Groups {
    fn new() -> anyhow::Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let second =
            mounts.lines().find(|line| line.contains(" - cgroup2 ")).context("no cgroup2 is mounted")?;
        let mount = second.split(' ').nth(4).context("mountinfo has a mount point")?;
        let root = Path::new(mount).join(format!("elsewhere-lab-{}", std::process::id()));
        fs::create_dir(&root).context("a control group needs root")?;
        Ok(Self { root, home: tempfile::Builder::new().prefix("elsewhere-apps-").tempdir_in("/var/tmp")? })
    }

    fn make(&self, group: &str) -> anyhow::Result<PathBuf> {
        let path = self.root.join(group);
        fs::create_dir_all(&path)?;
        Ok(path)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.root) {
            eprintln!("control groups are left behind in {}: {error}", self.root.display());
        }
    }
}

/// Removes groups from the leaves up; what still runs in them is given a moment.
fn remove(group: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    wait_for("a control group to empty", || Ok(Some(fs::remove_dir(group)?)))
}
