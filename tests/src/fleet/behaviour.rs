//! What one customer does on one date: whether they work, where, and which services they turn to.
//!
//! A pure function of company, customer and date. Also holds what never leaves a device (evidence `contact` and
//! `visit`): that it is left out is `device_day`'s doing, as it is the agent's.

use elsewhere_proto::v1::{AppClass, Evidence, Place};
use jiff::civil::{Date, Weekday};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::{
    Company,
    company::{Customer, Routine},
    story::Planted,
};

/// One date on which a customer worked.
pub struct Workday {
    /// Week of the story, from 1.
    pub week: u32,
    /// Where.
    pub place: Place,
    /// It was a day of the weekend or a holiday.
    pub off_hours: bool,
    /// What they turned to, in no particular order.
    pub occasions: Vec<Occasion>,
}

/// One service turned to on one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Occasion {
    /// Which of the customer's devices, from 0.
    pub device: u32,
    /// The service.
    pub service: &'static str,
    /// What a device would make of it.
    pub evidence: Evidence,
    /// The kind of program.
    pub app_class: AppClass,
    /// How long, in minutes.
    pub minutes: u32,
    /// How many times as long everything took.
    pub slower: f64,
    /// A try was given up and taken to this service instead.
    pub spilled_to: Option<&'static str>,
    /// In a partner's tenant.
    pub guest: bool,
}

/// What a customer does on a date; `None` where they don't work.
pub fn workday(company: &Company, customer: &Customer, date: Date) -> Option<Workday> {
    let week = company.week_number(date);
    if week < customer.from_week {
        return None;
    }
    let mut rng = company.stream(customer.index, day_number(date));
    let off_hours = is_off(company, date);
    if !works(company, customer, week, off_hours, &mut rng) {
        return None;
    }
    let away = off_hours || rng.random_bool(company.story.days.away);
    let mut day = Workday {
        week,
        place: if away { Place::Away } else { Place::Office },
        off_hours,
        occasions: Vec::new(),
    };
    let lasts = |routine: &&Routine| (routine.from_week..=routine.until_week).contains(&week);
    for routine in customer.routines.iter().filter(lasts) {
        // A day off has a few of a workday's jobs.
        let chance = if off_hours { routine.per_workday * 0.3 } else { routine.per_workday };
        if rng.random_bool(chance) {
            meet(company, customer, routine, &mut day, &mut rng);
        }
    }
    hold_meetings(customer, &mut day.occasions, &mut rng);
    call_partners(customer, &mut day.occasions, &mut rng);
    touch_embedded(company, customer, &mut day.occasions, &mut rng);
    run_idle_clients(customer, &mut day.occasions);
    Some(day)
}

/// Days since 1970-01-01, as records count them; dates before are 0.
pub fn day_number(date: Date) -> u32 {
    u32::try_from((date - Date::constant(1970, 1, 1)).get_days()).unwrap_or(0)
}

fn is_off(company: &Company, date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
        || company.story.days.holidays.contains(&date)
}

fn works(company: &Company, customer: &Customer, week: u32, off_hours: bool, rng: &mut ChaCha8Rng) -> bool {
    let days = &company.story.days;
    if company.week_stream(customer.index, week).random_bool(days.leave) {
        return false;
    }
    rng.random_bool(if off_hours { days.weekend } else { 1.0 - days.absent })
}

/// One need met: with the service they settled for, now and then with another one too.
fn meet(company: &Company, customer: &Customer, routine: &Routine, day: &mut Workday, rng: &mut ChaCha8Rng) {
    let settled_for = routine.service_in(day.week);
    let instead = customer.away.iter().find(|(from, _)| day.place == Place::Away && *from == settled_for);
    let service = instead.map_or(settled_for, |&(_, to)| to);
    let slow = company.slowness(customer.department, service, day.week);
    let occasions = &mut day.occasions;
    let mut occasion = Occasion {
        device: device(customer, rng),
        service,
        evidence: Evidence::Use,
        app_class: routine.app_class,
        minutes: around(routine.minutes, rng),
        slower: slow.map_or(1.0, |(slower, ..)| slower),
        spilled_to: None,
        guest: false,
    };
    if let Some((_, spills, to)) = slow
        && rng.random_bool(spills)
    {
        occasion.spilled_to = Some(to);
        let instead = Occasion { service: to, slower: 1.0, spilled_to: None, ..occasion.clone() };
        occasions.push(Occasion { app_class: AppClass::Browser, ..instead });
    }
    occasions.push(occasion);
    if rng.random_bool(routine.second)
        && let Some(&other) = routine.others.choose(rng)
        && other != service
    {
        let (device, minutes) = (device(customer, rng), around(routine.minutes, rng));
        let slower =
            company.slowness(customer.department, other, day.week).map_or(1.0, |(slower, ..)| slower);
        occasions.push(Occasion { slower, ..used(other, device, AppClass::Browser, minutes) });
    }
}

