//! Every capture of our own gives the facts that its maker knows, and no others.

use std::fs;

use elsewhere_tests::captures::{self, Case, Seen};

#[test]
fn every_case_gives_its_facts_and_no_others() {
    let mut wrong = Vec::new();
    for case in Case::all().unwrap() {
        assert!(!case.expected.is_empty(), "{}: nothing is expected", case.name);
        let seen = Seen::in_file(&case.input).unwrap();
        wrong.extend(case.differences(&seen).into_iter().map(|line| format!("{}: {line}", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn built_cases_are_what_their_builders_make() {
    for case in captures::built() {
        for (name, content) in case.files() {
            let path = captures::folder().join(case.name).join(name);
            let hint = "elsewhere-captures build writes it";
            let pinned =
                fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; {hint}", path.display()));
            assert!(pinned == content, "{}/{name} is another than its builder makes; {hint}", case.name);
        }
    }
}
