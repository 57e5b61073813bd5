//! Early signals evaluated: companies in which nothing happens, told night after night, and what is released of them;
//! the same with a few customers who begin with a service; and the operating curve of the test by itself.
//!
//! A company without a story has all the noise at once: holidays, a wave of new starters, a reorganisation, devices
//! that come late, embedded content, clients that run by themselves, rare services, partners, and a catalog that learns
//! in mid-week what many use. Every signal of it is false. Judged is every week from the second on, so also the first
//! of a roll-out.

mod curve;
mod nights;
mod quiet;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    figures::percent,
    table::{Goal, Table},
};
use nights::Heard;
use quiet::Beginning;

/// Companies without a story.
const QUIET: u64 = 30;
/// Companies in which some begin with a service.
const BEGUN: u64 = 40;
/// Their seeds begin here, apart from those of companies with stories.
const SEEDS: u64 = 500_000;
/// How many begin within seven days.
const BEGINNERS: [usize; 6] = [3, 4, 5, 6, 8, 10];

/// What was heard of those who began with one service.
#[derive(Clone, Copy)]
struct Course {
    beginners: usize,
    /// Days from the first who began to the signal, where it came within seven days of the last.
    noticed: Option<i32>,
}

/// Prints what was found and adds its rows.
pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    false_signals(table)?;
    beginnings(table)?;
    curve::measure(table);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn false_signals(table: &mut Table) -> anyhow::Result<()> {
    let seeds: Vec<u64> = (SEEDS..SEEDS + QUIET).collect();
    let heard = on_all_cores(&seeds, |seed| nights::listen(&quiet::company(*seed)))?;
    let weeks: u64 = heard.iter().map(|heard| heard.segment_weeks).sum();
    let told: Vec<&String> =
        heard.iter().flat_map(|heard| heard.signals.iter().map(|it| &it.words)).collect();
    println!("\nsignals of {QUIET} companies without a story, in {weeks} segment-weeks: {}", told.len());
    for words in &told {
        println!("  {words}");
    }
    let (rate, beside) = (1000.0 * told.len() as f64 / weeks as f64, format!("{} in {weeks}", told.len()));
    table.row("false signals in 1,000 segment-weeks", rate, "signals", &beside, Goal::AtMost(1.0));
    Ok(())
}

fn beginnings(table: &mut Table) -> anyhow::Result<()> {
    let seeds: Vec<u64> = (SEEDS + QUIET..SEEDS + QUIET + BEGUN).collect();
    let courses = on_all_cores(&seeds, |seed| {
        let (company, begun) = quiet::with_beginnings(*seed, &BEGINNERS);
        let heard = nights::listen(&company)?;
        let within_seven_days = begun.iter().filter(|begun| (begun.last - begun.first).get_days() < 7);
        Ok(within_seven_days.map(|begun| course(begun, &heard)).collect::<Vec<_>>())
    })?;
    let courses: Vec<Course> = courses.into_iter().flatten().collect();
    println!("\nbegan within 7 days with a service that nobody used, in such companies");
    println!("{:>9} {:>9} {:>6} {:>9} {:>16}", "customers", "companies", "heard", "in %", "days, the middle");
    for beginners in BEGINNERS {
        let of = || courses.iter().filter(|course| course.beginners == beginners);
        let mut days: Vec<i32> = of().filter_map(|course| course.noticed).collect();
        days.sort_unstable();
        let (heard, all) = (count(days.len()), count(of().count()));
        let middle = days.get(days.len() / 2).map_or_else(|| "-".to_owned(), ToString::to_string);
        let share = percent(heard, all);
        println!("{beginners:>9} {all:>9} {heard:>6} {share:>9.0} {middle:>16}");
        if beginners == 5 {
            let beside = format!("{heard} of {all}; all the noise around them");
            table.row("5 who begin with what nobody used, noticed", share, "%", &beside, Goal::AtLeast(95.0));
        }
    }
    Ok(())
}

fn course(begun: &Beginning, heard: &Heard) -> Course {
    // What only one department uses is told of it or of everybody, not of both.
    let is_its = |signal: &&nights::Signal| {
        let of_it = signal.segment.as_ref().is_none_or(|segment| *segment == begun.segment);
        signal.service == begun.service && of_it
    };
    let days = |since: jiff::civil::Date, on: jiff::civil::Date| (on - since).get_days();
    let signal = heard.signals.iter().find(is_its).filter(|signal| days(begun.last, signal.released) <= 7);
    Course { beginners: begun.beginners, noticed: signal.map(|signal| days(begun.first, signal.released)) }
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

/// In the order of the items, whoever is done first.
fn on_all_cores<T: Sync, R: Send>(
    items: &[T],
    make: impl Fn(&T) -> anyhow::Result<R> + Sync,
) -> anyhow::Result<Vec<R>> {
    let (next, made) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let place = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(item) = items.get(place)
                {
                    let one = make(item);
                    made.lock().expect("nobody panics with it").push((place, one));
                }
            });
        }
    });
    let mut made = made.into_inner().expect("nobody panics with it");
    made.sort_by_key(|(place, _)| *place);
    made.into_iter().map(|(_, one)| one).collect()
}
