//! The weekly digest: one page that a head of IT reads in three minutes and takes into a meeting.
//!
//! [`compose`] makes one [`Digest`] of published rows and insight; text, Markdown and JSON are written from that and
//! from nothing else, so they can't disagree. Pure: the same rows give the same bytes. What is not known has no line.
//! Which page it is, is [`PageKind`]'s: the usual one, or a short one of a quiet week, the first weeks or a pilot.

mod compose;
mod early;
mod json;
mod kind;
mod markdown;
mod not_seen;
mod sections;
mod sentences;
mod text;
mod why;
mod words;

pub use compose::{Source, compose};
pub use early::{NeedMet, ProposalLine};
pub use kind::PageKind;
pub use not_seen::NotSeen;

use std::str::FromStr;

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    insight::why::Interval,
    published::{Figure, PublishedSegment, WeekState},
    week::Week,
};

/// One page.
#[derive(Clone, Debug, Serialize)]
pub struct Digest {
    /// What the organisation is called.
    pub organisation: String,
    /// Its customers are made up.
    pub simulated: bool,
    /// The week.
    pub week: Week,
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// May it still change?
    #[serde(flatten)]
    pub state: WeekState,
    /// `frozen_at` in the organisation's zone, in words.
    #[serde(skip)]
    pub frozen_local: Option<String>,
    /// `all`, or `department:Marketing`.
    pub segment: String,
    /// The same in words.
    pub segment_name: String,
    /// Smallest group that is shown.
    pub minimum_group: u32,
    /// Which page it is.
    pub page: PageKind,
    /// One sentence.
    pub headline: String,
    /// The first number; absent where no need can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_need: Option<ShareOfNeed>,
    /// The second number; absent in first weeks and in a pilot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<Moves>,
    /// The third number; absent in first weeks and in a pilot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
    /// Needs that we do not serve; absent where every need that is shown is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unserved_needs: Option<UnservedNeeds>,
    /// At most five, in the order of their rank: what somebody has called elsewhere.
    pub movements: Vec<MovementLine>,
    /// Movements that left the page because nobody decided anything about them for four weeks.
    pub retired: Vec<Retired>,
    /// Decisions that are not closed, the oldest first.
    pub decisions: Vec<DecisionLine>,
    /// What is aimed at.
    pub targets: Vec<TargetLine>,
    /// The need with most days elsewhere that did not move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_not_moving: Option<NotMoving>,
    /// Where customers came back.
    pub came_back: Vec<CameBack>,
    /// Services that nobody has reviewed, to be looked at first: those of gains, and those shown for the first time.
    pub new_unreviewed: Vec<NewService>,
    /// Movements that lead nowhere yet, as nobody has called their services elsewhere.
    pub unreviewed_gains: Vec<UnreviewedGain>,
    /// What was met in first weeks and in a pilot, most customers first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs_met: Vec<NeedMet>,
    /// What looks like ours, in first weeks and in a pilot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<ProposalLine>,
    /// What is missing.
    pub not_seen: NotSeen,
    /// What people call the needs.
    pub need_names: Vec<NeedName>,
    /// All published rows of the segment and those below it, everybody's of all.
    pub figures: Vec<PublishedSegment>,
}

/// Share of need, in percent of customer-days, over the needs that we serve and somebody meets elsewhere.
#[derive(Clone, Debug, Serialize)]
pub struct ShareOfNeed {
    /// With us alone.
    pub ours_alone: u32,
    /// With us and elsewhere.
    pub both: u32,
    /// With a tolerated service only.
    pub tolerated: u32,
    /// Elsewhere alone.
    pub elsewhere_alone: u32,
    /// Customer-days it is of.
    pub customer_days: u32,
    /// Needs it is over.
    pub needs: usize,
    /// `ours_alone` in its context.
    #[serde(flatten)]
    pub context: Context,
}

/// What stands beside every number.
#[derive(Clone, Debug, Serialize)]
pub struct Context {
    /// The week before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_week: Option<u32>,
    /// The middle change from week to week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_swing: Option<u32>,
    /// The middle half of the weeks before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_range: Option<(u32, u32)>,
    /// Thirteen weeks, oldest first; null where the figure is withheld, can't be compared, or the week was not published.
    pub line: Vec<Option<u32>>,
}

