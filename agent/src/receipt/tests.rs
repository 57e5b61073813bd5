//! The receipt of a made-up laptop, as its customer reads it.

use std::time::Duration;

use elsewhere_catalog::{
    Role,
    layer::{LayerFacts, OwnRule, OwnService},
};

use super::*;
use crate::{
    app_class::AppClass,
    state::LastVisit,
    summarize::{Left, Place, Spill, Usage, UsageKey},
};

const KEY: [u8; 32] = [7; 32];
const SENDER: Sender<'static> = Sender { agent_version: "1.4.0", catalog_version: "2026-11-11" };

fn usage(used: Used, minutes: u16, up: u64, down: u64) -> Usage {
    let listed = matches!(used, Used::Service(_));
    let mut usage = Usage::new(UsageKey { used, app_class: AppClass::Browser, place: Place::Office });
    for slot in 0..minutes / 5 {
        usage.active.mark(14 * 12 + slot);
        usage.seen.active_slots += 1;
    }
    usage.seen.listed = listed;
    usage.seen.front.add(14 * 12, up, down);
    usage.seen.front.sent_at_once = up;
    usage.seen.own_front = true;
    (usage.tries, usage.bytes_up, usage.bytes_down) = (2, up, down);
    usage
}

fn service(id: &str, minutes: u16, up: u64, down: u64) -> Usage {
    usage(Used::Service(id.into()), minutes, up, down)
}

fn friday() -> Day {
    let mut day = Day::new("2026-11-13".parse().unwrap());
    day.usages = vec![
        service("wetransfer", 10, 210_000_000, 1_100_000),
        service("outlook", 90, 14_000, 62_000),
        service("deepl", 5, 900, 4_000),
        usage(Used::Domain("freightdesk.example".into()), 20, 400_000, 90_000),
        usage(Used::Domain("only.reached.example".into()), 0, 400, 900),
    ];
    day.usages[0].given_up = 1;
    day.spills = vec![Spill { from: "outlook".into(), to: "wetransfer".into(), count: 1 }];
    day.blind_spots.connections = 1000;
    day.blind_spots.unnamed = 20;
    day.blind_spots.plumbing = 314;
    day
}

fn delivered(day: &Day, revision: u64) -> Delivered {
    let record = wire::device_day(day, revision, Some(&UnknownNameKey::new(KEY)), SENDER);
    Delivered {
        revision,
        store_id: "store".into(),
        fingerprint: vec![0xab; 32],
        sent: record.encode_to_vec(),
        refused: None,
    }
}

