//! A small internet in network namespaces: a hub with a name server, web servers and a collector, and devices on
//! cables of their own. Real programs run in it; nothing leaves it; dropping the lab takes all of it away.
//!
//! ```text
//! hub 10.77.0.1 ── bridge ──┬── device 1  10.77.0.11
//!   dnsmasq, caddy,         ├── device 2  10.77.0.12
//!   collector               └── …
//! ```
//!
//! Needs root and the programs that `./tests/run` installs; without them it fails and says so.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

pub mod h3;
pub mod programs;
pub mod servers;

/// Where the hub's servers listen.
pub const HUB: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// Names one lab apart from the others of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The namespaces of one lab and what runs in them.
pub struct Lab {
    dir: TempDir,
    hub: Namespace,
    devices: Vec<Namespace>,
    running: Vec<Running>,
    /// Last, so that it goes last: what the lab itself serves.
    runtime: tokio::runtime::Runtime,
}

impl Lab {
    /// Makes a hub and so many devices, each on a cable to the hub's bridge.
    pub fn new(devices: usize) -> anyhow::Result<Self> {
        let lab = format!("ew{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = tempfile::Builder::new().prefix("elsewhere-lab-").tempdir()?;
        let hub = Namespace::new(format!("{lab}-hub"))?;
        hub.ip("link add br0 type bridge")?;
        hub.ip(&format!("addr add {HUB}/24 dev br0"))?;
        hub.ip("link set br0 up")?;
        let devices = (1..=devices).map(|number| hub.plug_in(&lab, number)).collect::<anyhow::Result<_>>()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { dir, hub, devices, running: Vec::new(), runtime })
    }

    /// The namespace with the servers.
    pub fn hub(&self) -> &Namespace {
        &self.hub
    }

    /// The devices' namespaces.
    pub fn devices(&self) -> &[Namespace] {
        &self.devices
    }

    /// For what the lab serves itself, with sockets from [`Namespace::inside`].
    pub fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// A file or folder that goes with the lab.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Keeps a program running until the lab is dropped.
    pub fn keep(&mut self, running: Running) {
        self.running.push(running);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.running.clear();
        if std::thread::panicking() {
            for log in fs::read_dir(self.dir.path()).into_iter().flatten().flatten() {
                if log.path().extension().is_some_and(|extension| extension == "log") {
                    let text = fs::read_to_string(log.path()).unwrap_or_default();
                    let tail: Vec<_> = text.lines().rev().take(15).collect();
                    eprintln!("--- {}", log.path().display());
                    tail.iter().rev().for_each(|line| eprintln!("{line}"));
                }
            }
        }
    }
}

/// One network namespace; gone when dropped.
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Its name for `ip`.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn new(name: String) -> anyhow::Result<Self> {
        run(Command::new("ip").args(["netns", "add", &name]))
            .context("a namespace needs root and iproute2")?;
        let namespace = Self { name };
        namespace.set_resolver(&format!("nameserver {HUB}\n"))?;
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// A device on a cable to this hub's bridge, with the address 10.77.0.(10 + number).
    fn plug_in(&self, lab: &str, number: usize) -> anyhow::Result<Self> {
        let device = Self::new(format!("{lab}-d{number}"))?;
        self.ip(&format!("link add p{number} type veth peer name eth0 netns {}", device.name))?;
        self.ip(&format!("link set p{number} master br0 up"))?;
        device.ip(&format!("addr add 10.77.0.{}/24 dev eth0", 10 + number))?;
        device.ip("link set eth0 up")?;
        device.ip(&format!("route add default via {HUB}"))?;
        Ok(device)
    }

    /// Gives programs that start in this namespace from now on this `resolv.conf`.
    pub fn set_resolver(&self, resolv_conf: &str) -> anyhow::Result<()> {
        let resolver = Path::new("/etc/netns").join(&self.name);
        fs::create_dir_all(&resolver)?;
        Ok(fs::write(resolver.join("resolv.conf"), resolv_conf)?)
    }

    /// A command that will run in this namespace.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// A command that will run in this namespace and see the machine's control groups, as a laptop's agent does.
    pub fn command_with_cgroups(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.command("sh");
        command.args(["-c", "mount -t cgroup2 none /sys/fs/cgroup && exec \"$0\" \"$@\""]).arg(program);
        command
    }

    /// Runs a command here and gives its standard output; fails with its standard error.
    pub fn run(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> anyhow::Result<String> {
        let output = run(self.command(program).args(args))?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs `ip` on this namespace.
    pub fn ip(&self, args: &str) -> anyhow::Result<()> {
        run(Command::new("ip").args(["-n", &self.name]).args(args.split(' '))).map(drop)
    }

    /// Payload bytes (received, sent) on an interface so far: the link's own count less 14 bytes of Ethernet and
    /// `headers` of IP and transport for each packet it counted.
    pub fn link_payload(&self, interface: &str, headers: u64) -> anyhow::Result<(u64, u64)> {
        let read = |name: &str| -> anyhow::Result<u64> {
            let path = format!("/sys/class/net/{interface}/statistics/{name}");
            Ok(self.run("cat", &[&path])?.trim().parse()?)
        };
        let received = read("rx_bytes")? - read("rx_packets")? * (14 + headers);
        let sent = read("tx_bytes")? - read("tx_packets")? * (14 + headers);
        Ok((received, sent))
    }

    /// Payload bytes that TCP has sent again from here so far: the link counts them twice. RFC 4022, tcpRetransSegs.
    pub fn resent_payload(&self) -> anyhow::Result<u64> {
        /// Payload of a full segment with time stamps over Ethernet.
        const SEGMENT: u64 = 1_448;
        let table = self.run("cat", &["/proc/net/snmp"])?;
        let mut rows = table.lines().filter_map(|line| line.strip_prefix("Tcp: ")).map(str::split_whitespace);
        let (names, numbers) = rows.next().zip(rows.next()).context("no Tcp rows in /proc/net/snmp")?;
        let resent = names.zip(numbers).find(|(name, _)| *name == "RetransSegs");
        Ok(resent.context("no RetransSegs in /proc/net/snmp")?.1.parse::<u64>()? * SEGMENT)
    }

    /// Runs a future on a thread that lives in this namespace: its sockets are the namespace's.
    pub fn inside<T: Send>(&self, work: impl AsyncFnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
        let handle = File::open(Path::new("/run/netns").join(&self.name))?;
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                nix::sched::setns(&handle, nix::sched::CloneFlags::CLONE_NEWNET)?;
                tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work())
            });
            thread.join().map_err(|_| anyhow::anyhow!("the thread in the namespace panicked"))?
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let deleted = Command::new("ip").args(["netns", "del", &self.name]).status();
        let removed = fs::remove_dir_all(Path::new("/etc/netns").join(&self.name));
        if !deleted.is_ok_and(|status| status.success()) || removed.is_err() {
            eprintln!("namespace {} is left behind: ip netns del {}", self.name, self.name);
        }
    }
}

