//! A story made from a seed: departments, habits, a portfolio and one planted story of each kind.
//!
//! Always: the same catalog, customers, weeks and seed make the same story. It asks the catalog for services and
//! takes none that is as often private as work, since those are in no figure.

use elsewhere_catalog::{Catalog, Service};
use rand::{
    RngExt, SeedableRng,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;

use super::{Days, Department, Habit, Offer, Planted, Site, Status, Story};

const DEPARTMENTS: [(&str, bool); 8] = [
    ("Operations", false),
    ("Customer Service", true),
    ("Sales", true),
    ("Engineering", false),
    ("Marketing", false),
    ("Finance", false),
    ("People", false),
    ("IT", false),
];
const SITES: [&str; 3] = ["Leeds", "Aarhus", "Utrecht"];
/// Customers who make one department worth while; smaller companies have fewer departments.
const CUSTOMERS_PER_DEPARTMENT: u32 = 25;
/// Needs that everybody has some habit for; the rest are a department's own.
const COMMON_NEEDS: usize = 6;
/// Needs that a department has habits for, beside the common ones.
const OWN_NEEDS: usize = 5;
/// Services that hardly anybody uses.
const RARE_SERVICES: usize = 8;
/// Services that compete for one need in one company.
const SERVICES_PER_NEED: usize = 4;

impl Story {
    /// Makes a story up.
    pub fn made(customers: u32, weeks: u32, seed: u64, catalog: &'static Catalog) -> Self {
        // A stream of its own: customers draw from streams numbered by their place.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::MAX);
        let needs = Market::of_all(catalog, &mut rng);
        let (common, rest) = needs.split_at(COMMON_NEEDS.min(needs.len()));
        let [unserved, idle, served @ ..] = rest else { panic!("the catalog has too few needs") };
        let departments = departments(customers, served, &mut rng);
        let mut story = Self {
            organisation: "Northmoor".to_owned(),
            customers,
            weeks,
            until: None,
            seed,
            days: Days::default(),
            sites: SITES.iter().map(|site| Site { name: (*site).to_owned(), share: 1.0 }).collect(),
            portfolio: common.iter().chain([idle]).chain(served).flat_map(Market::offers).collect(),
            habits: common.iter().map(|market| market.habit(&mut rng)).collect(),
            departments,
            planted: Vec::new(),
        };
        story.planted = planted(&mut story, common, [unserved, idle], served, catalog, &mut rng);
        story
    }
}

/// The services that compete for one need, ours first.
struct Market {
    need: &'static str,
    services: Vec<&'static str>,
}

impl Market {
    fn of_all(catalog: &'static Catalog, rng: &mut ChaCha8Rng) -> Vec<Self> {
        let mut markets = Vec::new();
        for need in catalog.needs() {
            let work = |service: &Service<'_>| service.need() == need.id && !service.as_often_private();
            let all: Vec<_> = catalog.services().filter(work).map(Service::id).collect();
            if all.len() >= SERVICES_PER_NEED {
                let services = all.sample(rng, SERVICES_PER_NEED).copied().collect();
                markets.push(Self { need: need.id, services });
            }
        }
        markets.shuffle(rng);
        markets
    }

    /// The first is ours, the last tolerated.
    fn offers(&self) -> Vec<Offer> {
        let offer =
            |service, status| Offer { service, status, since_week: 1, offered_not_visible: Vec::new() };
        let last = self.services.len() - 1;
        vec![offer(self.services[0], Status::Sanctioned), offer(self.services[last], Status::Tolerated)]
    }

    fn habit(&self, rng: &mut ChaCha8Rng) -> Habit {
        let weight =
            |place| if place == 0 { rng.random_range(5.0..12.0) } else { rng.random_range(0.2..1.5) };
        let weights: Vec<f64> = (0..self.services.len()).map(weight).collect();
        Habit {
            need: self.need,
            customers: rng.random_range(0.5..0.95),
            per_workday: rng.random_range(0.15..0.8),
            services: self.services.iter().copied().zip(weights).collect(),
            second: rng.random_range(0.02..0.08),
            minutes: rng.random_range(10..90),
        }
    }
}

fn departments(customers: u32, markets: &[Market], rng: &mut ChaCha8Rng) -> Vec<Department> {
    let count = (customers / CUSTOMERS_PER_DEPARTMENT).clamp(2, 8) as usize;
    let department = |&(name, customer_facing): &(&str, bool)| Department {
        name: name.to_owned(),
        share: rng.random_range(0.5..2.0),
        customer_facing,
        unnamed: rng.random_range(0.01..0.05),
        habits: markets.sample(rng, OWN_NEEDS).map(|market| market.habit(rng)).collect::<Vec<_>>(),
    };
    DEPARTMENTS[..count].iter().map(department).collect()
}

/// One planted story of each kind, in places that the seed chooses.
fn planted(
    story: &mut Story,
    common: &[Market],
    [unserved, idle]: [&Market; 2],
    served: &[Market],
    catalog: &'static Catalog,
    rng: &mut ChaCha8Rng,
) -> Vec<Planted> {
    let names: Vec<_> = story.departments.iter().map(|department| department.name.clone()).collect();
    let turn = rng.random_range(0..names.len());
    let (left, returned) = (&names[turn], &names[(turn + 1) % names.len()]);
    let week = rng.random_range(1..=story.weeks.div_ceil(2));
    let (leaving, returning, suite) = (&common[0], &common[1], &common[2]);
    // Those who come back have to be elsewhere first.
    let mut away = returning.habit(rng);
    away.services = vec![(returning.services[0], 2.0), (returning.services[1], 3.0)];
    story.departments[(turn + 1) % names.len()].habits.push(away);
    let hidden = catalog
        .needs()
        .iter()
        .map(|need| need.id)
        .find(|need| all_absent(story, need))
        .unwrap_or(unserved.need);
    let of_suite = story.portfolio.iter_mut().filter(|offer| offer.service == suite.services[0]);
    of_suite.for_each(|offer| offer.offered_not_visible.push(hidden));
    let spreading = &served[rng.random_range(0..served.len())];
    vec![
        Planted::Leaves {
            department: left.clone(),
            from: leaving.services[0],
            to: leaving.services[1],
            week,
            over_weeks: 4,
            customers: 0.6,
            slower: rng.random_range(1.8..4.0),
            spills: 0.2,
        },
        Planted::ComesBack {
            department: returned.clone(),
            from: returning.services[1],
            to: returning.services[0],
            week,
            over_weeks: 4,
            customers: 0.7,
        },
        Planted::Unserved {
            need: unserved.need,
            departments: Vec::new(),
            customers: 0.3,
            per_workday: 0.3,
            services: unserved.services.iter().map(|service| (*service, 1.0)).collect(),
            week: 1,
            over_weeks: 1,
        },
        Planted::Spreads {
            service: spreading.services[1],
            departments: names.iter().cycle().skip(turn).take(names.len().min(3)).cloned().collect(),
            week,
            every_weeks: 2,
            over_weeks: 3,
            customers: 0.4,
            per_workday: 0.4,
        },
        Planted::IdleClient { service: idle.services[0], customers: 0.8, used: 0.05, per_workday: 0.1 },
        Planted::ChatSuiteMeetings {
            service: suite.services[0],
            need: hidden,
            customers: 0.5,
            per_workday: 0.3,
        },
        Planted::EmbeddedNoise { services: unserved.services.clone(), per_workday: 0.1 },
        Planted::RareServices {
            services: served.iter().map(|market| market.services[2]).take(RARE_SERVICES).collect(),
            customers: 0.004,
            per_workday: 0.2,
        },
    ]
}

/// Nobody has a habit for a need yet.
fn all_absent(story: &Story, need: &str) -> bool {
    let own = story.departments.iter().flat_map(|department| &department.habits);
    !story.habits.iter().chain(own).any(|habit| habit.need == need)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Company, Truth};

    #[test]
    fn every_seed_makes_a_story_in_which_its_plants_take_root() {
        for seed in 0..8 {
            let story = Story::made(120, 3, seed, elsewhere_catalog::builtin());
            let company = Company::new(story, elsewhere_catalog::builtin(), "2026-W46".parse().unwrap());
            let truth = Truth::of(&company);
            for planted in &truth.planted {
                let rare = matches!(planted.story, Planted::RareServices { .. });
                assert!(rare || planted.customers_in_it > 0, "seed {seed}: {planted:?}");
            }
        }
    }
}
