//! The operating curve of the test by itself: how many of those who begin with a service it takes to be noticed, where
//! so many usually do, in segments of some sizes. Counts are drawn day by day; no device, and no floor but for its
//! smallest group.

use std::collections::BTreeMap;

use elsewhere_collector::rollup::{Arrivals, Arrived, surprising};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::on_all_cores;
use crate::table::{Goal, Table};

/// Customers of a segment, and the services elsewhere that some of them ever use.
const SEGMENTS: [(u64, usize); 3] = [(50, 20), (200, 40), (1000, 80)];
/// Arrivals a week at the service, before.
const USUAL: [f64; 4] = [0.0, 0.5, 1.0, 2.0];
/// Who begins within seven days.
const BEGINNERS: [u32; 7] = [0, 3, 4, 5, 6, 8, 10];
/// Arrivals a week at the others, from and to, in a segment of 200; more in a larger one.
const OTHERS: (f64, f64) = (0.02, 2.0);
/// How often each is drawn.
const TRIALS: u64 = 200;
/// Days drawn: eight weeks, six before the first night, seven in which they begin, and six after.
const DAYS: usize = 56 + 6 + 7 + 6;
/// The first day on which one of them begins.
const FIRST: usize = 62;

/// Arrivals on each day.
type Days = [u32; DAYS];

/// Prints the curve, and adds the row of its goal.
pub(super) fn measure(table: &mut Table) {
    println!("\nnoticed in % (days from the first who begins, the middle), by those who begin within 7 days");
    println!(
        "{:>9} {:>8} {:>8} {}",
        "customers",
        "services",
        "usual",
        BEGINNERS.map(|it| format!("{it:>9}")).join("")
    );
    let mut least: f64 = 100.0;
    for (customers, services) in SEGMENTS {
        for usual in USUAL {
            let shares =
                on_all_cores(&BEGINNERS, |beginners| Ok(notice(customers, services, usual, *beginners)));
            let shares = shares.expect("nothing is refused");
            let cell = |(share, middle): &(f64, Option<usize>)| {
                let days = middle.map_or_else(String::new, |days| format!(" ({days})"));
                format!("{:>9}", format!("{share:.0}{days}"))
            };
            let cells: String = shares.iter().map(cell).collect();
            println!("{customers:>9} {services:>8} {usual:>8} {cells}");
            let five = BEGINNERS.iter().zip(&shares).find(|(beginners, _)| **beginners == 5);
            if usual == 0.0
                && let Some((_, (share, _))) = five
            {
                least = least.min(*share);
            }
        }
    }
    let beside = format!("the least of {} sizes, {TRIALS} each; the test by itself", SEGMENTS.len());
    table.row("5 who begin after none, noticed", least, "%", &beside, Goal::AtLeast(95.0));
}

/// In how many percent of trials they are noticed, and after how many days.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn notice(customers: u64, services: usize, usual: f64, beginners: u32) -> (f64, Option<usize>) {
    let mut rng = ChaCha8Rng::seed_from_u64(customers);
    rng.set_stream(u64::from(beginners));
    let mut days = Vec::new();
    for _ in 0..TRIALS {
        days.extend(trial(customers, services, usual, beginners, &mut rng));
    }
    days.sort_unstable();
    (100.0 * days.len() as f64 / TRIALS as f64, days.get(days.len() / 2).copied())
}

/// Days until they are noticed.
#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
fn trial(customers: u64, services: usize, usual: f64, beginners: u32, rng: &mut ChaCha8Rng) -> Option<usize> {
    let more = (customers as f64 / 200.0).sqrt();
    let mut of_services: Vec<Days> = Vec::new();
    for _ in 1..services {
        let rate = OTHERS.0 * (OTHERS.1 / OTHERS.0).powf(rng.random_range(0.0..1.0)) * more;
        of_services.push(draw(rate, rng));
    }
    let mut days = draw(usual, rng);
    let mut first = None;
    for _ in 0..beginners {
        let day = FIRST + rng.random_range(0..7);
        days[day] += 1;
        first = Some(first.map_or(day, |first: usize| first.min(day)));
    }
    of_services.push(days);
    let first = first.unwrap_or(FIRST);
    let noticed = (FIRST..DAYS).find(|last_day| is_noticed(&of_services, *last_day, customers));
    noticed.map(|last_day| (last_day + 1).saturating_sub(first))
}

/// The last service surprises in the night after this day.
fn is_noticed(of_services: &[Days], last_day: usize, customers: u64) -> bool {
    let arrived = |days: &Days| {
        let sum = |from: usize, to: usize| days[from..to].iter().sum();
        let (now, past) = (last_day - 6, last_day - 62);
        let (days_now, days_before) = (5 * customers, 40 * customers);
        Arrived { now: sum(now, last_day + 1), before: sum(past, now), days_now, days_before, without: 5 }
    };
    let fewest = super::super::K;
    if of_services.last().is_none_or(|days| arrived(days).now < fewest) {
        return false;
    }
    let named = of_services.iter().enumerate().map(|(place, days)| (place.to_string(), arrived(days)));
    let last = (of_services.len() - 1).to_string();
    let arrivals = Arrivals::from([(None, named.collect::<BTreeMap<_, _>>())]);
    surprising(&arrivals, fewest)[&None].contains_key(&last)
}

/// So many a week, day by day, on any day alike.
fn draw(rate: f64, rng: &mut ChaCha8Rng) -> Days {
    [0; DAYS].map(|_: u32| {
        // Knuth's way to draw from a Poisson distribution.
        let (end, mut product, mut count) = ((-rate / 7.0).exp(), 1.0, 0);
        loop {
            product *= rng.random_range(0.0..1.0);
            if product < end {
                return count;
            }
            count += 1;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_the_rate_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let sum: u32 = (0..400).flat_map(|_| draw(1.4, &mut rng)).sum();
        // 400 times 75 days at 0.2 are 6,000, give or take 78.
        assert!((5_700..6_300).contains(&sum), "{sum}");
    }

    #[test]
    fn five_after_none_are_noticed_in_the_night_after_the_fifth() {
        let mut days = [0; DAYS];
        (days[FIRST], days[FIRST + 4]) = (4, 1);
        let of_services = [[0; DAYS], days];
        let noticed: Vec<usize> = (FIRST..DAYS).filter(|day| is_noticed(&of_services, *day, 50)).collect();
        assert_eq!(noticed, [FIRST + 4, FIRST + 5, FIRST + 6]);
    }
}
