//! One cell's unknown numbers of the services of one need: their customers and days, and those for whom one of ours ran by
//! itself.

use elsewhere_collector::{
    portfolio::{SanctionStatus, Side},
    rollup::{NeedCounts, ServiceCounts},
};

use super::{Unknowns, minus};
use crate::attacker::{
    company::Company,
    program::{Program, Sum, Variable},
};

pub(super) struct OfServices {
    services: Vec<OfService>,
    /// Of services of ours: place in the company's services, and who did not use it while it ran by itself.
    idle: Vec<(usize, Variable)>,
    /// Of services that nobody has reviewed: place in the company's services, and who is in our tenant.
    in_our_tenant: Vec<(usize, Variable)>,
}

struct OfService {
    /// Place in the company's services.
    service: usize,
    side: Side,
    customers: Variable,
    days: Variable,
}

impl OfServices {
    /// Nobody's idle yet.
    pub(super) fn new(company: &Company, need: usize, so: &NeedCounts, unknowns: &mut Unknowns<'_>) -> Self {
        let services = company.services_of(need).map(|(service, of)| {
            let so = counts(so, &of.id);
            let (customers, days) = (unknowns.customers(so.customers), unknowns.days(so.days));
            OfService { service, side: of.side(), customers, days }
        });
        Self { services: services.collect(), idle: Vec::new(), in_our_tenant: Vec::new() }
    }

    pub(super) fn add_idle(
        &mut self,
        company: &Company,
        need: usize,
        so: &NeedCounts,
        unknowns: &mut Unknowns<'_>,
    ) {
        let ours = company.services_of(need).filter(|(_, of)| of.side() == Side::Ours);
        let idle = ours.map(|(service, of)| (service, unknowns.customers(counts(so, &of.id).idle)));
        self.idle = idle.collect();
    }

    pub(super) fn add_in_our_tenant(
        &mut self,
        company: &Company,
        need: usize,
        so: &NeedCounts,
        unknowns: &mut Unknowns<'_>,
    ) {
        let unreviewed = company.services_of(need).filter(|(_, of)| of.status == SanctionStatus::Unreviewed);
        let in_our_tenant =
            unreviewed.map(|(service, of)| (service, unknowns.customers(counts(so, &of.id).in_our_tenant)));
        self.in_our_tenant = in_our_tenant.collect();
    }

    /// Customers and days of a side: those who were on it for sure, and those beyond whom no service of it goes.
    pub(super) fn constrain(
        &self,
        side: Side,
        on_side: (Sum, Sum),
        most: &(Sum, Sum),
        program: &mut Program,
    ) {
        let of_side = || self.services.iter().filter(|of| of.side == side);
        for of in of_side() {
            program.at_most(vec![(of.customers, 1), (of.days, -1)], 0);
            program.at_most(vec![(of.days, 1), (of.customers, -7)], 0);
            program.at_most(minus(vec![(of.customers, 1)], &most.0), 0);
            program.at_most(minus(vec![(of.days, 1)], &most.1), 0);
        }
        // Whoever was on a side used one of its services there.
        let customers: Sum = of_side().map(|of| (of.customers, 1)).collect();
        let days: Sum = of_side().map(|of| (of.days, 1)).collect();
        program.at_most(minus(on_side.0, &customers), 0);
        program.at_most(minus(on_side.1, &days), 0);
    }

    /// Who used a service does not have it idle.
    pub(super) fn constrain_idle(&self, size: i64, program: &mut Program) {
        for (service, _) in &self.idle {
            program.at_most(self.present(*service), size);
        }
    }

    /// Who is in our tenant used the service.
    pub(super) fn constrain_in_our_tenant(&self, program: &mut Program) {
        for (service, customers) in &self.in_our_tenant {
            program.at_most(minus(vec![(*customers, 1)], &self.customers(*service)), 0);
        }
    }

    pub(super) fn in_our_tenant(&self, service: usize) -> Sum {
        self.in_our_tenant.iter().filter(|(of, _)| *of == service).map(|(_, of)| (*of, 1)).collect()
    }

    pub(super) fn customers(&self, service: usize) -> Sum {
        self.services.iter().filter(|of| of.service == service).map(|of| (of.customers, 1)).collect()
    }

    pub(super) fn days(&self, service: usize) -> Sum {
        self.services.iter().filter(|of| of.service == service).map(|of| (of.days, 1)).collect()
    }

    /// Those with a service, or for whom it ran by itself.
    pub(super) fn present(&self, service: usize) -> Sum {
        let idle = self.idle.iter().filter(|(of, _)| *of == service).map(|(_, idle)| (*idle, 1));
        idle.chain(self.customers(service)).collect()
    }
}

fn counts(need: &NeedCounts, service: &str) -> ServiceCounts {
    need.services.get(service).copied().unwrap_or_default()
}
