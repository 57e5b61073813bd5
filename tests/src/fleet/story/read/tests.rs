//! Story files that are wrong, and one that is right.

use super::*;

fn problems(text: &str) -> Vec<String> {
    let error = Story::read(text, elsewhere_catalog::builtin()).unwrap_err();
    error.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn the_shipped_story_is_read() {
    let text = include_str!("../../../../stories/northmoor.toml");
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

#[test]
fn every_kind_of_planted_story_is_read() {
    let story = Story::read(EVERY_KIND, elsewhere_catalog::builtin()).unwrap();
    assert_eq!(story.planted.len(), EVERY_KIND.matches("[[planted]]").count());
}

#[test]
fn what_could_not_happen_is_no_story() {
    let head = &EVERY_KIND[..EVERY_KIND.find("[[planted]]").unwrap()];
    let cases = [
        ("kind = \"fails\"\nservice = \"dropbox\"", "'dropbox' is not ours"),
        ("kind = \"fails\"\nservice = \"sharepoint-online\"\nweek = 4\nuntil_week = 3", "'until_week' is 3"),
        (
            "kind = \"reach\"\ndepartment = \"Sales\"\nfrom = \"dropbox\"\nto = \"sharepoint-online\"\ncustomers = 1",
            "'dropbox' is not ours",
        ),
        (
            "kind = \"scattered\"\ndepartment = \"Sales\"\nneed = \"store-files\"\n\
             services = { dropbox = 1 }\ncustomers = 1\nper_workday = 1",
            "'services' has fewer than three",
        ),
        (
            "kind = \"reorganisation\"\nfrom = \"Sales\"\nto = \"Nobody\"\nweek = 2\ncustomers = 1",
            "no department 'Nobody'",
        ),
        ("kind = \"fling\"\ndepartment = \"Sales\"\nservice = \"dropbox\"\nweek = 99", "'week' is 99"),
    ];
    for (planted, problem) in cases {
        let found = problems(&format!("{head}[[planted]]\n{planted}\n"));
        assert!(found.iter().any(|found| found.contains(problem)), "{found:#?} lacks {problem}");
    }
}

/// One of each of those that the shipped story does not have.
const EVERY_KIND: &str = r#"
[[service]]
id = "sharepoint-online"
status = "sanctioned"
[[department]]
name = "Sales"
[[department]]
name = "Finance"
[[habit]]
need = "store-files"
per_workday = 0.5
services = { sharepoint-online = 3, dropbox = 1 }
[[planted]]
kind = "fails"
service = "sharepoint-online"
[[planted]]
kind = "front_door"
service = "sharepoint-online"
steps = 4
[[planted]]
kind = "reach"
department = "Sales"
from = "sharepoint-online"
to = "dropbox"
customers = 0.5
[[planted]]
kind = "turned_away"
services = ["dropbox"]
customers = 0.5
[[planted]]
kind = "fling"
department = "Sales"
service = "dropbox"
week = 3
customers = 0.5
per_workday = 0.5
[[planted]]
kind = "relies"
department = "Sales"
from = "sharepoint-online"
to = "dropbox"
customers = 0.5
[[planted]]
kind = "scattered"
department = "Sales"
need = "store-files"
services = { dropbox = 1, google-drive = 1, onedrive = 1 }
customers = 0.5
per_workday = 0.5
[[planted]]
kind = "decision"
department = "Sales"
from = "dropbox"
to = "sharepoint-online"
week = 4
customers = 0.5
[[planted]]
kind = "onboarding"
week = 4
customers = 0.1
[[planted]]
kind = "reorganisation"
from = "Sales"
to = "Finance"
week = 4
customers = 0.1
[[planted]]
kind = "late"
week = 4
customers = 0.1
[[planted]]
kind = "catalog_update"
service = "dropbox"
week = 4
[[planted]]
kind = "partners"
services = ["sharepoint-online"]
customers = 0.1
per_workday = 0.1
"#;

proptest::proptest! {
    #[test]
    fn any_text_is_a_story_or_an_error(text in "[a-z\\[\\]\"=.{},# \n0-9-]{0,200}") {
        _ = Story::read(&text, elsewhere_catalog::builtin());
    }
}
