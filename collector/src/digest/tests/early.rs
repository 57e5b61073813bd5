//! Pages on which little is said: of a pilot, of first weeks, of a quiet week; and what stands unreviewed on the usual one.

use super::*;
use crate::published::{Reason, Signal};

const ALL_FORMATS: [Format; 3] = [Format::Text, Format::Markdown, Format::Json];

fn all_of(week: &mut PublishedWeek) -> &mut crate::published::PublishedSegment {
    &mut week.segments[0]
}

fn nothing_known() -> (Portfolio, Journal) {
    let portfolio = Portfolio { organisation: "Northmoor".into(), simulated: true, ..Portfolio::default() };
    (portfolio, Journal::default())
}

fn page_without_review(weeks: &[PublishedWeek], root: Option<&str>) -> Digest {
    let (portfolio, journal) = nothing_known();
    page_of(weeks, root, frozen(false), Known { portfolio: &portfolio, journal: &journal, signals: &[] })
}

/// Nothing is served, and no service was reviewed.
fn first_weeks() -> Vec<PublishedWeek> {
    let mut weeks = weeks();
    weeks.truncate(2);
    for need in weeks.iter_mut().flat_map(|week| &mut week.segments).flat_map(|row| &mut row.needs) {
        need.served = false;
        if !need.services.is_empty() {
            need.customers = Figure::Shown(150);
        }
    }
    weeks
}

/// So many were seen in the newest week.
fn pilot_of(seen: Figure) -> Vec<PublishedWeek> {
    let mut weeks = first_weeks();
    all_of(&mut weeks[0]).customers = seen;
    for (need, customers) in all_of(&mut weeks[0]).needs.iter_mut().zip([40, 25, 10, 35]) {
        need.customers = Figure::Shown(customers);
        for (service, customers) in need.services.iter_mut().zip([30, 5]) {
            service.customers = Figure::Shown(customers);
        }
    }
    weeks
}

/// Nobody moves, and nobody comes back.
fn quiet_weeks() -> Vec<PublishedWeek> {
    let mut weeks = weeks();
    let newest = weeks[5].clone();
    for week in &mut weeks {
        let (now, price) = (week.week, week.price);
        *week = PublishedWeek { week: now, price, ..newest.clone() };
    }
    weeks
}

fn json(digest: &Digest) -> serde_json::Value {
    serde_json::from_str(&digest.write(Format::Json)).unwrap()
}

/// Every line that counts customers says what it was last week, and something is asked.
fn has_context(text: &str) {
    let met = text.split_once("NEEDS THAT WERE MET").unwrap().1.split_once("\n\n").unwrap().0;
    let needs: Vec<&str> = met.lines().skip(1).filter(|line| line.contains(" customers")).collect();
    assert!(!needs.is_empty() && needs.iter().all(|line| line.contains(" (")), "{met}");
    assert!(met.contains("Take along: ") && met.contains('?'), "{met}");
    assert!(text.lines().all(|line| line.chars().count() <= 104), "{text}");
}

#[test]
fn a_pilot_has_a_page_without_anything_that_compares() {
    let digest = page_without_review(&pilot_of(Figure::Shown(45)), None);
    assert_eq!(digest.page, PageKind::Pilot);
    let text = digest.write(Format::Text);
    has_context(&text);
    insta::assert_snapshot!(text);
    let json = json(&digest);
    for absent in ["share_of_need", "moves", "pace", "unserved_needs", "largest_not_moving"] {
        assert!(json[absent].is_null(), "{absent}");
    }
    for empty in ["movements", "retired", "came_back", "decisions", "targets", "new_unreviewed"] {
        assert_eq!(json[empty], serde_json::json!([]), "{empty}");
    }
    for format in ALL_FORMATS {
        assert_eq!(
            digest.write(format),
            page_without_review(&pilot_of(Figure::Shown(45)), None).write(format)
        );
    }
}

#[test]
fn a_pilot_is_under_fifty_customers_of_all_segments_together() {
    let kind = |seen, root| page_without_review(&pilot_of(seen), root).page;
    assert_eq!(kind(Figure::Shown(45), None), PageKind::Pilot);
    assert_eq!(kind(Figure::Shown(50), None), PageKind::FirstWeeks);
    assert_eq!(kind(Figure::Shown(45), Some("department:Marketing")), PageKind::Pilot);
    let mut small_segment = weeks();
    small_segment[0].segments[2].customers = Figure::Shown(10);
    assert_eq!(page(&small_segment, Some("department:Marketing"), frozen(false)).page, PageKind::Usual);
    let hidden = page_without_review(&pilot_of(Figure::Hidden(Reason::K)), None).write(Format::Text);
    assert!(hidden.contains("THIS IS A PILOT: FEWER THAN 5 CUSTOMERS WERE SEEN"), "{hidden}");
}

#[test]
fn before_anything_is_reviewed_the_page_is_about_what_looks_like_ours() {
    let digest = page_without_review(&first_weeks(), None);
    assert_eq!(digest.page, PageKind::FirstWeeks);
    let text = digest.write(Format::Text);
    has_context(&text);
    insta::assert_snapshot!(text);
    insta::assert_snapshot!(digest.write(Format::Markdown));
    let one_reviewed = {
        let mut weeks = first_weeks();
        all_of(&mut weeks[0]).needs[0].served = true;
        page_without_review(&weeks, None).page
    };
    assert_eq!(one_reviewed, PageKind::Usual);
    let of_segment = page_without_review(&first_weeks(), Some("department:Marketing"));
    assert!(of_segment.proposals.is_empty() && !of_segment.needs_met.is_empty(), "who sees all reviews");
}

