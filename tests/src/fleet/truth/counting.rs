//! Counting, week by week.

use std::collections::{BTreeMap, BTreeSet};

use elsewhere_proto::v1;
use jiff::civil::Date;

use super::{NeedTruth, PlantedTruth, Reach, SegmentTruth, Truth};
use crate::fleet::{
    Company,
    company::{Customer, Device},
    story::{Offer, Planted, Status},
};

/// Weeks before a week that tell where a customer was at home.
const HISTORY_WEEKS: u32 = 8;
/// Services with fewer customers are small; what of this is shown, the collector's floor says.
const SMALL: usize = 5;

/// Counts the truth of a company, date by date.
pub struct Counting<'c> {
    company: &'c Company,
    truth: Truth,
    week: u32,
    /// Of the week: who told, by segment.
    told: BTreeMap<String, Told>,
    /// Of the week: who met which need on a date with what.
    met: BTreeMap<&'static str, Vec<NeedDay>>,
    /// Of the week and those before: occasions by customer and need, each with us or elsewhere.
    occasions: BTreeMap<(u32, &'static str), Vec<Occasion>>,
}

#[derive(Default)]
struct Told {
    customers: BTreeSet<u32>,
    devices: BTreeSet<u32>,
    truth: SegmentTruth,
}

/// One customer meeting one need on one date.
struct NeedDay {
    customer: u32,
    services: BTreeSet<&'static str>,
}

#[derive(Clone, Copy)]
struct Occasion {
    week: u32,
    with_us: bool,
}

impl<'c> Counting<'c> {
    /// Begins with nothing counted.
    pub fn new(company: &'c Company) -> Self {
        let story = &company.story;
        let withheld = story.portfolio.iter().flat_map(|offer| offer.offered_not_visible.clone());
        let truth = Truth {
            organisation: story.organisation.clone(),
            simulated: true,
            seed: story.seed,
            told: [company.iso_week(1), company.iso_week(story.weeks)].map(|week| week.to_string()),
            customers: story.customers,
            devices: company.devices.len(),
            device_days: 0,
            portfolio: story.portfolio.clone(),
            withheld_needs: withheld.collect(),
            planted: planted(company),
            weeks: BTreeMap::new(),
        };
        let (told, met, occasions) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { company, truth, week: 1, told, met, occasions }
    }

    /// Adds all that one customer's devices told about one date. Dates come in order.
    pub fn add(&mut self, customer: &Customer, date: Date, told: &[(&Device, v1::DeviceDay)]) {
        let week = self.company.week_number(date);
        if week != self.week {
            self.close_week();
            self.week = week;
        }
        if told.is_empty() {
            return;
        }
        self.truth.device_days += told.len() as u64;
        for segment in segments_of(customer, week) {
            let segment = self.told.entry(segment).or_default();
            for (device, day) in told {
                segment.hear(device, day);
            }
            segment.customers.extend((!customer.shared).then_some(customer.index));
        }
        if !customer.shared {
            self.meet(customer, told.iter().flat_map(|(_, day)| &day.usages));
        }
    }

    /// Ends with the last week counted.
    pub fn finish(mut self) -> Truth {
        self.close_week();
        self.truth
    }

