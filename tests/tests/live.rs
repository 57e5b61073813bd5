//! A simulated company delivers to a real collector over mTLS: all days arrive, once, with their groups.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, sync::Arc};

use elsewhere_collector::{
    config::Config,
    installation::{Installation, utc_date},
    pki::Authority,
    serve::{self, Listeners},
    store,
    token::{self, Secret},
    week::Week,
};
use elsewhere_tests::{
    clock,
    fleet::{
        Company, Story, Truth,
        live::{self, Delivered, Pace},
    },
};
use jiff::SignedDuration;
use tokio::sync::oneshot;

const PACE: Pace = Pace { devices: usize::MAX, visits_at_a_time: 8, days_a_visit: 3 };

#[tokio::test(flavor = "multi_thread")]
async fn every_device_day_arrives_once() {
    let company = company();
    let (stored, delivered) = deliver(&company, 100).await;
    let (delivered, truth) = (delivered.unwrap(), Truth::of(&company));
    assert_eq!((delivered.devices, delivered.refused), (truth.devices, None));
    assert_eq!((delivered.stored as u64, stored.days), (truth.device_days, truth.device_days));
    let names: BTreeSet<_> = truth.weeks.values().flat_map(|week| week.keys().cloned()).collect();
    assert!(stored.segments.iter().all(|name| names.contains(name)));
    assert!(stored.customers <= 20 + 2 && stored.customers > 15, "{}", stored.customers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_too_few_says_what_to_do() {
    let (stored, delivered) = deliver(&company(), 3).await;
    let words = format!("{:#}", delivered.unwrap_err());
    assert!(words.contains("enroll-token create --uses"), "{words}");
    assert_eq!(stored.days, 0);
}

fn company() -> Arc<Company> {
    let story = Story::made(20, 2, 9, elsewhere_catalog::builtin());
    let last = Week::of(utc_date(clock::now())).plus(-1);
    Arc::new(Company::new(story, elsewhere_catalog::builtin(), last))
}

/// What a collector has after a delivery.
#[derive(Default)]
struct Stored {
    days: u64,
    segments: BTreeSet<String>,
    customers: usize,
}

/// Delivers with a token of so many uses to a collector of its own.
async fn deliver(company: &Arc<Company>, uses: u32) -> (Stored, anyhow::Result<Delivered>) {
    let dir = tempfile::tempdir().unwrap();
    let settings = "people = \"127.0.0.1:0\"\ndevices = \"127.0.0.1:0\"";
    let config = Config::parse("test", settings, std::iter::empty(), &[]).unwrap();
    let installation = Installation::with_config(&dir.path().join("collector"), config).unwrap();
    let listeners = Listeners::bind(installation.config()).await.unwrap();
    let address = listeners.addresses().unwrap().devices;
    let authority = Authority::create_or_open(installation.dir(), clock::now()).unwrap();
    let secret = Secret::random();
    let expires = clock::now() + SignedDuration::from_hours(1);
    let (id, segments) = ("test".to_owned(), "department:Nobody".parse().unwrap());
    let entry = store::Token { id, segments, uses, uses_left: uses, expires };
    installation.store().add_token(&entry, secret.hash()).unwrap();
    let token = token::text(&address.into(), authority.fingerprint(), &secret).parse().unwrap();

    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let served = tokio::spawn(serve::run(installation.clone(), listeners, clock::now, shutdown));
    let today = utc_date(clock::now());
    let delivered =
        live::deliver(company.clone(), token, &dir.path().join("agents"), today, PACE, |_| ()).await;
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    (stored(&installation), delivered)
}

fn stored(installation: &Installation) -> Stored {
    let (mut stored, mut customers) = (Stored::default(), BTreeSet::new());
    for week in installation.store().weeks().unwrap() {
        let mut hear = |member: &store::Member, _| {
            stored.days += 1;
            stored.segments.extend(member.segments.iter().map(ToString::to_string));
            customers.insert(member.customer.clone());
        };
        installation.store().scan_week(week, &mut hear).unwrap();
    }
    stored.customers = customers.len();
    stored
}
