//! From the text of a story file to a `Story`, or to all that is wrong with it.

use std::fmt;

use elsewhere_catalog::Catalog;
use elsewhere_collector::{segment::Segment, week::Week};
use toml::de::DeTable;

use super::{
    Days, Department, Habit, MAX_CUSTOMERS, MAX_WEEKS, Offer, Planted, Site, Status, Story,
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
        let planted = planted(table, &story, catalog);
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
    let service = table.service("id").map(|service| service.id).unwrap_or_default();
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

fn planted(table: Fields<'_>, story: &Story, catalog: &'static Catalog) -> Option<Planted> {
    let kind = table.needed_text("kind", "what happens, such as \"leaves\"");
    let planted = match kind.as_str() {
        "leaves" => leaves(&table, story, catalog),
        "comes_back" => comes_back(&table, story, catalog),
        "unserved" => unserved(&table, story, catalog),
        "spreads" => spreads(&table, story),
        "idle_client" => Planted::IdleClient {
            service: service(&table, "service"),
            customers: table.share("customers", None),
            used: table.share("used", Some(0.05)),
            per_workday: table.share("per_workday", Some(0.1)),
        },
        "chat_suite_meetings" => chat_suite_meetings(&table, story),
        "embedded_noise" => Planted::EmbeddedNoise {
            services: table.services("services"),
            per_workday: table.share("per_workday", Some(0.2)),
        },
        "rare_services" => Planted::RareServices {
            services: table.services("services"),
            customers: table.share("customers", Some(0.004)),
            per_workday: table.share("per_workday", Some(0.2)),
        },
        "" => return None,
        other => {
            let known = "leaves, comes_back, unserved, spreads, idle_client, chat_suite_meetings, embedded_noise, \
                         rare_services";
            table.problem("kind", format!("no planted story is called '{other}'; there are {known}"));
            return None;
        }
    };
    table.close();
    Some(planted)
}

fn service(table: &Fields<'_>, key: &'static str) -> &'static str {
    table.service(key).map(|service| service.id).unwrap_or_default()
}

fn week(table: &Fields<'_>, story: &Story) -> u32 {
    table.count("week", 1..=story.weeks, None)
}

fn over_weeks(table: &Fields<'_>) -> u32 {
    table.count("over_weeks", 1..=52, Some(4))
}

fn leaves(table: &Fields<'_>, story: &Story, catalog: &Catalog) -> Planted {
    let (department, from, to) = (one_department(table, story), service(table, "from"), service(table, "to"));
    check_switch(table, story, catalog, &department, [from, to], true);
    Planted::Leaves {
        department,
        from,
        to,
        week: week(table, story),
        over_weeks: over_weeks(table),
        customers: table.share("customers", None),
        slower: table.number("slower", 1.0..=100.0, Some(2.5)),
        spills: table.share("spills", Some(0.2)),
    }
}

fn comes_back(table: &Fields<'_>, story: &Story, catalog: &Catalog) -> Planted {
    let (department, from, to) = (one_department(table, story), service(table, "from"), service(table, "to"));
    check_switch(table, story, catalog, &department, [from, to], false);
    Planted::ComesBack {
        department,
        from,
        to,
        week: week(table, story),
        over_weeks: over_weeks(table),
        customers: table.share("customers", None),
    }
}

