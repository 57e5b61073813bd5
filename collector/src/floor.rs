//! The floor: the one place where privacy is applied, and the only maker of published rows.
//!
//! It takes a week's exact counts and decides what may be seen by anybody. Its rules, with k the smallest group:
//!
//! 1. **No figure under k.** A figure behind which stand fewer than k customers is withheld; none at all is fewer too,
//!    so that "withheld" never tells "somebody".
//! 2. **Folding.** A service under k is in "other services of this need" if those have k customers together, and in its
//!    need's figures. Days with ours and elsewhere, and elsewhere alone, fold into days elsewhere. A segment under k is in
//!    its parent's figures.
//! 3. **Differences.** What is withheld can't be narrowed to fewer than k values by what is shown around it in the
//!    trees of all dimensions ([`judge`]); where it could, the smallest figures around it are withheld as well.
//! 4. **No complements.** A part of a need's customers (elsewhere; both; tolerated) is shown where the others of them are
//!    k or more: no "all of them", no "all but two". Parts of its days follow the parts of its customers.
//! 5. **Rounding.** Customers are rounded down to a multiple of k in fives, and customer-days to the nearest of twice that
//!    ([`rounding`]): who knows all of a group but one, or compares two weeks between which one joined, still does not know
//!    how often the one did it.
//! 6. **Dimensions.** Only the main one publishes services and facets; the others publish needs.
//! 7. **Not visible.** Where a service of ours serves a need unseen, customers and days of the need stand, its split,
//!    its rate and its moves are withheld, with that reason.
//! 8. **Means.** An effect is shown of 2k customers or more, and never as if all were alike ([`effects`]); how much of a
//!    segment was seen is told in shares of rounded counts ([`trust`](mod@trust)).
//! 9. **Running weeks are coarse.** A week that is not frozen is published anew each night, so that the difference of two
//!    nights could be one device, and what a night shows the freeze may have to withhold: then it would be known as k at
//!    least. So it has everybody's needs only, without services, facets or moves, and its counts are rounded further.
//!
//! 10. **Tenants.** How many customers of a service that nobody has reviewed are in our own tenant of it is told of
//!     everybody only, and never as more than all of them but k: so of each group k may be in no tenant of ours.
//!
//! Beside the weeks it makes [`signals`], which are told once, the morning after, without a count.
//!
//! The price of all this is published beside the figures, in whole tens: exact, it would tell what it is the price of.

mod effects;
mod facets;
mod judge;
mod map;
mod need;
mod price;
mod rounding;
mod services;
mod signals;
mod trust;

use facets::FacetsShown;
use judge::{Exchange, Measure, Shown, Unit, judge};
use map::{At, Count, Map};
use need::{NeedShown, Sides};
pub use price::{Account, Costs, costs};
use rounding::Rounding;
use services::ServicesShown;
pub use signals::{fewest_to_tell, signals};
use trust::trust;

use crate::{
    config::LEAST_MINIMUM_GROUP,
    cores::on_all_cores,
    portfolio::{Landscape, NeedIndex, NeedOffer},
    published::{CatalogNews, Figure, Price, PublishedNeed, PublishedSegment, PublishedWeek, Reason},
    rollup::{NeedCounts, Node, Part, Rollup},
};

/// What the organisation may settle about its floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Smallest group; under [`LEAST_MINIMUM_GROUP`] it counts as that.
    pub minimum_group: u32,
    /// The dimension that publishes services.
    pub main_dimension: String,
}

/// Makes the published rows of a week.
pub fn publish(rollup: &Rollup, landscape: &Landscape, policy: &Policy) -> PublishedWeek {
    let k = policy.minimum_group.max(LEAST_MINIMUM_GROUP);
    let mut week = PublishedWeek {
        week: rollup.week,
        minimum_group: k,
        segments: Vec::new(),
        price: Price::default(),
        news: Vec::new(),
    };
    let Some(everybody) = rollup.nodes.get(&None) else { return week };
    let floor = Floor::new(Map::new(rollup, everybody, &policy.main_dimension), landscape, k);
    let segments: Vec<At<'_>> = rollup.nodes.keys().map(Option::as_ref).collect();
    week.segments =
        on_all_cores(&segments, |segment| floor.segment(*segment)).into_iter().flatten().collect();
    week.news = news(rollup, &week);
    week.price = costs(rollup, landscape, &week, &policy.main_dimension).released();
    week
}

