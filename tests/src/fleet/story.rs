//! What company it is and what happens in it: a story file, or a story made from a seed.
//!
//! Owns the words of a story. Service and need ids in it are the catalog's own, so a story that was read or made
//! names nothing that the catalog does not know. Weeks are numbers from 1 to `weeks`; which ISO week the last of
//! them is, is decided when the story is told. `tests/stories/README.md` documents the file.

mod fields;
mod made;
mod planted;
mod read;

use elsewhere_collector::week::Week;
use serde::Serialize;

pub use planted::Planted;
pub use read::StoryError;

/// Most customers in one story: a hundred times the largest company the product is made for needs other tools.
pub const MAX_CUSTOMERS: u32 = 1_000_000;
/// Most weeks in one story: three years. A collector keeps device-days for 13 weeks, figures for longer.
pub const MAX_WEEKS: u32 = 156;

/// A company and what happens in it.
#[derive(Clone, Debug)]
pub struct Story {
    /// Name of the organisation.
    pub organisation: String,
    /// Number of customers, without those who share a device.
    pub customers: u32,
    /// Number of weeks told.
    pub weeks: u32,
    /// The last week told, where the file says so.
    pub until: Option<Week>,
    /// Seed of all random streams.
    pub seed: u64,
    /// What the company's days are like.
    pub days: Days,
    /// Sites, a second dimension of segments; may be empty.
    pub sites: Vec<Site>,
    /// What IT offers, tolerates or rejects.
    pub portfolio: Vec<Offer>,
    /// Habits of every department that has none of its own for that need.
    pub habits: Vec<Habit>,
    /// The departments.
    pub departments: Vec<Department>,
    /// What happens.
    pub planted: Vec<Planted>,
}

/// What the company's days are like.
#[derive(Clone, Debug)]
pub struct Days {
    /// Chance that a customer is away on a workday.
    pub absent: f64,
    /// Chance that a customer is away for a whole week.
    pub leave: f64,
    /// Chance that a customer works on a day of the weekend or a holiday.
    pub weekend: f64,
    /// Share of workdays away from the office.
    pub away: f64,
    /// Share of customers with a second device.
    pub second_device: f64,
    /// Devices with several accounts, which are no customers.
    pub shared_devices: u32,
    /// Dates on which the company is closed.
    pub holidays: Vec<jiff::civil::Date>,
}

impl Default for Days {
    fn default() -> Self {
        Self {
            absent: 0.06,
            leave: 0.04,
            weekend: 0.03,
            away: 0.35,
            second_device: 0.08,
            shared_devices: 2,
            holidays: Vec::new(),
        }
    }
}

/// One site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its path in the dimension `site`.
    pub name: String,
    /// Its part of all customers, beside the other sites' parts.
    pub share: f64,
}

/// IT's word on one service.
#[derive(Clone, Debug, Serialize)]
pub struct Offer {
    /// The service.
    pub service: &'static str,
    /// IT's word.
    pub status: Status,
    /// The week of the story from which it counts; before, the service is unreviewed.
    pub since_week: u32,
    /// Other needs that the service also does, unseen: their shares are withheld.
    pub offered_not_visible: Vec<&'static str>,
}

/// Sanction status. What the portfolio does not name is unreviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Ours.
    Sanctioned,
    /// Neither ours nor elsewhere.
    Tolerated,
    /// Elsewhere, and looked at.
    Unsanctioned,
}

impl Status {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sanctioned => "sanctioned",
            Self::Tolerated => "tolerated",
            Self::Unsanctioned => "unsanctioned",
        }
    }
}

/// One department.
#[derive(Clone, Debug)]
pub struct Department {
    /// Its path in the dimension `department`: `Sales/North`.
    pub name: String,
    /// Its part of all customers, beside the other departments' parts.
    pub share: f64,
    /// It serves the paying customer directly.
    pub customer_facing: bool,
    /// Share of its connections that no agent can name.
    pub unnamed: f64,
    /// Its own habits.
    pub habits: Vec<Habit>,
}

/// How a group of customers meets one need.
#[derive(Clone, Debug)]
pub struct Habit {
    /// The need.
    pub need: &'static str,
    /// Share of the group that has this need at all.
    pub customers: f64,
    /// Chance that one of them meets it on a workday.
    pub per_workday: f64,
    /// Which services they turn to, with weights: each customer settles for one.
    pub services: Vec<(&'static str, f64)>,
    /// Chance that on such a day a second of these services is used too.
    pub second: f64,
    /// Minutes of a typical day with it.
    pub minutes: u32,
}

impl Story {
    /// What IT says about a service in a week of the story; `None` is unreviewed.
    pub fn status(&self, service: &str, week: u32) -> Option<Status> {
        let offer = self.portfolio.iter().find(|offer| offer.service == service)?;
        (offer.since_week <= week).then_some(offer.status)
    }

    /// The habits that hold in a department: its own, and the company's for the needs it says nothing about.
    pub fn habits_of<'s>(&'s self, department: &'s Department) -> impl Iterator<Item = &'s Habit> {
        let own = |need| department.habits.iter().any(|habit: &Habit| habit.need == need);
        department.habits.iter().chain(self.habits.iter().filter(move |habit| !own(habit.need)))
    }
}
