//! Insight: what a week's published rows say beside those of the twelve weeks before.
//!
//! Pure functions of published rows. What the floor withheld is withheld here: a figure made of several is made of
//! those shown, and says of how many. What history is too short for is `None`.
//!
//! Definitions:
//! - **Share of need** ([`Insight::share`]): over the needs that we serve, that somebody meets elsewhere and whose
//!   four parts are shown, the parts of all their customer-days. Its line compares the same needs in other weeks.
//! - **Usual swing** ([`Line::swing`]): the middle one of the changes from week to week before this week.
//! - **Usual range** ([`Line::range`]): the middle half of the weeks before this one.
//! - **Movement** ([`movement`]): a need in a segment whose customer-days elsewhere alone rose in four weeks, by more
//!   than chance makes of them ([`change`]), and by more than the segment had become busier.
//! - **Headline** ([`Headline`]): the first movement that crossed, else the first, else who came back, else quiet.
//! - **Reviewed** ([`reviewed`]): called elsewhere by somebody; nothing else leads. What is not is to be looked at first
//!   ([`unreviewed`]), and what looks like ours is proposed ([`proposal`]).
//! - **Affair** ([`affair`]): how far gone a segment is with one service, and where that goes.
//! - **Why** ([`why`]): ours beside elsewhere, with an interval. **Next conversation** ([`conversation`]): a rule table.
//! - **Word of mouth** ([`word_of_mouth`]): who had a service before.
//! - **Did it work** ([`followed_up`]), **pace** ([`pace`]), **the way still to go** ([`journey`]).

mod activity;
pub mod affair;
mod came_back;
mod change;
pub mod conversation;
pub mod followed_up;
mod headline;
pub mod journey;
mod line;
mod movement;
pub mod pace;
pub mod package;
pub mod proposal;
mod reviewed;
mod unreviewed;
pub mod why;
pub mod word_of_mouth;

pub use came_back::CameBack;
pub use headline::Headline;
pub use line::{LINE_WEEKS, Line};
pub use movement::{MOST_MOVEMENTS, Movement};
pub use pace::Pace;
pub use unreviewed::ToReview;

use crate::{
    journal::Journal,
    portfolio::Portfolio,
    published::{Figure, PublishedNeed, PublishedSegment, PublishedWeek, Signal},
    segment::Segment,
    week::Week,
};

/// Published weeks up to the one that is looked at.
pub struct History<'w> {
    /// The last [`LINE_WEEKS`] weeks, oldest first, the week itself last; `None` where one was not published.
    weeks: Vec<Option<&'w PublishedWeek>>,
    /// All that were read, in any order: those before the line are asked for by decisions.
    published: &'w [PublishedWeek],
    this: &'w PublishedWeek,
}

/// What insight knows beside published rows.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// What we offer, and what is said of segments.
    pub portfolio: &'k Portfolio,
    /// What was decided, changed, aimed at and heard.
    pub journal: &'k Journal,
    /// What was told of single services the morning after.
    pub signals: &'k [Signal],
}

/// What one week says of everybody or of one segment.
#[derive(Debug)]
pub struct Insight<'w> {
    /// Parts of the share of need in this week, in customer-days; `None` where no need can be counted.
    pub share: Option<[u32; 4]>,
    /// Needs in the share.
    pub share_needs: usize,
    /// Percent with us alone.
    pub share_line: Line,
    /// Customers who left us for a need.
    pub left: Line,
    /// Customers who came back for a need.
    pub came_back: Line,
    /// Customer-days in needs that we do not serve.
    pub unserved: Line,
    /// Unserved needs that are shown, most days first.
    pub unserved_needs: Vec<&'w PublishedNeed>,
    /// In the order of their rank: at most [`MOST_MOVEMENTS`] that are reviewed, then as many that are not.
    pub movements: Vec<Movement<'w>>,
    /// Movements that nobody decided anything about for four weeks.
    pub retired: Vec<Movement<'w>>,
    /// Their pace and ours.
    pub pace: Pace,
    /// The need with most days elsewhere that is in no movement.
    pub largest_not_moving: Option<&'w PublishedNeed>,
    /// Where customers came back in four weeks, most first.
    pub came_back_to: Vec<CameBack<'w>>,
    /// Services that nobody has reviewed, to be looked at first.
    pub to_review: Vec<ToReview<'w>>,
    /// What leads the page.
    pub headline: Headline<'w>,
}

