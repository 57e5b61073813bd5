use jiff::{SignedDuration, Timestamp};

use super::{Door, Evidence, Seen, Signal, judge};
use crate::flows::Exchange;

/// Seconds into the day, bytes up and down, seconds that the answer took.
type Told = (i64, u64, u64, i64);

fn exchange(&(seconds, bytes_up, bytes_down, answer): &Told) -> Exchange {
    let at = Timestamp::from_second(1_790_000_000 + seconds).unwrap();
    Exchange { at, bytes_up, bytes_down, answer: SignedDuration::from_secs(answer) }
}

/// Takes in what was told at a door, as reports of a minute each do.
fn tell(seen: &mut Seen, door: Door, told: &[Told]) {
    for one in told {
        let slot = u16::try_from(one.0 / 300).unwrap();
        let exchange = exchange(one);
        seen.through(door).add(slot, one.1, one.2);
        seen.hear(door, slot, exchange.at, &[exchange]);
    }
    seen.own_front |= door == Door::Front;
    let slots: std::collections::BTreeSet<_> = told.iter().map(|one| one.0 / 300).collect();
    seen.active_slots = seen.active_slots.max(u32::try_from(slots.len()).unwrap());
}

/// A listed service that was opened, and what was told at its front door.
fn opened(told: &[Told]) -> Seen {
    let mut seen = Seen { listed: true, openings: 1, ..Seen::default() };
    tell(&mut seen, Door::Front, told);
    seen
}

const LOADS: Told = (0, 4_000, 2_500_000, 1);

/// After the page has loaded.
fn then(told: &[Told]) -> Vec<Told> {
    [&[LOADS], told].concat()
}

/// By a clock: every so many seconds, with sizes that differ.
fn by_the_clock(every: i64, until: i64) -> Vec<Told> {
    (1..until / every).map(|beat| (beat * every, 400 + (beat.unsigned_abs() * 977) % 2_600, 250, 0)).collect()
}

#[test]
fn work_is_told_from_what_programs_do_by_themselves() {
    let edits = then(&[(14, 2_100, 300, 0), (27, 700, 250, 0), (33, 3_300, 400, 0), (81, 1_500, 300, 0)]);
    let prompts = then(&[(30, 900, 30_000, 9), (95, 2_200, 80_000, 20), (170, 1_400, 12_000, 6)]);
    let moments = [31, 77, 160, 188, 259, 301, 358, 450, 483, 559, 587];
    let slowly: Vec<_> = (1..).zip(moments).map(|(act, at)| (at, 300 + 211 * act, 400, 0)).collect();
    let read = then(&[(40, 900, 300_000, 1), (95, 1_100, 90_000, 1), (200, 700, 400_000, 2)]);
    let beats: Vec<_> = (1..200).map(|beat| (beat * 30, 67, 64, 0)).collect();
    let polls: Vec<_> = (1..100).map(|poll| (poll * 7 + poll * poll % 5, 420, 180, 0)).collect();
    // As a script would, and as a page does that reads again what it saved.
    let every = |seconds: i64, up: u64, down: u64| -> Vec<Told> {
        then(&(3..15).map(|turn| (turn * seconds, up, down, 0)).collect::<Vec<_>>())
    };
    let same_prompt: Vec<Told> = then(&(1..6).map(|turn| (turn * 20, 900, 9_000, 5)).collect::<Vec<_>>());
    let cases: [(&str, Vec<Told>, Evidence, Signal); 15] = [
        ("messages of one length", every(4, 750, 300), Evidence::Use, Signal::Worked),
        ("saved and read again", every(5, 900, 30_000), Evidence::Use, Signal::Worked),
        ("same prompt again", same_prompt, Evidence::Use, Signal::Worked),
        ("polls often", every(5, 420, 300), Evidence::Visit, Signal::Opened),
        ("measures often", every(10, 1_500, 90), Evidence::Visit, Signal::Opened),
        ("edited", edits, Evidence::Use, Signal::Worked),
        ("asked an assistant", prompts, Evidence::Use, Signal::Worked),
        ("wrote now and then", slowly, Evidence::Use, Signal::WentOn),
        ("file sent", then(&[(20, 140_000, 300, 1)]), Evidence::Use, Signal::SentFile),
        ("looked at", then(&[(1, 900, 40_000, 0)]), Evidence::Visit, Signal::Opened),
        ("read on", read, Evidence::Visit, Signal::Opened),
        ("tab left open", then(&by_the_clock(60, 7_200)), Evidence::Present, Signal::RunsByItself),
        ("heartbeat of a client", then(&beats), Evidence::Present, Signal::RunsByItself),
        ("asks for news all the time", then(&polls), Evidence::Visit, Signal::Opened),
        ("fetched ahead", vec![(0, 900, 60_000, 0)], Evidence::Contact, Signal::Reached),
    ];
    for (case, told, evidence, signal) in cases {
        let seen = opened(&told);
        assert_eq!(judge(&seen), (evidence, signal), "{case}: {:?}", seen.acts.done());
    }
}

