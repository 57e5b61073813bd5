//! The kinds of planted stories beyond those of every made-up company: what the evaluation of insight asks for.

use elsewhere_catalog::Catalog;

use super::{check_department, check_switch, departments, one_department, over_weeks, service, week};
use crate::fleet::story::{Planted, Status, Story, fields::Fields};

/// Their names.
pub(super) const KINDS: &str = "fails, front_door, reach, turned_away, fling, relies, scattered, decision, \
                                onboarding, reorganisation, late, catalog_update, partners";

/// The story of a kind; `None` where no kind is called so.
pub(super) fn planted(kind: &str, table: &Fields<'_>, story: &Story, catalog: &Catalog) -> Option<Planted> {
    Some(match kind {
        "fails" => fails(table, story),
        "front_door" => Planted::FrontDoor {
            service: ours(table, story),
            departments: departments(table, story),
            steps: table.count("steps", 2..=50, None),
        },
        "reach" => {
            let (department, [from, to]) = switch(table, story, catalog, true);
            Planted::Reach { department, from, to, customers: table.share("customers", None) }
        }
        "turned_away" => Planted::TurnedAway {
            services: table.services("services"),
            departments: departments(table, story),
            customers: table.share("customers", None),
        },
        "fling" => Planted::Fling {
            department: one_department(table, story),
            service: service(table, "service"),
            week: week(table, story),
            weeks: table.count("weeks", 1..=52, Some(3)),
            customers: table.share("customers", None),
            per_workday: table.share("per_workday", None),
        },
        "relies" => {
            let (department, [from, to]) = switch(table, story, catalog, true);
            Planted::Relies { department, from, to, customers: table.share("customers", None) }
        }
        "scattered" => scattered(table, story),
        "decision" => {
            let (department, [from, to]) = switch(table, story, catalog, false);
            let (week, over_weeks) = (week(table, story), over_weeks(table));
            let customers = table.share("customers", None);
            Planted::Decision { department, from, to, week, over_weeks, customers }
        }
        _ => return noise(kind, table, story),
    })
}

/// What insight should see through.
fn noise(kind: &str, table: &Fields<'_>, story: &Story) -> Option<Planted> {
    Some(match kind {
        "onboarding" => Planted::Onboarding {
            departments: departments(table, story),
            week: week(table, story),
            customers: table.share("customers", None),
        },
        "reorganisation" => {
            let [from, to] = ["from", "to"].map(|key| {
                let name = table.needed_text(key, "the name of a department");
                check_department(table, key, &name, story);
                name
            });
            let (week, customers) = (week(table, story), table.share("customers", None));
            Planted::Reorganisation { from, to, week, customers }
        }
        "late" => Planted::Late { week: week(table, story), customers: table.share("customers", None) },
        "catalog_update" => {
            Planted::CatalogUpdate { service: service(table, "service"), week: week(table, story) }
        }
        "partners" => Planted::Partners {
            services: table.services("services"),
            customers: table.share("customers", None),
            per_workday: table.share("per_workday", None),
        },
        _ => return None,
    })
}

/// Who, and the two services between which they go.
fn switch(
    table: &Fields<'_>,
    story: &Story,
    catalog: &Catalog,
    from_ours: bool,
) -> (String, [&'static str; 2]) {
    let department = one_department(table, story);
    let services = ["from", "to"].map(|key| service(table, key));
    check_switch(table, story, catalog, &department, services, from_ours);
    (department, services)
}

/// A service that the portfolio sanctions.
fn ours(table: &Fields<'_>, story: &Story) -> &'static str {
    let id = service(table, "service");
    let is_ours = story.portfolio.iter().any(|it| it.service == id && it.status == Status::Sanctioned);
    if !is_ours && !id.is_empty() {
        let words = format!("'{id}' is not ours; give it a [[service]] with status \"sanctioned\"");
        table.problem("service", words);
    }
    id
}

fn fails(table: &Fields<'_>, story: &Story) -> Planted {
    let service = ours(table, story);
    let week = table.count("week", 1..=story.weeks, Some(1));
    let until_week = table.count("until_week", 1..=story.weeks, Some(story.weeks));
    if until_week < week {
        table.problem("until_week", format!("'until_week' is {until_week}, before 'week' {week}"));
    }
    let (departments, failed) = (departments(table, story), table.share("failed", Some(0.2)));
    Planted::Fails { service, departments, week, until_week, failed }
}

fn scattered(table: &Fields<'_>, story: &Story) -> Planted {
    let need = table.need("need");
    let services = table.weights("services", need);
    if (1..3).contains(&services.len()) {
        table.problem("services", "'services' has fewer than three; nobody is scattered over so few");
    }
    Planted::Scattered {
        department: one_department(table, story),
        need,
        services,
        customers: table.share("customers", None),
        per_workday: table.share("per_workday", None),
    }
}
