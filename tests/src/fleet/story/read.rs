//! From the text of a story file to a `Story`, or to all that is wrong with it.

mod planted;

use std::fmt;

use elsewhere_catalog::{Catalog, Service};
use elsewhere_collector::{segment::Segment, week::Week};
use toml::de::DeTable;

use super::{
    Days, Department, Habit, MAX_CUSTOMERS, MAX_WEEKS, Offer, Site, Status, Story,
    fields::{Fields, Page},
};

/// Most devices with several accounts in one story; a company with more is told as several stories.
const MAX_SHARED_DEVICES: u32 = 10_000;

/// Why a text is no story: each problem with its line, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct StoryError {
    /// Line from 1 and what is wrong there.
    pub problems: Vec<(usize, String)>,
}

impl fmt::Display for StoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (line, words)) in self.problems.iter().enumerate() {
            let newline = if n == 0 { "" } else { "\n" };
            write!(f, "{newline}line {line}: {words}")?;
        }
        Ok(())
    }
}

impl Story {
    /// Reads a story file.
    ///
    /// # Errors
    /// All mistakes together: what is no TOML, unknown keys, ids that the catalog does not know, shares over 1, and
    /// what is planted where it could not happen.
    pub fn read(text: &str, catalog: &'static Catalog) -> Result<Self, StoryError> {
        let page = Page::new(text, catalog);
        let root = match DeTable::parse(text) {
            Ok(root) => root,
            Err(error) => {
                page.problem(error.span().map_or(0, |span| span.start), error.message().to_owned());
                return Err(StoryError { problems: page.into_problems() });
            }
        };
        let story = story(Fields::new(&page, "the story", 0, root.get_ref()), catalog);
        let problems = page.into_problems();
        if problems.is_empty() { Ok(story) } else { Err(StoryError { problems }) }
    }
}

fn story(top: Fields<'_>, catalog: &'static Catalog) -> Story {
    let weeks = top.count("weeks", 1..=MAX_WEEKS, Some(13));
    let mut story = Story {
        organisation: top.text("organisation").unwrap_or_else(|| "Northmoor".to_owned()),
        customers: top.count("customers", 1..=MAX_CUSTOMERS, Some(600)),
        weeks,
        until: until(&top),
        seed: u64::from(top.count("seed", 0..=u32::MAX, Some(1))),
        days: top.table("days").map(days).unwrap_or_default(),
        sites: top.tables("site").into_iter().map(site).collect(),
        portfolio: top.tables("service").into_iter().map(|table| offer(table, weeks)).collect(),
        habits: top.tables("habit").into_iter().map(habit).collect(),
        departments: Vec::new(),
        planted: Vec::new(),
    };
    for table in top.tables("department") {
        let department = department(table, &story.departments);
        story.departments.push(department);
    }
    if story.departments.is_empty() {
        top.problem("department", "the story has no [[department]]; it needs one or more");
    }
    for table in top.tables("planted") {
        let planted = planted::planted(table, &story, catalog);
        story.planted.extend(planted);
    }
    top.close();
    story
}

fn until(top: &Fields<'_>) -> Option<Week> {
    let text = top.text("until")?;
    text.parse().map_err(|error| top.problem("until", format!("{error}"))).ok()
}

fn days(table: Fields<'_>) -> Days {
    let usual = Days::default();
    let mut holidays = Vec::new();
    for (_, text) in table.texts("holidays") {
        match text.parse() {
            Ok(date) => holidays.push(date),
            Err(_) => table.problem("holidays", format!("'{text}' is no date; write it like \"2026-10-03\"")),
        }
    }
    let days = Days {
        absent: table.share("absent", Some(usual.absent)),
        leave: table.share("leave", Some(usual.leave)),
        weekend: table.share("weekend", Some(usual.weekend)),
        away: table.share("away", Some(usual.away)),
        second_device: table.share("second_device", Some(usual.second_device)),
        shared_devices: table.count("shared_devices", 0..=MAX_SHARED_DEVICES, Some(usual.shared_devices)),
        holidays,
    };
    table.close();
    days
}

fn site(table: Fields<'_>) -> Site {
    let name = table.needed_text("name", "the site's name");
    check_segment(&table, "site", &name);
    let site = Site { name, share: table.number("share", 0.001..=1e6, Some(1.0)) };
    table.close();
    site
}

fn check_segment(table: &Fields<'_>, dimension: &str, name: &str) {
    if let Err(error) = Segment::new(dimension, name) {
        table.problem("name", error.to_string());
    }
}

fn offer(table: Fields<'_>, weeks: u32) -> Offer {
    let service = table.service("id").map(Service::id).unwrap_or_default();
    let words = table.needed_text("status", "sanctioned, tolerated or unsanctioned");
    let status = match words.as_str() {
        "tolerated" => Status::Tolerated,
        "unsanctioned" => Status::Unsanctioned,
        "sanctioned" | "" => Status::Sanctioned,
        other => {
            table.problem(
                "status",
                format!("'{other}' is no status; write sanctioned, tolerated or unsanctioned"),
            );
            Status::Sanctioned
        }
    };
    let since_week = table.count("since_week", 1..=weeks, Some(1));
    let offered_not_visible = table.needs("offered_not_visible");
    table.close();
    Offer { service, status, since_week, offered_not_visible }
}

fn department(table: Fields<'_>, earlier: &[Department]) -> Department {
    let name = table.needed_text("name", "the department's name");
    check_segment(&table, "department", &name);
    if earlier.iter().any(|other| other.name == name) {
        table.problem("name", format!("there is a department '{name}' already"));
    }
    let department = Department {
        name,
        share: table.number("share", 0.001..=1e6, Some(1.0)),
        customer_facing: table.flag("customer_facing"),
        unnamed: table.share("unnamed", Some(0.02)),
        habits: table.tables("habit").into_iter().map(habit).collect(),
    };
    table.close();
    department
}

fn habit(table: Fields<'_>) -> Habit {
    let need = table.need("need");
    let habit = Habit {
        need,
        customers: table.share("customers", Some(1.0)),
        per_workday: table.share("per_workday", None),
        services: table.weights("services", need),
        second: table.share("second", Some(0.05)),
        minutes: table.count("minutes", 5..=600, Some(20)),
    };
    table.close();
    habit
}

#[cfg(test)]
mod tests;
