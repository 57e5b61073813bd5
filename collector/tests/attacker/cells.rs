//! Customers who can't be told apart from outside: those who were in the same segments in each week looked at.

use elsewhere_collector::segment::Segment;

use super::company::{Company, Stay};

/// Customers who can't be told apart from outside.
pub(crate) struct Cell {
    /// Places in the company's customers.
    pub(crate) of: Vec<usize>,
    /// In each of the weeks looked at; only the segments count.
    pub(crate) stays: Vec<Option<Stay>>,
    /// The reader knows what they did.
    pub(crate) known: bool,
}

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
