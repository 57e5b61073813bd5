//! The planted truth: what a collector that saw everything would have to publish, were nobody's privacy at stake.
//!
//! Counted straight from the device-days that were generated, with sets of customers and nothing cleverer; it shares
//! no line with the collector. Exact figures without rounding or floor: never show them to a reader of the product.
//!
//! Definitions: only evidence `use` counts; not on shared devices, not in another organisation's tenant, not services
//! as often private as work. *Ours* is sanctioned in that week, *elsewhere* neither sanctioned nor tolerated. A
//! customer-day of a need is in exactly one part: ours alone, both, tolerated (neither ours nor elsewhere), elsewhere
//! alone. Two occasions in a row with us, or elsewhere without us, make a customer at home there; whoever has another
//! home than before left us or came back, on the date of the second occasion. Eight weeks before the week are known.

mod counting;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    Company,
    story::{Offer, Planted},
};

pub use counting::Counting;

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
    /// Customers with a device that told about a day.
    pub customers: usize,
    /// Customers who left us for one need or more, of those whose share is not withheld.
    pub left: usize,
    /// Customers who came back for one need or more, of those whose share is not withheld.
    pub came_back: usize,
    /// What the devices could see.
    pub seen: Seen,
    /// By need; a need that nobody met is absent.
    pub needs: BTreeMap<&'static str, NeedTruth>,
}

/// Devices, shared ones too, and their connections.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Devices enrolled.
    pub devices: usize,
    /// Devices that told about a day.
    pub devices_reporting: usize,
    /// Days that they told about.
    pub device_days: usize,
    /// Connections.
    pub connections: u64,
    /// With a real Encrypted Client Hello.
    pub encrypted_hello: u64,
    /// To hidden resolvers.
    pub encrypted_dns: u64,
    /// Without a name.
    pub unnamed: u64,
    /// Tunnels.
    pub tunnels: u64,
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
    /// Customers with ours and elsewhere in the week.
    pub customers_both: usize,
    /// Customers who left us.
    pub left: usize,
    /// Customers who came back.
    pub came_back: usize,
    /// The four parts: `ours_alone`, `both`, `tolerated`, `elsewhere_alone`. A part without days is absent.
    pub parts: BTreeMap<&'static str, Reach>,
    /// By service.
    pub services: BTreeMap<&'static str, Reach>,
    /// Customers of those services that fewer than five customers use.
    pub small_services_customers: usize,
}

/// Days and the customers behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Distinct customers.
    pub customers: usize,
    /// Customer-days.
    pub customer_days: usize,
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
        let what = self.story.in_words();
        let begins = self.begins.as_ref().map(|week| format!(" from {week}")).unwrap_or_default();
        format!("{what}{begins}: {} customers", self.customers_in_it)
    }
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
