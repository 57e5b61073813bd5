mod early;

use jiff::tz::TimeZone;

use super::*;
use crate::{
    insight::{
        History, Known,
        tests::{need, segment},
    },
    journal::Journal,
    portfolio::{Portfolio, SanctionStatus},
    published::{Price, PublishedNeed, PublishedService, PublishedWeek},
    segment::Segment,
};

fn service(id: &str, customers: u32) -> PublishedService {
    PublishedService {
        service: id.into(),
        sanction_status: SanctionStatus::Unreviewed,
        customers: Figure::Shown(customers),
        customer_days: Figure::Shown(customers * 3),
        customers_present: Figure::Hidden(crate::published::Reason::K),
        customers_in_our_tenant: None,
    }
}

/// Marketing leaves for another service in the last four of thirteen weeks; translating is unserved; all else is steady.
fn weeks() -> Vec<PublishedWeek> {
    let last: Week = "2026-W46".parse().unwrap();
    let week = |ago: u32| {
        let gone = 60 * (4 - ago.min(4));
        let files = |ours: u32, elsewhere: u32| {
            let mut files = need("send-once", true, [ours, 40, 0, elsewhere]);
            files.customers_elsewhere = Figure::Shown(elsewhere / 3 / 5 * 5);
            files.customers_ours_or_elsewhere = Figure::Shown(310);
            files.customers_both = Figure::Shown(75);
            files.services = vec![service("wetransfer", elsewhere / 3 / 5 * 5), service("smash", 20)];
            files
        };
        let steady = |times: u32| -> Vec<PublishedNeed> {
            let swing = ago % 3;
            let mut meetings = need("video-meeting", true, [0; 4]);
            let hidden = Figure::Hidden(crate::published::Reason::OfferedNotVisible);
            [meetings.ours_alone, meetings.both, meetings.tolerated, meetings.elsewhere_alone] = [hidden; 4];
            let chat = need("team-chat", true, [900 * times, 10, 3, 30 * times + swing]);
            vec![chat, need("translate-write", false, [0, 0, 0, 800 * times + swing]), meetings]
        };
        let mut all = segment("all", steady(2));
        all.needs.push(files(1300 - gone, 150 + gone));
        (all.left, all.came_back) = (Figure::Shown(60 + 5 * ago), Figure::Shown(45));
        let mut marketing = segment("department:Marketing", steady(1));
        marketing.needs.push(files(300 - gone, 100 + gone));
        let mut legal = segment("department:Legal", Vec::new());
        (legal.customers, legal.trust) = (Figure::Hidden(crate::published::Reason::K), None);
        let price =
            Price { organisation_by_need: Some(90), segment_by_need: Some(60), segment_by_service: Some(60) };
        PublishedWeek {
            week: last.plus(-i64::from(ago)),
            minimum_group: 5,
            segments: vec![all, legal, marketing],
            news: Vec::new(),
            price,
        }
    };
    (0..13).map(week).collect()
}

/// What was written down beside the rows.
fn read() -> (Portfolio, Journal) {
    let catalog = elsewhere_catalog::builtin();
    let portfolio = r#"
organisation = "Northmoor"
simulated = true
[[service]]
id = "wetransfer"
status = "unsanctioned"
[[segment]]
id = "department:Marketing"
head = "Marketing director"
customer_facing = true
"#;
    let portfolio = Portfolio::parse(portfolio, catalog).unwrap();
    let journal = r#"
[[decision]]
number = 34
date = "2026-10-12"
segment = "department:Marketing"
need = "send-once"
service = "wetransfer"
conversation = "explain"
what = "Outbox explained"
owner = "BRM Marketing"
review = "2026-11-30"
[[target]]
segment = "department:Marketing"
need = "send-once"
ours_alone = 80
by = "2027-03-31"
[[target]]
segment = "department:Print"
need = "send-once"
ours_alone = 80
by = "2027-03-31"
[[asked]]
segment = "department:Marketing"
need = "send-once"
until = "2026-11-13"
better = 12
did_not_know_ours = 30
"#;
    let journal = Journal::parse(journal, catalog, &portfolio).unwrap();
    (portfolio, journal)
}

fn page(weeks: &[PublishedWeek], root: Option<&str>, state: WeekState) -> Digest {
    let (portfolio, journal) = read();
    page_of(weeks, root, state, Known { portfolio: &portfolio, journal: &journal, signals: &[] })
}

fn page_of(weeks: &[PublishedWeek], root: Option<&str>, state: WeekState, known: Known<'_>) -> Digest {
    let portfolio = known.portfolio;
    let landscape = portfolio.landscape(elsewhere_catalog::builtin(), "2026-W46".parse().unwrap());
    let zone = TimeZone::UTC;
    let source = Source { zone: &zone, landscape: &landscape, state, known };
    let root: Option<Segment> = root.map(|root| root.parse().unwrap());
    let history = History::of("2026-W46".parse().unwrap(), weeks).unwrap();
    let mut digest = compose(source, &history, root.as_ref()).unwrap();
    // The catalog grows; the page's form does not depend on it.
    digest.not_seen.as_often_private = 29;
    digest
}

fn frozen(before_its_end: bool) -> WeekState {
    WeekState::Frozen { frozen_at: "2026-11-16T12:00:00Z".parse().unwrap(), before_its_end }
}

