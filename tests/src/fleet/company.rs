//! The company's customers and devices, drawn from a story and its seed.
//!
//! Always: a customer's draws come from a stream of their own, keyed by seed, customer and day. So the same seed
//! gives the same customer, however many others there are and in whichever order they are asked for.

use elsewhere_catalog::Catalog;
use elsewhere_collector::{
    device::Pseudonym,
    segment::{Segment, Segments},
    week::Week,
};
use elsewhere_proto::v1;
use jiff::{Span, civil::Date};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::story::{Habit, Planted, Status, Story};

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
    /// From a week of the story on, another service instead.
    pub switch: Option<(u32, &'static str)>,
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

    fn draw(&self, index: u32, shared: bool) -> Customer {
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

    /// A service is ours in a week of the story.
    pub(super) fn is_ours(&self, service: &str, week: u32) -> bool {
        self.story.status(service, week) == Some(Status::Sanctioned)
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A small company of two departments, with more of a story file put in.
    pub(in crate::fleet) fn company(more: &str) -> Company {
        let at = more.find('[').unwrap_or(more.len());
        let (top, tables) = more.split_at(at);
        let text = format!(
            r#"{top}
            [[service]]
            id = "sharepoint-online"
            status = "sanctioned"
            [[department]]
            name = "Marketing"
            share = 1
            [[department]]
            name = "Sales/North"
            share = 3
            [[habit]]
            need = "store-files"
            per_workday = 0.8
            services = {{ sharepoint-online = 9, dropbox = 1 }}
            minutes = 60
            {tables}"#
        );
        let story = Story::read(&text, elsewhere_catalog::builtin()).unwrap();
        let until = story.until.unwrap_or_else(|| "2026-W46".parse().unwrap());
        Company::new(story, elsewhere_catalog::builtin(), until)
    }

    #[test]
    fn departments_have_their_shares() {
        for customers in [7, 100, 1000] {
            let company = company(&format!("customers = {customers}\n[days]\nshared_devices = 0"));
            let marketing = company.customers.iter().filter(|customer| customer.department == 0).count();
            assert!(marketing.abs_diff(customers / 4) < 2, "{marketing} of {customers}");
        }
    }

    #[test]
    fn a_second_device_has_its_customers_pseudonym_and_a_shared_one_is_nobodys() {
        let company = company("customers = 50\n[days]\nsecond_device = 1.0\nshared_devices = 3");
        assert_eq!((company.customers.len(), company.devices.len()), (53, 103));
        for device in &company.devices {
            let customer = &company.customers[device.customer as usize];
            assert_eq!(customer.shared, device.index >= 100);
            assert!(
                (customer.first_device..customer.first_device + customer.devices).contains(&device.index)
            );
        }
    }

    #[test]
    fn weeks_are_numbered_from_the_first_told() {
        let company = company("weeks = 3\nuntil = \"2027-W01\"");
        assert_eq!(company.first.to_string(), "2026-W52");
        assert_eq!(company.dates().count(), 21);
        assert_eq!(company.week_number("2026-12-21".parse().unwrap()), 1);
        assert_eq!(company.week_number("2027-01-10".parse().unwrap()), 3);
        assert_eq!(company.iso_week(2).to_string(), "2026-W53");
    }
}