/// Linux counts a process's time in hundredths wherever we run.
const TICKS_PER_SECOND: f64 = 100.0;

/// A program in the background; killed when dropped.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts it with its output in a log file.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("start {command:?}"))?;
        Ok(Self { child })
    }

    /// It has not ended by itself.
    pub fn is_alive(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end (SIGTERM) and gives its exit code.
    pub fn stop(mut self) -> anyhow::Result<Option<i32>> {
        self.signal(nix::sys::signal::Signal::SIGTERM)?;
        Ok(self.child.wait()?.code())
    }

    /// Ends it as a power cut would (SIGKILL).
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// The most memory that it has held resident so far, in MB (10^6 bytes).
    pub fn peak_memory_mb(&self) -> anyhow::Result<f64> {
        memory_mb(self.id(), "VmHWM:")
    }

    /// The processor's time that it has taken so far, in seconds.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // The name before may hold spaces; user and system time are the 12th and 13th fields behind it.
        let (_, fields) = stat.rsplit_once(')').context("its stat has a name")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        let ticks = ticks.sum::<Result<f64, _>>()?;
        Ok(ticks / TICKS_PER_SECOND)
    }

    fn signal(&self, signal: nix::sys::signal::Signal) -> anyhow::Result<()> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id())?);
        Ok(nix::sys::signal::kill(pid, signal)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already is just as well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The memory that a process holds resident now, in MB (10^6 bytes).
pub fn resident_mb(pid: u32) -> anyhow::Result<f64> {
    memory_mb(pid, "VmRSS:")
}

fn memory_mb(pid: u32, field: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib = kib.with_context(|| format!("no {field} in its status"))?;
    Ok(kib.parse::<f64>()? * 1024.0 / 1e6)
}

/// Runs a command to its end; an exit code other than 0 is an error with what it said.
pub fn run(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output)
}

/// Longest wait for a condition; a loaded machine is slow, a broken program never gets there.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer; the last refusal is the error.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let pause = Duration::from_millis(50);
    let mut last = None;
    for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
        match ask() {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
        self::pause(pause);
    }
    let error = last.unwrap_or_else(|| anyhow::anyhow!("no answer"));
    Err(error.context(format!("waited {} s for {what}", PATIENCE.as_secs())))
}

/// Lets other programs go on for a moment: between two looks at a condition, or up to a random moment to kill at.
#[expect(clippy::disallowed_methods, reason = "other processes have no virtual time")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Fails unless two byte counts lie within so many percent of each other.
pub fn ensure_close(what: &str, seen: u64, counted: u64, percent: u64) -> anyhow::Result<()> {
    let off = seen.abs_diff(counted);
    ensure!(
        off * 100 <= counted * percent,
        "{what}: {seen} seen, {counted} counted: off by more than {percent} %"
    );
    Ok(())
}
