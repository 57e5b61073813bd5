//! What is true of any company, as rows of a program, before anything is published.
//!
//! Customers who were in the same segments in each week looked at are one cell; nobody outside can tell them apart. Of
//! each cell the reader knows how many they are, and nothing of what they did. What is not known: how many of them have
//! a day in exactly these parts, the days in each part, the customers and days of each service, who left, who came
//! back, for each need. A customer has at most seven days in a week for a need, each in one part. The rows for days are all that there
//! are: every point of them is some customers' week. For services they are the ones that follow from a side's days.

use elsewhere_collector::{
    portfolio::Side,
    rollup::{Facet, Part, PartSet, Rollup},
    segment::Segment,
};

use super::{
    company::{Company, Stay},
    program::{Program, Sum, Variable},
};

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
}

/// Customers who can't be told apart from outside.
pub(crate) struct Cell {
    /// Places in the company's customers.
    pub(crate) of: Vec<usize>,
    /// In each of the weeks looked at; only the segments count.
    stays: Vec<Option<Stay>>,
    /// The reader knows what they did.
    pub(crate) known: bool,
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

/// What a number is of.
#[derive(Clone, Copy)]
enum Of {
    Customers,
    Days,
}

/// One cell's unknown numbers.
struct CellUnknowns {
    needs: Vec<Unknowns>,
    /// For each week looked at: who left for any need, who came back.
    moves: Vec<[Variable; 2]>,
}

/// One cell's unknown numbers of one need.
struct Unknowns {
    /// Parts that somebody can have a day in.
    parts: Vec<Part>,
    /// Customers with a day in exactly these parts.
    by_parts: Vec<(Vec<Part>, Variable)>,
    days: Vec<(Part, Variable)>,
    services: Vec<(usize, OfService)>,
    /// For each week looked at: who left, who came back.
    moves: Vec<[Variable; 2]>,
    /// For each week looked at: those of [`FACETS`].
    facets: Vec<Vec<(Facet, Variable)>>,
    /// Of services of ours.
    idle: Vec<(usize, Variable)>,
}

/// The facets that are looked at; the others are judged like the last.
pub(crate) const FACETS: [Facet; 6] =
    [Facet::NeverOurs, Facet::Before, Facet::BeforeTwoWeeks, Facet::Reliant, Facet::OnlyAway, Facet::Night];

/// Weeks before count in it, so that it can differ where the weeks themselves do not.
fn is_of_history(facet: Facet) -> bool {
    facet < Facet::OnlyAway
}

#[derive(Clone, Copy)]
struct OfService {
    side: Side,
    customers: Variable,
    days: Variable,
}

const ELSEWHERE: [Part; 2] = [Part::Both, Part::ElsewhereAlone];
const OURS: [Part; 2] = [Part::OursAlone, Part::Both];

/// Cells of the customers there in any of these weeks; those whom the reader knows apart from the others.
pub(crate) fn cells(company: &Company, weeks: &[usize]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for (index, person) in company.customers.iter().enumerate() {
        let place = |week: &usize| {
            let stay = person.weeks.get(*week)?.as_ref()?;
            Some(Stay { segments: stay.segments.clone(), days: [0; 7] })
        };
        let stays: Vec<Option<Stay>> = weeks.iter().map(place).collect();
        if stays.iter().all(Option::is_none) {
            continue;
        }
        match cells.iter_mut().find(|cell| cell.stays == stays && cell.known == person.known) {
            Some(cell) => cell.of.push(index),
            None => cells.push(Cell { of: vec![index], stays, known: person.known }),
        }
    }
    cells
}

impl Cell {
    pub(crate) fn size(&self) -> i64 {
        i64::try_from(self.of.len()).unwrap()
    }

    /// The segment of a dimension they are directly in.
    pub(crate) fn segment(&self, week: usize, dimension: &str) -> Option<&Segment> {
        let stay = self.stays[week].as_ref()?;
        stay.segments.iter().find(|segment| segment.dimension() == dimension)
    }

