//! What is true of any company, as rows of a program, before anything is published.
//!
//! Customers who were in the same segments in each week looked at are one cell; nobody outside can tell them apart. Of
//! each cell the reader knows how many they are, and nothing of what they did. What is not known: how many of them have
//! a day in exactly these parts, the days in each part, the customers and days of each service, who left, who came
//! back, for each need. A customer has at most seven days in a week for a need, each in one part. The rows for days are all that there
//! are: every point of them is some customers' week. For services they are the ones that follow from a side's days.

mod facets;
mod need;
mod used;

use elsewhere_collector::{
    portfolio::{SanctionStatus, Side},
    rollup::{Facet, Part, Rollup},
    segment::Segment,
};

use super::{
    cells::{Cell, cells},
    company::Company,
    program::{Program, Sum, Variable},
};
use need::OfNeed;

/// What a reader can ask of one need at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Figure {
    Customers,
    /// Customers with a day in this part.
    Part(Part),
    Elsewhere,
    OursOrElsewhere,
    OursAndElsewhere,
    /// With us, and never elsewhere: the complement of elsewhere.
    NeverElsewhere,
    /// Place in the company's services.
    Service(usize),
    Left,
    CameBack,
    /// Those of the customers elsewhere.
    Facet(Facet),
    /// Place in the company's services: those with it, or for whom it ran by itself.
    Present(usize),
    /// Place in the company's services: those with it who are in our tenant of it.
    InOurTenant(usize),
}

/// Everything that customers did in one or two weeks.
pub(crate) struct World<'c> {
    pub(crate) company: &'c Company,
    pub(crate) weeks: Vec<usize>,
    pub(crate) cells: Vec<Cell>,
    unknowns: Vec<CellUnknowns>,
    pub(crate) program: Program,
    /// What was so.
    pub(crate) truth: Vec<i64>,
}

/// One cell's unknown numbers.
struct CellUnknowns {
    needs: Vec<OfNeed>,
    /// For each week looked at: who left for any need, who came back.
    moves: Vec<[Variable; 2]>,
}

pub(crate) const ELSEWHERE: [Part; 2] = [Part::Both, Part::ElsewhereAlone];
pub(crate) const OURS: [Part; 2] = [Part::OursAlone, Part::Both];

/// Makes the unknown numbers of one cell, and notes what they were.
struct Unknowns<'w> {
    program: &'w mut Program,
    truth: &'w mut Vec<i64>,
    /// Customers in the cell.
    size: i64,
    /// The reader knows what they did.
    known: bool,
}

impl Unknowns<'_> {
    fn customers(&mut self, so: u32) -> Variable {
        let (low, high) = self.within(so, self.size);
        self.program.count(low, high)
    }

    fn days(&mut self, so: u32) -> Variable {
        let (low, high) = self.within(so, self.size * 7);
        self.program.amount(low, high)
    }

    fn within(&mut self, so: u32, most: i64) -> (i64, i64) {
        let so = i64::from(so);
        self.truth.push(so);
        if self.known { (so, so) } else { (0, most) }
    }
}

impl<'c> World<'c> {
    /// These weeks. In two weeks, whoever was there in both did the same in both.
    pub(crate) fn new(company: &'c Company, weeks: &[usize]) -> Self {
        let mut world = Self {
            company,
            weeks: weeks.to_vec(),
            cells: Vec::new(),
            unknowns: Vec::new(),
            program: Program::default(),
            truth: Vec::new(),
        };
        for cell in cells(company, weeks) {
            world.add(cell);
        }
        world
    }

