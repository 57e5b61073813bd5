//! Service packages beside what is seen of them: each line with its measure, or "not visible from here".
//!
//! - **Seats in use**: customers with the product in the week, and those for whom it runs, of the seats that are paid.
//! - **Paid in a month**, and **for each customer in use**: seats times their price, of the customers who used it.
//! - A **reason** says that a line does not hold, with its interval (`why`); *no difference* says that nothing speaks
//!   against it.

use super::why::{Interval, Verdict, why};
use crate::{
    portfolio::{Measure, Package, PackageLine},
    published::{Figure, PublishedNeed},
    rollup::Facet,
};

/// A package, and what is seen of it in a week and segment.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageSeen<'p> {
    /// What is offered.
    pub package: &'p Package,
    /// Customers who used the product.
    pub in_use: Option<u32>,
    /// Customers who used it or for whom it ran by itself.
    pub present: Option<u32>,
    /// What the seats cost in a month for each customer in use, in hundredths; the seats are the whole organisation's.
    pub hundredths_a_customer: Option<u64>,
    /// Each line, in the order of the file.
    pub lines: Vec<LineSeen<'p>>,
}

/// A line of a package, and what is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LineSeen<'p> {
    /// What is offered.
    pub line: &'p PackageLine,
    /// Whether it holds.
    pub seen: Seen,
}

/// What is seen of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// It has no measure.
    NotVisible,
    /// Its measure is withheld, or too few customers stand behind it.
    CannotTell,
    /// Some of so many customers.
    Some {
        /// Customers.
        customers: u32,
        /// Of so many.
        of: u32,
    },
    /// So many customers.
    Customers(u32),
    /// It does not hold: ours is worse by so much.
    Worse(Interval),
    /// No difference to elsewhere.
    NoDifference(Interval),
}

/// What is seen of a package in a need's row; `whole` says that the row is everybody's, whose seats they are.
pub fn package<'p>(package: &'p Package, need: &PublishedNeed, whole: bool) -> PackageSeen<'p> {
    let product = need.service(&package.product);
    let in_use = product.and_then(|row| row.customers.shown());
    let paid = package.seats.zip(package.price_hundredths).filter(|_| whole);
    let paid = paid.map(|(seats, price)| u64::from(seats) * u64::from(price));
    let findings = why(&[Some(need)]);
    let seen = |line: &'p PackageLine| {
        let seen = match line.measure {
            None => Seen::NotVisible,
            Some(Measure::SeatsInUse) => some(in_use, package.seats.filter(|_| whole)),
            Some(Measure::NeverOurs) => {
                let never = need.facet(Facet::NeverOurs).map(|facet| facet.customers);
                some(never, need.customers_elsewhere.shown())
            }
            Some(Measure::ElsewhereRate) => {
                some(need.customers_elsewhere.shown(), need.customers_ours_or_elsewhere.shown())
            }
            Some(Measure::CameBack) => customers(need.came_back),
            Some(Measure::Reason(reason)) => {
                let finding = findings.iter().find(|finding| finding.reason == reason);
                match finding.map(|finding| finding.verdict) {
                    Some(Verdict::Yes { difference, .. }) => Seen::Worse(difference),
                    Some(Verdict::NoDifference { difference, .. }) => Seen::NoDifference(difference),
                    _ => Seen::CannotTell,
                }
            }
        };
        LineSeen { line, seen }
    };
    PackageSeen {
        package,
        in_use,
        present: product.and_then(|row| row.customers_present.shown()),
        hundredths_a_customer: paid.zip(in_use).and_then(|(paid, in_use)| paid.checked_div(in_use.into())),
        lines: package.lines.iter().map(seen).collect(),
    }
}

fn some(customers: Option<u32>, of: Option<u32>) -> Seen {
    customers.zip(of).map_or(Seen::CannotTell, |(customers, of)| Seen::Some { customers, of })
}

fn customers(figure: Figure) -> Seen {
    figure.shown().map_or(Seen::CannotTell, Seen::Customers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        insight::tests::need,
        portfolio::{Portfolio, SanctionStatus},
        published::{PublishedEffect, PublishedFacet, PublishedService},
    };

    const PORTFOLIO: &str = r#"
organisation = "Northmoor"
[[package]]
need = "send-once"
product = "filemail"
seats = 600
price = "4.50"
[[package.line]]
part = "information"
what = "a page that says when to use it"
measure = "never_ours"
[[package.line]]
part = "explicit"
what = "files up to 5 GB"
measure = "slower_to_move_files"
[[package.line]]
part = "implicit"
what = "nobody outside has to register"
[[package.line]]
part = "explicit"
what = "a seat for everybody"
measure = "seats_in_use"
"#;

    #[test]
    fn each_line_has_its_measure_or_is_not_visible() {
        let portfolio = Portfolio::parse(PORTFOLIO, elsewhere_catalog::builtin()).unwrap();
        let mut row = need("send-once", true, [100, 20, 0, 80]);
        row.customers_elsewhere = Figure::Shown(50);
        row.services = vec![PublishedService {
            service: "filemail".to_owned(),
            sanction_status: SanctionStatus::Sanctioned,
            customers: Figure::Shown(150),
            customer_days: Figure::Shown(300),
            customers_present: Figure::Shown(200),
            customers_in_our_tenant: None,
        }];
        let effect = PublishedEffect { mean_hundredths: 120, error_hundredths: 20 };
        row.facets = vec![
            PublishedFacet { facet: Facet::NeverOurs, customers: 20, effect: None },
            PublishedFacet { facet: Facet::Transfer, customers: 40, effect: Some(effect) },
        ];
        let seen = package(&portfolio.packages[0], &row, true);
        assert_eq!(
            (seen.in_use, seen.present, seen.hundredths_a_customer),
            (Some(150), Some(200), Some(1800))
        );
        let [never, slower, invisible, seats] = &seen.lines[..] else { panic!("four lines") };
        assert_eq!(never.seen, Seen::Some { customers: 20, of: 50 });
        assert!(matches!(slower.seen, Seen::Worse(_)));
        assert_eq!(invisible.seen, Seen::NotVisible);
        assert_eq!(seats.seen, Seen::Some { customers: 150, of: 600 });
        let of_segment = package(&portfolio.packages[0], &row, false);
        assert_eq!(of_segment.hundredths_a_customer, None, "the seats are everybody's");
    }
}
