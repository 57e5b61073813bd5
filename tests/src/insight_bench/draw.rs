//! A company drawn from a seed: its size, what its departments do, some planted stories, and the usual noise.
//!
//! Always: the same seed gives the same company. Each story has a need of its own, so that none is the cause of another's
//! figures; noise lies wherever it falls.

use elsewhere_catalog::{Catalog, Service};
use jiff::Span;
use rand::{
    RngExt, SeedableRng,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;

use super::{UNTIL, WEEKS, stories};
use crate::fleet::{
    Company, Story,
    story::{Days, Department, Habit, Offer, Planted, Site, Status},
};

/// Needs for which everybody has a habit.
const COMMON: usize = 10;
/// Needs for which we have nothing.
const UNSERVED: usize = 2;
/// Services of one need in one company.
const SERVICES: usize = 6;
/// Stories planted in one company.
const STORIES: usize = 6;
/// Customers of one department, until there are most.
const CUSTOMERS_PER_DEPARTMENT: u32 = 60;
/// Most departments.
const MOST_DEPARTMENTS: u32 = 16;

/// The services that compete for one need.
#[derive(Clone)]
pub(super) struct Market {
    /// The need.
    pub need: &'static str,
    /// Ours, two elsewhere that are in use, a tolerated one, and two more elsewhere that only stories turn to.
    pub services: Vec<&'static str>,
}

impl Market {
    /// Ours, or what would be.
    pub(super) fn ours(&self) -> &'static str {
        self.services[0]
    }

    /// The one elsewhere that most know.
    pub(super) fn elsewhere(&self) -> &'static str {
        self.services[1]
    }

    /// One that nobody turns to by habit.
    pub(super) fn fresh(&self) -> &'static str {
        self.services[4]
    }

    /// A habit with ours and the two elsewhere in these parts.
    pub(super) fn habit(&self, parts: [f64; 3], rng: &mut ChaCha8Rng) -> Habit {
        let tolerated = rng.random_range(0.3..0.8);
        let [ours, elsewhere, other] = parts;
        let services = self.services.iter().copied().zip([ours, elsewhere, other, tolerated]);
        Habit {
            need: self.need,
            customers: rng.random_range(0.6..0.95),
            per_workday: rng.random_range(0.3..0.8),
            services: services.filter(|(_, part)| *part > 0.0).collect(),
            second: rng.random_range(0.02..0.3),
            minutes: rng.random_range(15..90),
        }
    }

    fn usual(&self, rng: &mut ChaCha8Rng) -> Habit {
        let parts = [rng.random_range(8.0..12.0), rng.random_range(0.8..1.6), rng.random_range(0.3..0.8)];
        self.habit(parts, rng)
    }

    fn offers(&self) -> [Offer; 2] {
        [(0, Status::Sanctioned), (3, Status::Tolerated)].map(|(place, status)| Offer {
            service: self.services[place],
            status,
            since_week: 1,
            offered_not_visible: Vec::new(),
        })
    }
}

/// The company of a seed.
pub fn company(seed: u64) -> Company {
    let catalog = elsewhere_catalog::builtin();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // A stream of its own: customers draw from streams numbered by their place.
    rng.set_stream(u64::MAX);
    let customers = size(&mut rng);
    let markets = markets(catalog, &mut rng);
    let (common, rest) = markets.split_at(COMMON);
    let mut story = Story {
        organisation: format!("Company {seed}"),
        customers,
        weeks: WEEKS,
        until: None,
        seed,
        days: Days::default(),
        sites: ["Leeds", "Aarhus"].map(|site| Site { name: site.to_owned(), share: 1.0 }).into(),
        portfolio: common.iter().flat_map(Market::offers).collect(),
        habits: common.iter().map(|market| market.usual(&mut rng)).collect(),
        departments: departments(customers, &mut rng),
        planted: Vec::new(),
    };
    plant(&mut story, common, &rest[..UNSERVED], &mut rng);
    add_noise(&mut story, common, &rest[UNSERVED..], &mut rng);
    Company::new(story, catalog, UNTIL.parse().expect("a week"))
}

/// Most companies are small.
fn size(rng: &mut ChaCha8Rng) -> u32 {
    match rng.random_range(0..100) {
        0..60 => rng.random_range(200..600),
        60..90 => rng.random_range(600..2_000),
        90..98 => rng.random_range(2_000..6_000),
        _ => 20_000,
    }
}

fn markets(catalog: &'static Catalog, rng: &mut ChaCha8Rng) -> Vec<Market> {
    let mut markets = Vec::new();
    for need in catalog.needs() {
        let work = |service: &Service<'_>| service.need() == need.id && !service.as_often_private();
        let all: Vec<_> = catalog.services().filter(work).map(Service::id).collect();
        if all.len() >= SERVICES {
            let services = all.sample(rng, SERVICES).copied().collect();
            markets.push(Market { need: need.id, services });
        }
    }
    markets.shuffle(rng);
    markets
}

