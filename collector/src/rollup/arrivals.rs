//! Arrivals: how many customers of a segment began with a service elsewhere in the last seven days, beside the eight
//! weeks before.
//!
//! A customer *arrives* at a service on the first of 84 days on which they used it, where that had been seen before,
//! had they done it earlier. So no arrival is:
//!
//! - what lies in a customer's first 21 days: new to the company, to the fleet or to the segment, they bring what they
//!   used before. By segment, so that a reorganisation brings none either, and everybody's arrivals are not the sum of
//!   the parts;
//! - what a device could not tell: those 21 days begin with the first catalog of theirs that knew the service. A
//!   catalog knew it where any device of the organisation named it by that catalog, or where it is a name outside the
//!   catalog that got the service later. In a customer's first seven days with another catalog nothing is an arrival,
//!   since names may have been added to a service that was known;
//! - use that counts in no figure (`rollup`).
//!
//! Beside arrivals stand the days on which there could have been one: the days told of by customers of the segment, as
//! far as they were not left out above. A holiday has few of them, a fleet that grows has more every week. Those who
//! have arrived already are not taken off, which makes the past, with more who had not, no rarer than it was.
//!
//! 84 days are what is there in every night while weeks are held for 91: 21 to look back from the first arrival, eight
//! weeks of arrivals, and seven days. An arrival of the seven days is looked back from further than one of the eight
//! weeks, so the past has rather more of them.
//!
//! What always holds: it is a pure function of the device-days and their order does not matter; segments are those of
//! the main dimension, and a customer is in the one that the figures of the seven days have them in.

mod person;

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::Arc,
};

use jiff::{Span, civil::Date};

use crate::{
    device::Customer,
    device_day::{DeviceDay, Evidence, Tenant},
    portfolio::{Landscape, ServiceIndex, Side},
    segment::{Segment, Segments},
    store::{
        Member,
        body::{self, PackedDay},
    },
    wire::days_of,
};
use person::{Open, Person};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Days that are looked at.
pub const ARRIVAL_DAYS: u32 = 84;
/// Days of which a customer must have been told before an arrival.
const SEEN_FOR: u32 = 21;
/// The bit of the first of the seven days.
const NOW: u32 = ARRIVAL_DAYS - 7;
/// Catalogs told apart in 84 days; past it, the newer ones count as one.
const MOST_CATALOGS: usize = 64;

/// Arrivals by segment (`None` is everybody) and service.
pub type Arrivals = BTreeMap<Option<Segment>, BTreeMap<String, Arrived>>;

/// Arrivals at one service in one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// In the seven days.
    pub now: u32,
    /// In the eight weeks before.
    pub before: u32,
    /// Customer-days of the seven on which there could have been one.
    pub days_now: u64,
    /// The same of the eight weeks before.
    pub days_before: u64,
    /// Customers of the segment in the seven days who did not use the service in all 84.
    pub without: u32,
}

/// Arrivals in the making. Parts of the device-days may be counted by others, at the same time, and joined in any
/// order.
#[derive(Debug)]
pub struct ArrivalTally {
    last_day: Date,
    first_day: u32,
    /// Ids of the services that hashes of names outside the catalog are.
    named: Arc<HashMap<u64, String>>,
    main_dimension: Arc<str>,
    segments: Map<Segments, Option<Arc<Segment>>>,
    places: Map<Customer, usize>,
    people: Vec<Person>,
    /// The days of one device come together.
    last: Option<Last>,
    /// Versions, in the order in which they were met.
    catalogs: Vec<String>,
    /// By the service's place: the catalogs that it was named by, a bit each.
    known: Vec<u64>,
    /// The services that a day names, where they are in the landscape.
    services: Vec<Option<ServiceIndex>>,
}

/// Whose day was counted last.
#[derive(Debug)]
struct Last {
    customer: Customer,
    segments: Segments,
    person: usize,
    segment: Option<Arc<Segment>>,
}

