//! The planted truth: what a collector that saw everything would have to publish, were nobody's privacy at stake.
//!
//! Counted straight from the device-days that were generated, with sets of customers and nothing cleverer; it shares
//! no line with the collector. Exact figures without rounding or floor: never show them to a reader of the product.
//!
//! Definitions: only evidence `use` counts; not on shared devices, not in another organisation's tenant, not services
//! as often private as work. *Ours* is sanctioned in that week, *elsewhere* neither sanctioned nor tolerated. A
//! customer-day of a need is in exactly one part: ours alone, both, tolerated (neither ours nor elsewhere), elsewhere
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use elsewhere_proto::v1;
use jiff::civil::Date;
use serde::Serialize;

use super::{
    Company,
    company::{Customer, Device},
    story::{Offer, Planted, Status},
};

/// The key of everybody, beside the segments' own names.
pub const EVERYBODY: &str = "everybody";

/// What is true of a company, week by week.
#[derive(Debug, Serialize)]
pub struct Truth {
    /// Name of the organisation.
    pub organisation: String,
    /// Always: nobody of flesh and blood is in here.
    pub simulated: bool,
    /// Seed of the story.
    pub seed: u64,
    /// First and last ISO week.
    pub told: [String; 2],
    /// Customers, without those of shared devices.
    pub customers: u32,
    /// Devices, with the shared ones.
    pub devices: usize,
    /// Device-days generated.
    pub device_days: u64,
    /// IT's word on services.
    pub portfolio: Vec<Offer>,
    /// Needs whose share is withheld, since a service hides use for them.
    pub withheld_needs: BTreeSet<&'static str>,
    /// What happens, in the order of the story.
    pub planted: Vec<PlantedTruth>,
    /// By ISO week, then by segment (`everybody`, `department:Marketing`).
    pub weeks: BTreeMap<String, BTreeMap<String, SegmentTruth>>,
}

/// One planted story and how many carry it.
#[derive(Debug, Serialize)]
pub struct PlantedTruth {
    /// The story.
    #[serde(flatten)]
    pub story: Planted,
    /// ISO week in which it begins, where it begins in the story at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
    /// Customers who take part.
    pub customers_in_it: usize,
}

/// One segment in one week.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct SegmentTruth {
    /// Customers who met any need.
    pub customers: usize,
    /// Customers with a device that told about a day.
    pub customers_seen: usize,
    /// By need; a need that nobody met is absent.
    pub needs: BTreeMap<&'static str, NeedTruth>,
}

/// One need of one segment in one week.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct NeedTruth {
    /// IT offers something for it.
    pub served: bool,
    /// Customers who met it.
    pub customers: usize,
    /// Customer-days.
    pub customer_days: usize,
    /// Customers with something of ours.
    pub customers_ours: usize,
    /// Customers elsewhere.
    pub customers_elsewhere: usize,
    /// Customers with ours or elsewhere: the elsewhere rate is of these.
    pub customers_ours_or_elsewhere: usize,
    /// The four parts: `ours_alone`, `both`, `tolerated`, `elsewhere_alone`. A part without days is absent.
    pub parts: BTreeMap<&'static str, Reach>,
    /// By service.
    pub services: BTreeMap<&'static str, Reach>,
}

/// Days and the customers behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Distinct customers.
    pub customers: usize,
    /// Customer-days.
    pub customer_days: usize,
}

/// Counts the truth of a company, date by date.
pub struct Counting<'c> {
    company: &'c Company,
    truth: Truth,
    week: u32,
    seen: BTreeMap<String, BTreeSet<u32>>,
    days: BTreeMap<(String, &'static str), Vec<NeedDay>>,
}

/// One customer meeting one need on one date.
#[derive(Clone)]
struct NeedDay {
    customer: u32,
    services: BTreeSet<&'static str>,
}

impl Truth {
    /// Generates the whole company and counts it.
    pub fn of(company: &Company) -> Self {
        let mut counting = Counting::new(company);
        for date in company.dates() {
            for customer in &company.customers {
                counting.add(customer, date, &company.device_days_of(customer, date));
            }
        }
        counting.finish()
    }

    /// The file: indented JSON with sorted keys, the same bytes for the same truth.
    pub fn to_json(&self) -> String {
        // Through `Value`, whose maps are sorted by key.
        let value = serde_json::to_value(self).expect("keys are texts and numbers are finite");
        format!("{value:#}\n")
    }
}

