//! Companies in which nothing happens, and companies in which a few customers begin with a service.

use elsewhere_catalog::Service;
use elsewhere_collector::{segment::Segment, week::Week};
use elsewhere_proto::v1::AppClass;
use jiff::{Span, civil::Date};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::super::{UNTIL, draw};
use crate::fleet::{Company, Story, company::Routine, story::Planted};

/// Weeks told: twelve of history, and eight in which the test has all of it.
const WEEKS: u32 = 20;
/// Most customers: every night reads twelve weeks anew.
const MOST_CUSTOMERS: u32 = 1_000;

/// Some who begin with a service that nobody used.
pub(super) struct Beginning {
    pub service: &'static str,
    pub segment: Segment,
    pub beginners: usize,
    /// The first day of the first of them.
    pub first: Date,
    /// The first day of the last of them.
    pub last: Date,
}

/// The company of a seed.
pub(super) fn company(seed: u64) -> Company {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX - 1);
    let story = story(seed, &mut rng);
    Company::new(story, elsewhere_catalog::builtin(), UNTIL.parse().expect("a week"))
}

/// What a company with stories does by habit, and all the noise there is.
fn story(seed: u64, rng: &mut ChaCha8Rng) -> Story {
    let mut story = draw::company(seed).story;
    story.weeks = WEEKS;
    story.customers = story.customers.min(MOST_CUSTOMERS);
    story.planted.retain(is_noise);
    let habits: Vec<&str> = story.habits.iter().filter_map(|habit| Some(habit.services.get(1)?.0)).collect();
    let week = |rng: &mut ChaCha8Rng| rng.random_range(3..WEEKS);
    for _ in 0..2 {
        let (departments, customers) = (Vec::new(), rng.random_range(0.05..0.15));
        story.planted.push(Planted::Onboarding { departments, week: week(rng), customers });
        story.planted.push(Planted::Late { week: week(rng), customers: rng.random_range(0.05..0.25) });
        if let Some(service) = habits.choose(rng).copied() {
            story.planted.push(Planted::CatalogUpdate { service, week: week(rng) });
        }
    }
    let names: Vec<String> = story.departments.iter().map(|department| department.name.clone()).collect();
    let [from, to] = [names[0].clone(), names[1].clone()];
    let customers = rng.random_range(0.1..0.4);
    story.planted.push(Planted::Reorganisation { from, to, week: week(rng), customers });
    let last: Week = UNTIL.parse().expect("a week");
    let monday = last.plus(-rng.random_range(0..8)).monday();
    let holiday = |day| monday.saturating_add(Span::new().days(day));
    story.days.holidays.extend((0..rng.random_range(1..=5)).map(holiday));
    story
}

fn is_noise(planted: &Planted) -> bool {
    match planted {
        Planted::Onboarding { .. }
        | Planted::Reorganisation { .. }
        | Planted::Late { .. }
        | Planted::CatalogUpdate { .. }
        | Planted::Partners { .. }
        | Planted::EmbeddedNoise { .. }
        | Planted::IdleClient { .. }
        | Planted::RareServices { .. }
        | Planted::ChatSuiteMeetings { .. } => true,
        Planted::Fails { departments, .. } => departments.is_empty(),
        _ => false,
    }
}

