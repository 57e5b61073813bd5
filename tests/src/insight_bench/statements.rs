//! What insight states in one week, and how many customers truly stand behind each statement.

use elsewhere_collector::{
    insight::{
        History, Known,
        affair::{self, Stage, Trend},
        conversation::{self, Conversation},
        followed_up::{self, Outcome},
        why::{Interval, Reason, Verdict, why},
    },
    published::PublishedSegment,
    rollup::{Facet, NeedCounts, Rollup},
    segment::Segment,
};

use super::kind::Kind;

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What is stated.
    pub kind: Kind,
    /// About whom; `None` is everybody.
    pub segment: Option<Segment>,
    /// For which need.
    pub need: String,
    /// With which service, where it is about one.
    pub service: Option<String>,
    /// Customers behind it, exact; `None` where it is about no number of customers.
    pub customers: Option<u32>,
}

/// An interval that stands in a finding, stated or not.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Of what.
    pub kind: Kind,
    /// Whose.
    pub segment: Option<Segment>,
    /// For which need.
    pub need: String,
    /// It.
    pub interval: Interval,
}

/// All of one week.
#[derive(Debug, Default)]
pub struct Week {
    /// What is stated, each once.
    pub statements: Vec<Statement>,
    /// Intervals, also of what is not stated.
    pub measured: Vec<Measured>,
}

struct Listening<'l> {
    history: &'l History<'l>,
    known: Known<'l>,
    rollup: &'l Rollup,
    week: Week,
}

/// Asks what the product asks, for everybody and for each segment of the main dimension.
pub fn listen(history: &History<'_>, known: Known<'_>, rollup: &Rollup) -> Week {
    let mut listening = Listening { history, known, rollup, week: Week::default() };
    let dimension = known.portfolio.main_dimension.as_str();
    let in_main =
        |row: &&PublishedSegment| row.segment.as_ref().is_none_or(|segment| segment.dimension() == dimension);
    for row in history.this().segments.iter().filter(in_main) {
        listening.needs(row);
        listening.page(row.segment.as_ref());
    }
    listening.affairs(dimension);
    listening.decisions();
    listening.week
}

impl Listening<'_> {
    fn counts(&self, segment: Option<&Segment>, need: &str) -> Option<&NeedCounts> {
        self.rollup.nodes.get(&segment.cloned())?.needs.get(need)
    }

    fn state(
        &mut self,
        kind: Kind,
        segment: Option<&Segment>,
        need: &str,
        behind: impl Fn(&NeedCounts) -> u32,
    ) {
        let customers = Some(self.counts(segment, need).map_or(0, behind));
        let statement =
            Statement { kind, segment: segment.cloned(), need: need.to_owned(), service: None, customers };
        self.push(statement);
    }

    fn push(&mut self, statement: Statement) {
        if !self.week.statements.contains(&statement) {
            self.week.statements.push(statement);
        }
    }

    /// Reasons and the next conversation of each need.
    fn needs(&mut self, row: &PublishedSegment) {
        let segment = row.segment.as_ref();
        let journal = self.known.journal;
        for need in row.needs.iter().filter(|need| need.customers_elsewhere.shown().is_some()) {
            for finding in why(&[Some(need)]) {
                let kind = Kind::of(finding.reason);
                let (Verdict::Yes { difference, .. } | Verdict::NoDifference { difference, .. }) =
                    finding.verdict
                else {
                    continue;
                };
                self.week.measured.push(Measured {
                    kind,
                    segment: segment.cloned(),
                    need: need.need.clone(),
                    interval: difference,
                });
                if matches!(finding.verdict, Verdict::Yes { .. }) {
                    let facet = facet(finding.reason);
                    self.state(kind, segment, &need.need, |counts| {
                        counts.facets.as_ref().map_or(0, |facets| facets.customers(facet))
                    });
                }
            }
            let talk = conversation::talk(self.history, journal, row, need);
            let kind = match talk.next.conversation {
                Conversation::Retire => Kind::Retire,
                Conversation::Guide => Kind::Guide,
                _ => continue,
            };
            self.state(kind, segment, &need.need, NeedCounts::elsewhere);
        }
    }

    /// Movements, who came back and unserved needs, as the page of a segment has them.
    fn page(&mut self, root: Option<&Segment>) {
        let Some(insight) = self.history.insight(root, self.known) else { return };
        for movement in insight.movements.iter().chain(&insight.retired) {
            let kind = if movement.need.served { Kind::Leaves } else { Kind::UnservedGrows };
            let segment = movement.segment.segment.as_ref();
            self.state(kind, segment, &movement.need.need, NeedCounts::elsewhere);
        }
        for back in &insight.came_back_to {
            self.push(Statement {
                kind: Kind::ComesBack,
                segment: back.segment.segment.clone(),
                need: back.need.need.clone(),
                service: None,
                // Of four weeks, each shown: what is released is less than what is so.
                customers: Some(back.customers),
            });
        }
        if root.is_none() {
            for need in &insight.unserved_needs {
                self.state(Kind::Unserved, None, &need.need, NeedCounts::elsewhere);
            }
        }
    }

    fn affairs(&mut self, dimension: &str) {
        for affair in affair::affairs(self.history, None, dimension) {
            let segment = affair.segment.segment.as_ref();
            let stage = match affair.stage {
                Stage::Dependency => Some(Kind::LongElsewhere),
                Stage::Fling => Some(Kind::Fling),
                _ => None,
            };
            let trend = (affair.trend == Trend::Growing).then_some(Kind::Spreads);
            for kind in stage.into_iter().chain(trend) {
                let counts = self.counts(segment, &affair.need.need);
                let of_service = counts.and_then(|counts| counts.services.get(&affair.service.service));
                let now = affair.customers.now().map(|_| of_service.map_or(0, |counts| counts.customers));
                self.push(Statement {
                    kind,
                    segment: segment.cloned(),
                    need: affair.need.need.clone(),
                    service: Some(affair.service.service.clone()),
                    customers: now,
                });
            }
        }
    }

    fn decisions(&mut self) {
        let on = self.history.this().week.sunday();
        for decision in self.known.journal.open(on) {
            let followed = followed_up::follow_up(self.history, self.known.journal, decision);
            let (Outcome::Worked(interval) | Outcome::Backfired(interval) | Outcome::NoEffect(interval)) =
                followed.outcome
            else {
                continue;
            };
            let segment = decision.segment.as_ref();
            self.week.measured.push(Measured {
                kind: Kind::Worked,
                segment: segment.cloned(),
                need: decision.need.clone(),
                interval,
            });
            if !matches!(followed.outcome, Outcome::NoEffect(_)) {
                self.state(Kind::Worked, segment, &decision.need, NeedCounts::customers);
            }
        }
    }
}

/// What a reason counts.
fn facet(reason: Reason) -> Facet {
    match reason {
        Reason::CameToUsFirst => Facet::CameToUsFirst,
        Reason::SlowerToAnswer => Facet::ServerWait,
        Reason::SlowerToMove => Facet::Transfer,
        Reason::Failing => Facet::Failing,
        Reason::Reach => Facet::Reach,
        Reason::FrontDoor => Facet::SignIn,
        Reason::TurnedAway => Facet::TurnedAway,
    }
}
