//! The next conversation: what to talk about, by a table of plain rules, the first that holds decides.

use super::{
    History,
    affair::{self, Affair, Stage},
    why::{Answer, Finding, Reason, Said, WEEKS_BACK, reasons, why},
};
use crate::{
    journal::{Asked, Journal},
    portfolio::SanctionStatus,
    published::{PublishedNeed, PublishedSegment, PublishedService, customers_step},
    rollup::Facet,
};

/// What kind of conversation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conversation {
    /// Ours does not do: mend it.
    Fix,
    /// Ours would do: tell of it.
    Explain,
    /// We have nothing, or they have something better: make it ours.
    Adopt,
    /// Many go many ways: find one together.
    Guide,
    /// Hardly anybody uses ours: give it up.
    Retire,
    /// We cannot tell yet.
    Watch,
}

impl Conversation {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Fix, Self::Explain, Self::Adopt, Self::Guide, Self::Retire, Self::Watch];

    /// As files, API and pages spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Explain => "explain",
            Self::Adopt => "adopt",
            Self::Guide => "guide",
            Self::Retire => "retire",
            Self::Watch => "watch",
        }
    }
}

/// What the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'m> {
    /// The need's row of the segment this week.
    pub need: &'m PublishedNeed,
    /// Its affairs.
    pub affairs: &'m [Affair<'m>],
    /// Why they go elsewhere.
    pub findings: &'m [Finding],
    /// What they said.
    pub said: Option<Said>,
    /// What customers are rounded to.
    pub step: u32,
}

/// What to talk about next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Next {
    /// Which kind of conversation.
    pub conversation: Conversation,
    /// The rule that says so, in words.
    pub rule: &'static str,
    /// The reason it is about, where there is one.
    pub reason: Option<Reason>,
}

/// All that there is to talk about for one need of one segment.
#[derive(Clone, Debug)]
pub struct Talk<'w> {
    /// How far gone it is with each service, most days first.
    pub affairs: Vec<Affair<'w>>,
    /// Why they go elsewhere.
    pub findings: Vec<Finding>,
    /// What they said.
    pub said: Option<Said>,
    /// What to talk about next.
    pub next: Next,
}

/// What there is to talk about.
pub fn talk<'w>(
    history: &History<'w>,
    journal: &Journal,
    segment: &'w PublishedSegment,
    need: &'w PublishedNeed,
) -> Talk<'w> {
    let mut affairs = affair::of_need(history, segment, need);
    affairs.sort_by_key(|affair| std::cmp::Reverse(affair.customer_days.now()));
    let this = history.this();
    let weeks: Vec<_> = (0..=WEEKS_BACK)
        .map(|weeks_ago| history.need(segment.segment.as_ref(), &need.need, weeks_ago))
        .collect();
    let findings = why(&weeks);
    let is_theirs = |asked: &&Asked| {
        asked.segment == segment.segment && asked.need == need.need && asked.until <= this.week.sunday()
    };
    let newest = journal.asked.iter().filter(is_theirs).max_by_key(|asked| asked.until);
    let said = newest.and_then(|asked| asked.answers.most(this.minimum_group));
    let step = customers_step(this.minimum_group);
    let next = Matter { need, affairs: &affairs, findings: &findings, said, step }.next();
    Talk { affairs, findings, said, next }
}

/// A conversation, the rule for it in words, and the rule.
type Rule = (Conversation, &'static str, fn(&Matter<'_>) -> bool);

/// Customers for whom ours runs, for each who uses it, from which on it is called idle.
const IDLE_FOR_ONE: u32 = 4;

const RULES: [Rule; 8] = [
    (Conversation::Adopt, "we offer nothing for it, and it is a habit elsewhere", |matter| {
        !matter.need.served && matter.is_at_least(Stage::Habit)
    }),
    (Conversation::Fix, "ours is worse in something that customers feel", |matter| {
        matter.first_reason().is_some()
    }),
    (Conversation::Explain, "most who answered did not know ours", |matter| {
        matter.said(&[Answer::DidNotKnowOurs])
    }),
    (Conversation::Adopt, "most who answered find theirs better, quicker or cheaper", |matter| {
        matter.said(&[Answer::Better, Answer::Faster, Answer::Cheaper])
    }),
    (
        Conversation::Retire,
        "ours runs for at least four times as many customers as use it, and more are elsewhere",
        |matter| matter.is_ours_idle(),
    ),
    (Conversation::Guide, "three services or more, and none has half of the customers elsewhere", |matter| {
        matter.is_scattered()
    }),
    (Conversation::Explain, "half of the customers elsewhere were never with us", |matter| {
        matter.need.served && matter.is_half(Facet::NeverOurs)
    }),
    (Conversation::Watch, "no difference that customers feel can be seen", |_| true),
];

