//! A company's nights: what a collector would release of it, morning after morning.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use elsewhere_collector::{
    device::DeviceId,
    device_day::DeviceDay,
    floor::{self, Policy},
    portfolio::Portfolio,
    rollup::{ARRIVAL_DAYS, ArrivalTally, Tally, surprising},
    segment::Segment,
    store::{Member, body},
    week::Week,
};
use jiff::{Span, civil::Date};

use super::super::told::member_of;
use crate::fleet::{Company, history};

/// What a company's reader hears.
pub(super) struct Heard {
    pub signals: Vec<Signal>,
    /// Weeks that were judged, of each segment of the main dimension and of everybody.
    pub segment_weeks: u64,
}

pub(super) struct Signal {
    pub segment: Option<Segment>,
    pub service: String,
    pub released: Date,
    /// The same in words.
    pub words: String,
}

/// The device-days of one date.
struct DayTold {
    date: Date,
    days: Vec<Delivered>,
}

struct Delivered {
    member: Member,
    body: Vec<u8>,
    /// It came after the freeze of its week.
    is_late: bool,
}

/// Judges every night from the second week on.
pub(super) fn listen(company: &Company) -> anyhow::Result<Heard> {
    let portfolio = Portfolio::parse(&history::portfolio(company), company.catalog)?;
    let policy = Policy { minimum_group: super::super::K, main_dimension: portfolio.main_dimension.clone() };
    let kept = usize::try_from(ARRIVAL_DAYS)?;
    let mut told: Vec<DayTold> = Vec::new();
    let (mut signals, mut known) = (Vec::new(), BTreeSet::new());
    for date in company.dates() {
        told.push(tell(company, date)?);
        if told.len() > kept {
            told.remove(0);
        }
        if company.week_number(date) < 2 {
            continue;
        }
        let landscape = portfolio.landscape(company.catalog, Week::of(date));
        let mut arrivals = ArrivalTally::until(date, HashMap::new(), &policy.main_dimension);
        each(&told, date, |member, day| arrivals.add_packed(&landscape, member, day))?;
        let surprising = surprising(&arrivals.finish(&landscape), floor::fewest_to_tell(&policy));
        if surprising.values().all(BTreeMap::is_empty) {
            continue;
        }
        let mut tally = Tally::until(date, HashMap::new());
        let week = told.len().saturating_sub(7);
        each(&told[week..], date, |member, day| tally.add_packed(&landscape, member, day))?;
        let rollup = tally.finish(&landscape, policy.minimum_group);
        let released = date.tomorrow()?;
        for signal in floor::signals(&rollup, &landscape, &policy, &surprising, released) {
            if !known.insert((signal.segment.clone(), signal.service.clone())) {
                continue;
            }
            let arrived = surprising[&signal.segment][&signal.service];
            let whose = signal.segment.as_ref().map_or_else(|| "everybody".to_owned(), ToString::to_string);
            let words = format!(
                "{}, week {}: {whose}, {}, {arrived:?}",
                company.story.organisation,
                company.week_number(date),
                signal.service
            );
            let (segment, service) = (signal.segment, signal.service);
            signals.push(Signal { segment, service, released, words });
        }
    }
    let segments = u64::try_from(company.story.departments.len())? + 1;
    Ok(Heard { signals, segment_weeks: segments * u64::from(company.story.weeks - 1) })
}

fn tell(company: &Company, date: Date) -> anyhow::Result<DayTold> {
    let week = company.week_number(date);
    let mut told = DayTold { date, days: Vec::new() };
    for customer in &company.customers {
        for (device, day) in company.device_days_of(customer, date) {
            let id = DeviceId::from_bits(device.name);
            told.days.push(Delivered {
                member: member_of(company, customer, id, week),
                body: body::pack(&DeviceDay::try_from(&day)?),
                is_late: customer.late.contains(&week),
            });
        }
    }
    Ok(told)
}

/// What has been delivered by the night after a date. Who is late delivers a week after the week's end.
fn each(
    told: &[DayTold],
    last_day: Date,
    mut add: impl FnMut(&Member, &body::PackedDay<'_>),
) -> anyhow::Result<()> {
    let mut room = Vec::new();
    for DayTold { date, days } in told {
        let come = Week::of(*date).sunday().saturating_add(Span::new().days(8));
        for day in days.iter().filter(|day| !day.is_late || last_day >= come) {
            add(&day.member, &body::read(&day.body, &mut room)?);
        }
    }
    Ok(())
}