fn records() -> Vec<Record<Day>> {
    let mut thursday = friday();
    thursday.date = "2026-11-12".parse().unwrap();
    let wednesday = Day::new("2026-11-11".parse().unwrap());
    let mut monday = Day::new("2026-11-16".parse().unwrap());
    monday.usages = vec![service("outlook", 5, 400_000, 2_000_000)];
    let kept = |day: Day, delivered| Record { day: day.date, revision: 3, state: day, delivered };
    let refusal = Delivered { refused: Some("day: too old".into()), ..delivered(&wednesday, 3) };
    vec![
        kept(wednesday, Some(refusal)),
        kept(thursday.clone(), Some(delivered(&thursday, 3))),
        kept(friday(), Some(delivered(&friday(), 3))),
        kept(monday, None),
    ]
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn welcome() -> Welcome {
    Welcome {
        store_id: "store".into(),
        place: Place::Office,
        unknown_name_key: KEY,
        visit_interval: Duration::from_mins(15),
        paused_until: None,
        minimum_group: 5,
        kept_weeks: 13,
        sanctioned_service_ids: vec!["outlook".into()],
    }
}

fn state() -> State {
    State {
        version: "1.4.0".into(),
        catalog_version: "2026-11-11".into(),
        started: at("2026-11-16T07:00:00Z"),
        alive: at("2026-11-16T08:11:55Z"),
        stopped: false,
        watching: "eth0".into(),
        missed: crate::state::Missed::default(),
        last_visit: Some(LastVisit { at: at("2026-11-16T08:03:00Z"), days: 1, bytes: 412 }),
        next_visit: Some(at("2026-11-16T08:18:00Z")),
        problem: None,
        spool_failing: false,
    }
}

fn page(change: impl FnOnce(&mut Receipt<'_>)) -> String {
    page_after(&Layer::default(), &BTreeSet::new(), change)
}

fn page_after(layer: &Layer, told: &BTreeSet<String>, change: impl FnOnce(&mut Receipt<'_>)) -> String {
    page_of(&records(), layer, told, change)
}

fn page_of(
    records: &[Record<Day>],
    layer: &Layer,
    told: &BTreeSet<String>,
    change: impl FnOnce(&mut Receipt<'_>),
) -> String {
    let (welcome, state) = (welcome(), state());
    let groups = ["Marketing".to_owned(), "Leeds".to_owned()];
    let mut receipt = Receipt {
        catalog: elsewhere_catalog::builtin(),
        layer,
        device_id: Some("7f3a-c21e-0000-beef"),
        groups: &groups,
        pseudonym: "",
        state: Some(&state),
        welcome: Some(&welcome),
        records,
        told,
        sender: SENDER,
        now: at("2026-11-16T08:12:00Z"),
        zone: &TimeZone::UTC,
        all: false,
    };
    change(&mut receipt);
    receipt.page()
}

#[test]
fn the_receipt_says_all_in_words() {
    insta::assert_snapshot!(page(|_| {}), @r"
    What this laptop tells IT, in full                                                Mon 16 Nov 2026, 08:12
    Known there as   device 7f3a-c21e-0000-beef, a random name. Counted with: Marketing, Leeds (set by your IT).
    Last visit       Mon 16 Nov 08:03, 412 bytes taken and confirmed. Next: about 08:18.

    SENT   newest day in full; all of them: elsewhere-agent show --all
    Fri 13 Nov    for                  evidence  part of day  active  tries  failed  up / down     place   by
      WeTransfer  send something once  use       afternoon    10 min  2      0       210 / 1.1 MB  office  browser
        left at once: 1
      Outlook *   send and read email  present   afternoon    90 min  2      0       14 / 62 kB    office  browser
        runs by itself: counted as present, not as use
        spill: 1 of 2 tries at Outlook did not do and WeTransfer followed within 10 minutes
      1 name outside the catalog, as a code: see below
    Thu 12 Nov  2 services, 1 unknown name

    NOT TAKEN   sent, and not kept there
      Wed 11 Nov  day: too old

    NOT YET SENT   goes with the next visit; a day replaces what was sent of it before
    Mon 16 Nov   for                  evidence  part of day  active  tries  failed  up / down   place   by
      Outlook *  send and read email  use       afternoon    5 min   2      0       0.4 / 2 MB  office  browser
    * offered by IT

    SENT AS A CODE   names outside the catalog; IT learns the name only when 5 customers report the same
      freightdesk.example  as 3bba 913f 6fa3 60bd  Fri 13 Nov  not revealed
      freightdesk.example  as 3bba 913f 6fa3 60bd  Thu 12 Nov  not revealed

    SENT ABOUT THE AGENT ITSELF
      version 1.4.0, catalog 2026-11-11; on Fri 13 Nov:
      1000 connections, of them without a name 20, with a hidden hello 0, to encrypted DNS 0, tunnels 0
      packets missed 0, down 0 min, paused 0 min
      The collector sees the time and address of each visit; it keeps the date, nothing else.

    NEVER LEFT THIS LAPTOP
      page addresses, titles, contents, file names, what you typed, accounts, program names, addresses
      services that were only embedded in a page or only looked at: 0 on Mon 16 Nov
      names outside the catalog that were only reached or looked at: 0 on Mon 16 Nov, not written down
      health, dating, faith, unions, banking, politics, job search and other private matters: dropped as
        seen and not written down, so not even this page can list them
      advertising, system and update traffic: 0 connections on Mon 16 Nov; only this number is sent

    WHO SEES IT      groups of 5 or more, by week. No page or API shows one device.
    HOW LONG         13 weeks, then erased there and here. Group figures stay.

    CHECK THAT THIS IS ALL
      elsewhere-agent show --raw      the exact records, with the fingerprint the collector confirmed
      elsewhere-agent show --words    what each field says about you
    ");
}

#[test]
fn a_device_that_is_not_enrolled_says_so() {
    let page = page(|receipt| {
        receipt.device_id = None;
        receipt.welcome = None;
        receipt.state = None;
        receipt.records = &[];
    });
    insta::assert_snapshot!(page, @r"
    What this laptop tells IT, in full                                                Mon 16 Nov 2026, 08:12
    Known there as   nobody: this device is not enrolled, so nothing is sent.
    Last visit       never: the agent has not run yet.

    SENT   newest day in full; all of them: elsewhere-agent show --all
      nothing yet

    NOT YET SENT   stays here until this device is enrolled; a day replaces what was sent of it before
      nothing

    SENT AS A CODE   names outside the catalog; IT learns the name only when enough customers report the same
      none

    SENT ABOUT THE AGENT ITSELF
      nothing yet

    NEVER LEFT THIS LAPTOP
      page addresses, titles, contents, file names, what you typed, accounts, program names, addresses
      health, dating, faith, unions, banking, politics, job search and other private matters: dropped as
        seen and not written down, so not even this page can list them

    CHECK THAT THIS IS ALL
      elsewhere-agent show --raw      the exact records, with the fingerprint the collector confirmed
      elsewhere-agent show --words    what each field says about you
    ");
}

#[test]
fn all_days_come_in_full_where_that_is_asked_for() {
    let short = page(|_| {});
    let all = page(|receipt| receipt.all = true);
    assert_eq!(short.matches("WeTransfer").count() * 2, all.matches("WeTransfer").count());
    assert!(all.contains("\nThu 12 Nov    for "));
}

#[test]
fn what_was_only_reached_is_counted_and_not_named() {
    let page = page(|receipt| receipt.all = true);
    assert!(!page.contains("DeepL") && !page.contains("only.reached.example"));
}

#[test]
fn a_name_that_it_has_given_a_service_is_told_with_it() {
    let freightdesk = OwnService {
        id: "own:freightdesk".into(),
        name: "Freightdesk".into(),
        need: "erp-operations".into(),
    };
    let rule = OwnRule {
        name: "freightdesk.example".into(),
        exact: false,
        service_id: freightdesk.id.clone(),
        role: Role::App,
    };
    let facts = LayerFacts { services: vec![freightdesk], rules: vec![rule], ..LayerFacts::default() };
    let layer = Layer::new(elsewhere_catalog::builtin(), &facts).unwrap();
    let told = BTreeSet::from(["freightdesk.example".to_owned()]);
    let codes = |layer: &Layer| {
        let page = page_after(layer, &told, |_| {});
        let from = page.find("SENT AS A CODE").unwrap();
        page[from..].split("\n\n").next().unwrap().to_owned()
    };
    assert!(codes(&Layer::default()).contains("Fri 13 Nov  revealed\n"));
    insta::assert_snapshot!(codes(&layer), @r"
    SENT AS A CODE   names outside the catalog; IT learns the name only when 5 customers report the same
      freightdesk.example  as 3bba 913f 6fa3 60bd  Fri 13 Nov  named Freightdesk
      freightdesk.example  as 3bba 913f 6fa3 60bd  Thu 12 Nov  named Freightdesk
      named: IT knows it as this service, and may count the days sent as a code for it too
    ");
}

#[test]
fn raw_records_are_exact_and_say_what_was_confirmed() {
    let records = records();
    let record = &records[2];
    let value = raw::raw(record.day, &Standing::of(record.delivered.as_ref()), &sent(record).unwrap());
    assert_eq!(value["acknowledged"], true);
    assert_eq!(value["fingerprint"], "ab".repeat(32));
    assert_eq!(value["record"]["usages"][1]["service_id"], "outlook");
    assert_eq!(value["record"]["usages"][0]["bytes_up"], 210_000_000);
    assert_eq!(value["record"]["usages"][0]["parts_of_day"][0], "afternoon");

    let key = UnknownNameKey::new(KEY);
    let changed = Record { revision: 4, ..record.clone() };
    let value = raw::raw(
        changed.day,
        &Standing::of(changed.delivered.as_ref()),
        &waiting(&changed, Some(&key), SENDER).unwrap(),
    );
    assert_eq!(value["acknowledged"], false);
    assert_eq!(value["acknowledged_revision"], 3);
    assert_eq!(value["fingerprint"], serde_json::Value::Null);
}

#[test]
fn pair_without_a_spill_is_said_only_where_no_row_tells_of_the_first() {
    let mut records = records();
    let day = &mut records[2].state;
    day.spills.clear();
    day.usages.push(service("smash", 0, 0, 0));
    for usage in &mut day.usages {
        (usage.need, usage.left) = (Some("send-once".into()), Left { tries: 1, seconds: 600 });
    }
    let record = wire::device_day(day, 3, None, SENDER);
    let pairs: Vec<_> = record.spills.iter().map(|spill| (&*spill.from_service_id, spill.count)).collect();
    assert_eq!(pairs, [("deepl", 0), ("outlook", 0), ("smash", 0)]);
    records[2].delivered = None;
    let page = page_of(&records[2..3], &Layer::default(), &BTreeSet::new(), |receipt| receipt.all = true);
    assert!(!page.contains("spill:"), "{page}");
    let left: Vec<_> = page.lines().filter(|line| line.contains("tried and left")).collect();
    assert_eq!(
        left,
        ["    tried and left: DeepL, 2 tries that day", "    tried and left: Smash, 2 tries that day"]
    );
}
