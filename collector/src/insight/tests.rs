use super::*;
use crate::{
    portfolio::{Decision, SanctionStatus},
    published::{Price, Reason, Trust},
};

const HIDDEN: Figure = Figure::Hidden(Reason::K);

/// A need with these days (ours alone, both, tolerated, elsewhere alone).
pub(crate) fn need(id: &str, served: bool, parts: [u32; 4]) -> PublishedNeed {
    let [ours_alone, both, tolerated, elsewhere_alone] = parts.map(Figure::Shown);
    PublishedNeed {
        need: id.into(),
        served,
        customers: Figure::Shown(100),
        customer_days: Figure::Shown(parts.iter().sum()),
        ours_alone,
        both,
        tolerated,
        elsewhere_alone,
        elsewhere: Figure::Shown(parts[1] + parts[3]),
        customers_elsewhere: HIDDEN,
        customers_ours_or_elsewhere: HIDDEN,
        customers_both: HIDDEN,
        left: HIDDEN,
        came_back: HIDDEN,
        services: Vec::new(),
        other_services_customers: HIDDEN,
        facets: Vec::new(),
    }
}

pub(crate) fn segment(name: &str, needs: Vec<PublishedNeed>) -> PublishedSegment {
    let trust = Trust {
        devices_reporting: 95,
        unnamed_tenths: 0,
        encrypted_hello_tenths: 0,
        encrypted_dns_tenths: 0,
        tunnels_tenths: 0,
        unwatched_tenths: 0,
        lossy_days_tenths: 0,
    };
    PublishedSegment {
        segment: (name != "all").then(|| name.parse().unwrap()),
        customers: Figure::Shown(200),
        left: HIDDEN,
        came_back: HIDDEN,
        trust: Some(trust),
        needs,
    }
}

/// Nine weeks up to 2026-W46; `rows` gives each week's segments, 8 being the oldest.
pub(crate) fn weeks(rows: impl Fn(u32) -> Vec<PublishedSegment>) -> Vec<PublishedWeek> {
    let last: Week = "2026-W46".parse().unwrap();
    let week = |ago: u32| PublishedWeek {
        week: last.plus(-i64::from(ago)),
        minimum_group: 5,
        segments: rows(ago),
        price: Price::default(),
        news: Vec::new(),
    };
    (0..=8).map(week).collect()
}

pub(crate) fn history(weeks: &[PublishedWeek]) -> History<'_> {
    History::of("2026-W46".parse().unwrap(), weeks).unwrap()
}

/// Of each need one service was called elsewhere.
pub(crate) fn reviewed() -> Portfolio {
    let catalog = elsewhere_catalog::builtin();
    let of_need = |need: &str| catalog.services().find(|service| service.need() == need);
    let decisions = catalog.needs().iter().filter_map(|need| {
        Some(Decision {
            service: of_need(need.id)?.id().to_owned(),
            status: SanctionStatus::Unsanctioned,
            since: None,
            offered_not_visible: Vec::new(),
        })
    });
    Portfolio { decisions: decisions.collect(), ..Portfolio::default() }
}

fn insight(weeks: &[PublishedWeek]) -> Insight<'_> {
    let known = Known { portfolio: &reviewed(), journal: &Journal::default(), signals: &[] };
    history(weeks).insight(None, known).unwrap()
}

fn name(segment: &PublishedSegment) -> String {
    segment.segment.as_ref().map_or("all".into(), ToString::to_string)
}

#[test]
fn percents_add_up_to_a_hundred() {
    assert_eq!(percents([1, 1, 1, 0]), [34, 33, 33, 0]);
    assert_eq!(percents([740, 90, 0, 170]), [74, 9, 0, 17]);
    assert_eq!(percents([0, 0, 0, 0]), [0; 4]);
    assert_eq!(percents([u32::MAX; 4]), [25; 4]);
}

#[test]
fn the_share_is_over_needs_we_serve_that_somebody_meets_elsewhere() {
    let weeks = weeks(|_| {
        let mut withheld = need("email", true, [900, 0, 0, 0]);
        withheld.elsewhere_alone = HIDDEN;
        let needs = vec![
            need("store-files", true, [70, 10, 0, 20]),
            need("team-chat", true, [500, 0, 0, 0]),
            need("translate-write", false, [0, 0, 0, 40]),
            withheld,
        ];
        vec![segment("all", needs)]
    });
    let insight = insight(&weeks);
    assert_eq!((insight.share, insight.share_needs), (Some([70, 10, 0, 20]), 1));
    assert_eq!((insight.share_line.now(), insight.share_line.swing()), (Some(70), Some(0)));
    assert_eq!(insight.unserved.now(), Some(40));
    assert_eq!(insight.largest_not_moving.unwrap().need, "translate-write");
}

