//! Movements: where customers began to go elsewhere in four weeks.
//!
//! A movement is judged on the customer-days *elsewhere alone* of one need in one segment: this week against four weeks
//! ago, or the oldest week since then that is shown. It counts where the gain is at least [`LEAST_DAYS`] and a tenth of
//! what was there, beyond what the segment had become busier with other needs (`activity`), and where the line of that
//! need in that segment, alone or with days that were with us too, is more than chance makes of what was there before
//! (`change`).
//! Without four weeks of history there is no movement; nor in a segment of which under 70 % of the devices reported (of
//! the next one above, where the floor withholds that).
//!
//! A segment speaks for its parent where it has at least half of the parent's gain; else the parent speaks.
//!
//! **Rank**: by the days gained, which count one and a half times where the segment serves the paying customer directly;
//! of equals the one that reaches more of its customers goes first. A movement is *reviewed* where at least half of its gain
//! was called elsewhere by somebody (`reviewed`); those that are not stand behind the others. **Retired**: a movement that
//! was one in each of the four weeks before as well, with no decision about it in these five, goes from the page: nobody
//! acts on it.

use super::{
    History, Known, Line,
    activity::{self, Activity},
    change::Samples,
    conversation::{self, Talk},
    elsewhere, is_ancestor,
    reviewed::Reviewed,
};
use crate::{
    journal::Journal,
    portfolio::SanctionStatus,
    published::{Figure, PublishedNeed, PublishedSegment, PublishedService, customers_step},
    segment::Segment,
    week::Week,
};

/// Most movements on a page, reviewed, and as many that are not.
pub const MOST_MOVEMENTS: usize = 5;
/// Weeks over which a gain is judged.
const WEEKS: usize = 4;
/// Fewest customer-days that are called a movement: two customers' working weeks.
pub(super) const LEAST_DAYS: u32 = 10;
/// Fewest devices reporting, in percent.
const LEAST_REPORTING: u8 = 70;
/// Weeks after which a movement that nobody acts on goes.
const RETIRED_AFTER: i64 = 4;

/// A gain, before it is known who speaks.
#[derive(Clone)]
struct Gain<'w> {
    segment: &'w PublishedSegment,
    need: &'w PublishedNeed,
    last_week: Option<&'w PublishedNeed>,
    before: &'w PublishedNeed,
    weeks: usize,
    gained: u32,
}

/// A need that moved in a segment.
#[derive(Clone, Debug)]
pub struct Movement<'w> {
    /// The segment's row this week.
    pub segment: &'w PublishedSegment,
    /// The need's row this week.
    pub need: &'w PublishedNeed,
    /// The need's row last week.
    pub last_week: Option<&'w PublishedNeed>,
    /// The need's row in the week it is judged against.
    pub before: &'w PublishedNeed,
    /// How many weeks ago that was.
    pub weeks: usize,
    /// Customer-days elsewhere alone gained since then.
    pub gained: u32,
    /// Customer-days elsewhere alone that somebody called so: then, and now.
    pub reviewed_days: [u32; 2],
    /// The segment serves the paying customer directly.
    pub customer_facing: bool,
    /// How far gone it is, why, and what to talk about.
    pub talk: Talk<'w>,
}

impl<'w> Movement<'w> {
    /// Services elsewhere, most customers first.
    pub fn services(&self) -> impl Iterator<Item = &'w PublishedService> {
        let elsewhere = |service: &&PublishedService| {
            matches!(service.sanction_status, SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed)
        };
        self.need.services.iter().filter(elsewhere)
    }

    /// It crossed: more days elsewhere alone than with us alone now, and not before.
    pub fn crossed(&self) -> bool {
        self.exceeds() && !exceeds(self.before, self.reviewed_days[0])
    }

    /// More days elsewhere alone than with us alone, now.
    pub fn exceeds(&self) -> bool {
        exceeds(self.need, self.reviewed_days[1])
    }

    /// At least half of what was gained is of services that somebody called elsewhere.
    pub fn is_reviewed(&self) -> bool {
        let [before, now] = self.reviewed_days;
        now.saturating_sub(before).saturating_mul(2) >= self.gained
    }
}

