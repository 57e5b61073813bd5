//! What the published rows say, as rows of a program. This is the file to change when rows change.

use elsewhere_collector::{
    portfolio::Side,
    published::{Figure as Published, PublishedNeed, PublishedWeek, Reason},
    rollup::Part,
    segment::Segment,
};

use super::{
    arithmetic::{ELSEWHERE, Figure, World},
    attack::name,
    cells::Cell,
    company::{Company, MAIN_DIMENSION, Service, civil_week},
    program::{Program, Sum, Variable, value},
};

/// A segment, or everybody.
type At<'s> = Option<&'s Segment>;

/// The figures that a row of a need has, by what a reader calls them.
pub(crate) fn published(row: &PublishedNeed, figure: Figure, company: &Company) -> Option<Published> {
    Some(match figure {
        Figure::Customers => row.customers,
        Figure::Part(part) => days_published(row, part),
        Figure::Elsewhere => row.customers_elsewhere,
        Figure::OursOrElsewhere => row.customers_ours_or_elsewhere,
        Figure::OursAndElsewhere => row.customers_both,
        Figure::Service(service) => row.service(&company.services[service].id)?.customers,
        Figure::Left => row.left,
        Figure::CameBack => row.came_back,
        Figure::Present(service) => {
            let row = row.service(&company.services[service].id);
            row.map_or(Published::Hidden(Reason::K), |row| row.customers_present)
        }
        Figure::InOurTenant(service) => {
            let told = row.service(&company.services[service].id).and_then(|row| row.customers_in_our_tenant);
            told.map_or(Published::Hidden(Reason::K), Published::Shown)
        }
        Figure::Facet(facet) => {
            let shown = row.facets.iter().find(|shown| shown.facet == facet);
            shown.map_or(Published::Hidden(Reason::K), |shown| Published::Shown(shown.customers))
        }
        Figure::NeverElsewhere => return None,
    })
}

fn days_published(row: &PublishedNeed, part: Part) -> Published {
    match part {
        Part::OursAlone => row.ours_alone,
        Part::Both => row.both,
        Part::Tolerated => row.tolerated,
        Part::ElsewhereAlone => row.elsewhere_alone,
    }
}

/// What a reader makes of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The smallest group.
    pub(crate) k: i64,
    /// How far distinct customers lie from the number published.
    pub(crate) customers: Window,
    /// How far customer-days do.
    pub(crate) days: Window,
    /// How the price is published.
    pub(crate) price: PriceRead,
    /// How the share of devices that reported is.
    pub(crate) reporting: ReportingRead,
    /// Customers in our tenant are never told as more than all of the service but k.
    pub(crate) tenants_are_capped: bool,
}

/// How far what was counted lies below and above a published number at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) below: i64,
    pub(crate) above: i64,
}