#[test]
fn what_pages_of_others_load_is_no_more_than_contact() {
    let busy: Vec<_> =
        (0_i64..40).map(|act| (act * 9 + act % 4, 300 + 97 * act.unsigned_abs(), 500, 0)).collect();
    for door in [Door::Api, Door::Content, Door::Side, Door::Login] {
        let mut seen = Seen { listed: true, ..Seen::default() };
        tell(&mut seen, door, &busy);
        tell(&mut seen, door, &[(500, 60_000, 40_000_000, 90), (900, 900_000, 300, 4)]);
        assert_eq!(judge(&seen).0, Evidence::Contact, "{door:?}");
    }
}

#[test]
fn widget_that_was_opened_asks_for_more_than_the_service_itself() {
    let told = then(&[(14, 2_100, 300, 0), (27, 700, 250, 0), (33, 3_300, 400, 0), (81, 1_500, 300, 0)]);
    let widget = Seen { own_front: false, ..opened(&told) };
    assert_eq!(judge(&widget), (Evidence::Visit, Signal::Opened));
}

#[test]
fn context_changes_the_verdict() {
    let upload = [LOADS, (30, 120_000, 400, 2)];
    let hands_over = Seen { sends_once: true, ..opened(&upload) };
    assert_eq!(judge(&hands_over).1, Signal::HandedOver);
    let download = then(&[(30, 700, 4_000_000, 3)]);
    assert_eq!(judge(&Seen { hands_out: true, ..opened(&download) }).1, Signal::Received);
    assert_eq!(judge(&opened(&download)).0, Evidence::Visit);

    // A tool that tells what it has installed beside the packages that it fetches.
    let installs: Vec<_> = (0..14).map(|at| (at, 900, 300_000, 0)).collect();
    let prompt = [(0, 5_000, 900, 2)];
    for (told, expected) in [(&installs[..], Evidence::Contact), (&prompt[..], Evidence::Use)] {
        let mut tool = Seen { listed: true, developer_tool: true, ..Seen::default() };
        tell(&mut tool, Door::Api, told);
        assert_eq!(judge(&tool).0, expected, "{told:?}");
    }

    let short = then(&[(40, 900, 300, 0), (52, 1_400, 300, 0)]);
    assert_eq!(judge(&opened(&short)).0, Evidence::Visit);
    assert_eq!(judge(&Seen { signed_in: true, ..opened(&short) }).1, Signal::Worked);

    let mut call = opened(&[LOADS]);
    (0..4).for_each(|slot| call.call.add(slot, 900_000, 4_000_000));
    assert_eq!(judge(&call).1, Signal::Called);

    let held = Seen { held_open_minutes: 45, ..opened(&[LOADS]) };
    assert_eq!(judge(&held), (Evidence::Present, Signal::HeldOpen));
    assert_eq!(judge(&Seen { listed: false, ..held }).0, Evidence::Visit);
}

#[test]
fn evidence_never_shrinks_while_a_day_goes_on() {
    let told: Vec<Told> = (0..600)
        .map(|turn: i64| (turn * 17 + turn * turn % 23, 150 + turn.unsigned_abs() % 7 * 400, 900, turn % 5))
        .collect();
    let mut seen = Seen { listed: true, openings: 1, ..Seen::default() };
    let mut before = Evidence::Contact;
    for one in &told {
        tell(&mut seen, Door::Front, &[*one]);
        let now = judge(&seen).0;
        assert!(now >= before, "{before:?} became {now:?} at {one:?}");
        before = now;
    }
    assert_eq!(before, Evidence::Use);
}

#[test]
fn clock_that_was_set_back_hides_no_work() {
    let edits = [(14, 2_100, 300, 0), (27, 700, 250, 0), (33, 3_300, 400, 0), (81, 1_500, 300, 0)];
    let mut seen = opened(&[(40_000, 4_000, 2_500_000, 1), (40_020, 900, 300, 0)]);
    tell(&mut seen, Door::Front, &then(&edits));
    assert_eq!(judge(&seen).1, Signal::Worked);
}

#[test]
fn flood_of_exchanges_keeps_the_caps() {
    let mut seen = Seen::default();
    for turn in 0..2_000_u64 {
        let exchange = exchange(&(0, 300 + turn * 31 % 4_001, 200, 0));
        seen.hear(Door::Front, 1, exchange.at, &[exchange; 33]);
    }
    let kept = serde_json::to_string(&seen).unwrap().len();
    assert!(kept < 20_000, "{kept} bytes");
}