/// Who left us and who came back.
#[derive(Clone, Debug, Serialize)]
pub struct Moves {
    /// Customers who left us for at least one need.
    pub left: Figure,
    /// Context of `left`.
    pub left_context: Context,
    /// Customers who came back for at least one need.
    pub came_back: Figure,
    /// Context of `came_back`.
    pub came_back_context: Context,
    /// Customers seen.
    pub customers_seen: Figure,
    /// Published weeks of history behind it, at most eight, which it takes to be whole.
    pub weeks_of_history: usize,
}

/// How long a service takes to become their habit, and how long we take to decide.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pace {
    /// Days until it is their habit; absent where nothing became one in the weeks on the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub their_days: Option<u32>,
    /// How many habits it is the middle of.
    pub habits: usize,
    /// Days until we decided; absent where nothing was decided in the weeks on the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub our_days: Option<u32>,
    /// How many decisions it is the middle of.
    pub decisions: usize,
    /// Habits that no decision is about.
    pub waiting: usize,
}

/// A movement that nobody acted on.
#[derive(Clone, Debug, Serialize)]
pub struct Retired {
    /// Who.
    pub segment_name: String,
    /// For what.
    pub need: NeedName,
}

/// A decision, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionLine {
    /// What people call it.
    pub number: u32,
    /// On this day.
    pub date: Date,
    /// About whom.
    pub segment_name: String,
    /// For what.
    pub need: NeedName,
    /// What was decided.
    pub what: String,
    /// Who of IT sees to it.
    pub owner: String,
    /// When it is looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Date>,
    /// Points of 100 with us alone before, and now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub there: Option<(f64, f64)>,
    /// The same in the segments that nothing was changed for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<(f64, f64)>,
    /// `worked`, `backfired`, `no_effect`, `too_early`, `too_few_to_tell` or `not_shown`.
    pub verdict: &'static str,
    /// Points more than without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Interval>,
}

/// A target, and the way to it.
#[derive(Clone, Debug, Serialize)]
pub struct TargetLine {
    /// Whom it is about.
    pub segment_name: String,
    /// Which need.
    pub need: NeedName,
    /// Points of 100 with us alone that are aimed at.
    pub target: u32,
    /// By this day.
    pub by: Date,
    /// Points now; absent where they are withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<f64>,
    /// `met`, `on_the_way`, `not_at_this_pace` or `cannot_tell`.
    pub arrival: &'static str,
    /// When, at the present pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrives: Option<Date>,
}

/// One reason why they go elsewhere.
#[derive(Clone, Debug, Serialize)]
pub struct WhyLine {
    /// `failing` and others, as the API spells them.
    pub reason: &'static str,
    /// `yes`, `no_difference` or `cannot_tell`.
    pub verdict: &'static str,
    /// How much; absent where we cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Interval>,
    /// Distinct customers behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<u32>,
    /// How many weeks ago it was seen: the week of these five that has most customers to compare.
    pub weeks_ago: usize,
}

/// What most who were asked answered.
#[derive(Clone, Debug, Serialize)]
pub struct SaidLine {
    /// `did_not_know_ours` and others.
    pub answer: &'static str,
    /// How many.
    pub customers: u32,
    /// Of so many who answered.
    pub of: u32,
    /// The share.
    pub share: Interval,
}

/// Customer-days in needs that we do not serve.
#[derive(Clone, Debug, Serialize)]
pub struct UnservedNeeds {
    /// Customer-days.
    pub customer_days: u32,
    /// The needs, most days first.
    pub needs: Vec<NeedName>,
    /// `customer_days` in its context.
    #[serde(flatten)]
    pub context: Context,
}

/// A need and what people call it.
#[derive(Clone, Debug, Serialize)]
pub struct NeedName {
    /// Id.
    pub id: String,
    /// "Send something once".
    pub name: String,
}

