//! What is released between two freezes, and what a reader who keeps it makes of it: the running week's coarse rows of each
//! night, and signals.
//!
//! A week only grows, so a night's figure is a lower bound of the frozen one; a night's figures are not set against each
//! other, since their windows are twice as wide. A signal is at least k customers within seven days, which lie in two
//! weeks: what they can't have been in the one they were in the other. Of several signals each is read by itself.

use std::collections::HashSet;

use elsewhere_collector::{
    floor,
    published::{Figure as Published, PublishedWeek, Signal},
    rollup::ServiceCounts,
    segment::Segment,
};

use super::{
    arithmetic::{Figure, World},
    attack::{Released, name},
    cells::Cell,
    company::{Company, civil_week},
    program::{Sum, Toward},
    reading::published,
};

/// Nights that are read: after Wednesday and Saturday, in which a week is half over and nearly.
const NIGHTS: [usize; 2] = [2, 5];

#[derive(Default)]
pub(crate) struct Between {
    /// Place of the week in the company's story.
    nights: Vec<(usize, PublishedWeek)>,
    signals: Vec<Told>,
}

/// A signal of the seven days that end with this one.
struct Told {
    week: usize,
    weekday: usize,
    signal: Signal,
}

impl Between {
    /// What the floor makes of each night.
    pub(crate) fn by_floor(company: &Company) -> Self {
        Self::of_nights(company, floor::coarse)
    }

    /// The same where a night shows all that the freeze would.
    pub(crate) fn as_if_frozen(company: &Company) -> Self {
        Self::of_nights(company, |rows| rows)
    }

    /// Signals wherever there are k customers, whatever else is told, and no nights.
    pub(crate) fn of_naive_signals(company: &Company) -> Self {
        let mut between = Self::default();
        let [weekday, _] = NIGHTS;
        for week in 0..company.weeks {
            for (segment, node) in &company.rollup_of_seven_days(week, weekday).nodes {
                let services =
                    node.needs.iter().flat_map(|(need, of)| of.services.iter().map(move |of| (need, of)));
                let is_signal = |(_, (_, of)): &(_, (_, &ServiceCounts))| of.customers >= company.k;
                between.signals.extend(services.filter(is_signal).map(|(need, (service, _))| Told {
                    week,
                    weekday,
                    signal: Signal {
                        segment: segment.clone(),
                        need: need.clone(),
                        service: service.clone(),
                        released: civil_week(week).sunday(),
                        minimum_group: company.k,
                    },
                }));
            }
        }
        between
    }

    fn of_nights(company: &Company, shown: fn(PublishedWeek) -> PublishedWeek) -> Self {
        let (landscape, policy) = (company.landscape(), company.policy());
        let (mut between, mut told) = (Self::default(), HashSet::new());
        for (week, weekday) in (0..company.weeks).flat_map(|week| NIGHTS.map(|weekday| (week, weekday))) {
            let rows = floor::publish(&company.rollup_by(week, weekday), &landscape, &policy);
            between.nights.push((week, shown(rows)));
            let days = company.rollup_of_seven_days(week, weekday);
            let signals = floor::signals(&days, &landscape, &policy, civil_week(week).sunday());
            let is_new = |signal: &Signal| told.insert((signal.segment.clone(), signal.service.clone()));
            let new = signals.into_iter().filter(is_new);
            between.signals.extend(new.map(|signal| Told { week, weekday, signal }));
        }
        between
    }
}

