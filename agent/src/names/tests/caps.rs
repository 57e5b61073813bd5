//! Floods: of forged answers, of names and addresses, of questions, of public names.

use super::{
    super::{
        addresses::{MAX_ADDRESSES, MAX_ASKS, MAX_NAMES, MAX_UNSOLICITED},
        fronts::{self, MAX_FRONTS},
        pending::MAX_PENDING,
    },
    *,
};

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap()
}

#[test]
fn flood_of_forged_answers_neither_grows_nor_erases() {
    let mut names = Names::default();
    learn(&mut names, at(0), "slack.com", vec![a("slack.com", 0, 3_600)]);
    learn(&mut names, at(0), "slack.com", vec![https("slack.com", "h3", Some("front.example"))]);
    for last in 0..100_000 {
        let qname = format!("n{last}.example");
        let answers = vec![a(&qname, last, 60), https(&qname, "h2", Some(&qname)), a(&qname, 0, 60)];
        forge(&mut names, at(0), &qname, answers);
    }
    assert_eq!(names.addresses.sizes(), [1, MAX_UNSOLICITED, 1, 1]);
    assert_eq!(names.fronts.sizes(), [1, fronts::MAX_UNSOLICITED]);
    assert_eq!(names.pending.len(), 0);
    assert_eq!(names.resolve(at(60), &to(0), None), Ok(name("slack.com")));
    assert!(names.is_ech_front(at(60), &name("front.example"), ip(0)));
    assert_eq!(lookups(&mut names).len(), 2, "the two that were asked for");
}

#[test]
fn flood_of_names_and_addresses_keeps_the_caps_and_the_latest() {
    let mut names = Names::default();
    let flood = number(MAX_ADDRESSES) + 100;
    for last in 0..flood {
        learn(&mut names, at(0), "slack.com", vec![a("slack.com", last, 60)]);
    }
    assert_eq!(names.addresses.sizes(), [MAX_ADDRESSES, 0, 1, 0]);
    assert_eq!(names.resolve(at(1), &to(0), None), Err(WhyOpen::NeverResolved));
    assert_eq!(names.resolve(at(1), &to(flood - 1), None), Ok(name("slack.com")));

    for last in 0..number(MAX_ASKS) + 100 {
        let asked = format!("n{last}.example");
        let answers = vec![a(&asked, flood, 60), https(&asked, "h2", Some(&format!("front{last}.example")))];
        learn(&mut names, at(0), &asked, answers);
    }
    assert_eq!(names.addresses.sizes(), [MAX_ADDRESSES, 0, MAX_ASKS, MAX_ASKS]);
    assert_eq!(names.addresses.names_at(ip(flood)), MAX_NAMES);
    assert_eq!(names.fronts.sizes(), [MAX_FRONTS, 0]);
}

#[test]
fn flood_of_questions_forgets_the_oldest() {
    let mut names = Names::default();
    for last in 0..MAX_PENDING + 100 {
        ask(&mut names, at(0), 40_000, question(7, &format!("n{last}.example"), 1));
    }
    for port in 0..1_000 {
        ask(&mut names, at(1), port, question(7, "slack.com", 1));
    }
    assert_eq!(names.pending.len(), MAX_PENDING);
    for (qname, is_solicited) in [("n0.example", false), ("n1000.example", true), ("slack.com", false)] {
        answer(&mut names, at(2), 40_000, question(7, qname, 1), vec![a(qname, 1, 60)]);
        assert_eq!(lookups(&mut names).len(), usize::from(is_solicited), "{qname}");
    }
    answer(&mut names, at(2), 999, question(7, "slack.com", 1), vec![a("slack.com", 1, 60)]);
    assert_eq!(lookups(&mut names).len(), 1);
    names.handle_timeout(at(100));
    assert_eq!(names.pending.len(), 0);
}