impl<'w> History<'w> {
    /// The history of `week` among these, in any order; `None` where the week itself is not among them.
    pub fn of(week: Week, published: &'w [PublishedWeek]) -> Option<Self> {
        let find = |week| published.iter().find(|published| published.week == week);
        let first = 1 - i64::try_from(LINE_WEEKS).expect("thirteen");
        let weeks = (first..=0).map(|weeks| find(week.plus(weeks))).collect();
        Some(Self { weeks, published, this: find(week)? })
    }

    /// The week itself.
    pub fn this(&self) -> &'w PublishedWeek {
        self.this
    }

    /// A week up to this one, where it was published.
    pub fn published(&self, week: Week) -> Option<&'w PublishedWeek> {
        self.published.iter().find(|published| published.week == week && week <= self.this.week)
    }

    /// A segment's row some weeks ago.
    pub fn segment(&self, segment: Option<&Segment>, weeks_ago: usize) -> Option<&'w PublishedSegment> {
        let at = self.weeks.len().checked_sub(1 + weeks_ago)?;
        self.weeks[at]?.segment(segment)
    }

    /// A segment's rows on the line, oldest first.
    fn rows(&self, segment: Option<&Segment>) -> Vec<Option<&'w PublishedSegment>> {
        self.weeks.iter().map(|week| week.and_then(|week| week.segment(segment))).collect()
    }

    /// A need's row some weeks ago.
    pub fn need(&self, segment: Option<&Segment>, need: &str, weeks_ago: usize) -> Option<&'w PublishedNeed> {
        self.segment(segment, weeks_ago)?.need(need)
    }

    /// In how many of the newest weeks all devices could tell of these services: what the catalogs learnt of in an older week
    /// can't be compared with that week and those before it.
    fn weeks_known(&self, services: &[&str]) -> usize {
        let is_news =
            |week: &&PublishedWeek| week.news.iter().any(|news| services.contains(&news.service.as_str()));
        let found = self.weeks.iter().rev().position(|week| week.as_ref().is_some_and(is_news));
        found.unwrap_or(LINE_WEEKS)
    }

    /// Weeks published before this one, of those on the line.
    pub fn weeks_before(&self) -> usize {
        self.weeks.iter().flatten().count() - 1
    }

    /// A figure's line over the weeks.
    fn line(&self, value: impl Fn(&'w PublishedWeek) -> Option<u32>) -> Line {
        Line(self.weeks.iter().map(|week| week.and_then(&value)).collect())
    }

    /// What this week says of everybody (`None`) or of a segment and all below it; `None` where it has no row.
    pub fn insight(&self, root: Option<&Segment>, known: Known<'_>) -> Option<Insight<'w>> {
        let this = self.this.segment(root)?;
        let main_dimension = known.portfolio.main_dimension.as_str();
        let (movements, retired) = movement::find(self, root, known);
        let affairs = affair::affairs(self, root, main_dimension);
        let share = share(this);
        let came_back_to = came_back::find(self, root, main_dimension);
        let headline = Headline::choose(self, &movements, &came_back_to, known.portfolio);
        let moving = |need: &PublishedNeed| movements.iter().any(|movement| movement.need.need == need.need);
        let largest = this
            .needs
            .iter()
            .filter(|need| elsewhere(need) > 0 && !moving(need))
            .max_by_key(|need| elsewhere(need));
        let mut unserved_needs: Vec<_> =
            this.needs.iter().filter(|need| unserved_days(need).is_some()).collect();
        unserved_needs.sort_by_key(|need| std::cmp::Reverse(unserved_days(need)));
        Some(Insight {
            share: share.map(|(parts, _)| parts),
            share_needs: share.map_or(0, |(_, needs)| needs),
            share_line: self.line(|week| share_with_us(this, week.segment(root)?)),
            left: self.line(|week| week.segment(root)?.left.shown()),
            came_back: self.line(|week| week.segment(root)?.came_back.shown()),
            unserved: self.line(|week| unserved_of(week.segment(root)?)),
            unserved_needs,
            largest_not_moving: largest,
            came_back_to,
            to_review: unreviewed::to_review(self, root, &movements, known.portfolio),
            pace: pace::pace(self, &affairs, known),
            movements,
            retired,
            headline,
        })
    }

    /// The root, and the segments of the main dimension below it.
    fn below(&self, root: Option<&Segment>, main_dimension: &str) -> Vec<&'w PublishedSegment> {
        let is_below = |row: &&PublishedSegment| match (&row.segment, root) {
            (segment, _) if segment.as_ref() == root => true,
            (Some(segment), None) => segment.dimension() == main_dimension,
            (Some(segment), Some(root)) => is_ancestor(root, segment),
            (None, _) => false,
        };
        self.this.segments.iter().filter(is_below).collect()
    }

    /// Some segment showed a service so many weeks ago; `None` where that week was not published.
    fn shows(&self, need: &str, service: &str, weeks_ago: usize) -> Option<bool> {
        let week = self.weeks[self.weeks.len().checked_sub(1 + weeks_ago)?]?;
        let mut needs = week.segments.iter().filter_map(|segment| segment.need(need));
        Some(needs.any(|need| need.service(service).is_some()))
    }
}