/// A switch goes between ours and elsewhere, for one need, by people who have the habit.
fn check_switch(
    table: &Fields<'_>,
    story: &Story,
    catalog: &Catalog,
    department: &str,
    [from, to]: [&'static str; 2],
    from_ours: bool,
) {
    let (Some(a), Some(b)) = (catalog.service(from), catalog.service(to)) else { return };
    if a.need != b.need {
        table.problem(
            "to",
            format!("'{from}' is for need '{}' and '{to}' for '{}'; one need only", a.need, b.need),
        );
    }
    let (ours, elsewhere, keys) =
        if from_ours { (from, to, ["from", "to"]) } else { (to, from, ["to", "from"]) };
    let offered = |service: &str| {
        story.portfolio.iter().find(|offer| offer.service == service).map(|offer| offer.status)
    };
    if offered(ours) != Some(Status::Sanctioned) {
        table.problem(
            keys[0],
            format!("'{ours}' is not ours; give it a [[service]] with status \"sanctioned\""),
        );
    }
    if matches!(offered(elsewhere), Some(Status::Sanctioned | Status::Tolerated)) {
        table.problem(
            keys[1],
            format!("'{elsewhere}' is not elsewhere: the portfolio sanctions or tolerates it"),
        );
    }
    let Some(department) = story.departments.iter().find(|known| known.name == department) else { return };
    let used = |habit: &Habit| habit.services.iter().any(|&(service, _)| service == from);
    if !story.habits_of(department).any(used) {
        table.problem("from", format!("no habit of '{}' turns to '{from}'", department.name));
    }
}

fn unserved(table: &Fields<'_>, story: &Story, catalog: &Catalog) -> Planted {
    let need = table.need("need");
    for offer in story.portfolio.iter().filter(|offer| offer.status != Status::Unsanctioned) {
        if catalog.service(offer.service).is_some_and(|service| service.need == need) {
            table.problem("need", format!("'{need}' is served: the portfolio has '{}'", offer.service));
        }
    }
    Planted::Unserved {
        need,
        departments: departments(table, story),
        customers: table.share("customers", None),
        per_workday: table.share("per_workday", None),
        services: table.weights("services", need),
    }
}

fn spreads(table: &Fields<'_>, story: &Story) -> Planted {
    let departments = departments(table, story);
    if departments.is_empty() {
        table.problem("departments", "'departments' names those that the service goes through, in order");
    }
    Planted::Spreads {
        service: service(table, "service"),
        departments,
        week: week(table, story),
        every_weeks: table.count("every_weeks", 0..=52, Some(2)),
        over_weeks: over_weeks(table),
        customers: table.share("customers", None),
        per_workday: table.share("per_workday", None),
    }
}

fn chat_suite_meetings(table: &Fields<'_>, story: &Story) -> Planted {
    let (suite, need) = (service(table, "service"), table.need("need"));
    let listed = |offer: &Offer| offer.service == suite && offer.offered_not_visible.contains(&need);
    if !suite.is_empty() && !need.is_empty() && !story.portfolio.iter().any(listed) {
        let words = format!(
            "'{suite}' hides '{need}': say so in its [[service]], offered_not_visible = [\"{need}\"]"
        );
        table.problem("service", words);
    }
    Planted::ChatSuiteMeetings {
        service: suite,
        need,
        customers: table.share("customers", None),
        per_workday: table.share("per_workday", None),
    }
}

fn one_department(table: &Fields<'_>, story: &Story) -> String {
    let name = table.needed_text("department", "the name of a department");
    check_department(table, "department", &name, story);
    name
}

fn departments(table: &Fields<'_>, story: &Story) -> Vec<String> {
    let names = table.texts("departments");
    for (_, name) in &names {
        check_department(table, "departments", name, story);
    }
    names.into_iter().map(|(_, name)| name.to_owned()).collect()
}

fn check_department(table: &Fields<'_>, key: &'static str, name: &str, story: &Story) {
    if !name.is_empty() && !story.departments.iter().any(|department| department.name == name) {
        table.problem(key, format!("no department '{name}' in this story"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let error = Story::read(text, elsewhere_catalog::builtin()).unwrap_err();
        error.to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_shipped_story_is_read() {
        let text = include_str!("../../../stories/northmoor.toml");
        let story = Story::read(text, elsewhere_catalog::builtin()).unwrap();
        assert_eq!((story.customers, story.weeks, story.departments.len()), (600, 13, 8));
    }

    #[test]
    fn all_mistakes_are_reported_together_with_their_lines() {
        let text = r#"organization = "Northmoor"
customers = 0
[days]
holidays = ["yesterday"]
[[service]]
id = "no-such-service"
status = "blessed"
[[department]]
name = "Sales//North"
[[department.habit]]
need = "email"
per_workday = 1.5
services = { outlook = 1, dropbox = 1 }
[[planted]]
kind = "explodes"
[[planted]]
kind = "leaves"
department = "Nobody"
from = "dropbox"
to = "outlook"
week = 14
customers = 0.5
"#;
        let found = problems(text);
        let wanted = [
            "line 1: unknown key 'organization' in the story",
            "line 2: 'customers' is 0",
            "line 4: 'yesterday' is no date",
            "line 6: no service 'no-such-service' in the catalog",
            "line 7: 'blessed' is no status",
            "line 9: 'department=Sales//North' is no segment",
            "line 12: 'per_workday' is 1.5",
            "line 13: service 'dropbox' is for need 'store-files', not 'email'",
            "line 15: no planted story is called 'explodes'",
            "line 18: no department 'Nobody'",
            "line 19: 'dropbox' is not ours",
            "line 20: 'dropbox' is for need 'store-files' and 'outlook' for 'email'",
            "line 21: 'week' is 14",
        ];
        for (found, wanted) in found.iter().zip(wanted) {
            assert!(found.starts_with(wanted), "{found}\nis not\n{wanted}");
        }
        assert_eq!(found.len(), wanted.len(), "{found:#?}");
    }

    #[test]
    fn what_is_no_toml_says_where() {
        assert!(problems("weeks = 3\ncustomers = = 4")[0].starts_with("line 2: "));
        assert!(problems("")[0].contains("no [[department]]"));
    }

    #[test]
    fn a_need_that_is_served_can_not_be_planted_as_unserved() {
        let text = r#"
[[service]]
id = "deepl"
status = "tolerated"
[[department]]
name = "Sales"
[[planted]]
kind = "unserved"
need = "translate-write"
customers = 0.5
per_workday = 0.5
services = { quillbot = 1 }
"#;
        assert_eq!(problems(text), ["line 9: 'translate-write' is served: the portfolio has 'deepl'"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_story_or_an_error(text in "[a-z\\[\\]\"=.{},# \n0-9-]{0,200}") {
            _ = Story::read(&text, elsewhere_catalog::builtin());
        }
    }
}
