//! Counting: device-days in, any order; counts out.

mod customer;
mod device;

use std::{cmp::Reverse, collections::HashMap, mem, sync::Arc};

use jiff::civil::Date;

use self::customer::Named;
pub(super) use self::{customer::CustomerTally, device::DeviceTally};
use super::{
    catalogs::Catalogs,
    counts::Rollup,
    days::{bit_of, first_day, is_in_first_week, is_in_week, is_new},
    facets::DaysOfSides,
    nodes::Nodes,
};
use crate::{
    device::{Customer, DeviceId},
    device_day::{DeviceDay, Evidence, Tenant},
    portfolio::Landscape,
    segment::Segments,
    store::{
        Member,
        body::{self, PackedDay},
    },
    week::Week,
};

/// Keys are ids and names from the store, millions a rollup; seeded at random a process.
type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A rollup in the making. Its memory follows the customers of the week, a few hundred bytes each.
///
/// Parts of the device-days may be counted by tallies of their own, at the same time; joined, in any order, they are
/// as if one had counted all.
#[derive(Debug)]
pub struct Tally {
    last_day: Date,
    first_day: u32,
    /// Ids of the services that hashes of names outside the catalog are.
    named: Arc<HashMap<u64, String>>,
    /// Every set of segments once: customers are many, sets are few.
    segments: Map<Segments, Arc<Segments>>,
    /// The days of one device come together.
    last_segments: Option<Arc<Segments>>,
    devices: Map<DeviceId, DeviceTally>,
    places: Map<Customer, usize>,
    customers: Vec<CustomerTally>,
    /// The days of one customer come together.
    last: Option<(Customer, usize)>,
    catalogs: Catalogs,
    rows_not_in_catalog: u64,
    /// Rows of use of each service in the device-day that is being counted.
    rows: Vec<u32>,
    /// The services that it names, where they are in the landscape.
    services: Vec<Option<Named>>,
    /// What that day has to be compared.
    sides: DaysOfSides,
}

impl Tally {
    /// Nothing counted yet. `named` says which hashes of names outside the catalog are which service by now.
    pub fn new(week: Week, named: HashMap<u64, String>) -> Self {
        Self::until(week.sunday(), named)
    }

    /// The same of any seven days, which are then what "the week itself" is: those that end with this one. They are counted
    /// in the segments of their newest day. What [`Facet::Weekend`] counts holds for a week that ends with a Sunday only.
    ///
    /// [`Facet::Weekend`]: super::Facet::Weekend
    pub fn until(last_day: Date, named: HashMap<u64, String>) -> Self {
        Self::with(last_day, Arc::new(named))
    }

