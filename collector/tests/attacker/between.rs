//! What is released between two freezes, and what a reader who keeps it makes of it: the running week's coarse rows of each
//! night, and signals.
//!
//! A week only grows, so a night's figure is a lower bound of the frozen one; a night's figures are not set against each
//! other, since their windows are twice as wide. A signal is at least k customers within seven days, which lie in two
//! weeks: what they can't have been in the one they were in the other. And it is k customers who had not used the service
//! in any week before. Of several signals each is read by itself.

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
/// Nights of which signals are read: the same, and the last, whose seven days are the week.
const SIGNAL_NIGHTS: [usize; 3] = [2, 5, 6];

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

    /// Signals wherever there are k customers and k who began, whatever else is told, and no nights.
    pub(crate) fn of_naive_signals(company: &Company) -> Self {
        let mut between = Self::default();
        for (week, weekday) in (0..company.weeks).flat_map(|week| [2, 6].map(|weekday| (week, weekday))) {
            let arrivals = company.arrivals(week, weekday);
            for (segment, node) in &company.rollup_of_seven_days(week, weekday).nodes {
                let services =
                    node.needs.iter().flat_map(|(need, of)| of.services.iter().map(move |of| (need, of)));
                let began =
                    |service: &String| arrivals.get(segment).is_some_and(|of| of[service].now >= company.k);
                let is_signal = |(_, (service, of)): &(&String, (&String, &ServiceCounts))| {
                    of.customers >= company.k && began(service)
                };
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
        }
        let nights = (0..company.weeks).flat_map(|week| SIGNAL_NIGHTS.map(|weekday| (week, weekday)));
        for (week, weekday) in nights {
            let (days, began) =
                (company.rollup_of_seven_days(week, weekday), company.arrivals(week, weekday));
            let signals = floor::signals(&days, &landscape, &policy, &began, civil_week(week).sunday());
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
        told.read_of_weeks_before(world, service, within[0]);
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
        let need = world.company.services[service].need;
        world.figure_of(need, Figure::Service(service), 0, |cell| self.has_some_of(world.company, cell))
    }

    fn has(&self, company: &Company, customer: usize) -> bool {
        company.customers[customer].is_now_in(self.week, self.signal.segment.as_ref())
    }

    fn has_some_of(&self, company: &Company, cell: &Cell) -> bool {
        cell.of.iter().any(|customer| self.has(company, *customer))
    }

    /// Of those who are there now, k did not use the service in a week before `first`; those of them who were not there
    /// then may be some of these.
    fn read_of_weeks_before(&self, world: &mut World<'_>, service: usize, first: usize) {
        let company = world.company;
        let now: Vec<usize> =
            (0..company.customers.len()).filter(|customer| self.has(company, *customer)).collect();
        for (place, week) in world.weeks.clone().into_iter().enumerate().filter(|(_, week)| *week < first) {
            let was_there = |customer: &&usize| {
                company.customers[**customer].weeks.get(week).is_some_and(Option::is_some)
            };
            let joined = now.len() - now.iter().filter(was_there).count();
            let did_not = i64::from(self.signal.minimum_group) - i64::try_from(joined).unwrap();
            if did_not <= 0 {
                continue;
            }
            let test = |cell: &Cell| cell.stays[place].is_some() && self.has_some_of(company, cell);
            let all: i64 = world.cells.iter().filter(|cell| test(cell)).map(Cell::size).sum();
            let used = world.figure_of(company.services[service].need, Figure::Service(service), place, test);
            world.program.says(format!(
                "{}, {}: {} began later, after day {} of {}",
                civil_week(week),
                name(self.signal.segment.as_ref()),
                self.signal.service,
                self.weekday + 1,
                civil_week(self.week)
            ));
            world.program.at_most(used, all - did_not);
        }
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
