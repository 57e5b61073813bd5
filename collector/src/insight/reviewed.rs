//! What somebody has called elsewhere: nothing else leads a page.
//!
//! A service is **called elsewhere** where it was unsanctioned in the week, or has since been called so for that week.
//! Of a need's customer-days elsewhere alone those of shown services that nobody has called so are taken off, all of
//! their days, also those with ours: what is left is called elsewhere for certain, as far as services are shown. Where
//! no service of the need has been called elsewhere, nothing is left.

use std::collections::BTreeSet;

use crate::{
    portfolio::{Portfolio, SanctionStatus},
    published::{PublishedNeed, PublishedService},
    week::Week,
};

/// What had been reviewed for a week.
pub(super) struct Reviewed<'k> {
    portfolio: &'k Portfolio,
    week: Week,
    /// Needs with a service that was called elsewhere.
    needs: BTreeSet<&'k str>,
}

impl<'k> Reviewed<'k> {
    pub(super) fn new(portfolio: &'k Portfolio, week: Week) -> Self {
        let needs = portfolio.needs_called_elsewhere(elsewhere_catalog::builtin(), week).collect();
        Self { portfolio, week, needs }
    }

    /// Some service of the need was called elsewhere.
    pub(super) fn knows(&self, need: &PublishedNeed) -> bool {
        let called = |service: &PublishedService| service.sanction_status == SanctionStatus::Unsanctioned;
        self.needs.contains(need.need.as_str()) || need.services.iter().any(called)
    }

    /// Customer-days elsewhere alone that are called so.
    pub(super) fn days(&self, need: &PublishedNeed) -> u32 {
        if !self.knows(need) {
            return 0;
        }
        let others = need.services.iter().filter(|service| self.is_not_reviewed(service));
        let others: u32 = others.filter_map(|service| service.customer_days.shown()).sum();
        super::elsewhere(need).saturating_sub(others)
    }

    /// It counts as elsewhere, and nobody has called it so.
    fn is_not_reviewed(&self, service: &PublishedService) -> bool {
        service.sanction_status == SanctionStatus::Unreviewed
            && !self.portfolio.is_called_elsewhere(&service.service, self.week)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        insight::tests::need,
        published::{Figure, Reason},
    };

    const PORTFOLIO: &str = "organisation = \"N\"\n[[service]]\nid = \"wetransfer\"\nstatus = \"unsanctioned\"\nsince = \
                             \"2026-W40\"\n";

    fn service(id: &str, sanction_status: SanctionStatus, days: u32) -> PublishedService {
        PublishedService {
            service: id.into(),
            sanction_status,
            customers: Figure::Shown(10),
            customer_days: Figure::Shown(days),
            customers_present: Figure::Hidden(Reason::K),
            customers_in_our_tenant: None,
        }
    }

    #[test]
    fn days_of_what_nobody_called_elsewhere_are_taken_off() {
        use SanctionStatus::{Sanctioned, Unreviewed, Unsanctioned};
        let portfolio = Portfolio::parse(PORTFOLIO, elsewhere_catalog::builtin()).unwrap();
        for (week, id, services, days) in [
            ("2026-W46", "send-once", vec![], 100),
            ("2026-W46", "email", vec![], 0),
            ("2026-W39", "send-once", vec![], 0),
            ("2026-W46", "send-once", vec![("smash", Unreviewed, 30), ("filemail", Sanctioned, 500)], 70),
            ("2026-W46", "send-once", vec![("wetransfer", Unreviewed, 80), ("smash", Unreviewed, 30)], 70),
            ("2026-W46", "send-once", vec![("smash", Unreviewed, 300)], 0),
            ("2026-W46", "email", vec![("fastmail", Unsanctioned, 60), ("hey", Unreviewed, 40)], 60),
        ] {
            let case = format!("{week} {id} {services:?}");
            let services = services.into_iter().map(|(id, status, days)| service(id, status, days)).collect();
            let row = PublishedNeed { services, ..need(id, true, [50, 0, 0, 100]) };
            assert_eq!(Reviewed::new(&portfolio, week.parse().unwrap()).days(&row), days, "{case}");
        }
    }
}