#[test]
fn every_number_comes_with_its_context_and_a_question() {
    let text = page(&weeks(), None, frozen(false)).write(Format::Text);
    let (numbers, rest) = text.split_once("THREE NUMBERS\n").unwrap().1.split_once("\n\n").unwrap();
    let movements = rest.split_once("\n\n").unwrap().0;
    let of = |block: &str, begins: &str| -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for line in block.lines() {
            match parts.last_mut() {
                Some(part) if line.starts_with("  ") => *part += line,
                _ if line.starts_with(|first: char| first.is_ascii_digit()) => parts.push(line.to_owned()),
                _ => {}
            }
        }
        assert!(!parts.is_empty(), "nothing in {block}");
        for part in &parts {
            let question = part.split_once(begins).unwrap_or_else(|| panic!("{part} asks nothing")).1;
            assert!(question.contains('?'), "{part} asks nothing");
        }
        parts
    };
    let numbers = of(numbers, "Take along: ");
    assert_eq!(numbers.len(), 3);
    assert!(
        numbers[..2].iter().all(|number| number.contains("last week") && number.contains("usual")),
        "{numbers:?}"
    );
    assert!(of(movements, "Next: \"").iter().all(|movement| movement.contains("Why: ")), "{movements}");
}

#[test]
fn the_page_as_text() {
    insta::assert_snapshot!(page(&weeks(), None, frozen(false)).write(Format::Text));
}

#[test]
fn the_page_as_markdown() {
    insta::assert_snapshot!(page(&weeks(), None, frozen(false)).write(Format::Markdown));
}

#[test]
fn the_page_of_a_segment_has_that_segment_only() {
    let digest = page(&weeks(), Some("department:Marketing"), frozen(false));
    assert_eq!(digest.figures.len(), 1);
    let text = digest.write(Format::Text);
    assert!(text.contains("week 2026-W46, 9-15 November   Marketing\n"), "{text}");
    assert!(
        text.contains("MARKETING NOW GOES ELSEWHERE MORE OFTEN THAN TO US TO SEND SOMETHING ONCE."),
        "{text}"
    );
}

#[test]
fn a_gain_over_fewer_weeks_names_the_week_it_began_to_be_shown() {
    let mut weeks = weeks();
    for week in &mut weeks[3..] {
        week.segments[2].needs[3].elsewhere_alone = Figure::Hidden(crate::published::Reason::K);
    }
    let digest = page(&weeks, Some("department:Marketing"), frozen(false));
    for format in [Format::Text, Format::Markdown] {
        let text = digest.write(format);
        assert!(text.contains("+120 days since 2026-W44"), "{text}");
    }
}

#[test]
fn a_simulated_company_and_an_unfinished_week_say_so_in_every_form() {
    let digest = page(&weeks(), None, frozen(true));
    for format in [Format::Text, Format::Markdown] {
        let text = digest.write(format);
        assert!(text.contains("Northmoor (simulated)") && text.contains("BEFORE ITS END"), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&digest.write(Format::Json)).unwrap();
    assert_eq!((&json["simulated"], &json["before_its_end"]), (&true.into(), &true.into()));
    let running = page(&weeks(), None, WeekState::Running).write(Format::Text);
    assert!(running.contains("Not frozen yet"), "{running}");
}

#[test]
fn the_same_rows_give_the_same_bytes_within_the_width() {
    let digest = page(&weeks(), None, frozen(false));
    for format in [Format::Text, Format::Markdown, Format::Json] {
        assert_eq!(digest.write(format), page(&weeks(), None, frozen(false)).write(format));
    }
    let text = digest.write(Format::Text);
    assert!(text.lines().all(|line| line.chars().count() <= 104), "{text}");
}

#[test]
fn json_holds_every_published_row_and_says_what_is_withheld() {
    let digest = page(&weeks(), None, frozen(false));
    let json: serde_json::Value = serde_json::from_str(&digest.write(Format::Json)).unwrap();
    let figures = json["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 3);
    assert_eq!(figures[1]["customers"], serde_json::json!({"suppressed": true, "reason": "k"}));
    assert_eq!(figures[2]["needs"][3]["services"][0]["service"], "wetransfer");
    assert_eq!(figures[2]["needs"][3]["elsewhere_alone"], 340);
    let meetings = &figures[0]["needs"][2];
    assert_eq!(meetings["both"], serde_json::json!({"suppressed": true, "reason": "offered_not_visible"}));
}

#[test]
fn names_can_not_carry_markup_into_the_page() {
    let mut weeks = weeks();
    for week in &mut weeks {
        week.segments[2].segment = Some("department:<b>*Ma|rk*".parse().unwrap());
    }
    let markdown = page(&weeks, None, frozen(false)).write(Format::Markdown);
    assert!(markdown.contains("&lt;b>\\*Ma\\|rk\\*"), "{markdown}");
    assert!(!markdown.contains("<b>"), "{markdown}");
}

#[test]
fn words_are_written_as_people_read_them() {
    assert_eq!(words::thousands(1_234_567), "1,234,567");
    assert_eq!(words::in_sentence("Send something once"), "send something once");
    assert_eq!(words::in_sentence("AI for all"), "AI for all");
    assert_eq!(words::sparkline(&[Some(0), None, Some(4), Some(8)]), "▁·▄█");
    assert_eq!(words::sparkline(&[Some(5), Some(5)]), "▄▄");
}
