//! The weekly digest: one page that a head of IT reads in three minutes and takes into a meeting.
//!
//! [`compose`] makes one [`Digest`] of published rows and insight; text, Markdown and JSON are written from that and
//! from nothing else, so they can't disagree. Pure: the same rows give the same bytes. What is not known has no line.

mod compose;
mod json;
mod markdown;
mod sentences;
mod text;
mod words;

pub use compose::{Source, compose};

use std::str::FromStr;

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    published::{Figure, Price, PublishedSegment, Trust, WeekState},
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
    /// One sentence.
    pub headline: String,
    /// The first number; absent where no need can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_need: Option<ShareOfNeed>,
    /// The second number.
    pub moves: Moves,
    /// The third number; absent where every need that is shown is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unserved_needs: Option<UnservedNeeds>,
    /// At most five, most days gained first.
    pub movements: Vec<MovementLine>,
    /// The need with most days elsewhere that did not move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_not_moving: Option<NotMoving>,
    /// Where customers came back.
    pub came_back: Vec<CameBack>,
    /// Services nobody has looked at, shown for the first time.
    pub new_unreviewed: Vec<NewService>,
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
    /// Services elsewhere, most customers first.
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
    /// A question to take along.
    pub question: String,
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
    /// How many.
    pub customers: Figure,
}

/// A service that was never shown before.
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
}

/// What the figures do not hold.
#[derive(Clone, Debug, Serialize)]
pub struct NotSeen {
    /// Coverage and blind share; absent where the segment is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// Segments of which less than 70 % of the devices reported.
    pub hardly_reporting: Vec<(String, u8)>,
    /// Segments with 10 % and more unnamed connections, in tenths of a percent: their figures are a lower bound.
    pub lower_bounds: Vec<(String, u16)>,
    /// Segments under the smallest group: their figures are in totals only.
    pub segments_withheld: usize,
    /// What the floor still shows, of all customers.
    pub shown: Price,
    /// Needs that a service of ours serves unseen.
    pub share_withheld: Vec<NeedName>,
    /// Services as often private as work, in no figure.
    pub as_often_private: usize,
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