    fn meet<'u>(&mut self, customer: &Customer, usages: impl Iterator<Item = &'u v1::Usage>) {
        let mut met: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
        for usage in usages {
            let Some(service) = self.company.catalog.service(&usage.service_id) else { continue };
            let counts = usage.evidence() == v1::Evidence::Use && usage.tenant() != v1::Tenant::Guest;
            if counts && !service.as_often_private() {
                met.entry(service.need()).or_default().insert(service.id());
            }
        }
        for (need, services) in met {
            let day = NeedDay { customer: customer.index, services };
            let (with_us, elsewhere) = (self.is_ours(&day), self.is_elsewhere(&day));
            if with_us || elsewhere {
                let occasion = Occasion { week: self.week, with_us };
                self.occasions.entry((customer.index, need)).or_default().push(occasion);
            }
            self.met.entry(need).or_default().push(day);
        }
    }

    fn status(&self, service: &str) -> Option<Status> {
        self.company.story.status(service, self.week)
    }

    fn is_ours(&self, day: &NeedDay) -> bool {
        day.services.iter().any(|service| self.status(service) == Some(Status::Sanctioned))
    }

    fn is_elsewhere(&self, day: &NeedDay) -> bool {
        let tolerated_or_ours = |status| matches!(status, Some(Status::Sanctioned | Status::Tolerated));
        day.services.iter().any(|service| !tolerated_or_ours(self.status(service)))
    }

    /// IT offers a service for this need, in this week.
    fn is_served(&self, need: &str) -> bool {
        let serves =
            |offer: &&Offer| self.company.catalog.service(offer.service).is_some_and(|it| it.need() == need);
        self.company
            .story
            .portfolio
            .iter()
            .filter(serves)
            .any(|offer| self.status(offer.service) == Some(Status::Sanctioned))
    }

    /// A service of ours serves this need unseen, in this week.
    fn is_withheld(&self, need: &str) -> bool {
        let hides = |offer: &&Offer| offer.offered_not_visible.contains(&need);
        self.company
            .story
            .portfolio
            .iter()
            .filter(hides)
            .any(|offer| self.status(offer.service) == Some(Status::Sanctioned))
    }

    fn close_week(&mut self) {
        let week = self.week;
        self.occasions.values_mut().for_each(|days| days.retain(|day| day.week + HISTORY_WEEKS >= week));
        let moved = self.moved();
        let mut segments: BTreeMap<String, SegmentTruth> = BTreeMap::new();
        for (name, told) in std::mem::take(&mut self.told) {
            let is_in =
                |customer: u32| segments_of(&self.company.customers[customer as usize], week).contains(&name);
            let mut truth = told.truth;
            truth.customers = told.customers.len();
            truth.seen.devices_reporting = told.devices.len();
            truth.seen.devices = self.company.devices.iter().filter(|device| is_in(device.customer)).count();
            for (&need, days) in &self.met {
                let days: Vec<_> = days.iter().filter(|day| told.customers.contains(&day.customer)).collect();
                if !days.is_empty() {
                    truth.needs.insert(need, self.need(need, &days, &moved));
                }
            }
            let in_any = |with_us: bool| {
                let of_any = moved.iter().filter(|it| it.with_us == with_us && !self.is_withheld(it.need));
                of_any
                    .map(|it| it.customer)
                    .filter(|it| told.customers.contains(it))
                    .collect::<BTreeSet<_>>()
                    .len()
            };
            (truth.left, truth.came_back) = (in_any(false), in_any(true));
            segments.insert(name, truth);
        }
        self.met.clear();
        self.truth.weeks.insert(self.company.iso_week(week).to_string(), segments);
    }

    fn need(&self, need: &str, days: &[&NeedDay], moved: &[Moved]) -> NeedTruth {
        let count = |which: &dyn Fn(&NeedDay) -> bool| reach(days.iter().copied().filter(|day| which(day)));
        let (ours, elsewhere) = (|day: &NeedDay| self.is_ours(day), |day: &NeedDay| self.is_elsewhere(day));
        let parts = [
            ("ours_alone", count(&|day| ours(day) && !elsewhere(day))),
            ("both", count(&|day| ours(day) && elsewhere(day))),
            ("tolerated", count(&|day| !ours(day) && !elsewhere(day))),
            ("elsewhere_alone", count(&|day| !ours(day) && elsewhere(day))),
        ];
        let services: BTreeSet<&'static str> =
            days.iter().flat_map(|day| day.services.iter().copied()).collect();
        let services: BTreeMap<_, _> = services
            .into_iter()
            .map(|service| (service, count(&|day| day.services.contains(service))))
            .collect();
        let is_small = |service: &&str| services[*service].customers < SMALL;
        let all: BTreeSet<u32> = days.iter().map(|day| day.customer).collect();
        let with_us: BTreeSet<u32> = days.iter().filter(|day| ours(day)).map(|day| day.customer).collect();
        let away: BTreeSet<u32> = days.iter().filter(|day| elsewhere(day)).map(|day| day.customer).collect();
        let moves = |with_us: bool| {
            moved
                .iter()
                .filter(|it| it.need == need && it.with_us == with_us && all.contains(&it.customer))
                .count()
        };
        NeedTruth {
            served: self.is_served(need),
            customers: all.len(),
            customer_days: days.len(),
            customers_ours: with_us.len(),
            customers_elsewhere: away.len(),
            customers_ours_or_elsewhere: with_us.union(&away).count(),
            customers_both: with_us.intersection(&away).count(),
            left: moves(false),
            came_back: moves(true),
            parts: parts.into_iter().filter(|(_, reach)| reach.customer_days > 0).collect(),
            small_services_customers: count(&|day| day.services.iter().any(is_small)).customers,
            services,
        }
    }

    /// Who left us (elsewhere now) or came back (with us now) in the week, once each.
    fn moved(&self) -> Vec<Moved> {
        let mut moved = BTreeSet::new();
        for (&(customer, need), occasions) in &self.occasions {
            let mut home = None;
            for pair in occasions.windows(2) {
                let [first, second] = pair else { continue };
                if first.with_us != second.with_us || home == Some(second.with_us) {
                    continue;
                }
                if home.is_some() && second.week == self.week {
                    moved.insert(Moved { customer, need, with_us: second.with_us });
                }
                home = Some(second.with_us);
            }
        }
        moved.into_iter().collect()
    }
}

/// One customer who has another home for one need than before.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Moved {
    customer: u32,
    need: &'static str,
    with_us: bool,
}

impl Told {
    fn hear(&mut self, device: &Device, day: &v1::DeviceDay) {
        self.devices.insert(device.index);
        self.truth.seen.device_days += 1;
        let Some(blind) = &day.blind_spots else { return };
        let seen = &mut self.truth.seen;
        seen.connections += u64::from(blind.connections);
        seen.encrypted_hello += u64::from(blind.encrypted_hello);
        seen.encrypted_dns += u64::from(blind.encrypted_dns);
        seen.unnamed += u64::from(blind.unnamed);
        seen.tunnels += u64::from(blind.tunnels);
    }
}

/// Everybody, the customer's segments and all above them.
fn segments_of(customer: &Customer, week: u32) -> Vec<String> {
    let mut names = vec![super::EVERYBODY.to_owned()];
    for segment in customer.segments_in(week) {
        let mut next = Some(segment.clone());
        while let Some(segment) = next {
            names.push(segment.to_string());
            next = segment.parent();
        }
    }
    names
}

fn reach<'d>(days: impl Iterator<Item = &'d NeedDay>) -> Reach {
    let mut customers = BTreeSet::new();
    let mut customer_days = 0;
    for day in days {
        customers.insert(day.customer);
        customer_days += 1;
    }
    Reach { customers: customers.len(), customer_days }
}

fn planted(company: &Company) -> Vec<PlantedTruth> {
    let truth = |(place, story): (usize, &Planted)| {
        let takes_part = |customer: &&Customer| !customer.shared && customer.planted.contains(&place);
        PlantedTruth {
            story: story.clone(),
            begins: story.begins().map(|week| company.iso_week(week).to_string()),
            customers_in_it: company.customers.iter().filter(takes_part).count(),
        }
    };
    company.story.planted.iter().enumerate().map(truth).collect()
}