/// The same, in which so many begin with a service of their own, each in a department and a week that the seed chooses.
/// Its need is one that others meet too, since a service that is all of a need is never told of; and no catalog learns
/// anything, since what nobody had used can't be told from what nobody could see.
pub(super) fn with_beginnings(seed: u64, beginners: &[usize]) -> (Company, Vec<Beginning>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX - 2);
    let mut story = story(seed, &mut rng);
    story.planted.retain(|planted| !matches!(planted, Planted::CatalogUpdate { .. }));
    let mut company = Company::new(story, elsewhere_catalog::builtin(), UNTIL.parse().expect("a week"));
    let mut begun = Vec::new();
    for beginners in beginners.iter().copied() {
        let week = rng.random_range(13..WEEKS);
        let taken: Vec<&str> = begun.iter().map(|begun: &Beginning| begun.service).collect();
        let service = unused(&company, &taken, &mut rng);
        let department = rng.random_range(0..company.story.departments.len());
        let of_it = company.customers.iter().filter(|customer| {
            customer.department == department
                && !customer.shared
                && customer.moves.is_none()
                && customer.from_week < 8
        });
        let places: Vec<u32> = of_it.map(|customer| customer.index).collect();
        let chosen: Vec<u32> = places.sample(&mut rng, beginners).copied().collect();
        let firsts: Vec<Date> =
            chosen.iter().filter_map(|customer| begin(&mut company, *customer, service, week)).collect();
        let name = &company.story.departments[department].name;
        let segment = Segment::new("department", name);
        if let (Some(first), Some(last), Ok(segment)) = (firsts.iter().min(), firsts.iter().max(), segment)
            && firsts.len() == beginners
        {
            begun.push(Beginning { service, segment, beginners, first: *first, last: *last });
        }
    }
    (company, begun)
}

/// A service elsewhere for a need that everybody has, which nothing in the story names and which is not begun with
/// either.
fn unused(company: &Company, taken: &[&str], rng: &mut ChaCha8Rng) -> &'static str {
    let named = format!("{:?}", company.story);
    let is_free = |id: &&str| !taken.contains(id) && !named.contains(&format!("\"{id}\""));
    let is_met = |need: &str| company.story.habits.iter().any(|habit| habit.need == need);
    let services = company.catalog.services();
    let services = services.filter(|service| !service.as_often_private() && is_met(service.need()));
    let free: Vec<&'static str> = services.map(Service::id).filter(is_free).collect();
    free.choose(rng).copied().expect("a company uses few of the catalog's services")
}

/// From a week on, a customer uses a service on each of their workdays; says on which date first.
fn begin(company: &mut Company, customer: u32, service: &'static str, week: u32) -> Option<Date> {
    let place = usize::try_from(customer).ok()?;
    company.customers[place].routines.push(Routine {
        per_workday: 1.0,
        service,
        others: Vec::new(),
        second: 0.0,
        minutes: 15,
        app_class: AppClass::Browser,
        from_week: week,
        until_week: u32::MAX,
        switch: None,
    });
    let monday = company.iso_week(week).monday();
    let mut dates = (0..14).map(|day| monday.saturating_add(Span::new().days(day)));
    dates.find(|date| {
        let days = company.device_days_of(&company.customers[place], *date);
        days.iter().any(|(_, day)| day.usages.iter().any(|usage| usage.service_id == service))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn those_who_begin_are_as_many_and_nobody_else_uses_it() {
        let (company, begun) = with_beginnings(5, &[3, 6]);
        assert_eq!(begun.len(), 2);
        for begun in begun {
            let used = |date: Date, index: usize| {
                let days = company.device_days_of(&company.customers[index], date);
                days.iter().any(|(_, day)| day.usages.iter().any(|usage| usage.service_id == begun.service))
            };
            let users = |dates: &[Date]| -> BTreeSet<usize> {
                let all =
                    dates.iter().flat_map(|date| (0..company.customers.len()).map(|index| (*date, index)));
                all.filter(|(date, index)| used(*date, *index)).map(|(_, index)| index).collect()
            };
            let dates: Vec<Date> = company.dates().collect();
            let [before, until] = [begun.first, begun.last.tomorrow().unwrap()]
                .map(|end| dates.iter().copied().filter(|date| *date < end).collect::<Vec<_>>());
            assert!(users(&before).is_empty());
            assert_eq!(users(&until).len(), begun.beginners);
        }
    }

    #[test]
    fn nothing_but_noise_is_left() {
        let company = company(5);
        assert!(company.story.planted.iter().all(is_noise));
        let updates = |planted: &&Planted| matches!(planted, Planted::CatalogUpdate { .. });
        assert!(company.story.planted.iter().filter(updates).count() >= 2);
    }
}