/// What is counted of a segment.
#[derive(Default)]
struct Node {
    customers: u32,
    /// For each set of catalogs, days of the seven and of the eight weeks.
    days: Vec<[u64; 2]>,
    services: Map<ServiceIndex, OfService>,
}

#[derive(Clone, Copy, Default)]
struct OfService {
    now: u32,
    before: u32,
    customers: u32,
}

impl ArrivalTally {
    /// Nothing counted yet of the days that end with this one. `named` says which hashes are which service by now.
    pub fn until(last_day: Date, named: HashMap<u64, String>, main_dimension: &str) -> Self {
        Self::with(last_day, Arc::new(named), main_dimension.into())
    }

    /// Another of the same days, to be joined to this one.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::with(self.last_day, self.named.clone(), self.main_dimension.clone())
    }

    fn with(last_day: Date, named: Arc<HashMap<u64, String>>, main_dimension: Arc<str>) -> Self {
        Self {
            last_day,
            first_day: days_of(first_day(last_day)),
            named,
            main_dimension,
            segments: Map::default(),
            places: Map::default(),
            people: Vec::new(),
            last: None,
            catalogs: Vec::new(),
            known: Vec::new(),
            services: Vec::new(),
        }
    }

    /// A device-day; others than the 84 are not counted. The landscape is the same for all of them.
    pub fn add(&mut self, landscape: &Landscape, member: &Member, day: &DeviceDay) {
        let body = body::pack(day);
        let mut room = Vec::new();
        self.add_packed(landscape, member, &body::read(&body, &mut room).expect("it was packed above"));
    }

    /// The same of one as it is stored.
    pub fn add_packed(&mut self, landscape: &Landscape, member: &Member, day: &PackedDay<'_>) {
        let bit = day.day().checked_sub(self.first_day).filter(|bit| *bit < ARRIVAL_DAYS);
        let Some(bit) = bit.and_then(|bit| u8::try_from(bit).ok()) else { return };
        let catalog = place_of(&mut self.catalogs, day.catalog_version());
        self.known.resize(landscape.services().len(), 0);
        self.services.clear();
        for id in day.services() {
            let service = landscape.find(id);
            self.services.push(service);
            if let Some(service) = service {
                self.known[service.at()] |= 1 << catalog;
            }
        }
        if day.shared_device() {
            return;
        }
        let (person, segment) = self.person(member);
        let person = &mut self.people[person];
        person.tell(bit, catalog, member, segment);
        let mut meet = |service: ServiceIndex| {
            let offered = landscape.service(service);
            if !offered.as_often_private && offered.side() == Side::Elsewhere {
                person.meet(service, bit);
            }
        };
        for row in day.kinds().filter(|row| row.evidence == Evidence::Use && row.tenant != Tenant::Guest) {
            if let Some(service) = self.services[row.service] {
                meet(service);
            }
        }
        if !self.named.is_empty() {
            let named = day.name_hashes().filter_map(|hash| landscape.find(self.named.get(&hash)?));
            named.for_each(meet);
        }
    }

    /// Joins what another of the same days has counted.
    pub fn join(&mut self, mut other: Self) {
        if other.people.len() > self.people.len() {
            mem::swap(self, &mut other);
        }
        let catalogs: Vec<u8> =
            other.catalogs.iter().map(|version| place_of(&mut self.catalogs, version)).collect();
        self.known.resize(self.known.len().max(other.known.len()), 0);
        for (own, other) in self.known.iter_mut().zip(&other.known) {
            let named = (0..).zip(&catalogs).filter(|(bit, _)| other >> bit & 1 == 1);
            *own |= named.fold(0, |known, (_, place)| known | 1 << place);
        }
        let mut people: Vec<Option<Person>> = other.people.into_iter().map(Some).collect();
        for (customer, place) in other.places {
            let Some(mut person) = people[place].take() else { continue };
            person.rename_catalogs(&catalogs);
            if let Some(known) = self.places.get(&customer) {
                self.people[*known].join(person);
            } else {
                self.places.insert(customer, self.people.len());
                self.people.push(person);
            }
        }
    }

    /// The arrivals.
    pub fn finish(mut self, landscape: &Landscape) -> Arrivals {
        self.known.resize(landscape.services().len(), 0);
        for service in self.named.values().filter_map(|id| landscape.find(id)) {
            self.known[service.at()] = u64::MAX;
        }
        let mut sets = self.known.clone();
        sets.sort_unstable();
        sets.dedup();
        let set_of = |service: ServiceIndex| sets.partition_point(|set| *set < self.known[service.at()]);
        let mut nodes: BTreeMap<Option<Segment>, Node> = BTreeMap::new();
        for person in self.people.iter().filter(|person| person.counts()) {
            let Some(place) = person.place() else { continue };
            let above = |segment: &Segment| segment.parent();
            let upwards = std::iter::successors(place.as_deref().cloned(), above).map(Some);
            for segment in upwards.chain([None]) {
                let opens = person.open(segment.as_ref(), &sets);
                nodes.entry(segment).or_default().count(person, &opens, set_of);
            }
        }
        let nodes = nodes.into_iter().map(|(segment, node)| (segment, node.finish(landscape, set_of)));
        nodes.collect()
    }

    /// The place of its customer, and the segment that it is in.
    fn person(&mut self, member: &Member) -> (usize, Option<Arc<Segment>>) {
        if let Some(last) = &self.last
            && last.customer == member.customer
            && last.segments == member.segments
        {
            return (last.person, last.segment.clone());
        }
        let (customer, segments) = (member.customer.clone(), member.segments.clone());
        let segment = self.segment(&segments);
        let next = self.people.len();
        let person = *self.places.entry(customer.clone()).or_insert(next);
        if person == next {
            self.people.push(Person::default());
        }
        self.last = Some(Last { customer, segments, person, segment: segment.clone() });
        (person, segment)
    }

    fn segment(&mut self, segments: &Segments) -> Option<Arc<Segment>> {
        if let Some(known) = self.segments.get(segments) {
            return known.clone();
        }
        let in_main = |segment: &&Segment| segment.dimension() == &*self.main_dimension;
        let segment = segments.iter().find(in_main).cloned().map(Arc::new);
        self.segments.insert(segments.clone(), segment.clone());
        segment
    }
}