    fn add(&mut self, cell: Cell) {
        let rollups: Vec<Rollup> =
            self.weeks.iter().map(|week| self.company.rollup_of(*week, &cell.of)).collect();
        let (program, truth) = (&mut self.program, &mut self.truth);
        let mut unknowns = Unknowns { program, truth, size: cell.size(), known: cell.known };
        let needs = 0..self.company.needs.len();
        let needs = needs.map(|need| OfNeed::new(self.company, need, &cell, &rollups, &mut unknowns));
        let needs = needs.collect();
        let moved = rollups.iter().map(|rollup| &rollup.nodes[&None]);
        let moves = moved.map(|node| [node.left, node.came_back].map(|so| unknowns.customers(so))).collect();
        let unknowns = CellUnknowns { needs, moves };
        unknowns.constrain(cell.size(), &mut self.program);
        self.unknowns.push(unknowns);
        self.cells.push(cell);
    }

    /// A figure of a need at a node, in the week with this place among those looked at.
    pub(crate) fn figure(&self, need: usize, figure: Figure, week: usize, node: Option<&Segment>) -> Sum {
        self.figure_of(need, figure, week, |cell| cell.is_in(week, node))
    }

    /// The same over the cells that pass the test.
    pub(crate) fn figure_of(
        &self,
        need: usize,
        figure: Figure,
        week: usize,
        test: impl Fn(&Cell) -> bool,
    ) -> Sum {
        self.sum(test, |unknowns| unknowns.needs[need].figure(figure, week))
    }

    /// Days of a need in these parts, over the cells that pass the test.
    pub(crate) fn days(&self, need: usize, parts: &[Part], test: impl Fn(&Cell) -> bool) -> Sum {
        self.sum(test, |unknowns| unknowns.needs[need].days_in(parts))
    }

    /// Days with a service, over the cells that pass the test.
    pub(crate) fn service_days(&self, service: usize, test: impl Fn(&Cell) -> bool) -> Sum {
        let need = self.company.services[service].need;
        self.sum(test, |unknowns| unknowns.needs[need].used.days(service))
    }

    /// Who left (0) or came back (1) for any need, at a node.
    pub(crate) fn moves(&self, which: usize, week: usize, node: Option<&Segment>) -> Sum {
        self.sum(|cell| cell.is_in(week, node), |unknowns| vec![(unknowns.moves[week][which], 1)])
    }

    fn sum(&self, test: impl Fn(&Cell) -> bool, of: impl Fn(&CellUnknowns) -> Sum) -> Sum {
        let cells = self.cells.iter().zip(&self.unknowns).filter(|(cell, _)| test(cell));
        cells.flat_map(|(_, unknowns)| of(unknowns)).collect()
    }

    /// Customers at a node of whom the reader does not know what they did.
    pub(crate) fn strangers(&self, week: usize, node: Option<&Segment>) -> i64 {
        self.cells.iter().filter(|cell| !cell.known && cell.is_in(week, node)).map(Cell::size).sum()
    }

    /// Some need has something of ours and something elsewhere.
    pub(crate) fn anybody_can_move(&self) -> bool {
        (0..self.company.needs.len()).any(|need| self.figures(need).contains(&Figure::Left))
    }

    /// All that can be asked of a need: what somebody could ever count in.
    pub(crate) fn figures(&self, need: usize) -> Vec<Figure> {
        let part = |part| can_be(self.company, need, part);
        let mut figures = vec![Figure::Customers];
        figures.extend(Part::ALL.into_iter().filter(|of| part(*of)).map(Figure::Part));
        figures.extend(self.company.services_of(need).map(|(index, _)| Figure::Service(index)));
        let ours = self.company.services_of(need).filter(|(_, service)| service.side() == Side::Ours);
        figures.extend(ours.map(|(index, _)| Figure::Present(index)));
        let unreviewed =
            self.company.services_of(need).filter(|(_, of)| of.status == SanctionStatus::Unreviewed);
        figures.extend(unreviewed.map(|(index, _)| Figure::InOurTenant(index)));
        if part(Part::ElsewhereAlone) {
            figures.push(Figure::Elsewhere);
            if !self.company.unseen.contains(&self.company.needs[need]) {
                figures.extend(self.company.facets.iter().copied().map(Figure::Facet));
            }
        }
        if part(Part::OursAlone) || part(Part::ElsewhereAlone) {
            figures.push(Figure::OursOrElsewhere);
        }
        if part(Part::Both) {
            figures.extend([Figure::OursAndElsewhere, Figure::NeverElsewhere]);
            if !self.company.unseen.contains(&self.company.needs[need]) {
                figures.extend([Figure::Left, Figure::CameBack]);
            }
        }
        figures
    }
}

