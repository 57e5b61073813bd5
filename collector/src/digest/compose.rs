//! From published rows and insight to one page.

use jiff::tz::TimeZone;

use super::{
    AffairLine, BeforeLine, CameBack, Context, DecisionLine, Digest, MovementLine, Moves, NeedName,
    NewService, NotMoving, Pace, PageKind, Retired, SaidLine, ServiceLine, ShareOfNeed, TargetLine,
    UnreviewedGain, UnservedNeeds, sections, why, words,
};
use crate::{
    insight::{
        self, Headline, History, Insight, Known, Line, Movement, ToReview,
        followed_up::{FollowedUp, Outcome, follow_up},
        journey::{Arrival, Way, way},
        percents, word_of_mouth,
    },
    portfolio::{Landscape, SanctionStatus},
    published::{PublishedNeed, PublishedSegment, PublishedService, WeekState},
    rollup::{Facet, HISTORY_WEEKS},
    segment::Segment,
};

/// What a page is made of, beside its rows.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    /// The organisation's time zone.
    pub zone: &'s TimeZone,
    /// Names of needs and services, and what is in no figure.
    pub landscape: &'s Landscape,
    /// May the week still change?
    pub state: WeekState,
    /// What is known beside rows.
    pub known: Known<'s>,
}

/// Most services named in a movement.
const MOST_SERVICES: usize = 3;

/// The page for everybody (`None`) or a segment; `None` where the week has no row of it.
pub fn compose(source: Source<'_>, history: &History<'_>, root: Option<&Segment>) -> Option<Digest> {
    let insight = history.insight(root, source.known)?;
    let this = history.this().segment(root)?;
    let page = PageKind::of(history, &insight, source.known, root);
    let nothing_yet = source.nothing_yet(history, root, this, page);
    match page {
        PageKind::Pilot | PageKind::FirstWeeks => Some(source.early(nothing_yet, history, root, this)),
        PageKind::Quiet | PageKind::Usual => Some(Digest {
            headline: source.headline(history, &insight.headline),
            share_of_need: share_of_need(&insight),
            moves: Some(moves(history, &insight, this)),
            pace: Some(pace(insight.pace)),
            unserved_needs: source.unserved_needs(&insight),
            movements: insight
                .movements
                .iter()
                .filter(|movement| movement.is_reviewed())
                .map(|movement| source.movement(history, movement))
                .collect(),
            retired: insight.retired.iter().map(|movement| source.retired(movement)).collect(),
            decisions: source.decisions(history, root),
            targets: source.targets(history, root),
            largest_not_moving: insight.largest_not_moving.map(|need| {
                let last_week = history.need(root, &need.need, 1);
                source.not_moving(need, last_week)
            }),
            came_back: insight.came_back_to.iter().map(|back| source.came_back(*back)).collect(),
            new_unreviewed: insight.to_review.iter().map(|one| source.to_review(history, one)).collect(),
            unreviewed_gains: source.unreviewed_gains(&insight),
            ..nothing_yet
        }),
    }
}

impl Source<'_> {
    /// A page with its head, its rows and what could not be seen.
    fn nothing_yet(
        self,
        history: &History<'_>,
        root: Option<&Segment>,
        this: &PublishedSegment,
        page: PageKind,
    ) -> Digest {
        let week = history.this();
        let rows = week.segments.iter().filter(|row| is_in(row.segment.as_ref(), root));
        let figures: Vec<PublishedSegment> = rows.cloned().collect();
        Digest {
            organisation: self.known.portfolio.organisation.clone(),
            simulated: self.known.portfolio.simulated,
            week: week.week,
            from: week.week.monday(),
            to: week.week.sunday(),
            state: self.state,
            frozen_local: frozen_local(self),
            segment: root.map_or_else(|| "all".to_owned(), ToString::to_string),
            segment_name: segment_name(root),
            minimum_group: week.minimum_group,
            page,
            headline: sections::headline(page, this.customers, week.minimum_group),
            share_of_need: None,
            moves: None,
            pace: None,
            unserved_needs: None,
            movements: Vec::new(),
            retired: Vec::new(),
            decisions: Vec::new(),
            targets: Vec::new(),
            largest_not_moving: None,
            came_back: Vec::new(),
            new_unreviewed: Vec::new(),
            unreviewed_gains: Vec::new(),
            needs_met: Vec::new(),
            proposals: Vec::new(),
            not_seen: self.not_seen(history, root, this, &figures),
            need_names: self.landscape.needs().map(|(_, need)| self.need(&need.id)).collect(),
            figures,
        }
    }
}