impl PlantedTruth {
    /// One line about it.
    pub fn in_words(&self) -> String {
        let what = match &self.story {
            Planted::Leaves { department, from, to, .. } => format!("{department} leaves {from} for {to}"),
            Planted::ComesBack { department, from, to, .. } => {
                format!("{department} comes back from {from} to {to}")
            }
            Planted::Unserved { need, .. } => format!("nothing of ours for {need}"),
            Planted::Spreads { service, departments, .. } => {
                format!("{service} spreads through {}", departments.join(", "))
            }
            Planted::IdleClient { service, .. } => format!("{service} runs by itself and is hardly used"),
            Planted::ChatSuiteMeetings { service, need, .. } => format!("{service} hides {need}"),
            Planted::EmbeddedNoise { services, .. } => {
                format!("{} are embedded in pages", services.join(", "))
            }
            Planted::RareServices { services, .. } => {
                format!("{} are hardly used at all", services.join(", "))
            }
        };
        let begins = self.begins.as_ref().map(|week| format!(" from {week}")).unwrap_or_default();
        format!("{what}{begins}: {} customers", self.customers_in_it)
    }
}

impl<'c> Counting<'c> {
    /// Begins with nothing counted.
    pub fn new(company: &'c Company) -> Self {
        let story = &company.story;
        let truth = Truth {
            organisation: story.organisation.clone(),
            simulated: true,
            seed: story.seed,
            told: [company.iso_week(1), company.iso_week(story.weeks)].map(|week| week.to_string()),
            customers: story.customers,
            devices: company.devices.len(),
            device_days: 0,
            portfolio: story.portfolio.clone(),
            withheld_needs: story
                .portfolio
                .iter()
                .flat_map(|offer| offer.offered_not_visible.clone())
                .collect(),
            planted: planted(company),
            weeks: BTreeMap::new(),
        };
        Self { company, truth, week: 1, seen: BTreeMap::new(), days: BTreeMap::new() }
    }

    /// Adds all that one customer's devices told about one date. Dates come in order.
    pub fn add(&mut self, customer: &Customer, date: Date, told: &[(&Device, v1::DeviceDay)]) {
        let week = self.company.week_number(date);
        if week != self.week {
            self.close_week();
            self.week = week;
        }
        self.truth.device_days += told.len() as u64;
        if customer.shared || told.is_empty() {
            return;
        }
        let mut met: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
        for usage in told.iter().flat_map(|(_, day)| &day.usages) {
            let Some(service) = self.company.catalog.service(&usage.service_id) else { continue };
            let counts = usage.evidence() == v1::Evidence::Use && usage.tenant() != v1::Tenant::Guest;
            if counts && !service.as_often_private {
                met.entry(service.need).or_default().insert(service.id);
            }
        }
        for segment in segments_of(customer) {
            for (need, services) in &met {
                let day = NeedDay { customer: customer.index, services: services.clone() };
                self.days.entry((segment.clone(), need)).or_default().push(day);
            }
            self.seen.entry(segment).or_default().insert(customer.index);
        }
    }

    /// Ends with the last week counted.
    pub fn finish(mut self) -> Truth {
        self.close_week();
        self.truth
    }

    fn close_week(&mut self) {
        let mut segments: BTreeMap<String, SegmentTruth> = BTreeMap::new();
        for (segment, customers) in std::mem::take(&mut self.seen) {
            segments.entry(segment).or_default().customers_seen = customers.len();
        }
        let mut customers: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        for ((segment, _), days) in &self.days {
            customers.entry(segment.clone()).or_default().extend(days.iter().map(|day| day.customer));
        }
        for (segment, customers) in customers {
            segments.entry(segment).or_default().customers = customers.len();
        }
        for ((segment, need), days) in std::mem::take(&mut self.days) {
            let truth = need_truth(self.company, self.week, need, &days);
            segments.entry(segment).or_default().needs.insert(need, truth);
        }
        self.truth.weeks.insert(self.company.iso_week(self.week).to_string(), segments);
    }
}

/// Everybody, the customer's segments and all above them.
fn segments_of(customer: &Customer) -> Vec<String> {
    let mut names = vec![EVERYBODY.to_owned()];
    for segment in customer.segments.iter() {
        let mut next = Some(segment.clone());
        while let Some(segment) = next {
            names.push(segment.to_string());
            next = segment.parent();
        }
    }
    names
}

