//! What the floor costs companies of several sizes: the share of customer-days elsewhere that is shown.

use std::collections::HashMap;

use elsewhere_collector::{
    device::{Customer, DeviceId, Groups},
    device_day::DeviceDay,
    floor::{self, Policy},
    portfolio::Portfolio,
    rollup::Tally,
    week::Week,
};
use jiff::Span;

use crate::{
    figures::{Spread, percent},
    fleet::{Company, Story, history, story::Department},
    table::{Goal, Table},
};

/// Companies by their customers; 8 segments for 600 customers, and two at least.
const COMPANIES: [u32; 4] = [50, 200, 1_000, 20_000];
/// The week that is published is the last of so many.
const WEEKS: u32 = 6;
/// Stories made up for each size, whose median counts.
const STORIES: u64 = 5;

/// Publishes a week of each company.
pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    for customers in COMPANIES {
        let mut stories: [Vec<f64>; 3] = Default::default();
        let mut segments = 0;
        for seed in 1..=STORIES {
            let company = company(customers, seed);
            segments = company.story.departments.len();
            stories.iter_mut().zip(shown(&company)?).for_each(|(figures, shown)| figures.push(shown));
        }
        let levels = ["organisation by need", "segment by need", "segment by service"];
        for (level, figures) in levels.into_iter().zip(stories) {
            let shown = Spread::of(figures);
            let goal = match level {
                "organisation by need" if customers >= 200 => Goal::AtLeast(90.0),
                "segment by need" if customers >= 1_000 => Goal::AtLeast(80.0),
                _ => Goal::None,
            };
            table.row(
                &format!("days elsewhere shown, {customers} customers: {level}"),
                shown.median,
                "%",
                &format!("{segments} segments; {STORIES} stories, {:.0} to {:.0} %", shown.least, shown.most),
                goal,
            );
        }
    }
    Ok(())
}

fn company(customers: u32, seed: u64) -> Company {
    let catalog = elsewhere_catalog::builtin();
    let mut story = Story::made(customers, WEEKS, seed, catalog);
    let (made, wanted) = (story.departments.clone(), (customers * 8 / 600).max(2) as usize);
    // More departments of the same kinds, under names of their own.
    let named = |(place, department): (usize, &Department)| match place / made.len() {
        0 => department.clone(),
        again => Department { name: format!("{} {}", department.name, again + 1), ..department.clone() },
    };
    story.departments = made.iter().cycle().enumerate().take(wanted).map(named).collect();
    let week: Week = "2026-W46".parse().expect("a week");
    Company::new(story, catalog, week)
}

/// The share shown in percent: organisation by need, segment by need, segment by service.
fn shown(company: &Company) -> anyhow::Result<[f64; 3]> {
    let portfolio = Portfolio::parse(&history::portfolio(company), company.catalog)?;
    let week = company.iso_week(WEEKS);
    let landscape = portfolio.landscape(company.catalog, week);
    let mut tally = Tally::new(week, HashMap::new());
    for date in (0..7).map(|day| week.monday().saturating_add(Span::new().days(day))) {
        for customer in &company.customers {
            for (device, day) in company.device_days_of(customer, date) {
                let id = DeviceId::from_bits(device.name);
                let pseudonym = (!customer.shared).then(|| customer.pseudonym.clone());
                let groups = Groups { segments: customer.segments.clone(), pseudonym };
                let day = DeviceDay::try_from(&day)?;
                tally.add(&landscape, id, &Customer::of(id, &groups), &groups.segments, &day);
            }
        }
    }
    let policy = Policy { minimum_group: 5, main_dimension: portfolio.main_dimension.clone() };
    let rollup = tally.finish(&landscape, 5);
    let week = floor::publish(&rollup, &landscape, &policy);
    let costs = floor::costs(&rollup, &landscape, &week, &policy.main_dimension);
    let accounts = [costs.organisation_by_need, costs.segment_by_need, costs.segment_by_service];
    Ok(accounts.map(|account| percent(account.shown, account.all)))
}