impl Source<'_> {
    fn headline(self, history: &History<'_>, headline: &Headline<'_>) -> String {
        let who = |row: &PublishedSegment| {
            row.segment.as_ref().map_or("the organisation", Segment::path).to_owned()
        };
        let need = |need: &PublishedNeed| words::in_sentence(&self.need(&need.need).name);
        let sentence = match headline {
            Headline::Crossed(row, what) => {
                format!("{} now goes elsewhere more often than to us to {}.", who(row), need(what))
            }
            Headline::Exceeding(row, what) => {
                let (who, need) = (who(row), need(what));
                format!("{who} goes elsewhere more often than to us to {need}, and it is growing.")
            }
            Headline::Growing(row, what) => {
                format!("{} goes elsewhere more often than before to {}.", who(row), need(what))
            }
            Headline::UnservedGrowing(row, what) => {
                let (who, need) = (who(row), need(what));
                format!("{who} goes elsewhere more often than before to {need}: we offer nothing for it.")
            }
            Headline::CameBack(row, what) => format!("{} comes back to us to {}.", who(row), need(what)),
            Headline::Quiet => "a quiet week: nothing moved beyond its usual swing.".to_owned(),
            Headline::TooEarly => {
                let weeks = history.weeks_before() + 1;
                format!("too early to say what moves: this is week {weeks} of the five that it takes.")
            }
        };
        let mut letters = sentence.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    pub(super) fn need(self, id: &str) -> NeedName {
        let known = self.landscape.needs().find(|(_, need)| need.id == id);
        NeedName { id: id.to_owned(), name: known.map_or(id, |(_, need)| &need.name).to_owned() }
    }

    fn service(self, id: &str) -> String {
        let known = self.landscape.find(id).map(|index| &self.landscape.service(index).name);
        known.map_or(id, String::as_str).to_owned()
    }

    fn unserved_needs(self, insight: &Insight<'_>) -> Option<UnservedNeeds> {
        Some(UnservedNeeds {
            customer_days: insight.unserved.now()?,
            needs: insight.unserved_needs.iter().map(|need| self.need(&need.need)).collect(),
            context: context(&insight.unserved),
        })
    }

    fn movement(self, history: &History<'_>, movement: &Movement<'_>) -> MovementLine {
        let Movement { segment, need, last_week, gained, weeks, .. } = *movement;
        let mut elsewhere: Vec<&PublishedService> = movement.services().collect();
        elsewhere.sort_by_key(|service| !self.is_called_elsewhere(service));
        let services: Vec<ServiceLine> = elsewhere
            .into_iter()
            .take(MOST_SERVICES)
            .map(|service| self.service_line(service, last_week))
            .collect();
        let question = why::question(movement, services.first().map(|service| service.name.as_str()));
        let first = services.first().map(|service| service.id.as_str());
        let affair =
            movement.talk.affairs.iter().find(|affair| Some(affair.service.service.as_str()) == first);
        let dimension = &self.known.portfolio.main_dimension;
        let before = segment.segment.as_ref().zip(first).and_then(|(segment, service)| {
            word_of_mouth::told_by(history, dimension, segment, &need.need, service)
        });
        MovementLine {
            segment: segment.segment.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string),
            segment_name: segment_name(segment.segment.as_ref()),
            need: self.need(&need.need),
            served: need.served,
            gained_days: gained,
            weeks,
            services,
            customers: need.customers,
            customer_days: need.customer_days,
            share_of_need: need.parts().map(percents),
            ours_alone_last_week: last_week.and_then(PublishedNeed::parts).map(|parts| percents(parts)[0]),
            customers_elsewhere: need.customers_elsewhere,
            customers_ours_or_elsewhere: need.customers_ours_or_elsewhere,
            customers_both: need.customers_both,
            left: need.left,
            conversation: movement.talk.next.conversation.as_str(),
            rule: movement.talk.next.rule,
            with: self.known.portfolio.head(segment.segment.as_ref()).map(str::to_owned),
            customer_facing: movement.customer_facing,
            affair: affair.map(|affair| AffairLine {
                stage: affair.stage.as_str(),
                rule: affair.rule,
                trend: affair.trend.as_str(),
                since: affair.since,
            }),
            never_ours: need.facet(Facet::NeverOurs).map(|facet| facet.customers),
            why: movement.talk.findings.iter().map(why::line).collect(),
            said: movement.talk.said.map(|said| SaidLine {
                answer: said.answer.as_str(),
                customers: said.customers,
                of: said.of,
                share: said.share,
            }),
            word_of_mouth: before.map(|before| BeforeLine {
                segment_name: segment_name(before.segment.segment.as_ref()),
                since: before.since,
            }),
            question,
        }
    }

    fn is_called_elsewhere(self, service: &PublishedService) -> bool {
        let known = self.landscape.find(&service.service).map(|at| self.landscape.service(at).status);
        [Some(service.sanction_status), known].contains(&Some(SanctionStatus::Unsanctioned))
    }

    pub(super) fn service_line(
        self,
        service: &PublishedService,
        last_week: Option<&PublishedNeed>,
    ) -> ServiceLine {
        ServiceLine {
            id: service.service.clone(),
            name: self.service(&service.service),
            customers: service.customers,
            customers_last_week: last_week
                .and_then(|need| need.service(&service.service))
                .and_then(|service| service.customers.shown()),
        }
    }

    fn retired(self, movement: &Movement<'_>) -> Retired {
        let segment_name = segment_name(movement.segment.segment.as_ref());
        Retired { segment_name, need: self.need(&movement.need.need) }
    }

    /// Of the segment and those below it.
    fn decisions(self, history: &History<'_>, root: Option<&Segment>) -> Vec<DecisionLine> {
        let journal = self.known.journal;
        let open = journal.open(history.this().week.sunday());
        let theirs = open.filter(|decision| is_in(decision.segment.as_ref(), root));
        theirs.map(|decision| self.decision(&follow_up(history, journal, decision))).collect()
    }

    fn decision(self, followed_up: &FollowedUp<'_>) -> DecisionLine {
        let FollowedUp { decision, segment, unchanged, outcome } = followed_up;
        let effect = match outcome {
            Outcome::Worked(effect) | Outcome::Backfired(effect) | Outcome::NoEffect(effect) => Some(*effect),
            _ => None,
        };
        DecisionLine {
            number: decision.number,
            date: decision.date,
            segment_name: segment_name(decision.segment.as_ref()),
            need: self.need(&decision.need),
            what: decision.what.clone(),
            owner: decision.owner.clone(),
            review: decision.review,
            there: *segment,
            unchanged: *unchanged,
            verdict: outcome.as_str(),
            effect,
        }
    }

    fn targets(self, history: &History<'_>, root: Option<&Segment>) -> Vec<TargetLine> {
        let theirs = self.known.journal.targets.iter().filter(|target| is_in(target.segment.as_ref(), root));
        theirs.map(|target| self.target(way(history, target))).collect()
    }

    fn target(self, way: Way<'_>) -> TargetLine {
        let (arrival, arrives) = match way.arrival {
            Arrival::Met => ("met", None),
            Arrival::On(date) => ("on_the_way", Some(date)),
            Arrival::NotAtThisPace => ("not_at_this_pace", None),
            Arrival::CannotTell => ("cannot_tell", None),
        };
        TargetLine {
            segment_name: segment_name(way.target.segment.as_ref()),
            need: self.need(&way.target.need),
            target: way.target.ours_alone,
            by: way.target.by,
            now: way.now,
            arrival,
            arrives,
        }
    }

    fn not_moving(self, need: &PublishedNeed, last_week: Option<&PublishedNeed>) -> NotMoving {
        NotMoving {
            need: self.need(&need.need),
            days_elsewhere: need.elsewhere_alone.shown().unwrap_or(0),
            days_elsewhere_last_week: last_week.and_then(|need| need.elsewhere_alone.shown()),
            ours_alone: need.parts().filter(|_| need.served).map(|parts| percents(parts)[0]),
        }
    }

    fn came_back(self, back: insight::CameBack<'_>) -> CameBack {
        CameBack {
            segment_name: segment_name(back.segment.segment.as_ref()),
            need: self.need(&back.need.need),
            customers: back.customers,
        }
    }

    fn to_review(self, history: &History<'_>, one: &ToReview<'_>) -> NewService {
        let last_week = history.need(one.segment.segment.as_ref(), &one.need.need, 1);
        let line = self.service_line(one.service, last_week);
        NewService {
            segment_name: segment_name(one.segment.segment.as_ref()),
            need: self.need(&one.need.need),
            service: line.name,
            customers: line.customers,
            customers_last_week: line.customers_last_week,
        }
    }

    fn unreviewed_gains(self, insight: &Insight<'_>) -> Vec<UnreviewedGain> {
        let unreviewed = insight.movements.iter().filter(|movement| !movement.is_reviewed());
        let gain = |movement: &Movement<'_>| UnreviewedGain {
            segment_name: segment_name(movement.segment.segment.as_ref()),
            need: self.need(&movement.need.need),
            gained_days: movement.gained,
            weeks: movement.weeks,
        };
        unreviewed.map(gain).collect()
    }
}

