//! A company's weeks, rolled up and published as the collector does it, without a store.
//!
//! Each device-day is generated once and kept packed for as long as a later week's history needs it.

use std::collections::{HashMap, VecDeque};

use elsewhere_collector::{
    device::{Customer, DeviceId, Groups},
    device_day::DeviceDay,
    floor::{self, Policy},
    insight::conversation::Conversation,
    journal::{Decision, Journal},
    portfolio::{Landscape, Portfolio},
    published::PublishedWeek,
    rollup::{HISTORY_WEEKS, Rollup, Tally},
    segment::Segment,
    store::{Member, body},
};
use jiff::Span;

use crate::fleet::{Company, company::Customer as Person, history, story::Planted};

/// What a reader gets, and the exact counts that nobody gets.
pub struct Told {
    /// What the organisation says of itself.
    pub portfolio: Portfolio,
    /// The decisions of its story.
    pub journal: Journal,
    /// The last weeks, oldest first.
    pub published: Vec<PublishedWeek>,
    /// Theirs, at the same places.
    pub rollups: Vec<Rollup>,
}

/// One week's device-days.
struct WeekOfDays {
    number: u32,
    landscape: Landscape,
    bodies: Vec<u8>,
    /// The device, the place of its customer, and where its body ends.
    days: Vec<(u32, u32, usize)>,
}

/// Tells all weeks of a company, and publishes the last of them.
pub fn tell(company: &Company, publish: u32) -> anyhow::Result<Told> {
    let portfolio = Portfolio::parse(&history::portfolio(company), company.catalog)?;
    let policy = Policy { minimum_group: 5, main_dimension: portfolio.main_dimension.clone() };
    let mut told = Told { journal: journal(company), portfolio, published: Vec::new(), rollups: Vec::new() };
    let mut kept: VecDeque<WeekOfDays> = VecDeque::new();
    let first = company.story.weeks.saturating_sub(publish) + 1;
    for number in 1..=company.story.weeks {
        kept.push_back(generate(company, &told.portfolio, number)?);
        if kept.len() > usize::try_from(HISTORY_WEEKS)? + 1 {
            kept.pop_front();
        }
        if number < first {
            continue;
        }
        let rollup = roll_up(company, kept.make_contiguous(), policy.minimum_group)?;
        let landscape = &kept.back().expect("it was pushed above").landscape;
        told.published.push(floor::publish(&rollup, landscape, &policy));
        told.rollups.push(rollup);
    }
    Ok(told)
}

fn generate(company: &Company, portfolio: &Portfolio, number: u32) -> anyhow::Result<WeekOfDays> {
    let week = company.iso_week(number);
    let landscape = portfolio.landscape(company.catalog, week);
    let mut told = WeekOfDays { number, landscape, bodies: Vec::new(), days: Vec::new() };
    for customer in &company.customers {
        for date in (0..7).map(|day| week.monday().saturating_add(Span::new().days(day))) {
            for (device, day) in company.device_days_of(customer, date) {
                told.bodies.extend(body::pack(&DeviceDay::try_from(&day)?));
                told.days.push((device.index, customer.index, told.bodies.len()));
            }
        }
    }
    Ok(told)
}

/// The last of these weeks, those before it being its history.
fn roll_up(company: &Company, weeks: &[WeekOfDays], k: u32) -> anyhow::Result<Rollup> {
    let last = weeks.last().expect("a week is rolled up with itself");
    let mut tally = Tally::new(company.iso_week(last.number), HashMap::new());
    for device in &company.devices {
        let customer = &company.customers[device.customer as usize];
        if customer.from_week <= last.number {
            tally.enrolled(DeviceId::from_bits(device.name), customer.segments_in(last.number));
        }
    }
    for week in weeks {
        let mut begins = 0;
        let mut member: Option<Member> = None;
        for &(device, customer, ends) in &week.days {
            let person = &company.customers[customer as usize];
            let bytes = &week.bodies[begins..ends];
            begins = ends;
            if week.number == last.number && person.late.contains(&week.number) {
                continue;
            }
            let id = DeviceId::from_bits(company.devices[device as usize].name);
            let member = match &mut member {
                Some(known) if known.device == id => known,
                other => other.insert(member_of(company, person, id, week.number)),
            };
            let mut room = Vec::new();
            tally.add_packed(&week.landscape, member, &body::read(bytes, &mut room)?);
        }
    }
    Ok(tally.finish(&last.landscape, k))
}

pub(super) fn member_of(company: &Company, customer: &Person, device: DeviceId, week: u32) -> Member {
    let pseudonym = (!customer.shared).then(|| customer.pseudonym.clone());
    let groups = Groups { segments: customer.segments_in(week).clone(), pseudonym };
    Member {
        device,
        customer: Customer::of(device, &groups),
        segments: groups.segments,
        enrolled: company.first.monday(),
        group_token: false,
    }
}

/// The decisions of a story, as IT would have written them down.
fn journal(company: &Company) -> Journal {
    let mut journal = Journal::default();
    for planted in &company.story.planted {
        let Planted::Decision { department, from, week, .. } = planted else { continue };
        let need = company.catalog.service(from).map_or("", |service| service.need());
        journal.decisions.push(Decision {
            number: u32::try_from(journal.decisions.len()).expect("a handful") + 1,
            date: company.iso_week(*week).monday(),
            segment: Segment::new("department", department).ok(),
            need: need.to_owned(),
            service: Some((*from).to_owned()),
            conversation: Conversation::Fix,
            what: "mend ours".to_owned(),
            owner: "IT".to_owned(),
            business_owner: None,
            reason: None,
            heard: None,
            review: None,
            closed: None,
            line: 1,
        });
    }
    journal
}
