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

proptest::proptest! {
    #[test]
    fn any_text_is_a_story_or_an_error(text in "[a-z\\[\\]\"=.{},# \n0-9-]{0,200}") {
        _ = Story::read(&text, elsewhere_catalog::builtin());
    }
}