fn share_of_need(insight: &Insight<'_>) -> Option<ShareOfNeed> {
    let parts = insight.share?;
    let [ours_alone, both, tolerated, elsewhere_alone] = percents(parts);
    Some(ShareOfNeed {
        ours_alone,
        both,
        tolerated,
        elsewhere_alone,
        customer_days: parts.iter().sum(),
        needs: insight.share_needs,
        context: context(&insight.share_line),
    })
}

fn pace(pace: insight::Pace) -> Pace {
    let insight::Pace { theirs, habits, ours, decisions, waiting } = pace;
    Pace { their_days: theirs, habits, our_days: ours, decisions, waiting }
}

fn moves(history: &History<'_>, insight: &Insight<'_>, this: &PublishedSegment) -> Moves {
    let whole = usize::try_from(HISTORY_WEEKS).expect("eight");
    Moves {
        left: this.left,
        left_context: context(&insight.left),
        came_back: this.came_back,
        came_back_context: context(&insight.came_back),
        customers_seen: this.customers,
        weeks_of_history: history.weeks_before().min(whole),
    }
}

fn context(line: &Line) -> Context {
    Context {
        last_week: line.last_week(),
        usual_swing: line.swing(),
        usual_range: line.range(),
        line: line.0.clone(),
    }
}

fn segment_name(segment: Option<&Segment>) -> String {
    segment.map_or("All", Segment::path).to_owned()
}

/// The segment itself or one below it; everything is in everybody.
pub(super) fn is_in(segment: Option<&Segment>, root: Option<&Segment>) -> bool {
    let Some(root) = root else { return true };
    std::iter::successors(segment.cloned(), Segment::parent).any(|segment| segment == *root)
}

fn frozen_local(source: Source<'_>) -> Option<String> {
    match source.state {
        WeekState::Running => None,
        WeekState::Frozen { frozen_at, .. } => {
            Some(frozen_at.to_zoned(source.zone.clone()).strftime("%a %-d %b %H:%M").to_string())
        }
    }
}
