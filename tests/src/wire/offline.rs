//! What reading a file costs, beside the programs that Debian has for it, in turn on the same files.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

use super::{
    bulk,
    cost::{self, Cost},
    mixed,
    pcap::Writer,
};
use crate::{
    figures::Spread,
    lab::programs,
    table::{Goal, Table},
};

/// Rounds in which each program has its turn.
const ROUNDS: usize = 5;
/// Frames of the mixed file, at least.
const MIXED_FRAMES: u64 = 2_000_000;
/// Payload of the bulk file.
const BULK_BYTES: u64 = 1_100_000_000;
/// Another number, another file.
const SEED: u64 = 20_260_105;
/// Raised when what is generated changes, so that no old file is taken for a new one.
const EDITION: u32 = 1;

/// Times as fast as nDPI on the mixed file.
const MIXED_GOAL: f64 = 3.0;
/// Peak memory on the mixed file.
const MEMORY_GOAL_MB: f64 = 32.0;
/// Times as fast as capinfos on the bulk file.
const BULK_GOAL: f64 = 0.8;

/// A generated capture.
struct Generated {
    path: PathBuf,
    frames: f64,
    bytes: f64,
}

/// A program and how it reads a file without a word.
struct Reader {
    name: &'static str,
    program: String,
    args: fn(&str) -> Vec<&str>,
}

/// Generates both files where they are not there yet, and lets all programs read them.
pub fn measure(captures: &Path, table: &mut Table) -> anyhow::Result<()> {
    let folder = programs::binary("elsewhere-agent")?.with_file_name("wire-bench");
    fs::create_dir_all(&folder)?;
    let mixed = generated(&folder, "mixed", fingerprint(captures)?, |writer| {
        mixed::write(&mixed::tapes(captures)?, SEED, MIXED_FRAMES, writer)
    })?;
    let bulk = generated(&folder, "bulk", 0, |writer| bulk::write(SEED, BULK_BYTES, writer))?;
    let readers = readers()?;
    let costs = in_turn(&mixed, &readers)?;
    rows("mixed file", &mixed, &readers, &costs, table);
    let [agent, ndpi, ..] = &costs[..] else { unreachable!("five readers") };
    ratio_row("mixed file: agent to nDPI", agent, ndpi, MIXED_GOAL, table);
    let peak = Spread::of(agent.iter().map(|cost| cost.peak_mb));
    table.row(
        "mixed file: agent, peak memory",
        peak.median,
        "MB",
        &format!("{:.1} to {:.1}", peak.least, peak.most),
        Goal::AtMost(MEMORY_GOAL_MB),
    );
    let costs = in_turn(&bulk, &readers)?;
    rows("bulk file", &bulk, &readers, &costs, table);
    let [agent, _, _, capinfos, ..] = &costs[..] else { unreachable!("five readers") };
    ratio_row("bulk file: agent to capinfos", agent, capinfos, BULK_GOAL, table);
    Ok(())
}

fn readers() -> anyhow::Result<Vec<Reader>> {
    let reader = |name, program: &str, args| Reader { name, program: program.to_owned(), args };
    let agent = programs::binary("elsewhere-agent")?.display().to_string();
    Ok(vec![
        reader("agent", &agent, |file| vec!["usage", "--read", file, "--format", "json"]),
        reader("nDPI", "ndpiReader", |file| vec!["-q", "-i", file]),
        reader("tcpdump copying", "tcpdump", |file| vec!["-r", file, "-w", "/dev/null"]),
        // Everything that capinfos counts but its three hashes of the file, which have nothing to do with packets.
        reader("capinfos", "capinfos", |file| {
            vec!["-t", "-E", "-c", "-s", "-d", "-u", "-a", "-e", "-o", file]
        }),
        reader("p0f", "p0f", |file| vec!["-r", file]),
    ])
}

/// Lets each program read the file once a round, one after the other.
fn in_turn(file: &Generated, readers: &[Reader]) -> anyhow::Result<Vec<Vec<Cost>>> {
    let path = file.path.to_str().context("a path in UTF-8")?;
    // Once unmeasured: the first finds the file on the disk, the others in memory.
    fs::File::open(&file.path).and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()))?;
    let mut costs: Vec<Vec<Cost>> = readers.iter().map(|_| Vec::new()).collect();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS} over {path}");
        for (reader, costs) in readers.iter().zip(&mut costs) {
            costs.push(cost::of(&reader.program, &(reader.args)(path))?);
        }
    }
    Ok(costs)
}

fn rows(what: &str, file: &Generated, readers: &[Reader], costs: &[Vec<Cost>], table: &mut Table) {
    for (reader, costs) in readers.iter().zip(costs) {
        let rate = Spread::of(costs.iter().map(|cost| file.frames / cost.cpu_seconds / 1e3));
        let peak = Spread::of(costs.iter().map(|cost| cost.peak_mb)).median;
        let beside = format!(
            "{:.0} to {:.0}, peak {peak:.1} MB; {:.2} M packets, {:.2} GB",
            rate.least,
            rate.most,
            file.frames / 1e6,
            file.bytes / 1e9
        );
        table.row(&format!("{what}: {}", reader.name), rate.median, "k packets/CPU s", &beside, Goal::None);
    }
}

/// How much less the one costs than the other, round by round.
fn ratio_row(what: &str, ours: &[Cost], theirs: &[Cost], goal: f64, table: &mut Table) {
    let ratio =
        Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| theirs.cpu_seconds / ours.cpu_seconds));
    let beside = format!("{:.2} to {:.2} in {} rounds", ratio.least, ratio.most, ours.len());
    table.row(what, ratio.median, "times its rate", &beside, Goal::AtLeast(goal));
}

/// A file of this kind, from before or made now. How much is in it stands beside it, written last.
fn generated(
    folder: &Path,
    kind: &str,
    of: u64,
    write: impl FnOnce(&mut Writer<std::io::BufWriter<fs::File>>) -> anyhow::Result<()>,
) -> anyhow::Result<Generated> {
    let path = folder.join(format!("{kind}-{EDITION}-{SEED}-{of:016x}.pcap"));
    let size = path.with_extension("size");
    if !size.exists() {
        remove_others(folder, kind)?;
        eprintln!("generating {}", path.display());
        let mut writer = Writer::create(&path)?;
        write(&mut writer)?;
        let (frames, bytes) = (writer.frames(), writer.bytes());
        writer.finish()?;
        fs::write(&size, format!("{frames} {bytes}"))?;
    }
    let text = fs::read_to_string(&size)?;
    let (frames, bytes) = text.split_once(' ').context("frames and bytes")?;
    let is_whole = fs::metadata(&path)?.len() == bytes.parse::<u64>()?;
    let (frames, bytes) = (frames.parse()?, bytes.parse()?);
    ensure!(is_whole, "{} is not what was generated; delete {}", path.display(), size.display());
    Ok(Generated { path, frames, bytes })
}

/// They are large, and of another edition or of other captures.
fn remove_others(folder: &Path, kind: &str) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(kind) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Changes where the captures do.
fn fingerprint(captures: &Path) -> anyhow::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for capture in super::truth::read(captures)? {
        let path = super::truth::path_of(captures, &capture);
        capture.file.hash(&mut hasher);
        fs::read(path)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}