impl Node {
    fn count(&mut self, person: &Person, opens: &[Open], set_of: impl Fn(ServiceIndex) -> usize) {
        self.customers += 1;
        self.days.resize(opens.len(), [0; 2]);
        for (days, open) in self.days.iter_mut().zip(opens) {
            days[0] += u64::from(open.days_now());
            days[1] += u64::from(open.days_before());
        }
        for (service, bit) in person.services() {
            let counts = self.services.entry(service).or_default();
            counts.customers += 1;
            if opens[set_of(service)].has(bit) {
                *if u32::from(bit) >= NOW { &mut counts.now } else { &mut counts.before } += 1;
            }
        }
    }

    fn finish(
        self,
        landscape: &Landscape,
        set_of: impl Fn(ServiceIndex) -> usize,
    ) -> BTreeMap<String, Arrived> {
        let arrived = |(service, OfService { now, before, customers }): (ServiceIndex, OfService)| {
            let [days_now, days_before] = self.days[set_of(service)];
            let without = self.customers - customers;
            let arrived = Arrived { now, before, days_now, days_before, without };
            (now + before > 0).then(|| (landscape.service(service).id.clone(), arrived))
        };
        self.services.into_iter().filter_map(arrived).collect()
    }
}

/// The first of the days that are looked at.
pub fn first_day(last_day: Date) -> Date {
    last_day.saturating_sub(Span::new().days(ARRIVAL_DAYS - 1))
}

fn place_of(catalogs: &mut Vec<String>, version: &str) -> u8 {
    let known = catalogs.iter().position(|known| known == version);
    let place = known.unwrap_or_else(|| {
        catalogs.push(version.to_owned());
        catalogs.len() - 1
    });
    u8::try_from(place.min(MOST_CATALOGS - 1)).expect("it is below 64")
}

#[cfg(test)]
mod tests;
