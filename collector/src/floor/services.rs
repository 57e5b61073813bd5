//! Where the services of one need are shown, and the rest folded.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CUSTOMERS_STEP, DAYS_STEP, customers, days, down_to,
    facets::some_of,
    judge::{Exchange, Measure, Shown, Unit, judge},
    map::{EVERYBODY, Map},
    need::{NeedShown, Sides, behind},
    to_nearest,
};
use crate::{
    portfolio::{Landscape, NeedOffer, SanctionStatus, Side},
    published::{Figure, PublishedService, Reason},
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
        offer: &NeedOffer,
        need: &NeedShown,
        sides: Sides,
        landscape: &Landscape,
    ) -> Self {
        let id = offer.id.as_str();
        let all = main.node(EVERYBODY).needs.get(id);
        let used: BTreeSet<&str> =
            all.iter().flat_map(|need| need.services.keys().map(String::as_str)).collect();
        let seen = main.counted(|node| node.customers);
        let judged = |service: &'r str| {
            let side = landscape.find(service).map_or(Side::Elsewhere, |at| landscape.service(at).side());
            let room = need.room(side, sides);
            let count = |count: fn(&ServiceCounts) -> u32| {
                main.counted(|node| {
                    node.needs.get(id).and_then(|need| need.services.get(service)).map_or(0, count)
                })
            };
            let (with_service, service_days) =
                (count(|service| service.customers), count(|service| service.days));
            let measure = |unit, amounts: &[u32]| {
                let exchange = Exchange { behind: behind(&seen, &with_service, amounts), within: None };
                Measure { unit, exchanges: vec![exchange] }
            };
            let mut measures =
                vec![measure(Unit::Customers, &with_service), measure(Unit::Days, &service_days)];
            let mut days = judge(main, k, &with_service, &measures, |place| room.shown.at(place));
            measures.pop();
            let mut customers =
                judge(main, k, &with_service, &measures, |place| room.customers.at(place)).or(&days);
            if let Some(known) = &room.known {
                (customers, days) = (customers.or(known), days.or(known));
            }
            // Whoever was seen and did not use it may have had it idle.
            let without: Vec<u32> =
                seen.iter().zip(&with_service).map(|(seen, with)| seen.saturating_sub(*with)).collect();
            let present =
                some_of(main, k, &count(|service| service.idle), &without, |place| customers.at(place));
            let is_ours = side == Side::Ours && !offer.ours_not_visible;
            (service, ServiceShown { customers, days, present, ours: room.known.filter(|_| is_ours) })
        };
        Self(used.into_iter().map(judged).collect())
    }

    /// The rows of one place, most customers first, and the customers of the services folded together.
    pub(super) fn rows(
        &self,
        place: usize,
        need: &NeedCounts,
        landscape: &Landscape,
        k: u32,
    ) -> (Vec<PublishedService>, Figure) {
        let row = |(id, counts): (&String, &ServiceCounts)| {
            let shown = self.0.get(id.as_str())?;
            let is_shown = shown.customers.at(place) || shown.days.at(place);
            let (customers, customer_days) = if shown.ours.as_ref().is_some_and(|ours| ours.at(place)) {
                of_only_ours(need)
            } else {
                let customers = customers(&shown.customers, place, counts.customers);
                (customers, days(&shown.days, place, counts.days))
            };
            is_shown.then(|| PublishedService {
                service: id.clone(),
                sanction_status: status(landscape, id),
                customers,
                customer_days,
                customers_present: self::customers(&shown.present, place, counts.customers + counts.idle),
            })
        };
        let mut rows: Vec<_> = need.services.iter().filter_map(row).collect();
        // By what is published, so that the order tells nothing more.
        let key =
            |row: &PublishedService| std::cmp::Reverse((row.customers.shown(), row.customer_days.shown()));
        rows.sort_by(|a, b| (key(a), &a.service).cmp(&(key(b), &b.service)));
        let folded = need.small_services_customers;
        let folded = if folded < k {
            Figure::Hidden(Reason::K)
        } else {
            Figure::Shown(down_to(CUSTOMERS_STEP, folded))
        };
        (rows, folded)
    }
}

/// Figures of the only service of ours, made of those that are shown of its need: rounded by itself, a number that follows
/// from others would tell more of them.
fn of_only_ours(need: &NeedCounts) -> (Figure, Figure) {
    let rounded = |customers| down_to(CUSTOMERS_STEP, customers);
    let alone = rounded(need.ours_or_elsewhere()).saturating_sub(rounded(need.elsewhere()));
    let days = |part: Part| to_nearest(DAYS_STEP, need.days[part as usize]);
    let customers = alone + rounded(need.ours_and_elsewhere());
    (Figure::Shown(customers), Figure::Shown(days(Part::OursAlone) + days(Part::Both)))
}

fn status(landscape: &Landscape, service: &str) -> SanctionStatus {
    let index = landscape.find(service);
    index.map_or(SanctionStatus::Unreviewed, |index| landscape.service(index).status)
}