/// Of services that a reader sees anyway.
fn news(rollup: &Rollup, week: &PublishedWeek) -> Vec<CatalogNews> {
    let needs = || week.segments.iter().flat_map(|segment| &segment.needs);
    let is_shown = |service: &str| needs().any(|need| need.service(service).is_some());
    let shown = rollup.news.iter().filter(|(service, _)| is_shown(service));
    shown.map(|(service, known)| CatalogNews { service: service.clone(), known: *known }).collect()
}

/// What is shown of a week as long as it may change: rule 9.
#[must_use]
pub fn coarse(mut week: PublishedWeek) -> PublishedWeek {
    let hide = |figure: &mut Figure| *figure = Figure::Hidden(Reason::K);
    let rounding = Rounding::of(week.minimum_group);
    let customers = |figure: &mut Figure| {
        if let Figure::Shown(count) = figure {
            *count = rounding.coarse_customers(*count);
        }
    };
    let days = |figure: &mut Figure| {
        if let Figure::Shown(count) = figure {
            *count = rounding.coarse_days(*count);
        }
    };
    week.news.clear();
    week.price = Price { organisation_by_need: week.price.organisation_by_need, ..Price::default() };
    for segment in &mut week.segments {
        if segment.segment.is_some() {
            segment.withhold();
            continue;
        }
        customers(&mut segment.customers);
        [&mut segment.left, &mut segment.came_back].into_iter().for_each(hide);
        for need in &mut segment.needs {
            need.services.clear();
            need.facets.clear();
            [&mut need.left, &mut need.came_back, &mut need.other_services_customers]
                .into_iter()
                .for_each(hide);
            [&mut need.customers, &mut need.customers_both].into_iter().for_each(customers);
            let rates = [&mut need.customers_elsewhere, &mut need.customers_ours_or_elsewhere];
            rates.into_iter().for_each(customers);
            [&mut need.customer_days, &mut need.ours_alone, &mut need.both].into_iter().for_each(days);
            [&mut need.tolerated, &mut need.elsewhere_alone, &mut need.elsewhere].into_iter().for_each(days);
        }
    }
    week
}

/// All that is decided over the whole map before the first row is written.
struct Floor<'r> {
    landscape: &'r Landscape,
    k: u32,
    rounding: Rounding,
    map: Map<'r>,
    main: Map<'r>,
    customers: Shown,
    left: Shown,
    came_back: Shown,
    needs: Vec<NeedFloor<'r>>,
}

/// What is decided about one need.
struct NeedFloor<'r> {
    offer: &'r NeedOffer,
    sides: Sides,
    shown: NeedShown,
    services: ServicesShown<'r>,
    facets: FacetsShown,
}

impl<'r> Floor<'r> {
    fn new(map: Map<'r>, landscape: &'r Landscape, k: u32) -> Self {
        let main = map.of_main();
        let seen = map.counted(|node| node.customers);
        // Anybody may be seen in a week, or not: more than are, and all together no more than can be counted.
        let atoms = u32::try_from(map.atoms()).unwrap_or(u32::MAX).max(1);
        let anybody = Count::new(&map, vec![(u32::MAX / atoms).min(u16::MAX.into()); map.atoms()]);
        let some_of = |whole: &Count, some: &Count, within: &dyn Fn(usize) -> bool| {
            let exchange = Exchange { of: whole, within: None };
            let measure = Measure { unit: Unit::Customers, customers: some, amounts: some };
            judge(&map, k, some, &[measure], &[exchange], within)
        };
        let customers = some_of(&anybody, &seen, &|_| true);
        let moved =
            |count: fn(&Node) -> u32| some_of(&seen, &map.counted(count), &|place| customers.at(place));
        let (left, came_back) = (moved(|node| node.left), moved(|node| node.came_back));
        let seen_in_main = main.counted(|node| node.customers);
        let need = |(index, offer): &(NeedIndex, &'r NeedOffer)| {
            let sides = Sides::of(landscape, *index);
            let shown = NeedShown::new(&map, k, &offer.id, &seen, sides);
            let services = ServicesShown::new(&main, k, &seen_in_main, offer, &shown, sides, landscape);
            let facets = FacetsShown::new(&main, k, &offer.id, &shown.elsewhere, &seen_in_main);
            NeedFloor { offer, sides, shown, services, facets }
        };
        let needs = on_all_cores(&landscape.needs().collect::<Vec<_>>(), need);
        Self { landscape, k, rounding: Rounding::of(k), map, main, customers, left, came_back, needs }
    }

