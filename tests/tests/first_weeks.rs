//! The first weeks of an organisation, from devices to the page: a pilot, a company that has reviewed nothing, a week in
//! which nothing happens.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use elsewhere_collector::{
    digest::{Digest, Format, PageKind},
    installation::Installation,
    query::Query,
    reader::Reader,
};
use elsewhere_tests::fleet::{Company, History, Story, story::Status};

const LAST: &str = "2026-W46";

/// A collector that was told all of a story.
fn told(story: Story) -> (tempfile::TempDir, Installation) {
    let company = Company::new(story, elsewhere_catalog::builtin(), LAST.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::create_or_open(dir.path()).unwrap();
    History::begin(&company, &installation).unwrap().play(|_| ()).unwrap();
    (dir, installation)
}

fn read(text: &str) -> Story {
    Story::read(text, elsewhere_catalog::builtin()).unwrap()
}

fn page(installation: &Installation) -> Digest {
    let reader = Reader::local();
    Query::new(installation, &reader).digest(Some(LAST.parse().unwrap()), None).unwrap()
}

#[test]
fn a_pilot_is_told_what_was_met_and_what_looks_like_ours() {
    let (dir, installation) = told(read(include_str!("../stories/pilot.toml")));
    let digest = page(&installation);
    assert_eq!(digest.page, PageKind::Pilot);
    let of = |looks: &str| -> Vec<&str> {
        let lines = digest.proposals.iter().filter(|line| line.looks_like == looks);
        lines.map(|line| line.service.as_str()).collect()
    };
    assert_eq!(of("ours"), ["outlook", "slack", "dropbox"]);
    assert_eq!(of("to_decide"), ["google-drive", "claude", "microsoft-copilot"]);
    let text = digest.write(Format::Text);
    assert!(text.contains("THIS IS A PILOT: 30 CUSTOMERS WERE SEEN"), "{text}");
    for never in ["MOVEMENT", "Elsewhere rate", "left us for", "of 100 days", "days elsewhere"] {
        assert!(!text.contains(never), "{never} in {text}");
    }

    let portfolio = dir.path().join("portfolio.toml");
    let before = std::fs::read_to_string(&portfolio).unwrap();
    let reviewed = "[[service]]\nid = \"outlook\"\nstatus = \"sanctioned\"\n";
    std::fs::write(&portfolio, format!("{before}\n{reviewed}")).unwrap();
    let still_proposed = page(&installation).proposals;
    assert_eq!(still_proposed.len(), digest.proposals.len() - 1);
    assert!(still_proposed.iter().all(|line| line.service != "outlook"));
}

#[test]
fn a_quiet_week_has_a_short_page() {
    let (_dir, installation) = told(read(include_str!("../stories/quiet.toml")));
    let digest = page(&installation);
    assert_eq!(digest.page, PageKind::Quiet);
    let text = digest.write(Format::Text);
    assert!(text.lines().count() <= 25, "{text}");
    assert_eq!(text.matches("Take along: ").count(), 3, "{text}");
}

/// Of what is proposed as ours, so much is, in percent.
const LEAST_RIGHT: usize = 95;
/// Of ours with three quarters of those who have its need, and ten customers, so much is proposed, in percent.
const LEAST_FOUND: usize = 95;

#[test]
fn what_is_proposed_as_ours_is_and_little_is_missed() {
    let (mut proposed, mut right, mut broad, mut found) = (0, 0, 0, 0);
    for seed in 1..=4 {
        let mut story = Story::made(300, 2, seed, elsewhere_catalog::builtin());
        let offers = std::mem::take(&mut story.portfolio);
        let is_ours =
            |id: &str| offers.iter().any(|offer| offer.service == id && offer.status == Status::Sanctioned);
        let (_dir, installation) = told(story);
        let digest = page(&installation);
        assert_eq!(digest.page, PageKind::FirstWeeks);
        let ours = digest.proposals.iter().filter(|line| line.looks_like == "ours");
        proposed += ours.clone().count();
        right += ours.filter(|line| is_ours(&line.service)).count();
        let is_broad = digest
            .proposals
            .iter()
            .filter(|line| line.customers * 4 >= line.of_customers * 3 && line.customers >= 10)
            .filter(|line| is_ours(&line.service));
        broad += is_broad.clone().count();
        found += is_broad.filter(|line| line.looks_like == "ours").count();
    }
    println!(
        "{right} of {proposed} proposed as ours are; {found} of {broad} broad services of ours are proposed"
    );
    assert!(proposed > 50 && right * 100 >= proposed * LEAST_RIGHT, "{right} of {proposed}");
    assert!(found * 100 >= broad * LEAST_FOUND, "{found} of {broad}");
}
