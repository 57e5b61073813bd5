//! By a reader who does not know how many customers are where, only how many devices: how many customers were seen.
//!
//! Whoever was seen has a device that reported. What else is told of how much was seen are shares of connections and of
//! time, which follow from no number of customers and are not read.

use elsewhere_collector::{
    published::{Figure as Published, PublishedSegment},
    segment::Segment,
};

use super::{
    attack::{Counted, Outcome, Question, Released, ask, name},
    cells::{Cell, cells},
    company::{SPARE_DEVICES, civil_week},
    program::{Program, Sum, Variable},
    reading::read_customers,
};

/// Most customers that somebody outside believes to be in one place.
const MOST_UNSEEN: i64 = 1_000;

/// The numbers that are not known of a week.
struct Seen {
    week: usize,
    cells: Vec<Cell>,
    /// Of each cell: customers, and devices that reported.
    unknowns: Vec<[Variable; 2]>,
    /// Devices of each cell.
    devices: Vec<u64>,
    program: Program,
    truth: Vec<i64>,
}

impl Released<'_> {
    pub(crate) fn attack_from_outside(&self, week: usize) -> Outcome {
        let mut seen = Seen::new(self, week);
        let mut questions = Vec::new();
        for row in &self.weeks[week].segments {
            seen.read(self, row);
            if row.customers.shown().is_none() {
                questions.push(Question {
                    what: "customers seen".into(),
                    node: row.segment.clone(),
                    week,
                    sum: seen.sum(row.segment.as_ref(), 0),
                    needed: i64::from(self.company.k),
                    k: i64::from(self.company.k),
                    of: Counted::Customers,
                });
            }
        }
        ask(&seen.program, &seen.truth, questions)
    }
}

impl Seen {
    fn new(released: &Released<'_>, week: usize) -> Self {
        // What somebody did says nothing here.
        let cells = cells(&released.company.without_insiders(), &[week]);
        let (mut program, mut truth, mut devices) = (Program::default(), Vec::new(), Vec::new());
        let mut unknowns = Vec::new();
        for cell in &cells {
            let reporting: u64 = cell.of.iter().map(|index| released.company.customers[*index].devices).sum();
            devices.push(reporting + SPARE_DEVICES);
            let most = i64::try_from(reporting + SPARE_DEVICES).unwrap();
            let of_cell = [program.count(0, MOST_UNSEEN), program.count(0, most)];
            truth.extend([cell.size(), i64::try_from(reporting).unwrap()]);
            program.at_most(vec![(of_cell[0], 1), (of_cell[1], -1)], 0);
            unknowns.push(of_cell);
        }
        Self { week, cells, unknowns, devices, program, truth }
    }

    /// Customers (0), or devices that reported (1).
    fn sum(&self, node: Option<&Segment>, which: usize) -> Sum {
        let of_cells = self.cells.iter().zip(&self.unknowns).filter(|(cell, _)| cell.is_in(0, node));
        of_cells.map(|(_, of)| (of[which], 1)).collect()
    }

    fn read(&mut self, released: &Released<'_>, row: &PublishedSegment) {
        let (node, reading) = (row.segment.as_ref(), released.reading);
        let at = format!("{}, {}", civil_week(self.week), name(node));
        let of_needs = row.needs.iter().flat_map(|need| {
            let services = need.services.iter().map(|service| service.customers);
            services.chain([need.customers, need.other_services_customers])
        });
        if let Some(most) = of_needs.filter_map(Published::shown).max() {
            self.program.says(format!("{at}: at least {most} with a need"));
            let least = (i64::from(most) - reading.customers.below).max(reading.k);
            let customers = self.sum(node, 0);
            self.program.at_least(customers, least);
        }
        if let Some(shown) = row.customers.shown() {
            self.program.says(format!("{at}: {shown} seen"));
            let customers = self.sum(node, 0);
            read_customers(&mut self.program, customers, shown, reading);
        }
        if let Some(trust) = row.trust {
            let percent = trust.devices_reporting;
            self.program.says(format!("{at}: {percent} % of devices reported"));
            let inside = self.cells.iter().zip(&self.devices).filter(|(cell, _)| cell.is_in(0, node));
            let devices = inside.map(|(_, devices)| devices).sum();
            let (low, high) = reading.reporting.window(percent, devices);
            let reporting = self.sum(node, 1);
            self.program.between(reporting, low, high);
        }
    }
}