/// Longest list under the movements; the rest is in the tables.
const MOST_LISTED: usize = 3;

/// Most of this week's days, in percent, whose needs another week may lack on the line of the share: past it, what is
/// withheld would move the line more than customers do.
const MOST_NOT_COMPARED: u64 = 10;

/// Parts of the share of need, and how many needs are in it.
fn share(row: &PublishedSegment) -> Option<([u32; 4], usize)> {
    let counted: Vec<_> = in_share(row).map(|(_, parts)| parts).collect();
    (!counted.is_empty()).then(|| (sum(&counted), counted.len()))
}

/// The needs in the share, with their parts.
fn in_share(row: &PublishedSegment) -> impl Iterator<Item = (&str, [u32; 4])> {
    let served = row.needs.iter().filter(|need| need.served);
    let shown = served.filter_map(|need| Some((need.need.as_str(), need.parts()?)));
    shown.filter(|(_, [_, both, _, elsewhere])| both + elsewhere > 0)
}

/// Percent with us alone in another week, over the needs in this week's share; like is compared with like, so it is
/// `None` where those that the other week does not show have more than [`MOST_NOT_COMPARED`] of this week's days.
fn share_with_us(this: &PublishedSegment, then: &PublishedSegment) -> Option<u32> {
    let (mut compared, mut days, mut days_compared) = (Vec::new(), 0, 0);
    for (need, parts) in in_share(this) {
        let days_now = parts.iter().map(|days| u64::from(*days)).sum::<u64>();
        days += days_now;
        let parts_then = then.need(need).filter(|need| need.served).and_then(PublishedNeed::parts);
        if let Some(parts) = parts_then {
            compared.push(parts);
            days_compared += days_now;
        }
    }
    let enough = !compared.is_empty() && (days - days_compared) * 100 <= days * MOST_NOT_COMPARED;
    enough.then(|| percents(sum(&compared))[0])
}

fn sum(needs: &[[u32; 4]]) -> [u32; 4] {
    std::array::from_fn(|part| needs.iter().map(|parts| parts[part]).sum())
}

/// Whole percents that add up to 100: the largest remainders are rounded up. All 0 of nothing.
pub fn percents(parts: [u32; 4]) -> [u32; 4] {
    let whole: u64 = parts.iter().map(|part| u64::from(*part)).sum();
    if whole == 0 {
        return [0; 4];
    }
    let hundredfold = parts.map(|part| u64::from(part) * 100);
    let mut percents = hundredfold.map(|part| u32::try_from(part / whole).expect("it is at most 100"));
    let mut order = [0, 1, 2, 3];
    order.sort_by_key(|at| std::cmp::Reverse(hundredfold[*at] % whole));
    let missing = 100 - percents.iter().sum::<u32>();
    for at in order.into_iter().take(missing as usize) {
        percents[at] += 1;
    }
    percents
}

/// Customer-days elsewhere alone, 0 where they are withheld.
fn elsewhere(need: &PublishedNeed) -> u32 {
    need.elsewhere_alone.shown().unwrap_or(0)
}

fn unserved_days(need: &PublishedNeed) -> Option<u32> {
    match need.elsewhere_alone {
        Figure::Shown(days) if !need.served && days > 0 => Some(days),
        _ => None,
    }
}

fn unserved_of(row: &PublishedSegment) -> Option<u32> {
    let days: Vec<u32> = row.needs.iter().filter_map(unserved_days).collect();
    (!days.is_empty()).then(|| days.iter().sum())
}

fn is_ancestor(above: &Segment, below: &Segment) -> bool {
    std::iter::successors(below.parent(), Segment::parent).any(|parent| parent == *above)
}

/// The first row lies somewhere below the second.
fn lies_below(below: &PublishedSegment, above: &PublishedSegment) -> bool {
    match (&above.segment, &below.segment) {
        (None, Some(_)) => true,
        (Some(above), Some(below)) => is_ancestor(above, below),
        (_, None) => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
