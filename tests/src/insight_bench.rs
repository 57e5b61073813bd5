//! Insight evaluated: companies with planted stories and the usual noise, and how much of it the product says.
//!
//! A company is drawn from a seed ([`draw`], [`stories`]), told day by day and published through the floor as the
//! collector does it ([`told`]). What its stories make true ([`facts`]) is set against what insight states ([`statements`]);
//! [`kind`] says in words what found and false mean.
//!
//! Always: the same seeds give the same figures, but for times. Held-out seeds are summed and never listed.

pub mod draw;
mod effect;
pub mod facts;
pub mod kind;
pub mod large;
mod score;
mod seen;
pub mod signals;
pub mod statements;
mod stories;
pub mod told;

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Context;

pub use kind::Kind;
pub use score::{Case, Coverage, Score, Sums};

use crate::{
    figures::percent,
    fleet::{Company, Story},
    table::{Goal, Table},
};

/// Weeks told of each company.
const WEEKS: u32 = 15;
/// Of these, the last that are published.
const PUBLISHED: u32 = 13;
/// The last of them.
const UNTIL: &str = "2026-W46";
/// Published weeks that go by before statements are judged: movements need four of history.
const JUDGED_AFTER: usize = 4;
/// Fewest customers of a story that is to be found.
const FEWEST: u32 = 8;
/// The smallest group that may be told of.
const K: u32 = 5;

/// Seeds that are looked at while tuning begin here.
pub const TUNING: u64 = 1;
/// Seeds that nobody looks at begin here.
pub const HELD_OUT: u64 = 1_000_001;

/// Judges the companies of these seeds, on all cores.
pub fn of_seeds(seeds: &[u64]) -> anyhow::Result<Score> {
    on_all_cores(seeds, |seed| Score::of(&draw::company(*seed), &format!("seed {seed}")))
}

/// Judges the companies of the story files in a directory.
pub fn of_stories(dir: &Path) -> anyhow::Result<Score> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("read the directory '{}'", dir.display()))? {
        let path = entry?.path();
        files.extend(path.extension().is_some_and(|ending| ending == "toml").then_some(path));
    }
    files.sort();
    anyhow::ensure!(!files.is_empty(), "no story in '{}': put files ending with .toml there", dir.display());
    on_all_cores(&files, |file| {
        let catalog = elsewhere_catalog::builtin();
        let text = std::fs::read_to_string(file).with_context(|| format!("read '{}'", file.display()))?;
        let story = Story::read(&text, catalog).with_context(|| format!("story '{}'", file.display()))?;
        let until = story.until.unwrap_or_else(|| UNTIL.parse().expect("a week"));
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Score::of(&Company::new(story, catalog, until), &name)
    })
}

/// In the order of the items, whoever is done first.
fn on_all_cores<T: Sync>(
    items: &[T],
    judge: impl Fn(&T) -> anyhow::Result<Score> + Sync,
) -> anyhow::Result<Score> {
    let (next, scores) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(place) else { return };
                    let score = judge(item);
                    scores.lock().expect("nobody panics with it").push((place, score));
                }
            });
        }
    });
    let mut scores = scores.into_inner().expect("nobody panics with it");
    scores.sort_by_key(|(place, _)| *place);
    let mut all = Score::default();
    for (_, score) in scores {
        all.join(score?);
    }
    Ok(all)
}

/// What was found out, kind by kind.
pub fn print_kinds(score: &Score) {
    println!("{} companies, {} company-weeks judged", score.companies, score.company_weeks);
    println!("{:16} planted    seen   found  recall %    true   false  precision %", "kind");
    let all = std::iter::once(("all", score.all()));
    let kinds =
        Kind::ALL.iter().map(|kind| (kind.as_str(), score.kinds.get(kind).copied().unwrap_or_default()));
    for (name, Sums { planted, seen, found, right, wrong }) in kinds.chain(all) {
        let of_some = |part, of| if of == 0 { "-".to_owned() } else { format!("{:.1}", percent(part, of)) };
        let (recall, precision) = (of_some(found, seen), of_some(right, right + wrong));
        println!("{name:16} {planted:7} {seen:7} {found:7} {recall:>9} {right:7} {wrong:7} {precision:>12}");
    }
}

/// The rows of the goals.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub fn add_rows(score: &Score, of: &str, table: &mut Table) {
    let all = score.all();
    let beside = |part: u64, whole: u64| format!("{part} of {whole}; {of}");
    let recall = percent(all.found, all.seen);
    table.row("stories found", recall, "%", &beside(all.found, all.seen), Goal::AtLeast(95.0));
    let stated = all.right + all.wrong;
    let precision = percent(all.right, stated);
    table.row("statements that are true", precision, "%", &beside(all.right, stated), Goal::AtLeast(95.0));
    let slower = score.kinds.get(&Kind::Slower).copied().unwrap_or_default();
    let right = percent(slower.right, slower.right + slower.wrong);
    let text = beside(slower.right, slower.right + slower.wrong);
    table.row("direction of slower", right, "%", &text, Goal::AtLeast(99.0));
    for ((kind, is_planted), Coverage { known, held }) in &score.coverage {
        let what = if *is_planted { "planted" } else { "none planted" };
        let held_by = percent(*held, *known);
        let name = format!("intervals that hold the truth: {}, {what}", kind.as_str());
        table.row(&name, held_by, "%", &beside(*held, *known), Goal::None);
    }
    let (held, known) = score
        .coverage
        .values()
        .fold((0, 0), |(held, known), coverage| (held + coverage.held, known + coverage.known));
    let off = (percent(held, known) - 95.0).abs();
    table.row("intervals, points off 95 %", off, "points", &beside(held, known), Goal::AtMost(2.0));
    let text = beside(score.under_k, score.statements);
    table.row("statements about fewer than k", score.under_k as f64, "statements", &text, Goal::AtMost(0.0));
}

#[cfg(test)]
mod tests;
