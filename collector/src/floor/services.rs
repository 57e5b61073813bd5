//! Where the services of one need are shown, and the rest folded.

use std::collections::BTreeMap;

use super::{
    facets::some_of,
    judge::{Exchange, Measure, Shown, Unit, judge},
    map::{Count, EVERYBODY, Map},
    need::{NeedShown, Sides},
    rounding::Rounding,
};
use crate::{
    portfolio::{Landscape, NeedOffer, SanctionStatus, Side},
    published::{Figure, PublishedService},
    rollup::{NeedCounts, Part, ServiceCounts},
};

/// Where each service of one need is shown, by places of the main dimension's map.
#[derive(Debug)]
pub(super) struct ServicesShown<'r>(BTreeMap<&'r str, ServiceShown>);

#[derive(Debug)]
struct ServiceShown {
    customers: Shown,
    days: Shown,
    /// Where those who did not use it, and for whom it ran, could be shown too.
    present: Shown,
    /// Where it is the only one of ours, and all about ours is shown.
    ours: Option<Shown>,
}

impl<'r> ServicesShown<'r> {
    /// Judges each service of one need over the main dimension. `need` says where the need's own figures are shown
    /// there.
    pub(super) fn new(
        main: &Map<'r>,
        k: u32,
        seen: &Count,
        offer: &NeedOffer,
        need: &NeedShown,
        sides: Sides,
        landscape: &Landscape,
    ) -> Self {
        let of_anybody = [Exchange { of: seen, within: None }];
        let judged = |(service, used): (&'r str, Used)| {
            let side = landscape.find(service).map_or(Side::Elsewhere, |at| landscape.service(at).side());
            let room = need.room(side, sides);
            let [with_service, service_days, idle] = used.counts(main);
            let measures = [
                Measure { unit: Unit::Customers, customers: &with_service, amounts: &with_service },
                Measure { unit: Unit::Days, customers: &with_service, amounts: &service_days },
            ];
            let judged = |measures: &[Measure<'_>], room: &Shown| {
                judge(main, k, &with_service, measures, &of_anybody, |place| room.at(place))
            };
            let mut days = judged(&measures, &room.shown);
            let mut customers = judged(&measures[..1], &room.customers).or(&days);
            if let Some(known) = &room.known {
                (customers, days) = (customers.or(known), days.or(known));
            }
            // Whoever was seen and did not use it may have had it idle.
            let without = seen.by_atom.iter().zip(&with_service.by_atom);
            let without = without.map(|(seen, with)| seen.saturating_sub(*with)).collect();
            let present = some_of(main, k, &idle, &Count::new(main, without), |place| customers.at(place));
            let is_ours = side == Side::Ours && !offer.ours_not_visible;
            (service, ServiceShown { customers, days, present, ours: room.known.filter(|_| is_ours) })
        };
        Self(Used::of_need(main, &offer.id).into_iter().map(judged).collect())
    }

    /// The rows of one place, most customers first, and the customers of the services folded together.
    pub(super) fn rows(
        &self,
        place: usize,
        need: &NeedCounts,
        landscape: &Landscape,
        k: u32,
    ) -> (Vec<PublishedService>, Figure) {
        let rounding = Rounding::of(k);
        let row = |(id, counts): (&String, &ServiceCounts)| {
            let shown = self.0.get(id.as_str())?;
            let is_shown = shown.customers.at(place) || shown.days.at(place);
            let (customers, customer_days) = if shown.ours.as_ref().is_some_and(|ours| ours.at(place)) {
                of_only_ours(need, rounding)
            } else {
                let customers = rounding.customers_if(shown.customers.at(place), counts.customers);
                (customers, rounding.days_if(shown.days.at(place), counts.days))
            };
            is_shown.then(|| PublishedService {
                service: id.clone(),
                sanction_status: status(landscape, id),
                customers,
                customer_days,
                customers_present: rounding
                    .customers_if(shown.present.at(place), counts.customers + counts.idle),
                customers_in_our_tenant: (place == EVERYBODY && shown.customers.at(place))
                    .then(|| in_our_tenant(counts, k, rounding))
                    .flatten(),
            })
        };
        let mut rows: Vec<_> = need.services.iter().filter_map(row).collect();
        // By what is published, so that the order tells nothing more.
        let key =
            |row: &PublishedService| std::cmp::Reverse((row.customers.shown(), row.customer_days.shown()));
        rows.sort_by(|a, b| (key(a), &a.service).cmp(&(key(b), &b.service)));
        let folded = need.small_services_customers;
        let folded = rounding.customers_if(folded >= k, folded);
        (rows, folded)
    }
}

/// What is counted of one service in each atom, and what is to be taken off it again.
#[derive(Debug)]
struct Used {
    counts: Vec<ServiceCounts>,
    less: Vec<ServiceCounts>,
}

impl Used {
    /// Each service of a need that anybody uses.
    fn of_need<'r>(main: &Map<'r>, need: &str) -> BTreeMap<&'r str, Self> {
        let none = || vec![ServiceCounts::default(); main.atoms()];
        let all = main.node(EVERYBODY).needs.get(need);
        let ids = all.iter().flat_map(|need| need.services.keys().map(String::as_str));
        let mut used: BTreeMap<&str, Self> =
            ids.map(|id| (id, Self { counts: none(), less: none() })).collect();
        let atoms = main.of_atoms(|node| node.needs.get(need).map(|need| &need.services));
        for (at, atom) in atoms.into_iter().enumerate() {
            for (id, counts) in atom.counts.into_iter().flatten() {
                if let Some(used) = used.get_mut(id.as_str()) {
                    used.counts[at] = *counts;
                }
            }
            for (id, counts) in atom.less.into_iter().flatten().flatten() {
                if let Some(used) = used.get_mut(id.as_str()) {
                    used.less[at].customers += counts.customers;
                    used.less[at].days += counts.days;
                    used.less[at].idle += counts.idle;
                }
            }
        }
        used
    }

    /// Its customers, their days, and those for whom it was idle.
    fn counts(&self, main: &Map<'_>) -> [Count; 3] {
        let counts: [fn(&ServiceCounts) -> u32; 3] =
            [|service| service.customers, |service| service.days, |service| service.idle];
        counts.map(|count| {
            let by_atom = self.counts.iter().zip(&self.less);
            let by_atom = by_atom.map(|(counts, less)| count(counts).saturating_sub(count(less)));
            Count::new(main, by_atom.collect())
        })
    }
}

/// Figures of the only service of ours, made of those that are shown of its need: rounded by itself, a number that follows
/// from others would tell more of them.
fn of_only_ours(need: &NeedCounts, rounding: Rounding) -> (Figure, Figure) {
    let rounded = |customers| rounding.customers(customers);
    let alone = rounded(need.ours_or_elsewhere()).saturating_sub(rounded(need.elsewhere()));
    let days = |part: Part| rounding.days(need.days[part as usize]);
    let customers = alone + rounded(need.ours_and_elsewhere());
    (Figure::Shown(customers), Figure::Shown(days(Part::OursAlone) + days(Part::Both)))
}

/// Customers in our own tenant: where nearly all are, k under all of them, so that nobody's not being there is told.
fn in_our_tenant(counts: &ServiceCounts, k: u32, rounding: Rounding) -> Option<u32> {
    let told = counts.in_our_tenant.min(counts.customers.saturating_sub(k));
    let rounded = rounding.customers(told);
    (rounded > 0).then_some(rounded)
}

fn status(landscape: &Landscape, service: &str) -> SanctionStatus {
    let index = landscape.find(service);
    index.map_or(SanctionStatus::Unreviewed, |index| landscape.service(index).status)
}
