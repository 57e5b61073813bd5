//! What happens in a story, read from its `[[planted]]` tables; refused where it could not happen in this company.

mod more;

use elsewhere_catalog::{Catalog, Service};

use crate::fleet::story::{Habit, Offer, Planted, Status, Story, fields::Fields};

pub(super) fn planted(table: Fields<'_>, story: &Story, catalog: &'static Catalog) -> Option<Planted> {
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
            let Some(planted) = more::planted(other, &table, story, catalog) else {
                let known = "leaves, comes_back, unserved, spreads, idle_client, chat_suite_meetings, \
                             embedded_noise, rare_services";
                let problem =
                    format!("no planted story is called '{other}'; there are {known}, {}", more::KINDS);
                table.problem("kind", problem);
                return None;
            };
            planted
        }
    };
    table.close();
    Some(planted)
}

fn service(table: &Fields<'_>, key: &'static str) -> &'static str {
    table.service(key).map(Service::id).unwrap_or_default()
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
    if a.need() != b.need() {
        table.problem(
            "to",
            format!("'{from}' is for need '{}' and '{to}' for '{}'; one need only", a.need(), b.need()),
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
        if catalog.service(offer.service).is_some_and(|service| service.need() == need) {
            table.problem("need", format!("'{need}' is served: the portfolio has '{}'", offer.service));
        }
    }
    Planted::Unserved {
        need,
        departments: departments(table, story),
        customers: table.share("customers", None),
        per_workday: table.share("per_workday", None),
        services: table.weights("services", need),
        week: table.count("week", 1..=story.weeks, Some(1)),
        over_weeks: table.count("over_weeks", 1..=52, Some(1)),
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
