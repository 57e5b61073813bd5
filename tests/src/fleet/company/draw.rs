//! Drawing one customer: department and site, habits, and the planted stories they take part in.

use elsewhere_collector::segment::{Segment, Segments};
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
            from_week: 1,
            moves: None,
            away: Vec::new(),
            partners: Vec::new(),
            late: Vec::new(),
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
            | Planted::ComesBack { department: who, from, to, week, over_weeks, customers }
            | Planted::Decision { department: who, from, to, week, over_weeks, customers } => {
                let (chosen, weeks) = (rng.random_bool(*customers), rng.random_range(0..*over_weeks));
                let uses = |routine: &&mut Routine| routine.service == *from && routine.switch.is_none();
                let Some(routine) = customer.routines.iter_mut().find(uses) else { return false };
                if who != department || !chosen {
                    return false;
                }
                routine.switch = Some((week + weeks, to));
                true
            }
            Planted::Unserved { need, departments, customers, per_workday, services, week, over_weeks } => {
                let chosen = rng.random_bool(*customers) && anyone(departments);
                let habit = taken_up(need, *per_workday, services);
                customer.routines.extend(chosen.then(|| routine(&habit, rng)).map(|routine| {
                    let weeks = if *over_weeks > 1 { rng.random_range(0..*over_weeks) } else { 0 };
                    Routine { from_week: week + weeks, ..routine }
                }));
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
            Planted::EmbeddedNoise { .. } | Planted::CatalogUpdate { .. } => true,
            Planted::Fails { service, departments, .. } | Planted::FrontDoor { service, departments, .. } => {
                anyone(departments) && uses(customer, service)
            }
            Planted::TurnedAway { services, departments, .. } => {
                anyone(departments) && services.iter().any(|service| uses(customer, service))
            }
            Planted::Reach { department: who, from, to, customers } => {
                let chosen = rng.random_bool(*customers) && who == department && uses(customer, from);
                customer.away.extend(chosen.then_some((*from, *to)));
                chosen
            }
            Planted::Relies { department: who, from, to, customers } => {
                let chosen = rng.random_bool(*customers) && who == department;
                let routine = customer.routines.iter_mut().find(|routine| routine.service == *from);
                let Some(routine) = routine.filter(|_| chosen) else { return false };
                routine.service = to;
                true
            }
            Planted::Fling { department: who, service, week, weeks, customers, per_workday } => {
                let chosen = rng.random_bool(*customers) && who == department;
                customer.routines.extend(chosen.then(|| Routine {
                    from_week: *week,
                    until_week: week + weeks - 1,
                    ..single(service, *per_workday)
                }));
                chosen
            }
            Planted::Scattered { department: who, need, services, customers, per_workday } => {
                let chosen = rng.random_bool(*customers) && who == department;
                if chosen {
                    let is_for = |routine: &Routine| {
                        self.catalog.service(routine.service).is_some_and(|service| service.need() == *need)
                    };
                    customer.routines.retain(|routine| !is_for(routine));
                    customer.routines.push(routine(&taken_up(need, *per_workday, services), rng));
                }
                chosen
            }
            Planted::Onboarding { departments, week, customers } => {
                let chosen = rng.random_bool(*customers) && anyone(departments) && !customer.shared;
                customer.from_week = if chosen { *week } else { customer.from_week };
                chosen
            }
            Planted::Reorganisation { from, to, week, customers } => {
                let chosen = rng.random_bool(*customers) && from == department && customer.moves.is_none();
                if chosen {
                    customer.moves = moved(customer, to).map(|segments| (*week, segments));
                }
                chosen
            }
            Planted::Late { week, customers } => {
                let chosen = rng.random_bool(*customers);
                customer.late.extend(chosen.then_some(*week));
                chosen
            }
            Planted::Partners { services, customers, per_workday } => {
                let chosen = rng.random_bool(*customers);
                let service = services.choose(rng).filter(|_| chosen);
                customer.partners.extend(service.map(|service| (*per_workday, *service)));
                chosen
            }
        }
    }
}

fn uses(customer: &Customer, service: &str) -> bool {
    customer.routines.iter().any(|routine| routine.service == service)
}

/// The customer's segments with another department.
fn moved(customer: &Customer, to: &str) -> Option<Segments> {
    let others = customer.segments.iter().filter(|segment| segment.dimension() != "department");
    let segments: Vec<Segment> = others.cloned().chain(segment("department", to)).collect();
    segments.try_into().ok()
}

/// What customers take up who are chosen one by one.
fn taken_up(need: &'static str, per_workday: f64, services: &[(&'static str, f64)]) -> Habit {
    Habit { need, customers: 1.0, per_workday, services: services.to_vec(), second: 0.05, minutes: 15 }
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
        until_week: u32::MAX,
        switch: None,
    }
}