impl Window {
    pub(crate) const EXACT: Self = Self { below: 0, above: 0 };
    pub(crate) const NEAREST_5: Self = Self { below: 2, above: 2 };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PriceRead {
    Nothing,
    /// Everybody's by need, in whole percents.
    OfAllExactly,
    /// In tens up to 90, of [`LEAST_SHOWN`] days or more.
    InTens,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportingRead {
    /// In whole percents.
    Exactly,
    /// Of the middle of so many.
    InSteps(u64),
}

impl ReportingRead {
    /// The percent that is published where so many of these reported.
    fn percent(self, reporting: u64, devices: u64) -> u64 {
        let told = match self {
            Self::Exactly => reporting,
            Self::InSteps(step) => (reporting / step * step + step / 2).min(devices),
        };
        told * 100 / devices
    }

    /// The least and the most devices that can have reported.
    pub(crate) fn window(self, percent: u8, devices: u64) -> (i64, i64) {
        let told = (0..=devices).filter(|reporting| self.percent(*reporting, devices) == u64::from(percent));
        let told: Vec<i64> = told.map(|reporting| i64::try_from(reporting).unwrap()).collect();
        (told[0], told[told.len() - 1])
    }
}

impl Reading {
    /// Of what the floor publishes with this smallest group. Change it with the floor's rounding.
    pub(crate) fn of_the_floor(k: u32) -> Self {
        let k = i64::from(k);
        let step = (k + 4) / 5 * 5;
        let customers = Window { below: 0, above: step - 1 };
        let days = Window { below: step, above: step - 1 };
        let reporting = ReportingRead::InSteps(u64::try_from(step).unwrap());
        Self { k, customers, days, price: PriceRead::InTens, reporting, tenants_are_capped: true }
    }
}

/// Fewest days shown of which the floor tells a share.
const LEAST_SHOWN: i64 = 500;

impl World<'_> {
    /// Takes in all that was released of a week. `week` is its place among those looked at.
    pub(crate) fn read(&mut self, week: usize, released: &PublishedWeek, reading: Reading) {
        for row in &released.segments {
            let node = row.segment.as_ref();
            for (which, figure) in [row.left, row.came_back].into_iter().enumerate() {
                if let Some(shown) = figure.shown() {
                    self.say(week, node, ["left", "came back"][which], "customers", shown);
                    let sum = self.moves(which, week, node);
                    read_customers(&mut self.program, sum, shown, reading);
                }
            }
            for need in 0..self.company.needs.len() {
                if let Some(row) = row.need(&self.company.needs[need]) {
                    self.read_need(need, week, node, row, reading);
                }
            }
        }
        if reading.price != PriceRead::Nothing {
            self.read_price(week, released, reading);
        }
    }

    fn read_need(&mut self, need: usize, week: usize, node: At<'_>, row: &PublishedNeed, reading: Reading) {
        let id = self.company.needs[need].clone();
        for figure in self.figures(need) {
            let is_part = matches!(figure, Figure::Part(_) | Figure::InOurTenant(_));
            let follows = matches!(figure, Figure::Service(service) if self.follows(service, row));
            let shown = published(row, figure, self.company)
                .and_then(Published::shown)
                .filter(|_| !is_part && !follows);
            if let Some(shown) = shown {
                self.say(week, node, &format!("{id}, {figure:?}"), "customers", shown);
                let sum = self.figure(need, figure, week, node);
                read_customers(&mut self.program, sum, shown, reading);
            }
        }
        if let Some(days) = row.customer_days.shown() {
            self.say(week, node, &id, "days", days);
            let sum = self.days(need, &Part::ALL, |cell| cell.is_in(week, node));
            self.read_days(sum, self.figure(need, Figure::Customers, week, node), days, reading);
        }
        if let Some(days) = row.elsewhere.shown() {
            self.say(week, node, &format!("{id}, elsewhere"), "days", days);
            let sum = self.days(need, &ELSEWHERE, |cell| cell.is_in(week, node));
            self.read_days(sum, self.figure(need, Figure::Elsewhere, week, node), days, reading);
        }
        for part in Part::ALL {
            if let Some(days) = days_published(row, part).shown() {
                self.say(week, node, &format!("{id}, {part:?}"), "days", days);
                let sum = self.days(need, &[part], |cell| cell.is_in(week, node));
                self.read_days(sum, self.figure(need, Figure::Part(part), week, node), days, reading);
            }
        }
        self.read_our_tenants(need, week, node, row, reading);
        let services: Vec<usize> = self.company.services_of(need).map(|(index, _)| index).collect();
        let row_of = |service: usize| row.service(&self.company.services[service].id);
        for service in &services {
            let days = row_of(*service).and_then(|row| row.customer_days.shown());
            if let Some(days) = days.filter(|_| !self.follows(*service, row)) {
                self.say(week, node, &format!("{id}, Service({service})"), "days", days);
                let sum = self.service_days(*service, |cell| cell.is_in(week, node));
                self.read_days(sum, self.figure(need, Figure::Service(*service), week, node), days, reading);
            }
        }
        if let Some(others) = row.other_services_customers.shown() {
            self.say(week, node, &id, "customers of other services", others);
            // They are customers of services without a row, and of the need.
            let least = (i64::from(others) - reading.customers.below).max(reading.k);
            let without_row = services.iter().filter(|service| row_of(**service).is_none());
            let sum =
                without_row.flat_map(|service| self.figure(need, Figure::Service(*service), week, node));
            let sum = sum.collect();
            self.program.at_least(sum, least);
            self.program.at_least(self.figure(need, Figure::Customers, week, node), least);
        }
    }

    /// What is told of our tenant is that or more, where all of the service but k may come to it.
    fn read_our_tenants(
        &mut self,
        need: usize,
        week: usize,
        node: At<'_>,
        row: &PublishedNeed,
        reading: Reading,
    ) {
        for figure in self.figures(need) {
            let Figure::InOurTenant(service) = figure else { continue };
            let Some(of_service) = row.service(&self.company.services[service].id) else { continue };
            let Some(shown) = of_service.customers_in_our_tenant else { continue };
            self.say(week, node, &format!("{}, {figure:?}", row.need), "customers", shown);
            let sum = self.figure(need, figure, week, node);
            let most = i64::from(shown) + reading.customers.above;
            let least = (i64::from(shown) - reading.customers.below).max(reading.k);
            let all_but_k = i64::from(of_service.customers.shown().unwrap_or(u32::MAX)) - reading.k;
            if reading.tenants_are_capped && all_but_k <= most {
                self.program.at_least(sum, least);
            } else {
                self.program.between(sum, least, most);
            }
        }
    }

    /// The figures of the only service of ours are made of those that are shown of its need, and say no more.
    fn follows(&self, service: usize, row: &PublishedNeed) -> bool {
        let service = &self.company.services[service];
        let is_ours = |other: &&Service| other.need == service.need && other.side() == Side::Ours;
        let is_only = self.company.services.iter().filter(is_ours).count() == 1;
        let is_made = row.both.shown().is_some() && row.customers_both.shown().is_some();
        service.side() == Side::Ours && is_only && is_made
    }

    /// Notes which number the next rows come from.
    fn say(&mut self, week: usize, node: At<'_>, of: &str, unit: &str, shown: u32) {
        let node = name(node);
        let week = civil_week(self.weeks[week]);
        self.program.says(format!("{week}, {node}, {of}: {shown} {unit}"));
    }

    /// Days are shown only of nobody, or of k customers or more.
    fn read_days(&mut self, days: Sum, customers: Sum, shown: u32, reading: Reading) {
        let shown = i64::from(shown);
        if shown == 0 {
            return self.program.at_most(days, 0);
        }
        self.program.between(days, shown - reading.days.below, shown + reading.days.above);
        self.program.at_least(customers, reading.k);
    }

    /// The price tells whole percents of all days elsewhere.
    fn read_price(&mut self, week: usize, released: &PublishedWeek, reading: Reading) {
        let row = |node: At<'_>, need: usize| released.segment(node)?.need(&self.company.needs[need]);
        let directly_in = |cell: &Cell| cell.segment(week, MAIN_DIMENSION).cloned();
        let (mut all, mut shown_to_all, mut by_need) = (Sum::new(), Sum::new(), Sum::new());
        for need in 0..self.company.needs.len() {
            let everywhere = self.days(need, &ELSEWHERE, |cell| cell.is_in(week, None));
            if row(None, need).is_some_and(|row| row.elsewhere.shown().is_some()) {
                shown_to_all.extend(everywhere.clone());
            }
            all.extend(everywhere);
            let shows = |segment: Segment| {
                row(Some(&segment), need).is_some_and(|row| row.elsewhere.shown().is_some())
            };
            by_need.extend(self.days(need, &ELSEWHERE, |cell| directly_in(cell).is_some_and(shows)));
        }
        let (mut all_services, mut by_service) = (Sum::new(), Sum::new());
        let elsewhere = self.company.services.iter().enumerate();
        for (index, service) in elsewhere.filter(|(_, service)| service.side() == Side::Elsewhere) {
            all_services.extend(self.service_days(index, |cell| cell.is_in(week, None)));
            let shows = |segment: Segment| {
                let row = row(Some(&segment), service.need).and_then(|row| row.service(&service.id));
                row.is_some_and(|row| row.customer_days.shown().is_some())
            };
            by_service.extend(self.service_days(index, |cell| directly_in(cell).is_some_and(shows)));
        }
        let price = released.price;
        if reading.price == PriceRead::OfAllExactly {
            return self.read_percent(price.organisation_by_need, shown_to_all, all);
        }
        self.read_tens("of all by need", price.organisation_by_need, shown_to_all, all.clone());
        self.read_tens("by need", price.segment_by_need, by_need, all);
        self.read_tens("by service", price.segment_by_service, by_service, all_services);
    }

    /// At least so many tens of a percent; 90 is as many or more.
    fn read_tens(&mut self, what: &str, percent: Option<u8>, part: Sum, whole: Sum) {
        self.program.says(format!("the price {what} is {percent:?} percent"));
        let Some(tens) = percent.map(|percent| i64::from(percent) / 10) else {
            return self.program.at_most(part, LEAST_SHOWN - 1);
        };
        let [part, whole] = [part, whole].map(|sum| self.total(sum));
        self.program.at_least(vec![(part, 1)], LEAST_SHOWN);
        self.program.at_least(vec![(part, 10), (whole, -tens)], 0);
        if tens < 9 {
            self.program.at_most(vec![(part, 10), (whole, -tens - 1)], -1);
        }
    }

    /// Rounded down; `None` is of nothing.
    fn read_percent(&mut self, percent: Option<u8>, part: Sum, whole: Sum) {
        self.program.says(format!("the price is {percent:?} percent"));
        let Some(percent) = percent.map(i64::from) else {
            return self.program.at_most(whole, 0);
        };
        let [part, whole] = [part, whole].map(|sum| self.total(sum));
        self.program.at_least(vec![(whole, 1)], 1);
        self.program.at_least(vec![(part, 100), (whole, -percent)], 0);
        self.program.at_most(vec![(part, 100), (whole, -percent - 1)], -1);
    }

    /// A sum as a number of its own, so that the solver can settle it first.
    fn total(&mut self, mut sum: Sum) -> Variable {
        self.truth.push(value(&sum, &self.truth));
        let total = self.program.amount(0, MOST_DAYS);
        sum.push((total, -1));
        self.program.between(sum, 0, 0);
        total
    }
}

/// More days than any company here has.
const MOST_DAYS: i64 = 10_000;

pub(crate) fn read_customers(program: &mut Program, sum: Sum, shown: u32, reading: Reading) {
    let shown = i64::from(shown);
    let least = (shown - reading.customers.below).max(reading.k);
    program.between(sum, least, shown + reading.customers.above);
}