impl Movement<'_> {
    /// What it is ranked by: thirds of a day, then percent of its customers who are elsewhere.
    fn rank(&self) -> (u32, u32) {
        let thirds = self.gained.saturating_mul(if self.customer_facing { 3 } else { 2 });
        let (some, of) = (self.need.customers_elsewhere.shown(), self.segment.customers.shown());
        let reach = some.zip(of).and_then(|(some, of)| (some * 100).checked_div(of));
        (thirds, reach.unwrap_or(0))
    }
}

fn exceeds(need: &PublishedNeed, days_elsewhere: u32) -> bool {
    let ours = need.ours_alone.shown().filter(|_| need.served);
    ours.is_some_and(|ours| days_elsewhere > ours)
}

/// The gains at and below the root in the order of their rank, those reviewed first; and those that are retired.
pub(super) fn find<'w>(
    history: &History<'w>,
    root: Option<&Segment>,
    known: Known<'_>,
) -> (Vec<Movement<'w>>, Vec<Movement<'w>>) {
    let mut found = Vec::new();
    for segment in history.below(root, &known.portfolio.main_dimension) {
        found.extend(segment.needs.iter().filter_map(|need| judge(history, segment, need)));
    }
    let reviewed = Reviewed::new(known.portfolio, history.this().week);
    let speaking = most_precise(&found).into_iter().map(|gain| {
        let talk = conversation::talk(history, known.journal, gain.segment, gain.need);
        let customer_facing = known.portfolio.is_customer_facing(gain.segment.segment.as_ref());
        let Gain { segment, need, last_week, before, weeks, gained } = gain;
        let reviewed_days = [before, need].map(|need| reviewed.days(need));
        Movement { segment, need, last_week, before, weeks, gained, reviewed_days, customer_facing, talk }
    });
    let is_retired = |movement: &Movement<'_>| is_retired(history, known.journal, movement);
    let (retired, mut speaking): (Vec<_>, Vec<_>) = speaking.partition(is_retired);
    speaking.sort_by_key(|movement| std::cmp::Reverse(movement.rank()));
    let (mut found, mut unreviewed): (Vec<_>, Vec<_>) = speaking.into_iter().partition(Movement::is_reviewed);
    found.truncate(MOST_MOVEMENTS);
    unreviewed.truncate(MOST_MOVEMENTS);
    found.append(&mut unreviewed);
    (found, retired)
}

/// It was a movement in each of the four weeks before, and nobody decided anything about it.
fn is_retired(history: &History<'_>, journal: &Journal, movement: &Movement<'_>) -> bool {
    let (segment, need) = (movement.segment.segment.as_ref(), &movement.need.need);
    let this = history.this().week;
    let was_one = |week: Week| {
        let then = History::of(week, history.published)?;
        let row = then.this().segment(segment)?;
        judge(&then, row, row.need(need)?)
    };
    let is_about = |about: Option<&Segment>| match (about, segment) {
        (None, _) => true,
        (Some(about), Some(segment)) => about == segment || is_ancestor(about, segment),
        (Some(_), None) => false,
    };
    let since = this.plus(-RETIRED_AFTER);
    let decided = journal.decisions.iter().any(|decision| {
        decision.need == *need && Week::of(decision.date) >= since && is_about(decision.segment.as_ref())
    });
    !decided && (1..=RETIRED_AFTER).all(|weeks| was_one(this.plus(-weeks)).is_some())
}

