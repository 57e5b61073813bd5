//! What one customer's device-days say: the dates of each need, the services of the week, and what was seen of them.

use std::{cmp::Reverse, sync::Arc};

use crate::{
    device::{ACTIVE_DAYS, DeviceId},
    device_day::{Evidence, Tenant},
    portfolio::{Landscape, NeedIndex, SanctionStatus, ServiceIndex, Side},
    rollup::{
        days::{Days, week_bit},
        facets::{DaysOfSides, Seen},
    },
    segment::Segments,
    store::body::{PackedDay, PackedRow, PackedSpill, PackedUsage},
};

#[derive(Debug)]
pub(in crate::rollup) struct CustomerTally {
    pub(in crate::rollup) segments: Arc<Segments>,
    /// The device that `segments` are of, and its day: the lowest that reported in the week itself, and its newest there.
    segments_of: Option<(DeviceId, Reverse<u32>)>,
    /// A device that is theirs alone told about a day of the week itself.
    pub(in crate::rollup) seen: bool,
    /// One of their devices was enrolled by a token of its own.
    pub(super) has_own_token: bool,
    /// The first date of which a device that is theirs alone told, history included: its bit.
    pub(super) first_bit: u32,
    /// Dates, history included, on which devices of a group's token told of a day, a bit each.
    pub(super) group_days: u64,
    pub(in crate::rollup) needs: Vec<(NeedIndex, Days)>,
    /// Of the week itself.
    pub(in crate::rollup) services: Vec<(ServiceIndex, Used)>,
    /// Services of ours of which a program ran by itself in the week.
    pub(in crate::rollup) present: Vec<ServiceIndex>,
    /// Of the week itself, where there is something beside the dates.
    seen_of_needs: Vec<(NeedIndex, Seen)>,
}

/// Use of one service in the week itself.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::rollup) struct Used {
    /// A bit for each day.
    pub(in crate::rollup) days: u8,
    /// The organisation's own tenant of it was reached; noted of services that nobody has reviewed.
    pub(in crate::rollup) in_our_tenant: bool,
}

impl Used {
    fn join(&mut self, other: Self) {
        self.days |= other.days;
        self.in_our_tenant |= other.in_our_tenant;
    }
}

/// A service that a device-day names, looked up once for all its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) index: ServiceIndex,
    pub(super) need: NeedIndex,
    pub(super) side: Side,
    as_often_private: bool,
    is_unreviewed: bool,
    /// The place of its need in the customer's list, where it was used.
    pub(super) need_at: Option<usize>,
}

impl Named {
    pub(super) fn of(landscape: &Landscape, index: ServiceIndex) -> Self {
        let service = landscape.service(index);
        let (need, side) = (service.need, service.side());
        let is_unreviewed = service.status == SanctionStatus::Unreviewed;
        let as_often_private = service.as_often_private;
        Self { index, need, side, as_often_private, is_unreviewed, need_at: None }
    }
}

impl CustomerTally {
    pub(super) fn new(segments: Arc<Segments>) -> Self {
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

    pub(super) fn count_in(&mut self, segments: &Arc<Segments>, of: (DeviceId, Reverse<u32>)) {
        if self.segments_of.is_none_or(|known| of < known) {
            (self.segments, self.segments_of) = (segments.clone(), Some(of));
        }
    }

    /// What was seen of the week with a need, beside its dates.
    pub(in crate::rollup) fn seen_of(&self, need: NeedIndex) -> Seen {
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
    pub(super) fn counts(&self) -> bool {
        self.has_own_token || self.group_days.count_ones() >= ACTIVE_DAYS
    }

    /// Reads the figures of a day of the week itself; `services` are those that it names.
    pub(super) fn look_closer(
        &mut self,
        landscape: &Landscape,
        day: &PackedDay<'_>,
        services: &[Option<Named>],
        sides: &mut DaysOfSides,
    ) {
        // What can't be read ends the rows: the store's checksum has been looked at before.
        let _ = day.rows(|row| match row {
            PackedRow::Usage(row) => {
                if let Some(named) = &services[row.kind.service] {
                    self.look_at(named, &row, sides);
                }
            }
            PackedRow::Spill(spill) => self.look_at_spill(landscape, &spill),
        });
        for (need, ours, elsewhere) in sides.take() {
            self.see(need).compare(&ours, &elsewhere);
        }
    }

    fn look_at(&mut self, named: &Named, row: &PackedUsage<'_>, sides: &mut DaysOfSides) {
        let Named { need, side, .. } = *named;
        if named.as_often_private || row.kind.tenant == Tenant::Guest {
            return;
        }
        if row.turned_away > 0 {
            self.see(need).turned_away();
        }
        if row.kind.evidence != Evidence::Use {
            if side == Side::Ours {
                self.add_present(named.index);
            }
            return;
        }
        if side == Side::Elsewhere {
            self.see(need).elsewhere(row);
        }
        if named.is_unreviewed && row.kind.tenant == Tenant::Ours {
            self.note_service(named.index, Used { days: 0, in_our_tenant: true });
        }
        sides.add(need, side, row);
        if let Some(at) = named.need_at {
            self.needs[at].1.note_place(side, row.kind.place);
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

    /// Notes use of a service, and tells the place of its need. Noted again for the same date it changes nothing.
    pub(super) fn meet(&mut self, named: &Named, bit: u32) -> Option<usize> {
        if named.as_often_private {
            return None;
        }
        let mut days = Days::default();
        days.note(named.side, bit);
        if let Some(day) = week_bit(bit) {
            self.note_service(named.index, Used { days: day, in_our_tenant: false });
        }
        Some(self.note_need(named.need, days))
    }

    fn add_present(&mut self, service: ServiceIndex) {
        if !self.present.contains(&service) {
            self.present.push(service);
        }
    }

    /// The need's place in the list.
    fn note_need(&mut self, need: NeedIndex, days: Days) -> usize {
        if let Some(at) = self.needs.iter().position(|(known, _)| *known == need) {
            self.needs[at].1.join(days);
            return at;
        }
        self.needs.push((need, days));
        self.needs.len() - 1
    }

    fn note_service(&mut self, service: ServiceIndex, used: Used) {
        match self.services.iter_mut().find(|(known, _)| *known == service) {
            Some((_, known)) => known.join(used),
            None => self.services.push((service, used)),
        }
    }

    pub(super) fn join(&mut self, other: Self) {
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
        for (service, used) in other.services {
            self.note_service(service, used);
        }
        for service in other.present {
            self.add_present(service);
        }
        for (need, seen) in other.seen_of_needs {
            self.see(need).join(&seen);
        }
    }
}
