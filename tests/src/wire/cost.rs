//! What another program costs: processor time and peak memory of one run.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};

/// The cost of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// User and system, in seconds.
    pub(super) cpu_seconds: f64,
    /// Peak resident memory, in MB (10^6 bytes).
    pub(super) peak_mb: f64,
}

/// Runs a program to its end with its output thrown away. Only one at a time: the processor's time is that of all
/// children that ended meanwhile.
pub(super) fn of(program: &str, args: &[&str]) -> anyhow::Result<Cost> {
    let report = tempfile::NamedTempFile::new()?;
    let before = children_cpu_seconds()?;
    // `time` has the peak of this one child; what the system keeps of all children is only the largest peak.
    let status = Command::new("time")
        .args(["--format=%M", "--quiet", "--output"])
        .arg(report.path())
        .arg(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("start time, of the Debian package of that name")?;
    ensure!(status.success(), "{program} {}: {status}", args.join(" "));
    let cpu_seconds = children_cpu_seconds()? - before;
    let peak = fs::read_to_string(report.path())?;
    let kib: f64 = peak.trim().parse().with_context(|| format!("peak memory '{peak}'"))?;
    Ok(Cost { cpu_seconds, peak_mb: kib * 1024.0 / 1e6 })
}

fn children_cpu_seconds() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}