impl Released<'_> {
    /// Takes in what was released before these weeks were frozen, and right after.
    pub(crate) fn read_between(&self, world: &mut World<'_>) {
        for (week, rows) in &self.between.nights {
            if let Some(place) = world.weeks.iter().position(|of| of == week) {
                world.read_night(place, rows, &self.weeks[*week]);
            }
        }
        for told in &self.between.signals {
            self.read_signal(world, told);
        }
    }

    fn read_signal(&self, world: &mut World<'_>, told: &Told) {
        let index = self.company.services.iter().position(|service| service.id == told.signal.service);
        let service = index.unwrap();
        let mut within = vec![told.week];
        if told.weekday < 6 && told.week > 0 {
            within.insert(0, told.week - 1);
        }
        let (looked_at, others): (Vec<usize>, Vec<usize>) =
            within.into_iter().partition(|week| world.weeks.contains(week));
        if looked_at.is_empty() {
            return;
        }
        // Where a frozen week tells as much, it is no news.
        let is_known = |week: &usize| {
            let row = self.weeks[*week].segment(told.signal.segment.as_ref());
            let row = row.and_then(|row| row.need(&told.signal.need)?.service(&told.signal.service));
            row.is_some_and(|row| row.customers.shown().is_some())
        };
        if looked_at.iter().chain(&others).any(is_known) {
            return;
        }
        let k = i64::from(told.signal.minimum_group);
        let elsewhere: i64 = others.iter().map(|week| self.most(*week, service, told, k)).sum();
        let node = told.signal.segment.as_ref();
        world.program.says(format!(
            "{}, {}: a signal of {} after day {}",
            civil_week(told.week),
            name(node),
            told.signal.service,
            told.weekday + 1
        ));
        let customers = told.customers(world, service);
        world.program.at_least(customers, k - elsewhere);
    }

    /// Most customers that a service can have had in one week, of those whom a signal is of; k is enough.
    fn most(&self, week: usize, service: usize, told: &Told, k: i64) -> i64 {
        let world = self.world(&[week]);
        let customers = told.customers(&world, service);
        let most = world.program.extreme(&customers, Toward::Most, k, &world.truth);
        most.bound.unwrap_or(k).min(k)
    }
}

impl Told {
    /// Customers of the service who could be among those whom it is of: a customer counts where it was last.
    fn customers(&self, world: &World<'_>, service: usize) -> Sum {
        let customers = &world.company.customers;
        let is_in = |index: &usize| {
            let stay = |week: usize| customers[*index].weeks.get(week)?.as_ref();
            let last = stay(self.week).or_else(|| stay(self.week.checked_sub(1)?));
            last.is_some_and(|stay| stay.is_in(self.signal.segment.as_ref()))
        };
        let test = |cell: &Cell| cell.of.iter().any(is_in);
        let need = world.company.services[service].need;
        world.figure_of(need, Figure::Service(service), 0, test)
    }
}

impl World<'_> {
    /// Takes in what a night's rows show and the frozen week's do not: that it was k at least. What both show is more
    /// in the frozen one.
    fn read_night(&mut self, week: usize, night: &PublishedWeek, frozen: &PublishedWeek) {
        for row in &night.segments {
            let node = row.segment.as_ref();
            for need in 0..self.company.needs.len() {
                let id = self.company.needs[need].clone();
                let (Some(before), Some(after)) =
                    (row.need(&id), frozen.segment(node).and_then(|row| row.need(&id)))
                else {
                    continue;
                };
                for figure in self.figures(need) {
                    let of = |row| published(row, figure, self.company).and_then(Published::shown);
                    if of(before).is_some() && of(after).is_none() {
                        self.at_least(need, figure, week, node, night.minimum_group);
                    }
                }
                if before.elsewhere.shown().is_some() && after.elsewhere.shown().is_none() {
                    self.at_least(need, Figure::Elsewhere, week, node, night.minimum_group);
                }
            }
        }
    }

    fn at_least(&mut self, need: usize, figure: Figure, week: usize, node: Option<&Segment>, k: u32) {
        let (at, id) = (civil_week(self.weeks[week]), &self.company.needs[need]);
        self.program.says(format!("{at}, {}, {id}, {figure:?}: shown on a night", name(node)));
        let customers = self.figure(need, figure, week, node);
        self.program.at_least(customers, k.into());
    }
}
