//! Drawing one customer: department and site, habits, and the planted stories they take part in.

use elsewhere_collector::segment::Segment;
use elsewhere_proto::v1;
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::{Company, Customer, PROFILE, Routine};
use crate::fleet::story::{Habit, Planted};

impl Company {
    /// Draws the customer of this place; its devices follow those drawn before.
    pub(super) fn draw(&self, index: u32, shared: bool) -> Customer {
        let mut rng = self.stream(index, PROFILE);
        let story = &self.story;
        let pseudonym = format!("{:016x}", rng.random::<u64>());
        let pseudonym = pseudonym.parse().expect("hex digits are a pseudonym");
        let shares: Vec<_> = story.departments.iter().map(|department| department.share).collect();
        let department = allot(index, &shares);
        let mut segments = segment("department", &story.departments[department].name);
        if !story.sites.is_empty() {
            let site = story.sites.choose_weighted(&mut rng, |site| site.share);
            segments.extend(site.ok().into_iter().flat_map(|site| segment("site", &site.name)));
        }
        let second = rng.random_bool(story.days.second_device) && !shared;
        let mut customer = Customer {
            index,
            pseudonym,
            segments: segments.try_into().expect("there is one for each of two dimensions"),
            department,
            routines: Vec::new(),
            idle_clients: Vec::new(),
            chat_meetings: Vec::new(),
            planted: Vec::new(),
            first_device: self.devices.last().map_or(0, |device| device.index + 1),
            devices: 1 + u32::from(second),
            shared,
        };
        for habit in story.habits_of(&story.departments[department]) {
            if rng.random_bool(habit.customers) {
                customer.routines.push(routine(habit, &mut rng));
            }
        }
        for (place, planted) in story.planted.iter().enumerate() {
            if self.plant(planted, &mut customer, &mut rng) {
                customer.planted.push(place);
            }
        }
        customer
    }

    /// Lets one planted story change a customer; says whether it did.
    fn plant(&self, planted: &Planted, customer: &mut Customer, rng: &mut ChaCha8Rng) -> bool {
        let department = &self.story.departments[customer.department].name;
        let anyone = |names: &[String]| names.is_empty() || names.contains(department);
        match planted {
            Planted::Leaves { department: who, from, to, week, over_weeks, customers, .. }
            | Planted::ComesBack { department: who, from, to, week, over_weeks, customers } => {
                let (chosen, weeks) = (rng.random_bool(*customers), rng.random_range(0..*over_weeks));
                let uses = |routine: &&mut Routine| routine.service == *from && routine.switch.is_none();
                let Some(routine) = customer.routines.iter_mut().find(uses) else { return false };
                if who != department || !chosen {
                    return false;
                }
                routine.switch = Some((week + weeks, to));
                true
            }
            Planted::Unserved { need, departments, customers, per_workday, services } => {
                let habit = Habit {
                    need,
                    customers: *customers,
                    per_workday: *per_workday,
                    services: services.clone(),
                    second: 0.05,
                    minutes: 15,
                };
                let chosen = rng.random_bool(*customers) && anyone(departments);
                customer.routines.extend(chosen.then(|| routine(&habit, rng)));
                chosen
            }
            Planted::Spreads {
                service,
                departments,
                week,
                every_weeks,
                over_weeks,
                customers,
                per_workday,
            } => {
                let (chosen, weeks) = (rng.random_bool(*customers), rng.random_range(0..*over_weeks));
                let Some(turn) = departments.iter().position(|name| name == department) else { return false };
                if chosen {
                    let turn = u32::try_from(turn).unwrap_or(u32::MAX);
                    let from_week = turn.saturating_mul(*every_weeks).saturating_add(week + weeks);
                    customer.routines.push(Routine { from_week, ..single(service, *per_workday) });
                }
                chosen
            }
            Planted::IdleClient { service, customers, used, per_workday } => {
                let (installed, used) = (rng.random_bool(*customers), rng.random_bool(*used));
                customer.idle_clients.extend(installed.then_some(*service));
                customer.routines.extend((installed && used).then(|| Routine {
                    app_class: v1::AppClass::VendorClient,
                    ..single(service, *per_workday)
                }));
                installed
            }
            Planted::ChatSuiteMeetings { service, customers, per_workday, .. } => {
                let chosen = rng.random_bool(*customers);
                customer.chat_meetings.extend(chosen.then_some((*per_workday, *service)));
                chosen
            }
            Planted::RareServices { services, customers, per_workday } => {
                let before = customer.routines.len();
                for service in services {
                    customer
                        .routines
                        .extend(rng.random_bool(*customers).then(|| single(service, *per_workday)));
                }
                customer.routines.len() > before
            }
            Planted::EmbeddedNoise { .. } => true,
        }
    }
}

fn segment(dimension: &str, path: &str) -> Vec<Segment> {
    // Names were checked when the story was read; one that is no segment would leave its customers without.
    Segment::new(dimension, path).into_iter().collect()
}

/// Which of several shares the `index`th customer falls to: each share fills at its own pace, so that any number of
/// customers is split as evenly as whole customers allow, and one more customer moves no other.
fn allot(index: u32, shares: &[f64]) -> usize {
    let total: f64 = shares.iter().sum();
    // The golden ratio's multiples fall evenly into the unit interval, whatever their number.
    let point = (f64::from(index) * 0.618_033_988_749_894_9 + 0.5).fract() * total;
    let mut sum = 0.0;
    let ends = shares.iter().map(|share| {
        sum += share;
        sum
    });
    ends.into_iter().position(|end| point < end).unwrap_or(shares.len() - 1)
}

fn routine(habit: &Habit, rng: &mut ChaCha8Rng) -> Routine {
    let pace = rng.random_range(0.7..1.3);
    let chosen =
        habit.services.choose_weighted(rng, |&(_, weight)| weight).map_or("", |&(service, _)| service);
    let browser = rng.random_bool(0.7);
    Routine {
        others: habit
            .services
            .iter()
            .map(|&(service, _)| service)
            .filter(|&service| service != chosen)
            .collect(),
        per_workday: (habit.per_workday * pace).min(1.0),
        second: habit.second,
        minutes: habit.minutes,
        app_class: if browser { v1::AppClass::Browser } else { v1::AppClass::VendorClient },
        ..single(chosen, 0.0)
    }
}

fn single(service: &'static str, per_workday: f64) -> Routine {
    Routine {
        per_workday,
        service,
        others: Vec::new(),
        second: 0.0,
        minutes: 15,
        app_class: v1::AppClass::Browser,
        from_week: 1,
        switch: None,
    }
}
