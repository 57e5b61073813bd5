//! The company's customers and devices, drawn from a story and its seed.
//!
//! Always: a customer's draws come from a stream of their own, keyed by seed, customer and day. So the same seed
//! gives the same customer, however many others there are and in whichever order they are asked for.

mod draw;

use elsewhere_catalog::Catalog;
use elsewhere_collector::{device::Pseudonym, segment::Segments, week::Week};
use elsewhere_proto::v1;
use jiff::{Span, civil::Date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    behaviour::day_number,
    story::{Planted, Story},
};

/// A company: its story, its calendar, who works there and on what.
pub struct Company {
    /// The story told.
    pub story: Story,
    /// The catalog that the story's ids are of.
    pub catalog: &'static Catalog,
    /// First ISO week told.
    pub first: Week,
    /// Customers, then the shared devices' sets of accounts.
    pub customers: Vec<Customer>,
    /// All devices; a customer's are next to each other.
    pub devices: Vec<Device>,
    streams: ChaCha8Rng,
}

/// The person behind one or more devices, or the accounts of a shared device.
pub struct Customer {
    /// Place in `Company::customers`.
    pub index: u32,
    /// Random name that joins this customer's devices.
    pub pseudonym: Pseudonym,
    /// One segment a dimension.
    pub segments: Segments,
    /// Place in the story's departments.
    pub department: usize,
    /// How this customer meets needs.
    pub routines: Vec<Routine>,
    /// Services whose clients run by themselves.
    pub idle_clients: Vec<&'static str>,
    /// Chance and suite of a meeting that looks like chat.
    pub chat_meetings: Vec<(f64, &'static str)>,
    /// Places in the story's planted ones that this customer takes part in.
    pub planted: Vec<usize>,
    /// First of this customer's devices in `Company::devices`.
    pub first_device: u32,
    /// How many devices there are.
    pub devices: u32,
    /// Several people's accounts: no customer.
    pub shared: bool,
    /// The week of the story in which they begin to work here.
    pub from_week: u32,
    /// From a week of the story on, other segments.
    pub moves: Option<(u32, Segments)>,
    /// Away from the office the second instead of the first.
    pub away: Vec<(&'static str, &'static str)>,
    /// Chance and service of work in a partner's tenant.
    pub partners: Vec<(f64, &'static str)>,
    /// Weeks whose days come after the freeze.
    pub late: Vec<u32>,
}

/// One enrolled endpoint.
pub struct Device {
    /// Place in `Company::devices`.
    pub index: u32,
    /// Place of its customer in `Company::customers`.
    pub customer: u32,
    /// 64 random bits for its name.
    pub name: u64,
}

/// One customer's way with one need.
pub struct Routine {
    /// Chance of it on a workday.
    pub per_workday: f64,
    /// The service they settled for.
    pub service: &'static str,
    /// The others they might turn to, too.
    pub others: Vec<&'static str>,
    /// Chance of one of the others on such a day.
    pub second: f64,
    /// Minutes of a typical day with it.
    pub minutes: u32,
    /// The program they use for it.
    pub app_class: v1::AppClass,
    /// The week of the story in which it begins.
    pub from_week: u32,
    /// The last week of the story with it.
    pub until_week: u32,
    /// From a week of the story on, another service instead.
    pub switch: Option<(u32, &'static str)>,
}

impl Customer {
    /// The segments in a week of the story.
    pub fn segments_in(&self, week: u32) -> &Segments {
        match &self.moves {
            Some((from, segments)) if week >= *from => segments,
            _ => &self.segments,
        }
    }
}

impl Routine {
    /// The service they turn to in a week of the story.
    pub fn service_in(&self, week: u32) -> &'static str {
        match self.switch {
            Some((from, to)) if week >= from => to,
            _ => self.service,
        }
    }
}

/// Days of a customer's streams that stand for no date that is ever told.
const PROFILE: u32 = 0;
const NAMES: u32 = 1;
/// Weeks have streams of their own, after this day number (the year 24,000 or so).
const WEEKS: u32 = 8_000_000;
/// What the company's filter does in a week.
const FILTERS: u32 = 9_000_000;

impl Company {
    /// Draws a company from its story; `until` is the last week told.
    pub fn new(story: Story, catalog: &'static Catalog, until: Week) -> Self {
        let first = until.plus(1 - i64::from(story.weeks));
        let streams = ChaCha8Rng::seed_from_u64(story.seed);
        let mut company = Self { story, catalog, first, customers: Vec::new(), devices: Vec::new(), streams };
        let people = company.story.customers;
        for index in 0..people + company.story.days.shared_devices {
            let customer = company.draw(index, index >= people);
            let mut names = company.stream(index, NAMES);
            for n in 0..customer.devices {
                let (index, name) = (customer.first_device + n, names.random());
                company.devices.push(Device { index, customer: customer.index, name });
            }
            company.customers.push(customer);
        }
        company
    }

    /// All dates told, in order.
    pub fn dates(&self) -> impl Iterator<Item = Date> + use<> {
        let days = i64::from(self.story.weeks) * 7;
        let monday = self.first.monday();
        (0..days).map(move |day| monday.saturating_add(Span::new().days(day)))
    }

    /// The week of the story that a date lies in, from 1; dates before the story are in week 0.
    pub fn week_number(&self, date: Date) -> u32 {
        let days = (date - self.first.monday()).get_days();
        u32::try_from(days.div_euclid(7) + 1).unwrap_or(0)
    }

    /// The ISO week of a week of the story.
    pub fn iso_week(&self, number: u32) -> Week {
        self.first.plus(i64::from(number) - 1)
    }

    /// The stream of one customer's day.
    pub(super) fn stream(&self, customer: u32, day: u32) -> ChaCha8Rng {
        let mut stream = self.streams.clone();
        stream.set_stream(u64::from(customer) << 32 | u64::from(day));
        stream
    }

    /// The stream of one customer's week of the story.
    pub(super) fn week_stream(&self, customer: u32, week: u32) -> ChaCha8Rng {
        self.stream(customer, WEEKS + week)
    }

    /// How many times as long a department waits for a service in a week, and for how many it spills over where.
    pub(super) fn slowness(
        &self,
        department: usize,
        service: &str,
        week: u32,
    ) -> Option<(f64, f64, &'static str)> {
        let name = &self.story.departments[department].name;
        self.story.planted.iter().find_map(|planted| match planted {
            Planted::Leaves { department, from, to, week: begin, slower, spills, .. }
                if department == name && *from == service && week >= *begin =>
            {
                Some((*slower, *spills, *to))
            }
            _ => None,
        })
    }

    /// Share of a department's tries at a service that fail in a week, where it is more than usual.
    pub(super) fn failing(&self, department: usize, service: &str, week: u32) -> Option<f64> {
        self.story.planted.iter().find_map(|planted| match planted {
            Planted::Fails { service: fails, departments, week: begin, until_week, failed }
                if *fails == service
                    && (*begin..=*until_week).contains(&week)
                    && self.is_one_of(department, departments) =>
            {
                Some(*failed)
            }
            _ => None,
        })
    }

    /// Steps of signing in to a service.
    pub(super) fn sign_in_hops(&self, department: usize, service: &str) -> u32 {
        let planted = self.story.planted.iter().find_map(|planted| match planted {
            Planted::FrontDoor { service: ours, departments, steps }
                if *ours == service && self.is_one_of(department, departments) =>
            {
                Some(*steps)
            }
            _ => None,
        });
        planted.unwrap_or(1)
    }

    /// The company's filter meets a customer at a service in a week.
    pub(super) fn turns_away(&self, customer: &Customer, service: &str, week: u32) -> bool {
        let share = self.story.planted.iter().find_map(|planted| match planted {
            Planted::TurnedAway { services, departments, customers }
                if services.contains(&service) && self.is_one_of(customer.department, departments) =>
            {
                Some(*customers)
            }
            _ => None,
        });
        share.is_some_and(|share| self.stream(customer.index, FILTERS + week).random_bool(share))
    }

    /// Devices know a service on a date.
    pub(super) fn is_known(&self, service: &str, date: Date) -> bool {
        self.still_to_learn(date).all(|unknown| unknown != service)
    }

    /// The catalog of devices on a date: another one until they have learnt all that the story has for them.
    pub(super) fn catalog_version(&self, date: Date) -> String {
        match self.still_to_learn(date).count() {
            0 => self.catalog.version().to_owned(),
            services => format!("{}-without-{services}", self.catalog.version()),
        }
    }

    /// The services that devices don't know yet on a date.
    fn still_to_learn(&self, date: Date) -> impl Iterator<Item = &str> {
        self.story.planted.iter().filter_map(move |planted| match planted {
            Planted::CatalogUpdate { service, week }
                if day_number(date) < day_number(self.iso_week(*week).monday()) + 2 =>
            {
                Some(*service)
            }
            _ => None,
        })
    }

    /// No department named is everybody.
    fn is_one_of(&self, department: usize, departments: &[String]) -> bool {
        departments.is_empty() || departments.contains(&self.story.departments[department].name)
    }
}

#[cfg(test)]
pub(super) mod tests;
