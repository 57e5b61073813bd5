//! How long all findings of one week take, for a company of many segments.

use elsewhere_collector::{
    insight::{History, Known, affair, conversation, followed_up::follow_up},
    published::PublishedWeek,
    week::Week,
};

use super::{
    PUBLISHED, UNTIL,
    told::{Told, tell},
};
use crate::{
    clock,
    figures::Spread,
    fleet::{Company, Story, story::Department},
    table::{Goal, Table},
};

/// Segments of the large company.
const SEGMENTS: u32 = 200;
/// Its customers: enough for most segments to show most of what they do.
const CUSTOMERS: u32 = 12_000;
/// Its weeks: eight of history, and those that are published.
const WEEKS: u32 = 11;
/// The published ones, which are shown again for the weeks before them.
const TOLD: u32 = 3;
/// How often it is timed.
const REPEATS: usize = 5;

/// Times all findings of the last week.
pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let catalog = elsewhere_catalog::builtin();
    let mut story = Story::made(CUSTOMERS, WEEKS, 1, catalog);
    let made = story.departments.clone();
    let named = |(place, department): (u32, &Department)| Department {
        name: format!("{} {place}", department.name),
        share: 1.0,
        ..department.clone()
    };
    story.departments.extend((0..SEGMENTS).zip(made.iter().cycle()).skip(made.len()).map(named));
    let mut told = tell(&Company::new(story, catalog, UNTIL.parse()?), TOLD)?;
    let week: Week = UNTIL.parse()?;
    let newest_first = told.published.iter().rev().cycle();
    let ago = |(weeks, published): (i64, &PublishedWeek)| PublishedWeek {
        week: week.plus(-weeks),
        ..published.clone()
    };
    told.published = (0..i64::from(PUBLISHED)).zip(newest_first).map(ago).collect();
    let segments = told.published[0].segments.len();
    let seconds = (0..REPEATS).map(|_| findings(&told, week));
    let spread = Spread::of(seconds);
    let text = format!("{segments} segments; {:.2} to {:.2} s", spread.least, spread.most);
    table.row("all findings of one week", spread.median, "s", &text, Goal::AtMost(1.0));
    Ok(())
}

/// What a week says of everybody and of each need in each segment, and what became of decisions.
fn findings(told: &Told, week: Week) -> f64 {
    let begun = clock::now();
    let history = History::of(week, &told.published).expect("it was published");
    let known = Known { portfolio: &told.portfolio, journal: &told.journal, signals: &[] };
    let dimension = told.portfolio.main_dimension.as_str();
    let insight = history.insight(None, known);
    let affairs = affair::affairs(&history, None, dimension);
    let mut talks = 0;
    for row in &history.this().segments {
        for need in row.needs.iter().filter(|need| need.customers_elsewhere.shown().is_some()) {
            talks += usize::from(!conversation::talk(&history, &told.journal, row, need).findings.is_empty());
        }
    }
    let followed = told.journal.decisions.iter().map(|decision| follow_up(&history, &told.journal, decision));
    std::hint::black_box((insight.map(|insight| insight.share), affairs.len(), talks, followed.count()));
    clock::now().duration_since(begun).as_secs_f64()
}
