//! Services that nobody has reviewed, and that should be looked at before anything is said of them.
//!
//! Two kinds: those of a movement that is not reviewed, in its segment; and those that no segment showed in any week on
//! the line before this one, once [`NEW_AFTER_WEEKS`] weeks were published, in the most precise segment that shows them.

use super::{History, LINE_WEEKS, Movement, lies_below, proposal::is_unreviewed};
use crate::{
    portfolio::Portfolio,
    published::{PublishedNeed, PublishedSegment, PublishedService},
    segment::Segment,
};

/// Weeks that must have been published before a service is called new.
const NEW_AFTER_WEEKS: usize = 4;
/// Most services on a page; all are proposed (`proposal`).
const MOST_TO_REVIEW: usize = 5;

/// A service to be looked at, and where.
#[derive(Clone, Copy, Debug)]
pub struct ToReview<'w> {
    /// The segment's row.
    pub segment: &'w PublishedSegment,
    /// The need's row of the segment.
    pub need: &'w PublishedNeed,
    /// The service's row of the need.
    pub service: &'w PublishedService,
}

impl ToReview<'_> {
    fn is_same(&self, other: &Self) -> bool {
        self.service.service == other.service.service && self.segment.segment == other.segment.segment
    }
}

/// At and below the root, most customers first.
pub(super) fn to_review<'w>(
    history: &History<'w>,
    root: Option<&Segment>,
    movements: &[Movement<'w>],
    portfolio: &Portfolio,
) -> Vec<ToReview<'w>> {
    let of_movement = |movement: &Movement<'w>| {
        let (segment, need) = (movement.segment, movement.need);
        need.services.iter().map(move |service| ToReview { segment, need, service })
    };
    let moving = movements.iter().filter(|movement| !movement.is_reviewed());
    let mut found: Vec<ToReview<'w>> =
        moving.flat_map(of_movement).filter(|one| is_unreviewed(one.service, portfolio)).collect();
    for new in new(history, root, portfolio) {
        if !found.iter().any(|known| known.is_same(&new)) {
            found.push(new);
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.service.customers));
    found.truncate(MOST_TO_REVIEW);
    found
}

fn new<'w>(history: &History<'w>, root: Option<&Segment>, portfolio: &Portfolio) -> Vec<ToReview<'w>> {
    let mut found = Vec::new();
    if history.weeks_before() < NEW_AFTER_WEEKS {
        return found;
    }
    for segment in history.below(root, &portfolio.main_dimension) {
        for need in &segment.needs {
            let unreviewed = need.services.iter().filter(|service| is_unreviewed(service, portfolio));
            let new = unreviewed.filter(|service| !was_shown(history, need, service));
            found.extend(new.map(|service| ToReview { segment, need, service }));
        }
    }
    let all = found.clone();
    found.retain(|one| {
        !all.iter().any(|other| {
            other.service.service == one.service.service && lies_below(other.segment, one.segment)
        })
    });
    found
}

/// Some segment showed the service in a week before.
fn was_shown(history: &History<'_>, need: &PublishedNeed, service: &PublishedService) -> bool {
    let shows = |weeks_ago| history.shows(&need.need, &service.service, weeks_ago);
    (1..LINE_WEEKS).any(|weeks_ago| shows(weeks_ago) == Some(true))
}