fn departments(customers: u32, rng: &mut ChaCha8Rng) -> Vec<Department> {
    let count = (customers / CUSTOMERS_PER_DEPARTMENT).clamp(2, MOST_DEPARTMENTS);
    let department = |number: u32| Department {
        name: format!("Department {number}"),
        share: rng.random_range(0.6..1.8),
        customer_facing: number % 3 == 1,
        unnamed: rng.random_range(0.01..0.05),
        habits: Vec::new(),
    };
    (1..=count).map(department).collect()
}

/// Some kinds of stories, each for a need of its own.
fn plant(story: &mut Story, common: &[Market], unserved: &[Market], rng: &mut ChaCha8Rng) {
    let mut kinds = stories::ALL.to_vec();
    kinds.shuffle(rng);
    let (mut common, mut unserved) = (common.iter(), unserved.iter());
    for kind in kinds.into_iter().take(STORIES) {
        let market = if kind.is_unserved() { unserved.next() } else { common.next() };
        if let Some(market) = market {
            kind.plant(story, market, rng);
        }
    }
}

/// What a company has beside its stories; each with some likelihood.
fn add_noise(story: &mut Story, common: &[Market], rest: &[Market], rng: &mut ChaCha8Rng) {
    let likely = |rng: &mut ChaCha8Rng| rng.random_bool(0.4);
    let week = |rng: &mut ChaCha8Rng| rng.random_range(4..WEEKS);
    let any = |rng: &mut ChaCha8Rng| common.choose(rng).expect("there are some").clone();
    if likely(rng) {
        let last: elsewhere_collector::week::Week = UNTIL.parse().expect("a week");
        let monday = last.plus(i64::from(week(rng)) - i64::from(WEEKS)).monday();
        let holiday = |day| monday.saturating_add(Span::new().days(day));
        story.days.holidays = (0..rng.random_range(1..3)).map(holiday).collect();
    }
    let mut noise = Vec::new();
    if likely(rng) {
        noise.push(Planted::Onboarding {
            departments: Vec::new(),
            week: week(rng),
            customers: rng.random_range(0.05..0.15),
        });
    }
    if likely(rng) {
        let [from, to] = [0, 1].map(|place| story.departments[place].name.clone());
        noise.push(Planted::Reorganisation {
            from,
            to,
            week: week(rng),
            customers: rng.random_range(0.1..0.4),
        });
    }
    if likely(rng) {
        let week = week(rng);
        let (service, failed) = (any(rng).ours(), rng.random_range(0.3..0.8));
        noise.push(Planted::Fails { service, departments: Vec::new(), week, until_week: week, failed });
    }
    if likely(rng) {
        noise.push(Planted::Late { week: week(rng), customers: rng.random_range(0.05..0.25) });
    }
    if likely(rng) {
        noise.push(Planted::CatalogUpdate { service: any(rng).services[2], week: week(rng) });
    }
    if likely(rng) {
        let services = vec![any(rng).ours(), any(rng).elsewhere()];
        noise.push(Planted::Partners { services, customers: 0.2, per_workday: 0.2 });
    }
    if likely(rng) {
        let services = common.iter().take(4).map(|market| market.services[5]).collect();
        noise.push(Planted::EmbeddedNoise { services, per_workday: 0.3 });
    }
    if likely(rng) {
        // A client of something elsewhere, which hardly anybody uses.
        let service = any(rng).services[2];
        noise.push(Planted::IdleClient { service, customers: 0.3, used: 0.01, per_workday: 0.1 });
    }
    if likely(rng) {
        let services = common.iter().map(|market| market.services[5]).collect();
        noise.push(Planted::RareServices { services, customers: 0.004, per_workday: 0.2 });
    }
    if likely(rng)
        && let Some(hidden) = rest.first()
    {
        let suite = any(rng).ours();
        let offers = story.portfolio.iter_mut().filter(|offer| offer.service == suite);
        offers.for_each(|offer| offer.offered_not_visible.push(hidden.need));
        noise.push(Planted::ChatSuiteMeetings {
            service: suite,
            need: hidden.need,
            customers: 0.5,
            per_workday: 0.3,
        });
    }
    story.planted.extend(noise);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_all_about_a_company() {
        let told = |seed| {
            let Company { story, .. } = company(seed);
            (story.customers, format!("{:?} {:?}", story.planted, story.habits))
        };
        assert_eq!(told(3), told(3));
        assert_ne!(told(3), told(4));
    }
}