impl CellUnknowns {
    fn constrain(&self, size: i64, program: &mut Program) {
        for need in &self.needs {
            need.constrain(size, program);
        }
        for (week, moves) in self.moves.iter().enumerate() {
            for (which, any) in moves.iter().enumerate() {
                let of_needs: Sum = self.needs.iter().map(|need| (need.moves[week][which], 1)).collect();
                for of_need in &of_needs {
                    program.at_most(minus(vec![*of_need], &[(*any, 1)]), 0);
                }
                program.at_most(minus(vec![(*any, 1)], &of_needs), 0);
            }
        }
    }
}

/// Some service lies on the sides that this part takes.
fn can_be(company: &Company, need: usize, part: Part) -> bool {
    let on = |side| company.services_of(need).any(|(_, service)| service.side() == side);
    match part {
        Part::OursAlone => on(Side::Ours),
        Part::Both => on(Side::Ours) && on(Side::Elsewhere),
        Part::Tolerated => on(Side::Tolerated),
        Part::ElsewhereAlone => on(Side::Elsewhere),
    }
}

fn minus(mut sum: Sum, other: &[(Variable, i64)]) -> Sum {
    sum.extend(other.iter().map(|(variable, factor)| (*variable, -factor)));
    sum
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use elsewhere_collector::portfolio::SanctionStatus::{Sanctioned, Unreviewed};

    use super::*;

    /// The world of one customer with so many days with ours alone, both, and elsewhere alone, and what was so.
    fn world(days: [usize; 3]) -> (Company, Vec<i64>) {
        let words =
            ["a", "ab", "b"].into_iter().zip(days).flat_map(|(word, days)| std::iter::repeat_n(word, days));
        let week = words.chain(std::iter::repeat(".")).take(7).collect::<Vec<_>>().join(" ");
        let company = Company::of(&[("files", Sanctioned), ("files", Unreviewed)]).with(1, "", &[&week]);
        let truth = World::new(&company, &[0]).truth;
        (company, truth)
    }

    /// Every point of the program is some week of the customer, and every week is a point.
    #[test]
    fn what_one_customer_can_do_is_what_the_rows_allow() {
        let mut weeks = HashSet::new();
        for ours in 0..=7 {
            for both in 0..=7 - ours {
                for elsewhere in 0..=7 - ours - both {
                    // Who moved is not looked at here.
                    let truth = world([ours, both, elsewhere]).1;
                    weeks.insert(truth[..MOVES].to_vec());
                }
            }
        }
        let (company, nothing) = world([0, 0, 0]);
        let program = World::new(&company, &[0]).program;
        let mut points = 0;
        let (sets, days) = (8, 8_i64);
        for set in 0..sets {
            for digits in 0..days.pow(5) * 4 {
                let mut point = nothing.clone();
                if set > 0 {
                    point[set - 1] = 1;
                }
                let digit = |at| digits / days.pow(at) % days;
                let flags = digits / days.pow(5);
                point[7..MOVES].copy_from_slice(&[
                    digit(0),
                    digit(1),
                    digit(2),
                    flags & 1,
                    digit(3),
                    flags >> 1,
                    digit(4),
                ]);
                if program.broken_by(&point).is_none() {
                    assert!(weeks.contains(&point[..MOVES]), "{point:?}");
                    points += 1;
                }
            }
        }
        assert_eq!((points, weeks.len()), (120, 120));
    }

    /// Place of the first number that is of moves: before are seven sets of parts, three parts, two services.
    const MOVES: usize = 14;
}
