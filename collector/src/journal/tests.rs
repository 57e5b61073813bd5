use jiff::civil::date;

use super::*;

fn parse(text: &str) -> Result<Journal, String> {
    let catalog = elsewhere_catalog::builtin();
    Journal::parse(text, catalog, &Portfolio::default()).map_err(|error| error.to_string())
}

const DECISION: &str = r#"
[[decision]]
number = 34
date = "2026-10-19"
segment = "department:Marketing"
need = "send-once"
service = "WeTransfer"
conversation = "explain"
what = "Outbox explained"
owner = "BRM Marketing"
heard = "guests refuse to register"
review = "2026-11-16"
"#;

#[test]
fn a_decision_is_read_with_all_that_was_heard() {
    let journal = parse(DECISION).unwrap();
    let decision = &journal.decisions[0];
    assert_eq!((decision.number, decision.date), (34, date(2026, 10, 19)));
    assert_eq!(decision.service.as_deref(), Some("wetransfer"), "by its name or id");
    assert_eq!(decision.segment.as_ref().unwrap().to_string(), "department:Marketing");
    assert_eq!(journal.open(date(2026, 10, 18)).count(), 0, "not taken yet");
    assert_eq!(journal.open(date(2026, 12, 1)).count(), 1);
    let closed = parse(&format!("{DECISION}closed = \"2026-11-20\"")).unwrap();
    assert_eq!(closed.open(date(2026, 12, 1)).count(), 0);
}

#[test]
fn the_example_is_read() {
    let journal = parse(include_str!("../../../deploy/journal.example.toml")).unwrap();
    let Journal { decisions, changes, targets, asked } = &journal;
    assert_eq!([decisions.len(), changes.len(), targets.len(), asked.len()], [1; 4]);
}

#[test]
fn all_mistakes_are_told_with_their_lines() {
    let wrong = r#"
[[decision]]
number = 1
date = "2026-02-30"
need = "send-twice"
service = "wetransfre"
conversation = "shout"
what = "x"
owner = "y"
colour = "red"
[[target]]
need = "send-once"
ours_alone = 101
by = "2026-W12"
[[change]]
date = "2026-11-02"
segment = "Marketing"
need = "send-once"
what = "z"
"#;
    insta::assert_snapshot!(parse(wrong).unwrap_err(), @r#"
    line 4: '2026-02-30' is no date of the calendar; write it like "2026-11-16"
    line 5: need 'send-twice' is not one of the catalog's
    line 6: service 'wetransfre' is neither in the catalog nor an [[own_service]] of the portfolio
    line 7: conversation 'shout' is none of fix, explain, adopt, guide, retire, watch
    line 10: unknown key 'colour'; a decision has number, date, segment, need, service, conversation, what, owner, business_owner, reason, heard, review, closed
    line 13: a whole number from 1 to 100 is expected here
    line 14: '2026-W12' is no date of the calendar; write it like "2026-11-16"
    line 17: 'Marketing' is no segment; write it like "department:Marketing", or "all"
    "#);
}

#[test]
fn a_decision_is_not_looked_at_again_before_it_was_taken() {
    let early = DECISION.replace("2026-11-16", "2026-10-01");
    assert!(parse(&early).unwrap_err().contains("line 12: 'review' lies before the decision itself"));
    assert!(
        parse(&format!("{DECISION}{DECISION}")).unwrap_err().contains("another decision has this number")
    );
}

#[test]
fn what_was_written_about_a_segment_goes_with_it() {
    let renamed = |from: &str, to: &str| format!("[[renamed]]\nfrom = \"{from}\"\nto = \"{to}\"\n");
    let twice = renamed("department:Marketing", "department:Brand")
        + &renamed("department:Brand", "department:Growth");
    let journal = parse(&(twice + DECISION)).unwrap();
    let now = journal.decisions[0].segment.clone().unwrap();
    assert_eq!(now.to_string(), "department:Growth");
    assert_eq!(journal.forgotten(&[&now]), []);
    assert_eq!(journal.forgotten(&[]).len(), 1, "no segment of this week");
    let circle = renamed("department:A", "department:B") + &renamed("department:B", "department:A");
    assert!(parse(&circle).unwrap_err().contains("in a circle"));
}

#[test]
fn targets_and_answers_are_read() {
    let text = r#"
[[target]]
segment = "all"
need = "send-once"
ours_alone = 80
by = "2027-03-31"
[[asked]]
need = "meeting-notes"
until = "2026-11-13"
did_not_know_ours = 60
better = 35
"#;
    let need = elsewhere_catalog::builtin().needs().first().unwrap().id;
    let journal = parse(&text.replace("meeting-notes", need)).unwrap();
    assert_eq!((journal.targets[0].ours_alone, &journal.targets[0].segment), (80, &None));
    assert_eq!(journal.asked[0].answers.most(5).unwrap().customers, 60);
}
