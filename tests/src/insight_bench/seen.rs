//! Whether the floor lets a story be seen, and how many customers are involved.

use elsewhere_collector::{
    insight::{
        History,
        followed_up::{Outcome, follow_up},
    },
    portfolio::SanctionStatus,
    published::{PublishedNeed, PublishedSegment, PublishedService},
    rollup::Rollup,
};

use super::{facts::Fact, kind::Kind, told::Told};

/// The rows of the fact's own segments show what its kind is read from, and at least so many customers stand behind it.
pub(super) fn is_seen(fact: &Fact, told: &Told, history: &History<'_>, rollup: &Rollup, fewest: u32) -> bool {
    fact.rows_of(&history.this().segments).any(|row| {
        row.need(fact.need).is_some_and(|need| is_row_seen(fact, told, history, rollup, row, need, fewest))
    })
}

fn is_row_seen(
    fact: &Fact,
    told: &Told,
    history: &History<'_>,
    rollup: &Rollup,
    row: &PublishedSegment,
    need: &PublishedNeed,
    fewest: u32,
) -> bool {
    let segment = row.segment.as_ref();
    let before = |weeks: usize| history.need(segment, fact.need, weeks);
    let elsewhere = |service: &&PublishedService| {
        matches!(service.sanction_status, SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed)
    };
    match fact.kind {
        Kind::Leaves | Kind::UnservedGrows => {
            let is_shown = |need: &PublishedNeed| need.elsewhere_alone.shown().is_some();
            is_shown(need) && (1..=4).any(|weeks| before(weeks).is_some_and(is_shown))
        }
        Kind::ComesBack => need.came_back.shown().is_some(),
        Kind::Unserved => need.elsewhere_alone.shown().is_some(),
        Kind::Spreads | Kind::Fling => shown_weeks(fact, history, row) >= 2,
        Kind::LongElsewhere => shown_weeks(fact, history, row) >= 8,
        Kind::Retire => {
            let is_ours = |service: &&PublishedService| service.sanction_status == SanctionStatus::Sanctioned;
            need.customers_elsewhere.shown().is_some()
                && need.services.iter().filter(is_ours).any(|ours| ours.customers_present.shown().is_some())
        }
        Kind::Guide => {
            need.customers_elsewhere.shown().is_some() && need.services.iter().filter(elsewhere).count() >= 3
        }
        Kind::Worked => told.journal.decisions.iter().any(|decision| {
            decision.need == fact.need
                && decision.segment.as_ref() == segment
                && matches!(
                    follow_up(history, &told.journal, decision).outcome,
                    Outcome::Worked(_) | Outcome::Backfired(_) | Outcome::NoEffect(_)
                )
        }),
        reason => reason.facets().iter().any(|facet| {
            let exact = rollup.nodes.get(&segment.cloned()).and_then(|node| node.needs.get(fact.need));
            let exact = exact.and_then(|need| need.facets.as_ref());
            need.facet(*facet).is_some_and(|shown| shown.effect.is_some() || reason == Kind::TurnedAway)
                && exact.is_some_and(|facets| facets.customers(*facet) >= fewest)
        }),
    }
}

/// Weeks on the line that show its service.
fn shown_weeks(fact: &Fact, history: &History<'_>, row: &PublishedSegment) -> usize {
    let Some(service) = fact.service else { return 0 };
    let shown = |weeks: &usize| {
        let then = history.need(row.segment.as_ref(), fact.need, *weeks);
        then.is_some_and(|need| need.service(service).is_some())
    };
    (0..elsewhere_collector::insight::LINE_WEEKS).filter(shown).count()
}
