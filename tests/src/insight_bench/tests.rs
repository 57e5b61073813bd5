//! The evaluation itself, on small companies of which it is known what must be found.

use super::*;

/// A company of three departments with one need, and more of a story file put in.
fn score(more: &str) -> Score {
    let text = format!(
        r#"
        customers = 400
        weeks = 9
        until = "2026-W46"
        [[service]]
        id = "sharepoint-online"
        status = "sanctioned"
        [[department]]
        name = "Sales"
        [[department]]
        name = "Finance"
        [[department]]
        name = "Legal"
        [[habit]]
        need = "store-files"
        per_workday = 0.8
        services = {{ sharepoint-online = 3, dropbox = 1 }}
        second = 0.15
        minutes = 60
        {more}"#
    );
    let story = Story::read(&text, elsewhere_catalog::builtin()).unwrap();
    let company = Company::new(story, elsewhere_catalog::builtin(), UNTIL.parse().unwrap());
    Score::of(&company, "it").unwrap()
}

#[test]
fn a_story_that_is_plain_to_see_is_found_and_is_no_false_statement() {
    let score = score(
        "[[planted]]\nkind = \"fails\"\nservice = \"sharepoint-online\"\ndepartments = [\"Sales\"]\nfailed = 0.6",
    );
    let failing = score.kinds[&Kind::Failing];
    assert_eq!(
        (failing.planted, failing.seen, failing.found, failing.wrong),
        (1, 1, 1, 0),
        "{:?}",
        score.cases
    );
    assert!(failing.right >= score.company_weeks, "{failing:?}");
    assert_eq!(score.under_k, 0);
}

#[test]
fn where_nothing_is_planted_nothing_is_to_be_found() {
    let score = score("");
    let all = score.all();
    assert_eq!((all.planted, all.seen, all.found, all.right), (0, 0, 0, 0));
    assert_eq!(score.kinds.get(&Kind::Failing), None, "{:?}", score.cases);
    assert_eq!((score.companies, score.company_weeks), (1, 5));
}

#[test]
fn a_fact_is_true_of_its_segment_and_those_above_in_its_weeks() {
    let fact = facts::Fact {
        kind: Kind::Fling,
        segments: vec!["department:Sales/North".parse().unwrap()],
        need: "store-files",
        service: Some("dropbox"),
        weeks: 3..=5,
        truth: None,
        story: 0,
        is_to_be_found: true,
    };
    let so = |segment: &str, service, week| {
        let segment = segment.parse().ok();
        fact.makes_true(Kind::Fling, segment.as_ref(), "store-files", service, week)
    };
    assert!(so("department:Sales/North", Some("dropbox"), 3));
    assert!(so("department:Sales", None, 5) && so("everybody", None, 4));
    assert!(!so("department:Sales/South", None, 4) && !so("department:Sales/North/East", None, 4));
    assert!(!so("department:Sales", Some("onedrive"), 4) && !so("department:Sales", None, 6));
    assert!(!fact.makes_true(Kind::Guide, None, "store-files", None, 4));
}

#[test]
fn scores_add_up() {
    let mut both = score("");
    let (weeks, statements) = (both.company_weeks, both.statements);
    both.join(score(""));
    assert_eq!((both.companies, both.company_weeks, both.statements), (2, 2 * weeks, 2 * statements));
}