#[test]
fn the_line_of_the_share_compares_the_same_needs() {
    let share_of = |withheld_last_week: &'static str| {
        let weeks = weeks(move |ago| {
            let mut needs = vec![
                need("store-files", true, [700, 100, 0, 200]),
                need("whiteboard", true, [0, 0, 0, 100]),
                need("ai-coding", true, [0, 0, 0, 200]),
            ];
            // Another need that is shown last week only has no part in it.
            needs.extend((ago == 1).then(|| need("email", true, [9000, 10, 0, 10])));
            let withheld = needs.iter_mut().find(|need| ago == 1 && need.need == withheld_last_week);
            if let Some(need) = withheld {
                need.elsewhere_alone = HIDDEN;
            }
            vec![segment("all", needs)]
        });
        let insight = insight(&weeks);
        (insight.share_line.now(), insight.share_line.last_week())
    };
    assert_eq!(share_of("none"), (Some(54), Some(54)));
    assert_eq!(share_of("whiteboard"), (Some(54), Some(59)), "under a tenth of the days");
    assert_eq!(share_of("ai-coding"), (Some(54), None), "over a tenth of the days");
}

#[test]
fn a_movement_that_exceeded_us_before_is_not_said_to_cross_now() {
    let weeks =
        weeks(|ago| vec![segment("all", vec![need("send-once", true, [20, 0, 0, 100 - 10 * ago.min(4)])])]);
    assert!(matches!(insight(&weeks).headline, Headline::Exceeding(..)));
}

#[test]
fn a_line_knows_what_is_usual() {
    let line = Line(vec![None, Some(10), Some(12), Some(11), Some(14), Some(40)]);
    assert_eq!((line.now(), line.last_week()), (Some(40), Some(14)));
    assert_eq!(line.swing(), Some(2), "this week's own change is left out");
    assert_eq!(line.range(), Some((11, 12)));
    let short = Line(vec![Some(10), Some(12), Some(11)]);
    assert_eq!((short.swing(), short.range()), (None, None));
}

#[test]
fn the_segment_that_holds_the_gain_speaks() {
    // Marketing gains 40 in four weeks, Sales 5 by its usual swing, everybody both.
    let weeks = weeks(|ago| {
        let gained = 40 - 10 * ago.min(4);
        let swing = if ago % 2 == 0 { 5 } else { 0 };
        let files = |ours, elsewhere| vec![need("send-once", true, [ours, 0, 0, elsewhere])];
        vec![
            segment("all", files(300, 50 + gained + swing)),
            segment("department:Marketing", files(45, 20 + gained)),
            segment("department:Sales", files(200, 30 + swing)),
            segment("site:Leeds", files(45, 20 + gained)),
        ]
    });
    let insight = insight(&weeks);
    let moved = insight.movements.iter().map(|movement| (name(movement.segment), movement.gained));
    assert_eq!(moved.collect::<Vec<_>>(), [("department:Marketing".to_owned(), 40)]);
    let Headline::Crossed(segment, need) = insight.headline else { panic!("{:?}", insight.headline) };
    assert_eq!((name(segment), need.need.as_str()), ("department:Marketing".into(), "send-once"));
}

#[test]
fn a_gain_spread_over_segments_is_everybodys() {
    let weeks = weeks(|ago| {
        let gained = 10 * (4 - ago.min(4));
        let need = |times| need("ai-coding", false, [0, 0, 0, 30 + times * gained]);
        let row = |name: &str, times| segment(name, vec![need(times)]);
        vec![row("all", 3), row("department:A", 1), row("department:B", 1), row("department:C", 1)]
    });
    let insight = insight(&weeks);
    let moved = insight.movements.iter().map(|movement| name(movement.segment));
    assert_eq!(moved.collect::<Vec<_>>(), ["all"]);
    assert!(matches!(insight.headline, Headline::UnservedGrowing(..)));
}

#[test]
fn a_week_within_its_usual_swing_is_quiet() {
    let swinging = |ago: u32| vec![segment("all", vec![need("email", true, [90, 0, 0, 40 + 9 * (ago % 2)])])];
    let weeks = weeks(swinging);
    let quiet = insight(&weeks);
    assert!(quiet.movements.is_empty());
    assert!(matches!(quiet.headline, Headline::Quiet));
    assert!(matches!(insight(&weeks[..3]).headline, Headline::TooEarly));
}

#[test]
fn a_segment_hardly_seen_has_no_movement() {
    let weeks = weeks(|ago| {
        let mut row = segment("all", vec![need("email", true, [90, 0, 0, 200 - 20 * ago])]);
        row.trust.as_mut().unwrap().devices_reporting = 69;
        vec![row]
    });
    assert!(insight(&weeks).movements.is_empty());
}

#[test]
fn the_weeks_after_a_holiday_are_no_movement() {
    // Four weeks ago half of the week was off.
    let weeks_of = |files_now: u32| {
        weeks(move |ago| {
            let busy = if ago == 4 { 1 } else { 2 };
            let elsewhere = if ago == 0 { files_now } else { 40 * busy };
            let files = need("send-once", true, [100 * busy, 0, 0, elsewhere]);
            vec![segment("all", vec![files, need("email", true, [500 * busy, 0, 0, 0])])]
        })
    };
    assert!(insight(&weeks_of(80)).movements.is_empty());
    assert_eq!(insight(&weeks_of(120)).movements[0].gained, 80, "it is told as it was counted");
}