    /// Another of the same week, nothing counted yet, to be joined to this one.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::with(self.last_day, self.named.clone())
    }

    fn with(last_day: Date, named: Arc<HashMap<u64, String>>) -> Self {
        Self {
            last_day,
            first_day: first_day(last_day),
            named,
            segments: Map::default(),
            last_segments: None,
            devices: Map::default(),
            places: Map::default(),
            customers: Vec::new(),
            last: None,
            catalogs: Catalogs::default(),
            rows_not_in_catalog: 0,
            rows: Vec::new(),
            services: Vec::new(),
            sides: DaysOfSides::default(),
        }
    }

    /// A device that was enrolled in the week, whether it reported or not. It counts in these segments, whatever its
    /// device-days say.
    pub fn enrolled(&mut self, device: DeviceId, segments: &Segments) {
        let segments = self.shared(segments);
        let known = self.devices.entry(device).or_insert_with(|| DeviceTally::new(segments.clone()));
        (known.segments, known.is_enrolled) = (segments, true);
    }

    /// A device-day of the week itself or of the weeks of history before it; others are not counted.
    ///
    /// `landscape` is that of the day's own week. All landscapes of one tally come from one catalog and portfolio. A device
    /// has the same segments in all of one week.
    pub fn add(
        &mut self,
        landscape: &Landscape,
        device: DeviceId,
        customer: &Customer,
        segments: &Segments,
        day: &DeviceDay,
    ) {
        let body = body::pack(day);
        let mut room = Vec::new();
        let packed = body::read(&body, &mut room).expect("it was packed above");
        self.count(landscape, (device, false), customer, segments, &packed);
    }

    /// The same of a device-day as it is stored.
    pub fn add_packed(&mut self, landscape: &Landscape, member: &Member, day: &PackedDay<'_>) {
        let device = (member.device, member.group_token);
        self.count(landscape, device, &member.customer, &member.segments, day);
    }

    fn count(
        &mut self,
        landscape: &Landscape,
        (device, of_group_token): (DeviceId, bool),
        customer: &Customer,
        segments: &Segments,
        day: &PackedDay<'_>,
    ) {
        let Some(bit) = bit_of(self.first_day, day.day()) else { return };
        let in_week = is_in_week(bit).then(|| self.shared(segments));
        if let Some(segments) = &in_week {
            let known = self.devices.entry(device).or_insert_with(|| DeviceTally::new(segments.clone()));
            known.count_in(segments, bit);
            known.report(day.blind_spots(), day.unwatched_seconds());
        }
        if day.shared_device() {
            return;
        }
        let place = self.place(customer);
        let customer = &mut self.customers[place];
        customer.first_bit = customer.first_bit.min(bit);
        if let Some(segments) = &in_week {
            customer.count_in(segments, (device, Reverse(bit)));
            customer.seen = true;
        }
        if of_group_token {
            customer.group_days |= 1 << bit;
        } else {
            customer.has_own_token = true;
        }
        let catalog = self.catalogs.told_by(day.catalog_version(), in_week.is_some());
        let services = day.services();
        self.rows.clear();
        self.rows.resize(services.len(), 0);
        for row in day.kinds().filter(|row| row.evidence == Evidence::Use && row.tenant != Tenant::Guest) {
            self.rows[row.service] += 1;
        }
        self.services.clear();
        for (service, rows) in services.zip(&self.rows) {
            let mut found = landscape.find(service).map(|index| Named::of(landscape, index));
            if let Some(named) = &found {
                self.catalogs.names(catalog, named.index);
            }
            match &mut found {
                Some(named) if *rows > 0 => {
                    named.need_at = customer.meet(named, bit);
                    self.sides.expect(named.need, named.side);
                }
                Some(_) => {}
                None => self.rows_not_in_catalog += u64::from(*rows),
            }
            self.services.push(found);
        }
        if !self.named.is_empty() {
            for hash in day.name_hashes() {
                if let Some(index) = self.named.get(&hash).and_then(|id| landscape.find(id)) {
                    customer.meet(&Named::of(landscape, index), bit);
                }
            }
        }
        if in_week.is_some() {
            customer.look_closer(landscape, day, &self.services, &mut self.sides);
        } else {
            self.sides.clear();
        }
    }

    /// Joins what another of the same week has counted.
    pub fn join(&mut self, mut other: Self) {
        // The fewer to the more.
        if other.devices.len() > self.devices.len() {
            mem::swap(&mut self.devices, &mut other.devices);
        }
        if other.customers.len() > self.customers.len() {
            mem::swap(&mut self.places, &mut other.places);
            mem::swap(&mut self.customers, &mut other.customers);
            self.last = None;
        }
        for (device, tally) in other.devices {
            match self.devices.get_mut(&device) {
                Some(known) => known.join(tally),
                None => _ = self.devices.insert(device, tally),
            }
        }
        let mut customers: Vec<Option<CustomerTally>> = other.customers.into_iter().map(Some).collect();
        for (customer, place) in other.places {
            let Some(tally) = customers[place].take() else { continue };
            if let Some(known) = self.places.get(&customer) {
                self.customers[*known].join(tally);
            } else {
                self.places.insert(customer, self.customers.len());
                self.customers.push(tally);
            }
        }
        self.catalogs.join(other.catalogs);
        self.rows_not_in_catalog += other.rows_not_in_catalog;
    }

    /// The counts. `k` is the smallest group: services under it are joined in `small_services_customers`.
    pub fn finish(mut self, landscape: &Landscape, k: u32) -> Rollup {
        self.find_starters();
        let mut nodes = Nodes::default();
        for device in self.devices.values() {
            nodes.count_device(device);
        }
        let mut customers: Vec<&CustomerTally> = self.customers.iter().filter(|one| one.counts()).collect();
        // Those in the same segments one after the other, whose counts then stay close at hand.
        customers.sort_unstable_by_key(|customer| Arc::as_ptr(&customer.segments));
        let (nodes, atoms) = nodes.finish(&customers, landscape, k);
        let (week, news) = (Week::of(self.last_day), self.catalogs.news(landscape));
        Rollup { week, nodes, atoms, news, rows_not_in_catalog: self.rows_not_in_catalog }
    }

    /// Puts those into the built-in group who are new, where the history reaches back far enough to tell.
    fn find_starters(&mut self) {
        let firsts = self.customers.iter().map(|customer| customer.first_bit);
        if !firsts.min().is_some_and(is_in_first_week) {
            return;
        }
        let mut of_starters: Map<Arc<Segments>, Arc<Segments>> = Map::default();
        for customer in self.customers.iter_mut().filter(|customer| is_new(customer.first_bit)) {
            let own = customer.segments.clone();
            let new = of_starters.entry(own).or_insert_with_key(|own| Arc::new(own.of_starters()));
            customer.segments = new.clone();
        }
    }

    fn shared(&mut self, segments: &Segments) -> Arc<Segments> {
        if let Some(last) = self.last_segments.as_ref().filter(|last| ***last == *segments) {
            return last.clone();
        }
        let known = self.segments.get(segments).cloned();
        let shared = known.unwrap_or_else(|| {
            let shared = Arc::new(segments.clone());
            self.segments.insert(segments.clone(), shared.clone());
            shared
        });
        self.last_segments = Some(shared.clone());
        shared
    }

    fn place(&mut self, customer: &Customer) -> usize {
        if let Some((last, place)) = &self.last
            && last == customer
        {
            return *place;
        }
        let known = self.places.get(customer).copied();
        let place = known.unwrap_or_else(|| {
            let segments = self.shared(&Segments::default());
            self.places.insert(customer.clone(), self.customers.len());
            self.customers.push(CustomerTally::new(segments));
            self.customers.len() - 1
        });
        self.last = Some((customer.clone(), place));
        place
    }
}