fn need_truth(company: &Company, week: u32, need: &str, days: &[NeedDay]) -> NeedTruth {
    let status = |service: &str| company.story.status(service, week);
    let is_ours =
        |day: &&NeedDay| day.services.iter().any(|service| status(service) == Some(Status::Sanctioned));
    let is_elsewhere = |day: &&NeedDay| {
        day.services
            .iter()
            .any(|service| !matches!(status(service), Some(Status::Sanctioned | Status::Tolerated)))
    };
    let in_part = |ours: bool, elsewhere: bool| {
        reach(days.iter().filter(|day| is_ours(day) == ours && is_elsewhere(day) == elsewhere))
    };
    let parts = [
        ("ours_alone", in_part(true, false)),
        ("both", in_part(true, true)),
        ("tolerated", in_part(false, false)),
        ("elsewhere_alone", in_part(false, true)),
    ];
    let services: BTreeSet<_> = days.iter().flat_map(|day| day.services.iter().copied()).collect();
    let with = |service| (service, reach(days.iter().filter(|day| day.services.contains(service))));
    let sanctioned = |offer: &Offer| {
        company.catalog.service(offer.service).is_some_and(|service| service.need == need)
            && status(offer.service) == Some(Status::Sanctioned)
    };
    NeedTruth {
        served: company.story.portfolio.iter().any(sanctioned),
        customers: reach(days.iter()).customers,
        customer_days: days.len(),
        customers_ours: reach(days.iter().filter(is_ours)).customers,
        customers_elsewhere: reach(days.iter().filter(is_elsewhere)).customers,
        customers_ours_or_elsewhere: reach(days.iter().filter(|day| is_ours(day) || is_elsewhere(day)))
            .customers,
        parts: parts.into_iter().filter(|(_, reach)| reach.customer_days > 0).collect(),
        services: services.into_iter().map(with).collect(),
    }
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
        let begins = match story {
            Planted::Leaves { week, .. }
            | Planted::ComesBack { week, .. }
            | Planted::Spreads { week, .. } => Some(*week),
            _ => None,
        };
        let takes_part = |customer: &&Customer| !customer.shared && customer.planted.contains(&place);
        PlantedTruth {
            story: story.clone(),
            begins: begins.map(|week| company.iso_week(week).to_string()),
            customers_in_it: company.customers.iter().filter(takes_part).count(),
        }
    };
    company.story.planted.iter().enumerate().map(truth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::company::tests::company;

    #[test]
    fn same_seed_same_bytes_and_another_seed_differs() {
        let json =
            |seed: u32| Truth::of(&company(&format!("customers = 40\nweeks = 2\nseed = {seed}"))).to_json();
        assert_eq!(json(7), json(7));
        assert_ne!(json(7), json(8));
    }

    #[test]
    fn parts_add_to_customer_days_and_a_department_to_its_parent() {
        let truth = Truth::of(&company("customers = 120\nweeks = 3"));
        for segments in truth.weeks.values() {
            assert_eq!(segments["department:Sales"], segments["department:Sales/North"]);
            let need = &segments[EVERYBODY].needs["store-files"];
            assert!(need.served);
            assert_eq!(need.parts.values().map(|part| part.customer_days).sum::<usize>(), need.customer_days);
            let departments = ["department:Sales", "department:Marketing"];
            let days = departments.map(|segment| segments[segment].needs["store-files"].customer_days);
            assert_eq!(days.iter().sum::<usize>(), need.customer_days);
        }
    }

    #[test]
    fn a_planted_leave_moves_days_from_ours_to_elsewhere() {
        let truth = Truth::of(&company(
            "customers = 200\nweeks = 6\nuntil = \"2026-W46\"\n[[planted]]\nkind = \"leaves\"\n\
             department = \"Marketing\"\nfrom = \"sharepoint-online\"\nto = \"dropbox\"\nweek = 3\nover_weeks = 2\ncustomers = 0.9",
        ));
        let ours_alone = |week: &str| {
            let need = &truth.weeks[week]["department:Marketing"].needs["store-files"];
            need.parts["ours_alone"].customer_days * 100 / need.customer_days
        };
        assert!(ours_alone("2026-W42") > 80);
        assert!(ours_alone("2026-W46") < 30);
        assert_eq!(truth.planted[0].begins.as_deref(), Some("2026-W43"));
        assert!((30..50).contains(&truth.planted[0].customers_in_it));
    }

    #[test]
    fn an_idle_client_is_no_use() {
        let truth = Truth::of(&company(
            "customers = 50\nweeks = 1\n[[planted]]\nkind = \"idle_client\"\nservice = \"zoom\"\ncustomers = 1.0\nused = 0.0",
        ));
        assert_eq!(truth.planted[0].customers_in_it, 50);
        for segment in truth.weeks.values().flat_map(BTreeMap::values) {
            assert!(segment.needs.keys().eq(["store-files"].iter()), "{segment:?}");
        }
    }
}