    /// There in the week with this place among those looked at, and in this segment.
    pub(crate) fn is_in(&self, week: usize, node: Option<&Segment>) -> bool {
        self.stays[week].as_ref().is_some_and(|stay| stay.is_in(node))
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
        let size = cell.size();
        let week = self.weeks[cell.stays.iter().position(Option::is_some).unwrap()];
        let rollups: Vec<Rollup> =
            self.weeks.iter().map(|week| self.company.rollup_of(*week, &cell.of)).collect();
        let first = &rollups[self.weeks.iter().position(|known| *known == week).unwrap()];
        let (program, truth) = (&mut self.program, &mut self.truth);
        let mut variable = |so: u32, of: Of| {
            let so = i64::from(so);
            truth.push(so);
            let within = |most| if cell.known { (so, so) } else { (0, most) };
            match of {
                Of::Customers => program.count(within(size).0, within(size).1),
                Of::Days => program.amount(within(size * 7).0, within(size * 7).1),
            }
        };
        let mut unknowns = CellUnknowns { needs: Vec::new(), moves: Vec::new() };
        for need in 0..self.company.needs.len() {
            let counts = |rollup: &Rollup| {
                rollup.nodes[&None].needs.get(&self.company.needs[need]).cloned().unwrap_or_default()
            };
            let parts = Part::ALL.into_iter().filter(|part| can_be(self.company, need, *part));
            let parts: Vec<Part> = parts.collect();
            let so = counts(first);
            let by_parts = subsets(&parts).map(|set| {
                let place = set.iter().copied().collect::<PartSet>().index();
                let customers = variable(so.customers_by_parts[place], Of::Customers);
                (set, customers)
            });
            let by_parts = by_parts.collect();
            let days =
                parts.iter().map(|part| (*part, variable(so.days[*part as usize], Of::Days))).collect();
            let services = self.company.services_of(need).map(|(index, service)| {
                let so = so.services.get(&service.id).copied().unwrap_or_default();
                let (customers, days) = (variable(so.customers, Of::Customers), variable(so.days, Of::Days));
                (index, OfService { side: service.side(), customers, days })
            });
            let services = services.collect();
            let moves = rollups.iter().map(counts);
            let moves = moves
                .map(|so| [variable(so.left, Of::Customers), variable(so.came_back, Of::Customers)])
                .collect();
            let mut facets: Vec<Vec<(Facet, Variable)>> = Vec::new();
            let looked_at = FACETS.iter().filter(|_| parts.contains(&Part::ElsewhereAlone));
            for so in rollups.iter().map(counts) {
                let of_week = looked_at.clone().map(|facet| {
                    // Only where they were there before; who was not did nothing.
                    let before = facets.iter().zip(&cell.stays).find(|(_, stay)| stay.is_some());
                    let before = before.filter(|_| !is_of_history(*facet));
                    let known = before.and_then(|(facets, _)| facets.iter().find(|(of, _)| of == facet));
                    let customers = so.facets.as_ref().map_or(0, |facets| facets.customers(*facet));
                    known.copied().unwrap_or_else(|| (*facet, variable(customers, Of::Customers)))
                });
                facets.push(of_week.collect());
            }
            let ours = self.company.services_of(need).filter(|(_, service)| service.side() == Side::Ours);
            let idle = ours.map(|(index, service)| {
                let idle = so.services.get(&service.id).map_or(0, |service| service.idle);
                (index, variable(idle, Of::Customers))
            });
            let idle = idle.collect();
            unknowns.needs.push(Unknowns { parts, by_parts, days, services, moves, facets, idle });
        }
        for rollup in &rollups {
            let node = &rollup.nodes[&None];
            unknowns
                .moves
                .push([variable(node.left, Of::Customers), variable(node.came_back, Of::Customers)]);
        }
        unknowns.constrain(size, &mut self.program);
        self.unknowns.push(unknowns);
        self.cells.push(cell);
    }