#[test]
fn a_quiet_week_has_a_short_page() {
    let digest = page(&quiet_weeks(), None, frozen(false));
    assert_eq!(digest.page, PageKind::Quiet);
    let text = digest.write(Format::Text);
    insta::assert_snapshot!(text);
    let lines = |text: &str| text.lines().count();
    let usual = page(&weeks(), None, frozen(false)).write(Format::Text);
    assert!(lines(&text) <= 25 && lines(&text) * 2 <= lines(&usual), "{} of {}", lines(&text), lines(&usual));
    let numbers = text.split_once("THREE NUMBERS\n").unwrap().1.split_once("\n\n").unwrap().0;
    assert_eq!(numbers.matches("Take along: ").count(), 3);
    let markdown = digest.write(Format::Markdown);
    assert!(!markdown.contains("## Movements") && markdown.contains("## A quiet week"), "{markdown}");
    assert_eq!(json(&digest)["page"], "quiet");
}

#[test]
fn a_week_in_which_something_is_told_or_due_is_not_quiet() {
    let (portfolio, journal) = read();
    let kind = |weeks: &[PublishedWeek], journal: &Journal, signals: &[Signal]| {
        page_of(weeks, None, frozen(false), Known { portfolio: &portfolio, journal, signals }).page
    };
    let signal = |of_november: i8| Signal {
        segment: None,
        need: "send-once".into(),
        service: "smash".into(),
        released: jiff::civil::date(2026, 11, of_november),
        minimum_group: 5,
    };
    let due = |review: i8| {
        let mut journal = journal.clone();
        journal.decisions[0].review = Some(jiff::civil::date(2026, 11, review));
        journal
    };
    let quiet = quiet_weeks();
    for (of_november, expected) in
        [(8, PageKind::Quiet), (9, PageKind::Usual), (16, PageKind::Usual), (17, PageKind::Quiet)]
    {
        assert_eq!(kind(&quiet, &journal, &[signal(of_november)]), expected, "{of_november}");
    }
    assert_eq!(
        [kind(&quiet, &due(22), &[]), kind(&quiet, &due(23), &[])],
        [PageKind::Usual, PageKind::Quiet]
    );
    let mut with_new = quiet.clone();
    all_of(&mut with_new[0]).needs[0].services.push(service("zulip", 10));
    assert_eq!(kind(&with_new, &journal, &[]), PageKind::Usual);
}

#[test]
fn what_nobody_has_reviewed_leads_nowhere_and_is_to_be_looked_at_first() {
    let digest = page_without_review(&weeks(), None);
    assert_eq!(digest.page, PageKind::Usual, "something is served");
    assert_eq!(digest.headline, "A quiet week: nothing moved beyond its usual swing.");
    assert!(digest.movements.is_empty());
    let text = digest.write(Format::Text);
    let part = text.split_once("NEW, UNREVIEWED: LOOK AT IT FIRST").unwrap().1.split_once("\n\n").unwrap().0;
    insta::assert_snapshot!(part.trim_start(), @r"
    by customers, and in brackets last week
    Marketing, send something once: WeTransfer 110 customers (90).
    Marketing, send something once: Smash 20 customers (20).
    Days gained there, which nobody has called elsewhere yet: Marketing, send something once +240 days.
    Take along: what do they do there, and is it ours, tolerated or elsewhere?
    Review: elsewhere-collector portfolio propose
    ");
    for format in [Format::Text, Format::Markdown] {
        assert!(digest.write(format).contains("elsewhere-collector portfolio propose"));
    }
    let json = json(&digest);
    assert_eq!(json["new_unreviewed"][0]["customers_last_week"], 90);
    assert_eq!(json["unreviewed_gains"][0]["gained_days"], 240);
}

#[test]
fn a_need_with_both_is_led_by_what_was_reviewed() {
    // WeTransfer was reviewed and Smash was not; one of them gains all.
    let gained_by = |gains: usize| {
        let mut weeks = weeks();
        for (week, ago) in weeks.iter_mut().zip(0_u32..) {
            for row in &mut week.segments {
                let Some(files) = row.needs.iter_mut().find(|need| need.need == "send-once") else {
                    continue;
                };
                for (at, service) in files.services.iter_mut().enumerate() {
                    let gained = if at == gains { 60 * (4 - ago.min(4)) } else { 0 };
                    service.customer_days = Figure::Shown(60 + gained);
                }
            }
        }
        page(&weeks, None, frozen(false))
    };
    let reviewed = gained_by(0);
    assert_eq!(
        reviewed.headline,
        "Marketing now goes elsewhere more often than to us to send something once."
    );
    assert!(reviewed.new_unreviewed.is_empty());
    let unreviewed = gained_by(1);
    assert_eq!((unreviewed.movements.len(), unreviewed.headline.starts_with("A quiet week")), (0, true));
    let named: Vec<&str> = unreviewed.new_unreviewed.iter().map(|new| new.service.as_str()).collect();
    assert_eq!(named, ["Smash"], "what was reviewed need not be");
}
