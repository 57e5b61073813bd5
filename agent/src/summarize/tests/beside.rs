//! What a row says because of what went on beside it: calls, tenants, sign-ins.

use super::*;

#[test]
fn datagrams_to_nobody_are_a_call_where_a_meeting_is_open() {
    let call = |from| {
        let mut flow = flow(from, 60, 900_000, 4_000_000);
        flow.key.transport = Transport::Udp;
        flow.key.dst = "198.51.100.9:19305".parse().unwrap();
        flow
    };
    let page =
        |name: &'static str| move |days: &mut Summarize| see(days, &flow(0, 30, 3_000, 90_000), &host(name));
    let cases: [(&str, Option<&'static str>, i64, Evidence); 4] = [
        ("beside nothing", None, 60, Evidence::Contact),
        ("beside files", Some("wetransfer.com"), 60, Evidence::Visit),
        ("long after a meeting", Some("meet.google.com"), 3_600, Evidence::Visit),
        ("in a meeting", Some("meet.google.com"), 60, Evidence::Use),
    ];
    for (case, opened, from, expected) in cases {
        let mut days = berlin();
        opened.map(page).into_iter().for_each(|open| open(&mut days));
        see(&mut days, &call(from), &Subject::Unnamed);
        let day = only_day(&days);
        let best = day.usages.iter().map(Usage::evidence).max().unwrap_or(Evidence::Contact);
        assert_eq!(best, expected, "{case}");
        assert_eq!(day.blind_spots.unnamed, u32::from(expected != Evidence::Use), "{case}");
    }
}

#[test]
fn row_is_the_guests_only_where_nobody_was_with_us() {
    use elsewhere_catalog::layer::Tenancy::{Guest, NotKnown, Ours};
    for (reached, expected) in
        [(&[NotKnown][..], NotKnown), (&[NotKnown, Guest], Guest), (&[Guest, Ours, Guest], Ours)]
    {
        let mut days = berlin();
        for &tenant in reached {
            let Subject::Service { service, role, often_embedded, .. } = host("northmoor.sharepoint.com")
            else {
                unreachable!()
            };
            let subject = Subject::Service { service, role, often_embedded, tenancy: tenant };
            see(&mut days, &flow(0, 10, 5_000, 50_000), &subject);
        }
        assert_eq!(only_day(&days).usages[0].tenants.tenancy(), expected, "{reached:?}");
    }
}

#[test]
fn sign_ins_soon_after_a_try_began_are_hops_on_its_way() {
    type Case<'c> = (&'c str, &'c [(Flow, Subject<'c>)], u32);
    let (slack, okta) = (host("app.slack.com"), host("northmoor.okta.com"));
    let microsoft = host("login.microsoftonline.com");
    let cases: &[Case<'_>] = &[
        ("none", &[(flow(0, 60, 900, 90_000), slack)], 0),
        (
            "two, one of them twice",
            &[
                (flow(0, 60, 900, 90_000), slack),
                (flow(2, 9, 900, 9_000), okta),
                (flow(7, 9, 900, 9_000), microsoft),
                (flow(9, 9, 900, 9_000), okta),
            ],
            2,
        ),
        ("before it", &[(flow(0, 9, 900, 9_000), okta), (flow(5, 60, 900, 90_000), slack)], 0),
        ("long after", &[(flow(0, 60, 900, 90_000), slack), (flow(130, 9, 900, 9_000), okta)], 0),
        ("to what never answered", &[(failed(0), slack), (flow(2, 9, 900, 9_000), okta)], 0),
    ];
    for (case, flows, expected) in cases {
        let mut days = berlin();
        flows.iter().for_each(|(flow, subject)| see(&mut days, flow, subject));
        days.handle_timeout(Timestamp::MAX);
        let slack = row(only_day(&days), "slack");
        assert_eq!(slack.sign_in_hops, *expected, "{case}");
        assert!(slack.seen.signed_in || *expected == 0, "{case}");
    }
}
