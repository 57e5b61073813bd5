//! Counting: device-days in, any order; counts out.

use std::{cmp::Reverse, collections::HashMap, mem, sync::Arc};

use jiff::civil::Date;

use super::{
    counts::Rollup,
    days::{Days, bit_of, first_day, is_in_first_week, is_in_week, is_new, week_bit},
    facets::{DaysOfSides, Seen},
    nodes::Nodes,
};
use crate::{
    device::{ACTIVE_DAYS, Customer, DeviceId},
    device_day::{BlindSpots, DeviceDay, Evidence, Tenant},
    portfolio::{Landscape, NeedIndex, ServiceIndex, Side},
    segment::Segments,
    store::{
        Member,
        body::{self, PackedDay, PackedRow, PackedSpill, PackedUsage},
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
    devices: Map<DeviceId, DeviceTally>,
    places: Map<Customer, usize>,
    customers: Vec<CustomerTally>,
    /// The days of one customer come together.
    last: Option<(Customer, usize)>,
    rows_not_in_catalog: u64,
    /// Rows of use of each service in the device-day that is being counted.
    rows: Vec<u32>,
    /// The services that it names, where they are in the landscape.
    services: Vec<Option<ServiceIndex>>,
    /// What that day has to be compared.
    sides: DaysOfSides,
}

#[derive(Debug)]
pub(super) struct DeviceTally {
    pub(super) segments: Arc<Segments>,
    /// The newest day in the week itself, which `segments` are of.
    segments_on: Option<u32>,
    /// The segments are those that it is enrolled with.
    is_enrolled: bool,
    pub(super) reporting: bool,
    pub(super) connections: u64,
    pub(super) encrypted_hello: u64,
    pub(super) encrypted_dns: u64,
    pub(super) unnamed: u64,
    pub(super) tunnels: u64,
    pub(super) days: u64,
    pub(super) unwatched_seconds: u64,
    pub(super) lossy_days: u64,
}

#[derive(Debug)]
pub(super) struct CustomerTally {
    pub(super) segments: Arc<Segments>,
    /// The device that `segments` are of, and its day: the lowest that reported in the week itself, and its newest there.
    segments_of: Option<(DeviceId, Reverse<u32>)>,
    /// A device that is theirs alone told about a day of the week itself.
    pub(super) seen: bool,
    /// One of their devices was enrolled by a token of its own.
    has_own_token: bool,
    /// The first date of which a device that is theirs alone told, history included: its bit.
    first_bit: u32,
    /// Dates, history included, on which devices of a group's token told of a day, a bit each.
    group_days: u64,
    pub(super) needs: Vec<(NeedIndex, Days)>,
    /// Days of the week itself, a bit each.
    pub(super) services: Vec<(ServiceIndex, u8)>,
    /// Services of ours of which a program ran by itself in the week.
    pub(super) present: Vec<ServiceIndex>,
    /// Of the week itself, where there is something beside the dates.
    seen_of_needs: Vec<(NeedIndex, Seen)>,
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
            devices: Map::default(),
            places: Map::default(),
            customers: Vec::new(),
            last: None,
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
        let services = day.services();
        self.rows.clear();
        self.rows.resize(services.len(), 0);
        for row in day.kinds().filter(|row| row.evidence == Evidence::Use && row.tenant != Tenant::Guest) {
            self.rows[row.service] += 1;
        }
        self.services.clear();
        for (service, rows) in services.zip(&self.rows) {
            let found = landscape.find(service);
            self.services.push(found);
            match found {
                Some(service) if *rows > 0 => customer.meet(landscape, service, bit),
                Some(_) => {}
                None => self.rows_not_in_catalog += u64::from(*rows),
            }
        }
        if !self.named.is_empty() {
            for hash in day.name_hashes() {
                if let Some(service) = self.named.get(&hash).and_then(|id| landscape.find(id)) {
                    customer.meet(landscape, service, bit);
                }
            }
        }
        if in_week.is_some() {
            customer.look_closer(landscape, day, &self.services, &mut self.sides);
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
        for customer in &customers {
            nodes.count_customer(customer, landscape);
        }
        nodes.add_up();
        nodes.count_services(&customers, landscape, k);
        let (nodes, atoms) = nodes.finish(landscape);
        let week = Week::of(self.last_day);
        Rollup { week, nodes, atoms, rows_not_in_catalog: self.rows_not_in_catalog }
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
        if let Some(known) = self.segments.get(segments) {
            return known.clone();
        }
        let shared = Arc::new(segments.clone());
        self.segments.insert(segments.clone(), shared.clone());
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

impl DeviceTally {
    fn new(segments: Arc<Segments>) -> Self {
        Self {
            segments,
            segments_on: None,
            is_enrolled: false,
            reporting: false,
            connections: 0,
            encrypted_hello: 0,
            encrypted_dns: 0,
            unnamed: 0,
            tunnels: 0,
            days: 0,
            unwatched_seconds: 0,
            lossy_days: 0,
        }
    }

    fn count_in(&mut self, segments: &Arc<Segments>, on: u32) {
        if !self.is_enrolled && Some(on) > self.segments_on {
            (self.segments, self.segments_on) = (segments.clone(), Some(on));
        }
    }

    fn report(&mut self, blind: &BlindSpots, unwatched_seconds: u32) {
        self.reporting = true;
        self.connections += u64::from(blind.connections);
        self.encrypted_hello += u64::from(blind.encrypted_hello);
        self.encrypted_dns += u64::from(blind.encrypted_dns);
        self.unnamed += u64::from(blind.unnamed);
        self.tunnels += u64::from(blind.tunnels);
        self.days += 1;
        self.unwatched_seconds += u64::from(unwatched_seconds);
        self.lossy_days += u64::from(blind.dropped_packets > 0);
    }

    fn join(&mut self, other: Self) {
        if other.is_enrolled {
            (self.segments, self.is_enrolled) = (other.segments, true);
        } else if let Some(on) = other.segments_on {
            self.count_in(&other.segments, on);
        }
        self.reporting |= other.reporting;
        self.connections += other.connections;
        self.encrypted_hello += other.encrypted_hello;
        self.encrypted_dns += other.encrypted_dns;
        self.unnamed += other.unnamed;
        self.tunnels += other.tunnels;
        self.days += other.days;
        self.unwatched_seconds += other.unwatched_seconds;
        self.lossy_days += other.lossy_days;
    }
}

impl CustomerTally {
    fn new(segments: Arc<Segments>) -> Self {
        Self {
            segments,
            segments_of: None,
            seen: false,
            has_own_token: false,
            first_bit: u32::MAX,
            group_days: 0,
            needs: Vec::new(),
            services: Vec::new(),
            present: Vec::new(),
            seen_of_needs: Vec::new(),
        }
    }

    fn count_in(&mut self, segments: &Arc<Segments>, of: (DeviceId, Reverse<u32>)) {
        if self.segments_of.is_none_or(|known| of < known) {
            (self.segments, self.segments_of) = (segments.clone(), Some(of));
        }
    }

    /// What was seen of the week with a need, beside its dates.
    pub(super) fn seen_of(&self, need: NeedIndex) -> Seen {
        let known = self.seen_of_needs.iter().find(|(known, _)| *known == need);
        known.map_or_else(Seen::default, |(_, seen)| *seen)
    }

    fn see(&mut self, need: NeedIndex) -> &mut Seen {
        let known = self.seen_of_needs.iter().position(|(known, _)| *known == need);
        let at = known.unwrap_or_else(|| {
            self.seen_of_needs.push((need, Seen::default()));
            self.seen_of_needs.len() - 1
        });
        &mut self.seen_of_needs[at].1
    }

    /// It has a device that counts toward a group: see [`ACTIVE_DAYS`].
    fn counts(&self) -> bool {
        self.has_own_token || self.group_days.count_ones() >= ACTIVE_DAYS
    }

    /// Reads the figures of a day of the week itself; `services` are those that it names.
    fn look_closer(
        &mut self,
        landscape: &Landscape,
        day: &PackedDay<'_>,
        services: &[Option<ServiceIndex>],
        sides: &mut DaysOfSides,
    ) {
        // What can't be read ends the rows: the store's checksum has been looked at before.
        let _ = day.rows(|row| match row {
            PackedRow::Usage(row) => {
                if let Some(index) = services[row.kind.service] {
                    self.look_at(landscape, index, &row, sides);
                }
            }
            PackedRow::Spill(spill) => self.look_at_spill(landscape, &spill),
        });
        for (need, ours, elsewhere) in sides.take() {
            self.see(need).compare(&ours, &elsewhere);
        }
    }

    fn look_at(
        &mut self,
        landscape: &Landscape,
        index: ServiceIndex,
        row: &PackedUsage<'_>,
        sides: &mut DaysOfSides,
    ) {
        let service = landscape.service(index);
        if service.as_often_private || row.kind.tenant == Tenant::Guest {
            return;
        }
        let side = service.side();
        if row.turned_away > 0 {
            self.see(service.need).turned_away();
        }
        if row.kind.evidence != Evidence::Use {
            if side == Side::Ours {
                self.add_present(index);
            }
            return;
        }
        if side == Side::Elsewhere {
            self.see(service.need).elsewhere(row);
        }
        sides.add(service.need, side, row);
        if let Some((_, days)) = self.needs.iter_mut().find(|(need, _)| *need == service.need) {
            days.note_place(side, row.kind.place);
        }
    }

    fn look_at_spill(&mut self, landscape: &Landscape, spill: &PackedSpill<'_>) {
        let counted =
            |id: &str| landscape.find(id).map(|at| landscape.service(at)).filter(|it| !it.as_often_private);
        let (Some(from), Some(to)) = (counted(spill.from), counted(spill.to)) else { return };
        if (from.side(), to.side()) == (Side::Ours, Side::Elsewhere) && from.need == to.need {
            self.see(to.need).spilled(spill.count, spill.expected_hundredths);
        }
    }

    /// Notes use of a service. Noted again for the same date it changes nothing.
    fn meet(&mut self, landscape: &Landscape, service: ServiceIndex, bit: u32) {
        let offered = landscape.service(service);
        if offered.as_often_private {
            return;
        }
        let mut days = Days::default();
        days.note(offered.side(), bit);
        self.note_need(offered.need, days);
        if let Some(day) = week_bit(bit) {
            self.note_service(service, day);
        }
    }

    fn add_present(&mut self, service: ServiceIndex) {
        if !self.present.contains(&service) {
            self.present.push(service);
        }
    }

    fn note_need(&mut self, need: NeedIndex, days: Days) {
        match self.needs.iter_mut().find(|(known, _)| *known == need) {
            Some((_, known)) => known.join(days),
            None => self.needs.push((need, days)),
        }
    }

    fn note_service(&mut self, service: ServiceIndex, days: u8) {
        match self.services.iter_mut().find(|(known, _)| *known == service) {
            Some((_, known)) => *known |= days,
            None => self.services.push((service, days)),
        }
    }

    fn join(&mut self, other: Self) {
        self.seen |= other.seen;
        self.has_own_token |= other.has_own_token;
        self.group_days |= other.group_days;
        self.first_bit = self.first_bit.min(other.first_bit);
        if let Some(of) = other.segments_of {
            self.count_in(&other.segments, of);
        }
        for (need, days) in other.needs {
            self.note_need(need, days);
        }
        for (service, days) in other.services {
            self.note_service(service, days);
        }
        for service in other.present {
            self.add_present(service);
        }
        for (need, seen) in other.seen_of_needs {
            self.see(need).join(&seen);
        }
    }
}