impl Matter<'_> {
    /// What to talk about.
    pub fn next(&self) -> Next {
        let (conversation, rule, _) =
            RULES.iter().find(|(_, _, holds)| holds(self)).expect("the last one holds always");
        let reason = self.first_reason().filter(|_| *conversation == Conversation::Fix);
        Next { conversation: *conversation, rule, reason }
    }

    /// The reason that stands first.
    fn first_reason(&self) -> Option<Reason> {
        reasons(self.findings).map(|(reason, ..)| reason).next()
    }

    fn said(&self, answers: &[Answer]) -> bool {
        self.said.is_some_and(|said| answers.contains(&said.answer))
    }

    fn is_at_least(&self, stage: Stage) -> bool {
        self.affairs.iter().any(|affair| affair.stage >= stage && affair.stage != Stage::Over)
    }

    /// At least half of the customers elsewhere.
    fn is_half(&self, facet: Facet) -> bool {
        let some = self.need.facet(facet).map(|facet| facet.customers);
        some.zip(self.need.customers_elsewhere.shown()).is_some_and(|(some, of)| some * 2 >= of)
    }

    fn is_ours_idle(&self) -> bool {
        let ours = || self.need.services.iter().filter(|service| is_ours(service));
        let used: Option<u32> = ours().map(|service| service.customers.shown()).sum();
        let runs: Option<u32> = ours().map(|service| service.customers_present.shown()).sum();
        let (Some(used), Some(runs)) = (used, runs) else { return false };
        let elsewhere = self.need.customers_elsewhere.shown().unwrap_or(0);
        runs > 0 && runs >= used * IDLE_FOR_ONE && elsewhere > used
    }

    fn is_scattered(&self) -> bool {
        let here = || self.need.services.iter().filter(|service| is_elsewhere(service));
        let Some(of) = self.need.customers_elsewhere.shown() else { return false };
        // Figures are rounded down, and a service may have nearly a step more.
        let is_under_half = |service: &PublishedService| {
            service.customers.shown().is_some_and(|some| (some + self.step) * 2 <= of)
        };
        // What is withheld may be the largest: three quarters of the days must be seen.
        let seen: u32 = here().filter_map(|service| service.customer_days.shown()).sum();
        let is_seen = self.need.elsewhere.shown().is_some_and(|days| seen * 4 >= days * 3);
        is_seen && here().count() >= 3 && here().all(is_under_half)
    }
}

fn is_ours(service: &PublishedService) -> bool {
    service.sanction_status == SanctionStatus::Sanctioned
}

fn is_elsewhere(service: &PublishedService) -> bool {
    matches!(service.sanction_status, SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        insight::{
            tests::need,
            why::{Interval, Verdict},
        },
        published::{Figure, PublishedFacet},
    };

    fn service(id: &str, sanction_status: SanctionStatus, used: u32, runs: u32) -> PublishedService {
        PublishedService {
            service: id.to_owned(),
            sanction_status,
            customers: Figure::Shown(used),
            customer_days: Figure::Shown(used * 3),
            customers_present: Figure::Shown(runs),
            customers_in_our_tenant: None,
        }
    }

    fn next(need: &PublishedNeed, findings: &[Finding], said: Option<Said>) -> &'static str {
        Matter { need, affairs: &[], findings, said, step: 5 }.next().conversation.as_str()
    }

    fn elsewhere() -> PublishedNeed {
        PublishedNeed { customers_elsewhere: Figure::Shown(100), ..need("send-once", true, [50, 0, 0, 50]) }
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let one = Interval { value: 1.0, low: 0.5, high: 1.5 };
        let slower = Finding {
            reason: Reason::SlowerToMove,
            verdict: Verdict::Yes { difference: one, customers: 40 },
            weeks_ago: 0,
        };
        let said = |answer| Some(Said { answer, customers: 60, of: 95, share: one });
        assert_eq!(next(&elsewhere(), &[slower], said(Answer::DidNotKnowOurs)), "fix");
        assert_eq!(next(&elsewhere(), &[], said(Answer::DidNotKnowOurs)), "explain");
        assert_eq!(next(&elsewhere(), &[], said(Answer::Cheaper)), "adopt");
        assert_eq!(next(&elsewhere(), &[], None), "watch");
    }

    #[test]
    fn ours_that_runs_and_is_not_used_is_retired() {
        let mut idle = elsewhere();
        idle.services = vec![service("outbox", SanctionStatus::Sanctioned, 20, 90)];
        assert_eq!(next(&idle, &[], None), "retire");
        idle.services = vec![service("outbox", SanctionStatus::Sanctioned, 60, 90)];
        assert_eq!(next(&idle, &[], None), "watch");
    }

    #[test]
    fn who_goes_many_ways_is_guided_and_who_was_never_ours_is_told() {
        let mut many = elsewhere();
        many.services =
            ["a", "b", "c"].map(|id| service(id, SanctionStatus::Unreviewed, 40, 0)).into_iter().collect();
        assert_eq!(next(&many, &[], None), "guide");
        let mut never = elsewhere();
        never.facets = vec![PublishedFacet { facet: Facet::NeverOurs, customers: 50, effect: None }];
        assert_eq!(next(&never, &[], None), "explain");
    }
}
