//! The answer about service packages.

use serde::Serialize;

use super::Head;
use crate::{
    insight::{
        package::{LineSeen, PackageSeen, Seen, package},
        why::Interval,
    },
    portfolio::Package,
    published::PublishedSegment,
};

/// The packages of a week and segment.
#[derive(Clone, Debug, Serialize)]
pub struct Packages {
    /// Week and segment.
    #[serde(flatten)]
    pub head: Head,
    /// In the order of the portfolio.
    pub packages: Vec<PackageAnswer>,
}

/// What is offered for a need, and what is seen of it.
#[derive(Clone, Debug, Serialize)]
pub struct PackageAnswer {
    /// Id of the need.
    pub need: String,
    /// Id of the facilitating product.
    pub product: String,
    /// Seats that are paid, for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// Price of a seat in a month, in hundredths of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_hundredths: Option<u32>,
    /// Distinct customers who used the product; absent where they are withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers_in_use: Option<u32>,
    /// The same with those for whom it ran by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers_present: Option<u32>,
    /// What all seats cost in a month for each customer in use, in hundredths; of everybody only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hundredths_a_customer: Option<u64>,
    /// Its lines.
    pub lines: Vec<LineAnswer>,
}

/// One line of a package.
#[derive(Clone, Debug, Serialize)]
pub struct LineAnswer {
    /// `information`, `explicit`, `implicit` or `persona`.
    pub part: &'static str,
    /// In a few words.
    pub what: String,
    /// What shows whether it holds; absent where it is not visible from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<&'static str>,
    /// What is seen of it.
    #[serde(flatten)]
    pub seen: SeenAnswer,
}

/// What is seen of a line.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum SeenAnswer {
    /// It has no measure.
    NotVisibleFromHere,
    /// Withheld, or too few customers.
    CannotTell,
    /// A share.
    Share {
        /// Customers.
        customers: u32,
        /// Of so many.
        of: u32,
    },
    /// A count.
    Count {
        /// Customers.
        customers: u32,
    },
    /// Ours is worse.
    Worse {
        /// By so much.
        difference: Interval,
    },
    /// Nothing speaks against it.
    NoDifference {
        /// So little.
        difference: Interval,
    },
}

impl Packages {
    pub(super) fn new(head: Head, packages: &[Package], row: &PublishedSegment) -> Self {
        let whole = row.segment.is_none();
        let seen = |one: &Package| Some(PackageAnswer::new(&package(one, row.need(&one.need)?, whole)));
        Self { head, packages: packages.iter().filter_map(seen).collect() }
    }
}

impl PackageAnswer {
    fn new(seen: &PackageSeen<'_>) -> Self {
        let package = seen.package;
        Self {
            need: package.need.clone(),
            product: package.product.clone(),
            seats: package.seats,
            price_hundredths: package.price_hundredths,
            customers_in_use: seen.in_use,
            customers_present: seen.present,
            hundredths_a_customer: seen.hundredths_a_customer,
            lines: seen.lines.iter().map(LineAnswer::new).collect(),
        }
    }
}

impl LineAnswer {
    fn new(LineSeen { line, seen }: &LineSeen<'_>) -> Self {
        let seen = match *seen {
            Seen::NotVisible => SeenAnswer::NotVisibleFromHere,
            Seen::CannotTell => SeenAnswer::CannotTell,
            Seen::Some { customers, of } => SeenAnswer::Share { customers, of },
            Seen::Customers(customers) => SeenAnswer::Count { customers },
            Seen::Worse(difference) => SeenAnswer::Worse { difference },
            Seen::NoDifference(difference) => SeenAnswer::NoDifference { difference },
        };
        let measure = line.measure.map(crate::portfolio::Measure::as_str);
        Self { part: line.part.as_str(), what: line.what.clone(), measure, seen }
    }
}