    /// A figure of a need at a node, in the week with this place among those looked at.
    pub(crate) fn figure(&self, need: usize, figure: Figure, week: usize, node: Option<&Segment>) -> Sum {
        self.sum(|cell| cell.is_in(week, node), |unknowns| unknowns.needs[need].figure(figure, week))
    }

    /// Days of a need in these parts, over the cells that pass the test.
    pub(crate) fn days(&self, need: usize, parts: &[Part], test: impl Fn(&Cell) -> bool) -> Sum {
        self.sum(test, |unknowns| unknowns.needs[need].days_in(parts))
    }

    /// Days with a service, over the cells that pass the test.
    pub(crate) fn service_days(&self, service: usize, test: impl Fn(&Cell) -> bool) -> Sum {
        let need = self.company.services[service].need;
        let days = |(index, of): &(usize, OfService)| (*index == service).then_some((of.days, 1));
        self.sum(test, |unknowns| unknowns.needs[need].services.iter().filter_map(days).collect())
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
        if part(Part::ElsewhereAlone) {
            figures.push(Figure::Elsewhere);
            if !self.company.unseen.contains(&self.company.needs[need]) {
                figures.extend(FACETS.map(Figure::Facet));
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

impl Unknowns {
    fn constrain(&self, size: i64, program: &mut Program) {
        program.at_most(self.customers_in(&Part::ALL), size);
        for (part, days) in &self.days {
            program.at_most(minus(self.customers_in(&[*part]), &[(*days, 1)]), 0);
        }
        // A customer with days in so many parts has one day in each, and the rest of the seven wherever they are.
        for some in subsets(&self.parts) {
            let spare = self.by_parts.iter().filter(|(set, _)| set.iter().any(|part| some.contains(part)));
            let most = spare.map(|(set, customers)| {
                let outside = set.iter().filter(|part| !some.contains(part)).count();
                (*customers, 7 - i64::try_from(outside).unwrap())
            });
            program.at_most(minus(self.days_in(&some), &most.collect::<Sum>()), 0);
        }
        for (_, of) in &self.services {
            let (customers, days) = self.bounds_of(of.side);
            program.at_most(vec![(of.customers, 1), (of.days, -1)], 0);
            program.at_most(vec![(of.days, 1), (of.customers, -7)], 0);
            program.at_most(minus(vec![(of.customers, 1)], &customers), 0);
            program.at_most(minus(vec![(of.days, 1)], &days), 0);
        }
        // Whoever was on a side used one of its services there.
        for (side, on_side) in
            [(Side::Ours, &OURS[..]), (Side::Tolerated, &[Part::Tolerated]), (Side::Elsewhere, &ELSEWHERE)]
        {
            let of_side: Vec<OfService> =
                self.services.iter().map(|(_, of)| *of).filter(|of| of.side == side).collect();
            let customers: Sum = of_side.iter().map(|of| (of.customers, 1)).collect();
            let days: Sum = of_side.iter().map(|of| (of.days, 1)).collect();
            program.at_most(minus(self.customers_in(on_side), &customers), 0);
            program.at_most(minus(self.days_in(on_side), &days), 0);
        }
        for facets in &self.facets {
            let of =
                |facet| facets.iter().find(|(known, _)| *known == facet).map(|(_, customers)| *customers);
            for (facet, customers) in facets {
                let most = match facet.within().and_then(of) {
                    Some(wider) => vec![(wider, 1)],
                    None if *facet == Facet::NeverOurs => self.only_elsewhere(),
                    None => self.customers_in(&ELSEWHERE),
                };
                program.at_most(minus(vec![(*customers, 1)], &most), 0);
            }
        }
        for (service, idle) in &self.idle {
            let with = self.services.iter().filter(|(of, _)| of == service).map(|(_, of)| (of.customers, 1));
            program.at_most(with.chain([(*idle, 1)]).collect(), size);
        }
        for ([left, _], facets) in self.moves.iter().zip(&self.facets) {
            // Who left us was with us.
            for (_, never) in facets.iter().filter(|(facet, _)| *facet == Facet::NeverOurs) {
                program.at_most(minus(vec![(*left, 1), (*never, 1)], &self.customers_in(&ELSEWHERE)), 0);
            }
        }
        for [left, came_back] in &self.moves {
            program.at_most(minus(vec![(*left, 1)], &self.customers_in(&[Part::ElsewhereAlone])), 0);
            program.at_most(minus(vec![(*came_back, 1)], &self.customers_in(&OURS)), 0);
        }
    }

    /// The customers and days that no service of this side goes beyond.
    fn bounds_of(&self, side: Side) -> (Sum, Sum) {
        let parts: &[Part] = match side {
            Side::Ours => &OURS,
            Side::Elsewhere => &ELSEWHERE,
            // It may be used beside any other.
            Side::Tolerated => &Part::ALL,
        };
        (self.customers_in(parts), self.days_in(parts))
    }

    /// Customers with a day in any of these parts.
    fn customers_in(&self, parts: &[Part]) -> Sum {
        let any = self.by_parts.iter().filter(|(set, _)| set.iter().any(|part| parts.contains(part)));
        any.map(|(_, customers)| (*customers, 1)).collect()
    }

    /// Customers elsewhere without a day with us.
    fn only_elsewhere(&self) -> Sum {
        let is_in = |set: &[Part], of: [Part; 2]| set.iter().any(|part| of.contains(part));
        let only = self.by_parts.iter().filter(|(set, _)| is_in(set, ELSEWHERE) && !is_in(set, OURS));
        only.map(|(_, customers)| (*customers, 1)).collect()
    }

    fn days_in(&self, parts: &[Part]) -> Sum {
        self.days.iter().filter(|(part, _)| parts.contains(part)).map(|(_, days)| (*days, 1)).collect()
    }

    fn figure(&self, figure: Figure, week: usize) -> Sum {
        let sets = |test: &dyn Fn(bool, bool) -> bool| -> Sum {
            let any = |set: &[Part], of: [Part; 2]| set.iter().any(|part| of.contains(part));
            let passing = self.by_parts.iter().filter(|(set, _)| test(any(set, OURS), any(set, ELSEWHERE)));
            passing.map(|(_, customers)| (*customers, 1)).collect()
        };
        match figure {
            Figure::Customers => self.customers_in(&Part::ALL),
            Figure::Part(part) => self.customers_in(&[part]),
            Figure::Elsewhere => sets(&|_, elsewhere| elsewhere),
            Figure::OursOrElsewhere => sets(&|ours, elsewhere| ours || elsewhere),
            Figure::OursAndElsewhere => sets(&|ours, elsewhere| ours && elsewhere),
            Figure::NeverElsewhere => sets(&|ours, elsewhere| ours && !elsewhere),
            Figure::Service(service) => {
                let of = self.services.iter().filter(|(index, _)| *index == service);
                of.map(|(_, of)| (of.customers, 1)).collect()
            }
            Figure::Left => vec![(self.moves[week][0], 1)],
            Figure::CameBack => vec![(self.moves[week][1], 1)],
            Figure::Present(service) => {
                let idle = self.idle.iter().filter(|(index, _)| *index == service);
                let with = self.figure(Figure::Service(service), week);
                idle.map(|(_, idle)| (*idle, 1)).chain(with).collect()
            }
            Figure::Facet(facet) => {
                let of = self.facets[week].iter().filter(|(known, _)| *known == facet);
                of.map(|(_, customers)| (*customers, 1)).collect()
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

/// All but the empty one.
fn subsets(parts: &[Part]) -> impl Iterator<Item = Vec<Part>> {
    let bits = 1_u32..1 << parts.len();
    bits.map(|bits| (0..parts.len()).filter(|at| bits >> at & 1 == 1).map(|at| parts[at]).collect())
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