fn judge<'w>(
    history: &History<'w>,
    segment: &'w PublishedSegment,
    need: &'w PublishedNeed,
) -> Option<Gain<'w>> {
    if reporting(history, segment).is_none_or(|percent| percent < LEAST_REPORTING) {
        return None;
    }
    let at = |weeks| history.need(segment.segment.as_ref(), &need.need, weeks);
    let shown = |weeks: &usize| at(*weeks).is_some_and(|need| need.elsewhere_alone.shown().is_some());
    // The week must be there, even where the floor withheld the figure in it.
    history.segment(None, WEEKS)?;
    let weeks = (1..=WEEKS).rev().find(shown)?;
    let before = at(weeks)?;
    let gained = need.elsewhere_alone.shown()?.checked_sub(elsewhere(before))?;
    let then = history.segment(segment.segment.as_ref(), weeks);
    let busier = Activity::beside(&need.need, segment, then).grown(elsewhere(before));
    let beyond = elsewhere(need).saturating_sub(busier);
    let moved = beyond >= LEAST_DAYS && beyond >= elsewhere(before) / 10 && rose(history, segment, need);
    moved.then_some(Gain { segment, need, last_week: at(1), before, weeks, gained })
}

/// Percent of the devices that reported; where that is withheld, of the next segment above that shows it.
fn reporting(history: &History<'_>, segment: &PublishedSegment) -> Option<u8> {
    let above = |segment: &Segment| std::iter::successors(segment.parent(), Segment::parent).map(Some);
    let above = segment.segment.iter().flat_map(above).chain([None]);
    let above = above.filter_map(|segment| history.segment(segment.as_ref(), 0)?.trust);
    segment.trust.into_iter().chain(above).next().map(|trust| trust.devices_reporting)
}

fn rose(history: &History<'_>, segment: &PublishedSegment, need: &PublishedNeed) -> bool {
    let rows = history.rows(segment.segment.as_ref());
    let needs: Vec<_> = rows.iter().map(|row| row.and_then(|row| row.need(&need.need))).collect();
    let line =
        |of: fn(&PublishedNeed) -> Figure| Line(needs.iter().map(|need| of((*need)?).shown()).collect());
    // Where days are not shown, the customers elsewhere may be; they had as many days each as now.
    let step = customers_step(history.this().minimum_group);
    let unseen = |then: Option<&PublishedNeed>| {
        let customers = then.and_then(|then| then.customers_elsewhere.shown()).unwrap_or(0) + step - 1;
        need.elsewhere.shown()?.saturating_mul(customers).checked_div(need.customers_elsewhere.shown()?)
    };
    let unseen: Vec<_> = needs.iter().copied().map(unseen).collect();
    // A service that is withheld here is shown of everybody.
    let of_everybody = history.need(None, &need.need, 0);
    let services = [Some(need), of_everybody].into_iter().flatten().flat_map(|need| &need.services);
    let known = history.weeks_known(&services.map(|service| service.service.as_str()).collect::<Vec<_>>());
    let mut exposures = activity::exposures(&need.need, &rows);
    exposures.truncate(known);
    // Days elsewhere are shown where those elsewhere alone are withheld for the others' sake.
    [line(|need| need.elsewhere_alone), line(|need| need.elsewhere)]
        .iter()
        .any(|line| Samples::of(line, 2 * step, &exposures, &unseen).rose())
}

fn most_precise<'w>(found: &[Gain<'w>]) -> Vec<Gain<'w>> {
    let spoken_for = |gain: &Gain<'_>| {
        found.iter().any(|lower| is_below(lower, gain) && lower.gained >= gain.gained.div_ceil(2))
    };
    let speaks: Vec<&Gain<'w>> = found.iter().filter(|gain| !spoken_for(gain)).collect();
    let covered = |gain: &Gain<'_>| speaks.iter().any(|upper| is_below(gain, upper));
    speaks.iter().filter(|gain| !covered(gain)).map(|gain| (*gain).clone()).collect()
}

/// The same need, in a segment below.
fn is_below(lower: &Gain<'_>, upper: &Gain<'_>) -> bool {
    let segments = match (&upper.segment.segment, &lower.segment.segment) {
        (None, Some(_)) => true,
        (Some(upper), Some(lower)) => is_ancestor(upper, lower),
        (_, None) => false,
    };
    segments && upper.need.need == lower.need.need
}