fn hold_meetings(customer: &Customer, occasions: &mut Vec<Occasion>, rng: &mut ChaCha8Rng) {
    for &(chance, suite) in &customer.chat_meetings {
        if rng.random_bool(chance) {
            occasions.push(used(suite, device(customer, rng), AppClass::VendorClient, around(45, rng)));
        }
    }
}

fn call_partners(customer: &Customer, occasions: &mut Vec<Occasion>, rng: &mut ChaCha8Rng) {
    for &(chance, service) in &customer.partners {
        if rng.random_bool(chance) {
            let minutes = around(40, rng);
            let device = device(customer, rng);
            occasions.push(Occasion { guest: true, ..used(service, device, AppClass::Browser, minutes) });
        }
    }
}

fn touch_embedded(
    company: &Company,
    customer: &Customer,
    occasions: &mut Vec<Occasion>,
    rng: &mut ChaCha8Rng,
) {
    for planted in &company.story.planted {
        let Planted::EmbeddedNoise { services, per_workday } = planted else { continue };
        for service in services {
            if rng.random_bool(*per_workday) {
                let evidence = if rng.random_bool(0.8) { Evidence::Contact } else { Evidence::Visit };
                let device = device(customer, rng);
                occasions.push(Occasion { evidence, ..used(service, device, AppClass::Browser, 5) });
            }
        }
    }
}

/// Clients that run by themselves do so on each device that is on; the first always is.
fn run_idle_clients(customer: &Customer, occasions: &mut Vec<Occasion>) {
    let mut on: Vec<u32> = occasions.iter().map(|occasion| occasion.device).chain([0]).collect();
    on.sort_unstable();
    on.dedup();
    for service in &customer.idle_clients {
        occasions.extend(on.iter().map(|&device| Occasion {
            evidence: Evidence::Present,
            ..used(service, device, AppClass::VendorClient, 0)
        }));
    }
}

fn used(service: &'static str, device: u32, app_class: AppClass, minutes: u32) -> Occasion {
    let (evidence, slower) = (Evidence::Use, 1.0);
    Occasion { device, service, evidence, app_class, minutes, slower, spilled_to: None, guest: false }
}

/// Mostly the first device.
fn device(customer: &Customer, rng: &mut ChaCha8Rng) -> u32 {
    if customer.devices > 1 && rng.random_bool(0.3) { rng.random_range(1..customer.devices) } else { 0 }
}

/// A time between half and one and a half of the usual.
fn around(minutes: u32, rng: &mut ChaCha8Rng) -> u32 {
    rng.random_range(minutes / 2..=minutes + minutes / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::company::tests::company;

    #[test]
    fn what_a_customer_does_does_not_hang_on_the_number_of_others() {
        let (few, many) = (company("customers = 10"), company("customers = 500"));
        for (a, b) in few.customers.iter().zip(&many.customers).take(10) {
            for date in few.dates() {
                let (one, other) = (workday(&few, a, date), workday(&many, b, date));
                assert_eq!(one.map(|day| day.occasions), other.map(|day| day.occasions));
            }
        }
    }

    #[test]
    fn weekends_and_holidays_are_quiet() {
        let company =
            company("customers = 400\nweeks = 1\nuntil = \"2026-W46\"\n[days]\nholidays = [\"2026-11-11\"]");
        let at_work = |date| {
            company.customers.iter().filter(|customer| workday(&company, customer, date).is_some()).count()
        };
        for (date, busy) in company.dates().zip([true, true, false, true, true, false, false]) {
            assert_eq!(at_work(date) > 300, busy, "{date}");
            assert_eq!(at_work(date) < 40, !busy, "{date}");
        }
    }
}
