//! How right the evidence is on labelled sessions: every capture `x.pcap` or `x.pcapng` with `x.labels.json` beside it,
//! read through the agent's own stages in this process, as `elsewhere-agent usage --read` does.
//!
//! A service has the best evidence of all its rows. A capture does not say which program held a connection, so that all
//! here is without the socket's owner, which a live agent asks the kernel for; the rows say so.

mod confusion;
mod labels;
mod replay;
mod step;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use elsewhere_catalog::Catalog;

use self::{
    confusion::Confusion,
    labels::Labels,
    replay::{Replayed, replay},
    step::Step,
};
use crate::{
    figures::percent,
    table::{Goal, Table},
};

const FOUND_GOAL: f64 = 95.0;
const FALSE_GOAL: f64 = 1.0;
const OWNER: &str = "without the socket's owner: a capture has none";

/// A capture and what was done in it.
struct Session {
    /// Below the folder, without the ending.
    name: String,
    capture: PathBuf,
    labels: Labels,
}

/// Replays all sessions below a folder; prints each wrong one and the table of steps, adds the rows.
pub fn score(catalog: &'static Catalog, folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    // All labels are read before the first capture is, so that a broken file is told at once.
    let sessions = read(folder)?;
    let mut confusion = Confusion::default();
    let mut outside = 0;
    let mut damaged = 0;
    for session in &sessions {
        let replayed = replay(catalog, &session.capture)?;
        if let Some(damage) = &replayed.damage {
            damaged += 1;
            println!("{}: {damage}", session.name);
        }
        for service_id in session.labels.services().filter(|id| catalog.service(id).is_none()) {
            outside += 1;
            println!("{}: {service_id} is labelled and not in the catalog", session.name);
        }
        compare(session, &replayed, &mut confusion);
    }
    println!("\n{confusion}");
    println!(
        "none: not labelled, or not seen; {damaged} captures damaged, {outside} labels outside the catalog\n"
    );
    rows(&confusion, sessions.len(), table);
    Ok(())
}

/// Counts every service that is labelled or was seen; prints those on the wrong step.
fn compare(session: &Session, replayed: &Replayed, confusion: &mut Confusion) {
    let unlabelled = replayed.services().filter(|id| !session.labels.has(id));
    for service_id in session.labels.services().chain(unlabelled) {
        let (is, judged) = (session.labels.step(service_id), replayed.step(service_id));
        confusion.add(is, judged);
        if let Some(kind) = kind_of_error(is, judged) {
            println!(
                "{kind:<10} {}: {service_id} is {is}, judged {}",
                session.name,
                replayed.words(service_id)
            );
        }
    }
}

/// A page whose widgets nobody labelled is no error, as long as it is no more than contact.
fn kind_of_error(is: Step, judged: Step) -> Option<&'static str> {
    match (is, judged) {
        (Step::Use, Step::Use) | (Step::None, Step::Contact) => None,
        (Step::Use, _) => Some("missed use"),
        (_, Step::Use) => Some("false use"),
        (is, judged) => (is != judged).then_some("off"),
    }
}

fn rows(confusion: &Confusion, sessions: usize, table: &mut Table) {
    let (used, found) = (confusion.used(), confusion.used_and_found());
    let of = format!("{found} of {used} in {sessions} sessions, {OWNER}");
    if used > 0 {
        table.row("use: true positive rate", percent(found, used), "%", &of, Goal::AtLeast(FOUND_GOAL));
    }
    let (not_used, wrong) = (confusion.not_used(), confusion.not_used_and_judged_use());
    let of = format!("{wrong} of {not_used} in {sessions} sessions, {OWNER}");
    if not_used > 0 {
        table.row("use: false positive rate", percent(wrong, not_used), "%", &of, Goal::AtMost(FALSE_GOAL));
    }
    let (labelled, right) = (confusion.labelled(), confusion.labelled_and_right());
    let of = format!("{right} of {labelled} labels, {OWNER}");
    table.row("ladder: the very step", percent(right, labelled), "%", &of, Goal::None);
}

/// All sessions below a folder, in the order of their names.
fn read(folder: &Path) -> anyhow::Result<Vec<Session>> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    let mut sessions = Vec::new();
    for labels_path in files.iter().filter(|path| path.to_string_lossy().ends_with(labels::ENDING)) {
        let stem = labels_path.to_string_lossy().trim_end_matches(labels::ENDING).to_owned();
        let captures = ["pcap", "pcapng"].map(|ending| PathBuf::from(format!("{stem}.{ending}")));
        let capture = captures
            .into_iter()
            .find(|path| files.contains(path))
            .with_context(|| format!("{}: has no {stem}.pcap or .pcapng beside it", labels_path.display()))?;
        let name = Path::new(&stem).strip_prefix(folder)?.display().to_string();
        sessions.push(Session { name, capture, labels: Labels::read(labels_path)? });
    }
    ensure!(!sessions.is_empty(), "{}: no x.pcap or x.pcapng with x.labels.json below it", folder.display());
    let without = files.iter().filter(|path| {
        let is_capture = path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng");
        is_capture && !sessions.iter().any(|session| &session.capture == *path)
    });
    without.for_each(|path| println!("left out, without labels: {}", path.display()));
    Ok(sessions)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("read folder {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
