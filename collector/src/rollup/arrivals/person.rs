//! One customer's dates: when they were told of, where, by which catalog, and when each service was first used. A date is
//! its bit: 0 is the first of the days that are looked at.

use std::{cmp::Reverse, sync::Arc};

use super::{NOW, SEEN_FOR};
use crate::{
    device::{ACTIVE_DAYS, DeviceId},
    portfolio::ServiceIndex,
    segment::Segment,
    store::Member,
};

/// Days of a catalog in which nothing is an arrival yet.
const FRESH_FOR: u32 = 7;

/// A segment of the main dimension, or none.
pub(super) type Place = Option<Arc<Segment>>;

#[derive(Debug, Default)]
pub(super) struct Person {
    /// One of their devices was enrolled by a token of its own.
    has_own_token: bool,
    /// Dates on which devices of a group's token told of a day.
    group_days: u128,
    /// Dates on which a device that is theirs alone told of a day.
    days: u128,
    /// Where they are: by the lowest device that told of the seven days, and its newest there.
    now: Option<(DeviceId, Reverse<u8>, Place)>,
    /// Where they were, and the first date there.
    places: Vec<(Place, u8)>,
    /// Places of catalogs, and the first date of each.
    catalogs: Vec<(u8, u8)>,
    /// The first date with each service.
    services: Vec<(ServiceIndex, u8)>,
}

/// The dates on which a customer could arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    from: u128,
    days: u128,
}

impl Person {
    /// A device of theirs tells of a day.
    pub(super) fn tell(&mut self, bit: u8, catalog: u8, member: &Member, place: Place) {
        self.days |= 1 << bit;
        if member.group_token {
            self.group_days |= 1 << bit;
        } else {
            self.has_own_token = true;
        }
        if u32::from(bit) >= NOW {
            self.stay((member.device, Reverse(bit), place.clone()));
        }
        note(&mut self.places, place, bit);
        note(&mut self.catalogs, catalog, bit);
    }

    /// Uses a service.
    pub(super) fn meet(&mut self, service: ServiceIndex, bit: u8) {
        note(&mut self.services, service, bit);
    }

    fn stay(&mut self, here: (DeviceId, Reverse<u8>, Place)) {
        let is_before = |known: &(DeviceId, Reverse<u8>, Place)| (here.0, here.1) < (known.0, known.1);
        if self.now.as_ref().is_none_or(is_before) {
            self.now = Some(here);
        }
    }

    /// Gives each catalog the place that it has elsewhere.
    pub(super) fn rename_catalogs(&mut self, places: &[u8]) {
        for (catalog, _) in &mut self.catalogs {
            *catalog = places[usize::from(*catalog)];
        }
    }

    /// With what another has counted of the same customer.
    pub(super) fn join(&mut self, other: Self) {
        self.has_own_token |= other.has_own_token;
        self.group_days |= other.group_days;
        self.days |= other.days;
        if let Some(here) = other.now {
            self.stay(here);
        }
        other.places.into_iter().for_each(|(place, bit)| note(&mut self.places, place, bit));
        other.catalogs.into_iter().for_each(|(catalog, bit)| note(&mut self.catalogs, catalog, bit));
        other.services.into_iter().for_each(|(service, bit)| note(&mut self.services, service, bit));
    }

    /// They have a device that counts toward a group: see [`ACTIVE_DAYS`].
    pub(super) fn counts(&self) -> bool {
        self.has_own_token || self.group_days.count_ones() >= ACTIVE_DAYS
    }

    /// Where they are, if only in no segment; `None` where nothing was told of the seven days.
    pub(super) fn place(&self) -> Option<&Place> {
        self.now.as_ref().map(|(_, _, place)| place)
    }

    /// The services they used, with the first date.
    pub(super) fn services(&self) -> impl Iterator<Item = (ServiceIndex, u8)> {
        self.services.iter().copied()
    }

    /// For each set of catalogs, a bit each: when they could arrive in a segment at a service that these know.
    pub(super) fn open(&self, segment: Option<&Segment>, sets: &[u64]) -> Vec<Open> {
        let is_here = |(place, _): &&(Place, u8)| is_in(place.as_deref(), segment);
        let here = self.places.iter().filter(is_here).map(|(_, bit)| *bit).min();
        let fresh = self.fresh();
        let open = |set: &u64| {
            let knows = |(catalog, _): &&(u8, u8)| set >> catalog & 1 == 1;
            let known = self.catalogs.iter().filter(knows).map(|(_, bit)| *bit).min();
            let since = here.zip(known).map(|(here, known)| u32::from(here.max(known)) + SEEN_FOR);
            let from = since.map_or(0, bits_from) & !fresh;
            Open { from, days: self.days & from }
        };
        sets.iter().map(open).collect()
    }

    /// Their first days with each catalog but the first.
    fn fresh(&self) -> u128 {
        let first = self.catalogs.iter().map(|(_, bit)| *bit).min();
        let others = self.catalogs.iter().map(|(_, bit)| *bit).filter(|bit| Some(*bit) != first);
        others.fold(0, |fresh, bit| {
            let bit = u32::from(bit);
            fresh | (bits_from(bit) & !bits_from(bit + FRESH_FOR))
        })
    }
}

impl Open {
    /// It was possible on this date.
    pub(super) const fn has(self, bit: u8) -> bool {
        self.from >> bit & 1 == 1
    }

    /// Days of the seven.
    pub(super) const fn days_now(self) -> u32 {
        (self.days >> NOW).count_ones()
    }

    /// Days of the eight weeks before.
    pub(super) const fn days_before(self) -> u32 {
        (self.days & !bits_from(NOW)).count_ones()
    }
}

/// All bits from this one on.
const fn bits_from(bit: u32) -> u128 {
    if bit < u128::BITS { u128::MAX << bit } else { 0 }
}

/// The place is the segment or lies below it; `None` is everybody.
fn is_in(place: Option<&Segment>, segment: Option<&Segment>) -> bool {
    let Some(segment) = segment else { return true };
    std::iter::successors(place.cloned(), Segment::parent).any(|above| above == *segment)
}

/// Keeps the first date of each.
fn note<T: PartialEq>(firsts: &mut Vec<(T, u8)>, of: T, bit: u8) {
    match firsts.iter_mut().find(|(known, _)| *known == of) {
        Some((_, first)) => *first = bit.min(*first),
        None => firsts.push((of, bit)),
    }
}
