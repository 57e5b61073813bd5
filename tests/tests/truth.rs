//! Every figure that a collector releases about a simulated company, held against the planted truth.
//!
//! The comparison has its own few lines for rounding and for groups that are too small; it shares none with the
//! collector's floor. What is released is read as JSON, as readers get it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use elsewhere_collector::installation::Installation;
use elsewhere_tests::fleet::{
    Company, History, Story, Truth,
    truth::{EVERYBODY, NeedTruth, Reach, SegmentTruth},
};
use prost::Message as _;
use serde_json::Value;

/// Smallest group that may be shown.
const K: usize = 5;

#[test]
fn what_is_released_of_made_up_companies_is_true() {
    for seed in [1, 2, 3] {
        let shown = compare(Story::made(120, 6, seed, elsewhere_catalog::builtin()));
        assert!(shown > 500, "seed {seed}: only {shown} figures shown");
    }
}

#[test]
fn what_is_released_of_northmoor_is_true() {
    let text = include_str!("../stories/northmoor.toml");
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
    let mut shown = 0;
    let weeks = installation.store().published_weeks().unwrap();
    assert_eq!(weeks.len(), truth.weeks.len());
    for (week, _) in weeks {
        let (published, _) = installation.store().published(week).unwrap().unwrap();
        shown += compare_week(&serde_json::to_value(published).unwrap(), &truth);
    }
    shown
}

fn compare_week(published: &Value, truth: &Truth) -> usize {
    let week = published["week"].as_str().unwrap();
    let segments = &truth.weeks[week];
    let mut check = Check { at: week.to_owned(), shown: 0 };
    for row in published["segments"].as_array().unwrap() {
        let name = row["segment"].as_str().unwrap();
        let name = if name == "all" { EVERYBODY } else { name };
        check.at = format!("{week} {name}");
        check.segment(row, segments.get(name).unwrap_or(&SegmentTruth::default()));
        for need in row["needs"].as_array().unwrap() {
            let id = need["need"].as_str().unwrap();
            let (nothing, segment) = (NeedTruth::default(), segments.get(name));
            let known = segment.and_then(|segment| segment.needs.get(id));
            check.at = format!("{week} {name} {id}");
            check.need(need, known.unwrap_or(&nothing));
            if truth.withheld_needs.contains(id) {
                check.is_withheld(need);
            }
        }
    }
    check.shown
}

struct Check {
    at: String,
    shown: usize,
}

impl Check {
    fn segment(&mut self, row: &Value, truth: &SegmentTruth) {
        self.customers(&row["customers"], truth.customers);
        self.customers(&row["left"], truth.left);
        self.customers(&row["came_back"], truth.came_back);
        if truth.customers < K {
            assert!(row["trust"].is_null(), "{}: tells how much of a small group was seen", self.at);
            return;
        }
        let seen = &truth.seen;
        self.share(
            &row["trust"]["devices_reporting"],
            seen.devices_reporting as u64 * 100,
            seen.devices as u64,
        );
        for (figure, part) in [
            ("unnamed_tenths", seen.unnamed),
            ("encrypted_hello_tenths", seen.encrypted_hello),
            ("encrypted_dns_tenths", seen.encrypted_dns),
            ("tunnels_tenths", seen.tunnels),
        ] {
            self.share(&row["trust"][figure], part * 1000, seen.connections);
        }
    }

    fn need(&mut self, row: &Value, truth: &NeedTruth) {
        self.customers(&row["customers"], truth.customers);
        self.days(&row["customer_days"], truth.customers, truth.customer_days);
        for part in ["ours_alone", "both", "tolerated", "elsewhere_alone"] {
            let reach = truth.parts.get(part).copied().unwrap_or_default();
            self.part(&row[part], part, reach);
        }
        self.customers(&row["customers_elsewhere"], truth.customers_elsewhere);
        self.customers(&row["customers_ours_or_elsewhere"], truth.customers_ours_or_elsewhere);
        self.customers(&row["customers_both"], truth.customers_both);
        self.customers(&row["left"], truth.left);
        self.customers(&row["came_back"], truth.came_back);
        self.customers(&row["other_services_customers"], truth.small_services_customers);
        for service in row["services"].as_array().unwrap() {
            let reach = truth.services[service["service"].as_str().unwrap()];
            self.customers(&service["customers"], reach.customers);
            assert!(is_shown(&service["customers"]), "{}: names a service without its customers", self.at);
            self.days(&service["customer_days"], reach.customers, reach.customer_days);
        }
        if truth.customers >= K {
            let served = row["served"].as_bool().unwrap();
            assert_eq!(served, truth.served, "{}: served", self.at);
        }
    }

    /// Customers: within the nearest 5, and never fewer than k.
    fn customers(&mut self, figure: &Value, truth: usize) {
        let Some(shown) = self.figure(figure) else { return };
        assert!(truth >= K, "{}: {truth} customers are shown, as {shown}", self.at);
        assert!(2 * shown.abs_diff(truth) <= 5, "{}: {truth} customers are shown as {shown}", self.at);
    }

    /// Customer-days: exact, and never of fewer than k customers.
    fn days(&mut self, figure: &Value, customers: usize, truth: usize) {
        let Some(shown) = self.figure(figure) else { return };
        assert!(customers >= K, "{}: days of {customers} customers are shown", self.at);
        assert_eq!(shown, truth, "{}: days", self.at);
    }

    /// A part of a need: as days, but that there are none may be seen where the whole need is.
    fn part(&mut self, figure: &Value, part: &str, truth: Reach) {
        let Some(shown) = self.figure(figure) else { return };
        let (customers, at) = (truth.customers, &self.at);
        assert!(customers >= K || customers == 0, "{at}: {part} of {customers} customers is shown");
        assert_eq!(shown, truth.customer_days, "{at}: {part}");
    }

    /// A share in whole units, rounded down.
    fn share(&mut self, figure: &Value, part: u64, whole: u64) {
        self.shown += 1;
        assert_eq!(figure.as_u64().unwrap(), part / whole.max(1), "{}: share of {whole}", self.at);
    }

    /// No part and no rate of a need that one of our services serves unseen.
    fn is_withheld(&self, row: &Value) {
        for figure in ["ours_alone", "both", "elsewhere_alone", "customers_elsewhere", "left", "came_back"] {
            assert!(!is_shown(&row[figure]), "{}: {figure} is shown", self.at);
        }
    }

    fn figure(&mut self, figure: &Value) -> Option<usize> {
        let Some(shown) = figure.as_u64() else {
            assert_eq!(figure["suppressed"], true, "{}: neither a figure nor a reason", self.at);
            return None;
        };
        self.shown += 1;
        Some(usize::try_from(shown).unwrap())
    }
}

fn is_shown(figure: &Value) -> bool {
    figure.is_u64()
}