    fn segment(&self, segment: At<'r>) -> Option<PublishedSegment> {
        let place = self.map.place(segment).filter(|place| self.map.is_on(*place))?;
        let node = self.map.node(place);
        Some(PublishedSegment {
            segment: segment.cloned(),
            customers: self.rounding.customers_if(self.customers.at(place), node.customers),
            left: self.rounding.customers_if(self.left.at(place), node.left),
            came_back: self.rounding.customers_if(self.came_back.at(place), node.came_back),
            // The built-in group has no devices of its own.
            trust: (self.customers.at(place) && node.devices > 0).then(|| trust(node, self.rounding)),
            needs: self.needs.iter().map(|need| self.need(need, place, node)).collect(),
        })
    }

    fn need(&self, floor: &NeedFloor<'r>, place: usize, node: &Node) -> PublishedNeed {
        let mut row = PublishedNeed::withheld(&floor.offer.id, floor.offer.served);
        let Some(counts) = node.needs.get(&floor.offer.id) else { return row };
        row.customers = self.rounding.customers_if(floor.shown.all.at(place), counts.customers());
        row.customer_days = self.rounding.days_if(floor.shown.all.at(place), counts.customer_days());
        if floor.shown.all.at(place) && self.main.is_on(place) {
            let written = floor.services.rows(place, counts, self.landscape, self.k);
            (row.services, row.other_services_customers) = written;
        }
        if floor.offer.ours_not_visible {
            row.withhold_share();
        } else {
            floor.share(&mut row, place, counts, self.rounding);
            if floor.shown.elsewhere.at(place) && self.main.is_on(place) {
                row.facets = floor.facets.rows(place, counts, self.k, self.rounding);
            }
        }
        row
    }
}

impl NeedFloor<'_> {
    fn share(&self, row: &mut PublishedNeed, place: usize, counts: &NeedCounts, rounding: Rounding) {
        let (shown, sides) = (&self.shown, self.sides);
        let part = |shown: &Shown, part: Part| rounding.days_if(shown.at(place), counts.days[part as usize]);
        // Where there is nothing to be told apart, a part is all of it or none.
        row.elsewhere = rounding.days_if(shown.elsewhere.at(place), counts.days_elsewhere());
        let where_both = if sides.ours == 0 { &shown.elsewhere } else { &shown.both_days };
        row.both = part(where_both, Part::Both);
        row.elsewhere_alone = part(where_both, Part::ElsewhereAlone);
        row.ours_alone = part(&shown.tolerated, Part::OursAlone);
        row.tolerated = part(&shown.tolerated, Part::Tolerated);
        row.customers_elsewhere = rounding.customers_if(shown.elsewhere.at(place), counts.elsewhere());
        if sides.ours > 0 {
            let ours_or_elsewhere = counts.ours_or_elsewhere();
            row.customers_ours_or_elsewhere =
                rounding.customers_if(shown.ours_or_elsewhere.at(place), ours_or_elsewhere);
            row.customers_both =
                rounding.customers_if(shown.both_customers.at(place), counts.ours_and_elsewhere());
            row.left = rounding.customers_if(shown.left.at(place), counts.left);
            row.came_back = rounding.customers_if(shown.came_back.at(place), counts.came_back);
        }
    }
}

impl PublishedSegment {
    fn withhold(&mut self) {
        [self.customers, self.left, self.came_back] = [Figure::Hidden(Reason::K); 3];
        self.trust = None;
        for need in &mut self.needs {
            *need = PublishedNeed::withheld(&need.need, need.served);
        }
    }
}

impl PublishedNeed {
    fn withheld(need: &str, served: bool) -> Self {
        let hidden = Figure::Hidden(Reason::K);
        Self {
            need: need.into(),
            served,
            customers: hidden,
            customer_days: hidden,
            ours_alone: hidden,
            both: hidden,
            tolerated: hidden,
            elsewhere_alone: hidden,
            elsewhere: hidden,
            customers_elsewhere: hidden,
            customers_ours_or_elsewhere: hidden,
            customers_both: hidden,
            left: hidden,
            came_back: hidden,
            services: Vec::new(),
            other_services_customers: hidden,
            facets: Vec::new(),
        }
    }

    fn withhold_share(&mut self) {
        let hidden = Figure::Hidden(Reason::OfferedNotVisible);
        [self.ours_alone, self.both, self.tolerated, self.elsewhere_alone, self.elsewhere] = [hidden; 5];
        [self.customers_elsewhere, self.customers_ours_or_elsewhere, self.customers_both] = [hidden; 3];
        [self.left, self.came_back] = [hidden; 2];
    }
}

#[cfg(test)]
mod tests;
