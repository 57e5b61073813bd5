//! Word of mouth: who had a service before the segment that goes to it now.
//!
//! A segment *began* with a service in the first week that shows it there, where it was published in a week before that
//! one without it, and all devices could tell of the service by then. Of the segments that are neither above nor below and
//! began one to eight weeks earlier, the one that did so last may have told of it. Rows say who was seen first, not who told
//! whom.

use super::{History, is_ancestor};
use crate::{published::PublishedSegment, segment::Segment, week::Week};

/// Weeks after which nobody is said to have told of it.
const WEEKS: usize = 8;

/// Who had it before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before<'w> {
    /// The segment's row this week.
    pub segment: &'w PublishedSegment,
    /// The first week that shows it there.
    pub since: Week,
}

/// Who may have told a segment of a service.
pub fn told_by<'w>(
    history: &History<'w>,
    main_dimension: &str,
    segment: &Segment,
    need: &str,
    service: &str,
) -> Option<Before<'w>> {
    let began = |segment: &Segment| began(history, segment, need, service);
    let own = began(segment)?;
    let others = history.below(None, main_dimension).into_iter().filter_map(|row| {
        let other = row.segment.as_ref()?;
        let is_related = other == segment || is_ancestor(other, segment) || is_ancestor(segment, other);
        let ago = began(other).filter(|ago| !is_related && (own + 1..=own + WEEKS).contains(ago))?;
        Some((ago, row))
    });
    let (ago, segment) = others.min_by_key(|(ago, _)| *ago)?;
    Some(Before { segment, since: history.this().week.plus(-i64::try_from(ago).ok()?) })
}

/// How many weeks ago a segment began with it.
fn began(history: &History<'_>, segment: &Segment, need: &str, service: &str) -> Option<usize> {
    let rows = history.rows(Some(segment));
    let shows = |row: &PublishedSegment| row.need(need).is_some_and(|need| need.service(service).is_some());
    let first = rows.iter().position(|row| row.is_some_and(shows))?;
    let ago = rows.len() - 1 - first;
    let is_begun = rows[..first].iter().any(Option::is_some) && ago < history.weeks_known(&[service]);
    is_begun.then_some(ago)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        insight::tests::{history, need, segment, weeks},
        portfolio::SanctionStatus,
        published::{CatalogNews, Figure, PublishedService},
    };

    /// A row that shows the service from so many weeks ago on.
    fn row(name: &str, since: u32, ago: u32) -> PublishedSegment {
        let mut need = need("send-once", true, [100, 0, 0, 40]);
        need.services.extend((ago <= since).then(|| PublishedService {
            service: "wetransfer".into(),
            sanction_status: SanctionStatus::Unreviewed,
            customers: Figure::Shown(20),
            customer_days: Figure::Shown(40),
            customers_present: Figure::Shown(0),
            customers_in_our_tenant: None,
        }));
        segment(name, vec![need])
    }

    fn told(segment: &str, published: &[crate::published::PublishedWeek]) -> Option<String> {
        let history = history(published);
        let before = told_by(&history, "department", &segment.parse().unwrap(), "send-once", "wetransfer")?;
        Some(format!("{} {}", before.segment.segment.as_ref().unwrap(), before.since))
    }

    #[test]
    fn the_last_that_began_before_may_have_told_of_it() {
        let mut weeks = weeks(|ago| {
            let rows =
                [("all", 7), ("department:Design", 6), ("department:Legal", 4), ("department:Sales", 2)];
            let parent = row("department:Sales/North", 3, ago);
            rows.into_iter().map(|(name, since)| row(name, since, ago)).chain([parent]).collect()
        });
        assert_eq!(told("department:Sales", &weeks).as_deref(), Some("department:Legal 2026-W42"));
        assert_eq!(told("department:Legal", &weeks).as_deref(), Some("department:Design 2026-W40"));
        assert_eq!(told("department:Design", &weeks), None, "nobody before");
        // Of the weeks up to the one in which catalogs learnt of it nothing is known.
        weeks[5].news = vec![CatalogNews { service: "wetransfer".into(), known: 50 }];
        assert_eq!(told("department:Legal", &weeks), None);
        assert_eq!(told("department:Sales", &weeks).as_deref(), Some("department:Legal 2026-W42"));
    }

    #[test]
    fn what_the_first_week_shows_has_no_beginning() {
        let weeks = weeks(|ago| vec![row("department:Design", 8, ago), row("department:Legal", 4, ago)]);
        assert_eq!(told("department:Legal", &weeks), None);
    }
}
