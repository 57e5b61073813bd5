use super::*;

fn parse(text: &str) -> Result<Portfolio, PortfolioError> {
    Portfolio::parse(text, elsewhere_catalog::builtin())
}

fn week(text: &str) -> Week {
    text.parse().unwrap()
}

#[test]
fn a_status_counts_from_the_week_it_was_set() {
    let portfolio = parse(
        r#"
        organisation = "Northmoor"
        [[service]]
        id = "wetransfer"
        status = "tolerated"
        since = "2026-W10"
        [[service]]
        id = "wetransfer"
        status = "unsanctioned"
        since = "2026-W20"
        [[service]]
        id = "outlook"
        status = "sanctioned"
        offered_not_visible = ["scheduling"]
        "#,
    )
    .unwrap();
    let status = |service: &str, at: &str| {
        let landscape = portfolio.landscape(elsewhere_catalog::builtin(), week(at));
        landscape.service(landscape.find(service).unwrap()).status
    };
    assert_eq!(status("wetransfer", "2026-W09"), SanctionStatus::Unreviewed);
    assert_eq!(status("wetransfer", "2026-W10"), SanctionStatus::Tolerated);
    assert_eq!(status("wetransfer", "2026-W46"), SanctionStatus::Unsanctioned);
    assert_eq!(status("outlook", "2020-W01"), SanctionStatus::Sanctioned);
    let landscape = portfolio.landscape(elsewhere_catalog::builtin(), week("2026-W46"));
    let need = |id: &str| landscape.needs().find(|(_, need)| need.id == id).unwrap().1.clone();
    assert!(need("email").served && !need("email").ours_not_visible);
    assert!(!need("scheduling").served && need("scheduling").ours_not_visible);
    assert_eq!(portfolio.sanctioned(week("2026-W46")).collect::<Vec<_>>(), ["outlook"]);
}

#[test]
fn a_package_names_what_shows_whether_it_holds() {
    let wrong = r#"
organisation = "Northmoor"
[[package]]
need = "send-once"
product = "filemail"
price = "4,50"
seats = 0
[[package.line]]
part = "gift"
what = "files up to 5 GB"
[[package.line]]
part = "explicit"
what = "files up to 5 GB"
measure = "happiness"
"#;
    insta::assert_snapshot!(parse(wrong).unwrap_err(), @r#"
    line 6: '4,50' is no price; write it like "4.50"
    line 7: a whole number from 1 to 10000000 is expected here
    line 9: part 'gift' is none of information, explicit, implicit, persona
    line 14: measure 'happiness' is none of seats_in_use, never_ours, elsewhere_rate, came_back, they_came_to_us_first, slower_to_move_files, slower_to_answer, failing, reach, front_door, we_turned_them_away; leave it out for what is not visible from here
    "#);
}

#[test]
fn services_of_our_own_are_in_the_landscape() {
    let portfolio = parse(
        r#"
        organisation = "Northmoor"
        [[own_service]]
        id = "own:outbox"
        name = "Outbox"
        need = "send-once"
        hosts = ["outbox.northmoor.example"]
        [[service]]
        id = "own:outbox"
        status = "sanctioned"
        "#,
    )
    .unwrap();
    let landscape = portfolio.landscape(elsewhere_catalog::builtin(), week("2026-W46"));
    assert_eq!(landscape.service(landscape.find("own:outbox").unwrap()).side(), Side::Ours);
}

#[test]
fn all_mistakes_are_reported_together_with_their_lines() {
    let error = parse(
        r#"colour = "red"
offices = []
simulated = "yes"
[[own_service]]
id = "outbox"
name = "Outbox"
need = "sending"
[[service]]
id = "no-such-service"
status = "loved"
since = "2027-W53"
[[service]]
id = "outlook"
status = "sanctioned"
offered_not_visible = ["meeting"]
until = "2026-W01"
[[service]]
id = "outlook"
status = "tolerated"
"#,
    )
    .unwrap_err();
    insta::assert_snapshot!(error, @r"
    line 1: 'organisation' is missing
    line 1: unknown key 'colour'; the file has organisation, simulated, main_dimension, own_domains, own_service, name, service, segment, package
    line 2: unknown key 'offices'; the file has organisation, simulated, main_dimension, own_domains, own_service, name, service, segment, package
    line 3: true or false is expected here
    line 4: 'outbox' must be called like own:outbox
    line 4: 'outbox' serves a need that is not one of the catalog's
    line 9: service 'no-such-service' is neither in the catalog nor an [[own_service]] of this file
    line 10: status 'loved' is not known; write sanctioned, tolerated, unsanctioned or unreviewed
    line 11: '2027-W53' is no ISO week; write it like 2026-W46
    line 15: need 'meeting' is not one of the catalog's
    line 16: unknown key 'until'; a service has id, status, since, offered_not_visible, tenants
    line 17: service 'outlook' is decided twice from the same week
    ");
}

#[test]
fn what_devices_have_to_know_is_read_and_checked() {
    let text = r#"organisation = "Northmoor"
own_domains = ["northmoor.example"]
[[own_service]]
id = "own:outbox"
name = "Outbox"
need = "send-once"
hosts = ["outbox.northmoor.example"]
[[name]]
suffix = "files.partner.example"
service = "box"
role = "tenant"
[[name]]
exact = "up.partner.example"
service = "own:outbox"
[[service]]
id = "sharepoint-online"
status = "sanctioned"
tenants = ["northmoor.sharepoint.com"]
"#;
    let layer = parse(text).unwrap().layer;
    assert_eq!((layer.services.len(), layer.rules.len(), layer.tenants.len()), (1, 3, 1));
    assert_eq!(layer.own_domains, ["northmoor.example"]);
    let up = layer.rules.last().unwrap();
    assert_eq!(
        (up.exact, up.role, up.service_id.as_str()),
        (true, elsewhere_catalog::Role::App, "own:outbox")
    );

    let wrong = text
        .replace("northmoor.example\"]\n[[own", "co.uk\"]\n[[own")
        .replace("files.partner.example", "www.sparkasse.de")
        .replace("role = \"tenant\"", "role = \"door\"")
        .replace("exact = \"up", "exact = \"Up")
        .replace("northmoor.sharepoint.com", "northmoor.slack.com");
    insta::assert_snapshot!(parse(&wrong).unwrap_err(), @r"
    line 2: 'co.uk' is a public suffix, under which anybody can have a name
    line 11: role 'door' is none of app, login, console, tenant, api, content, embed, hosted, site
    line 12: 'Up.partner.example' write it as `up.partner.example`
    line 18: 'northmoor.slack.com' is no host of the service 'sharepoint-online'
    ");
    let personal = text.replace("files.partner.example", "www.sparkasse.de");
    insta::assert_snapshot!(parse(&personal).unwrap_err(), @"line 8: 'www.sparkasse.de' belongs to private life and can't be made a service");
}

#[test]
fn what_is_no_toml_says_where() {
    let error = parse("organisation = \"Northmoor\"\n[[service\n").unwrap_err();
    assert_eq!(error.mistakes.len(), 1);
    assert_eq!(error.mistakes[0].line, 2);
    let huge = format!("organisation = \"{}\"", "x".repeat(1 << 20));
    assert!(parse(&huge).unwrap_err().to_string().contains("larger than 1 MiB"));
}

#[test]
fn the_shipped_example_is_in_order() {
    let portfolio = parse(include_str!("../../../deploy/portfolio.example.toml")).unwrap();
    let ours = portfolio.sanctioned(week("2026-W46")).count();
    assert!(!portfolio.simulated && ours >= 26, "{ours} services of ours");
}
