//! Every figure that a collector releases about a simulated company, held against the planted truth.
//!
//! The comparison has its own few lines for rounding and for groups that are too small; it shares none with the
//! collector's floor. What is released is read as JSON, as readers get it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod digest;
mod rows;

use digest::Released;
use elsewhere_collector::{
    digest::Format, installation::Installation, query::Query, reader::Reader, segment::Segment,
};
use elsewhere_tests::fleet::{Company, History, Story, Truth};
use prost::Message as _;

#[test]
fn what_is_released_of_made_up_companies_is_true() {
    for seed in [1, 2, 3] {
        let shown = compare(Story::made(120, 6, seed, elsewhere_catalog::builtin()));
        assert!(shown > 500, "seed {seed}: only {shown} figures shown");
    }
}

#[test]
fn what_is_released_of_northmoor_is_true() {
    let text = include_str!("../../stories/northmoor.toml");
    let mut story = Story::read(text, elsewhere_catalog::builtin()).unwrap();
    (story.customers, story.weeks) = (300, 10);
    let shown = compare(story);
    assert!(shown > 3000, "only {shown} figures shown");
}

#[test]
fn same_seed_same_bytes_and_another_seed_other_ones() {
    let bytes = |seed: u64| {
        let story = Story::made(60, 3, seed, elsewhere_catalog::builtin());
        let company = Company::new(story, elsewhere_catalog::builtin(), "2026-W46".parse().unwrap());
        let days: Vec<_> =
            company.device_days().map(|(device, day)| (device.name, day.encode_to_vec())).collect();
        (days, Truth::of(&company).to_json())
    };
    let (first, again, other) = (bytes(11), bytes(11), bytes(12));
    assert!(first.0.len() > 500 && first == again);
    assert!(first.0 != other.0 && first.1 != other.1);
}

/// Plays a story into a collector and checks all that it released. Hands back how many figures it showed.
fn compare(story: Story) -> usize {
    let company = Company::new(story, elsewhere_catalog::builtin(), "2026-W46".parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::create_or_open(dir.path()).unwrap();
    let truth = History::begin(&company, &installation).unwrap().play(|_| ()).unwrap();
    let mut released = Released::default();
    for (week, _) in installation.store().published_weeks().unwrap() {
        let (published, _) = installation.store().published(week).unwrap().unwrap();
        released.0.insert(week.to_string(), serde_json::to_value(published).unwrap());
    }
    assert!(released.0.keys().eq(truth.weeks.keys()));
    let shown: usize = released.0.values().map(|week| rows::compare(week, &truth)).sum();

    let reader = Reader::local();
    let page = |week: &str, segment: Option<&Segment>| {
        let page = Query::new(&installation, &reader).digest(Some(week.parse().unwrap()), segment).unwrap();
        serde_json::from_str(&page.write(Format::Json)).unwrap()
    };
    for week in truth.weeks.keys() {
        digest::compare(&page(week, None), &released, &truth);
    }
    for department in &company.story.departments {
        let segment = Segment::new("department", &department.name).unwrap();
        digest::compare(&page("2026-W46", Some(&segment)), &released, &truth);
    }
    shown
}