/// One movement.
#[derive(Clone, Debug, Serialize)]
pub struct MovementLine {
    /// The segment's id.
    pub segment: String,
    /// The same in words.
    pub segment_name: String,
    /// The need.
    pub need: NeedName,
    /// IT offers something for it.
    pub served: bool,
    /// Customer-days elsewhere alone gained.
    pub gained_days: u32,
    /// Over how many weeks.
    pub weeks: usize,
    /// Services elsewhere, those that somebody called so first, then by customers.
    pub services: Vec<ServiceLine>,
    /// Customers with this need.
    pub customers: Figure,
    /// Customer-days with this need.
    pub customer_days: Figure,
    /// Percents with us alone, with both, tolerated, elsewhere alone; absent where one is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_need: Option<[u32; 4]>,
    /// Percent with us alone in the week before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours_alone_last_week: Option<u32>,
    /// Customers elsewhere.
    pub customers_elsewhere: Figure,
    /// Of those with us or elsewhere.
    pub customers_ours_or_elsewhere: Figure,
    /// Customers with both in the week.
    pub customers_both: Figure,
    /// Customers who left us for it this week.
    pub left: Figure,
    /// `fix`, `explain`, `adopt`, `guide`, `retire` or `watch`.
    pub conversation: &'static str,
    /// The rule that says so.
    pub rule: &'static str,
    /// Whom to talk to, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// They serve the paying customer directly, so that days gained count one and a half times in the rank.
    pub customer_facing: bool,
    /// How far gone it is with the first of the services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affair: Option<AffairLine>,
    /// Customers elsewhere who were not with us in eight weeks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_ours: Option<u32>,
    /// Each reason that was looked at; none for a need that we do not serve.
    pub why: Vec<WhyLine>,
    /// What they answered, where they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<SaidLine>,
    /// Who had the first of the services before them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word_of_mouth: Option<BeforeLine>,
    /// A question to take along.
    pub question: String,
}

/// Who had a service before.
#[derive(Clone, Debug, Serialize)]
pub struct BeforeLine {
    /// The segment's name.
    pub segment_name: String,
    /// The first week that shows it there.
    pub since: Week,
}

/// How far gone an affair is.
#[derive(Clone, Debug, Serialize)]
pub struct AffairLine {
    /// `trial`, `fling`, `habit`, `dependency` or `over`.
    pub stage: &'static str,
    /// The rule that says so.
    pub rule: &'static str,
    /// `growing`, `steady` or `fading`.
    pub trend: &'static str,
    /// The first week that shows it.
    pub since: Week,
}

/// One service of a movement.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceLine {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Customers this week.
    pub customers: Figure,
    /// Customers the week before, where they are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers_last_week: Option<u32>,
}

/// The largest need that did not move.
#[derive(Clone, Debug, Serialize)]
pub struct NotMoving {
    /// The need.
    pub need: NeedName,
    /// Customer-days elsewhere alone.
    pub days_elsewhere: u32,
    /// The same in the week before, where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_elsewhere_last_week: Option<u32>,
    /// Percent with us alone; absent where it is not served or not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours_alone: Option<u32>,
}

/// Customers who came back.
#[derive(Clone, Debug, Serialize)]
pub struct CameBack {
    /// Who.
    pub segment_name: String,
    /// For what.
    pub need: NeedName,
    /// How many in four weeks, at least.
    pub customers: u32,
}

/// A gain that nobody has reviewed.
#[derive(Clone, Debug, Serialize)]
pub struct UnreviewedGain {
    /// Who.
    pub segment_name: String,
    /// For what.
    pub need: NeedName,
    /// Customer-days elsewhere alone gained.
    pub gained_days: u32,
    /// Over how many weeks.
    pub weeks: usize,
}

/// A service to be looked at first.
#[derive(Clone, Debug, Serialize)]
pub struct NewService {
    /// Where.
    pub segment_name: String,
    /// For what.
    pub need: NeedName,
    /// Its name.
    pub service: String,
    /// How many.
    pub customers: Figure,
    /// How many in the week before, where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers_last_week: Option<u32>,
}

/// How a digest is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For mail and terminals.
    Text,
    /// For wikis and chats.
    Markdown,
    /// For programs.
    Json,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "markdown" => Ok(Self::Markdown),
            "json" => Ok(Self::Json),
            _ => Err(format!("'{text}' is no format; write text, markdown or json")),
        }
    }
}

impl Digest {
    /// The page in one form.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Text => text::write(self),
            Format::Markdown => markdown::write(self),
            Format::Json => json::write(self),
        }
    }
}

#[cfg(test)]
mod tests;
