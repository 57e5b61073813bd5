//! What one device's days of the week say about coverage.

use std::sync::Arc;

use crate::{device_day::BlindSpots, segment::Segments};

#[derive(Debug)]
pub(in crate::rollup) struct DeviceTally {
    pub(in crate::rollup) segments: Arc<Segments>,
    /// The newest day in the week itself, which `segments` are of.
    segments_on: Option<u32>,
    /// The segments are those that it is enrolled with.
    pub(super) is_enrolled: bool,
    pub(in crate::rollup) reporting: bool,
    pub(in crate::rollup) connections: u64,
    pub(in crate::rollup) encrypted_hello: u64,
    pub(in crate::rollup) encrypted_dns: u64,
    pub(in crate::rollup) unnamed: u64,
    pub(in crate::rollup) tunnels: u64,
    pub(in crate::rollup) days: u64,
    pub(in crate::rollup) unwatched_seconds: u64,
    pub(in crate::rollup) lossy_days: u64,
}

impl DeviceTally {
    pub(super) fn new(segments: Arc<Segments>) -> Self {
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

    pub(super) fn count_in(&mut self, segments: &Arc<Segments>, on: u32) {
        if !self.is_enrolled && Some(on) > self.segments_on {
            (self.segments, self.segments_on) = (segments.clone(), Some(on));
        }
    }

    pub(super) fn report(&mut self, blind: &BlindSpots, unwatched_seconds: u32) {
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

    pub(super) fn join(&mut self, other: Self) {
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
