//! Whole-number programs: what is possible under linear rows, and the furthest that a sum can go.
//!
//! A point is only ever called possible after it was checked against every row in whole numbers. That nothing lies
//! beyond a bound is the solver's proof, in floating point with factors of at most 100.

use std::sync::Arc;

use microlp::{ComparisonOp, Error, OptimizationDirection, Problem, SolutionStatus, SolveOptions};

/// A number that is not known.
pub(crate) type Variable = usize;
/// Each with its factor.
pub(crate) type Sum = Vec<(Variable, i64)>;

/// Nodes of one search; past that there is the bound so far.
const MOST_NODES: u64 = 500;
/// What floating point may be off.
const TOLERANCE: f64 = 1e-6;

#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    variables: Vec<Kind>,
    rows: Vec<Row>,
    /// Where the next rows come from; `None` where they are always so.
    source: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug)]
struct Kind {
    low: i64,
    high: i64,
    is_amount: bool,
}

#[derive(Clone, Debug)]
struct Row {
    source: Option<Arc<str>>,
    sum: Sum,
    low: Option<i64>,
    high: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toward {
    Least,
    Most,
}

/// How far a sum goes.
#[derive(Debug)]
pub(crate) struct Extreme {
    /// The furthest point that was found and checked.
    pub(crate) point: Option<Vec<i64>>,
    /// Nothing lies beyond; `None` where that could not be proved.
    pub(crate) bound: Option<i64>,
}

pub(crate) fn value(sum: &Sum, point: &[i64]) -> i64 {
    sum.iter().map(|(variable, factor)| factor * point[*variable]).sum()
}

impl Program {
    /// A number of customers.
    pub(crate) fn count(&mut self, low: i64, high: i64) -> Variable {
        self.variables.push(Kind { low, high, is_amount: false });
        self.variables.len() - 1
    }

    /// A number of days.
    pub(crate) fn amount(&mut self, low: i64, high: i64) -> Variable {
        self.variables.push(Kind { low, high, is_amount: true });
        self.variables.len() - 1
    }

    pub(crate) fn at_least(&mut self, sum: Sum, low: i64) {
        self.add(sum, Some(low), None);
    }

    pub(crate) fn at_most(&mut self, sum: Sum, high: i64) {
        self.add(sum, None, Some(high));
    }

    pub(crate) fn between(&mut self, sum: Sum, low: i64, high: i64) {
        self.add(sum, Some(low), Some(high));
    }

    fn add(&mut self, mut sum: Sum, low: Option<i64>, high: Option<i64>) {
        sum.sort_unstable();
        sum.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        sum.retain(|(_, factor)| *factor != 0);
        self.rows.push(Row { source: self.source.clone(), sum, low, high });
    }

    /// The rows from here on come from this.
    pub(crate) fn says(&mut self, source: String) {
        self.source = Some(source.into());
    }

    /// Where its rows come from, each once.
    pub(crate) fn sources(&self) -> Vec<Arc<str>> {
        let mut sources: Vec<Arc<str>> = self.rows.iter().filter_map(|row| row.source.clone()).collect();
        sources.dedup();
        sources
    }

    /// Without what comes from there.
    pub(crate) fn without(&self, source: &str) -> Self {
        let mut less = self.clone();
        less.rows.retain(|row| row.source.as_deref() != Some(source));
        less
    }

    /// The first row that a point breaks.
    pub(crate) fn broken_by(&self, point: &[i64]) -> Option<String> {
        let outside = self
            .variables
            .iter()
            .zip(point)
            .position(|(kind, value)| !(kind.low..=kind.high).contains(value));
        if let Some(variable) = outside {
            return Some(format!(
                "variable {variable} is {} of {:?}",
                point[variable], self.variables[variable]
            ));
        }
        let broken = |row: &&Row| {
            let value = value(&row.sum, point);
            row.low.is_some_and(|low| value < low) || row.high.is_some_and(|high| value > high)
        };
        self.rows.iter().find(broken).map(|row| format!("{row:?} is {}", value(&row.sum, point)))
    }

    /// How far `sum` goes, no further than `enough`; `known` is a possible point to begin from.
    ///
    /// Amounts are first let be fractions, which makes the search short and its bound no smaller. The whole amounts
    /// that go with the counts found are looked for next, and only where there are none everything at once.
    pub(crate) fn extreme(&self, sum: &Sum, toward: Toward, enough: i64, known: &[i64]) -> Extreme {
        let aim = Aim { sum, toward, enough };
        let (relaxed, bound) = self.solve(&aim, Amounts::Fractions, known, None);
        let Some(relaxed) = relaxed else { return Extreme { point: None, bound } };
        if self.broken_by(&relaxed).is_none() {
            return Extreme { point: Some(relaxed), bound };
        }
        let (point, _) = self.solve(&aim, Amounts::Whole, known, Some(&relaxed));
        if let Some(point) = point.filter(|point| value(sum, point) == value(sum, &relaxed)) {
            return Extreme { point: Some(point), bound };
        }
        let (point, of_whole) = self.solve(&aim, Amounts::Whole, known, None);
        let tighter = match toward {
            Toward::Least => bound.max(of_whole),
            Toward::Most => bound.into_iter().chain(of_whole).min(),
        };
        Extreme { point, bound: tighter }
    }

    /// A point near the end, checked where amounts are whole, and what the end is not beyond. Counts are those of
    /// `counts` where there are any.
    fn solve(
        &self,
        aim: &Aim<'_>,
        amounts: Amounts,
        known: &[i64],
        counts: Option<&[i64]>,
    ) -> (Option<Vec<i64>>, Option<i64>) {
        let mut problem = Problem::new(match aim.toward {
            Toward::Least => OptimizationDirection::Minimize,
            Toward::Most => OptimizationDirection::Maximize,
        });
        let mut factors = vec![0; self.variables.len()];
        for (variable, factor) in aim.sum {
            factors[*variable] += factor;
        }
        let mut variables = Vec::new();
        for (index, (factor, kind)) in factors.iter().zip(&self.variables).enumerate() {
            let (low, high) = match counts {
                Some(counts) if !kind.is_amount => (counts[index], counts[index]),
                _ => (kind.low, kind.high),
            };
            variables.push(if kind.is_amount && amounts == Amounts::Fractions {
                problem.add_var(f64::from(small(*factor)), (small(low).into(), small(high).into()))
            } else {
                problem.add_integer_var(small(*factor).into(), (small(low), small(high)))
            });
        }
        let mut add = |sum: &Sum, comparison, bound: i64| {
            let term = |(variable, factor): &(usize, i64)| (variables[*variable], f64::from(small(*factor)));
            let terms: Vec<_> = sum.iter().map(term).collect();
            problem.add_constraint(&terms, comparison, small(bound).into());
        };
        for row in self.rows.iter().filter(|row| !row.sum.is_empty()) {
            match (row.low, row.high) {
                (Some(low), Some(high)) if low == high => add(&row.sum, ComparisonOp::Eq, low),
                (low, high) => {
                    if let Some(low) = low {
                        add(&row.sum, ComparisonOp::Ge, low);
                    }
                    if let Some(high) = high {
                        add(&row.sum, ComparisonOp::Le, high);
                    }
                }
            }
        }
        match aim.toward {
            Toward::Least => add(aim.sum, ComparisonOp::Ge, aim.enough),
            Toward::Most => add(aim.sum, ComparisonOp::Le, aim.enough),
        }
        let mut options = SolveOptions::default();
        options.node_limit = Some(MOST_NODES);
        if counts.is_none() {
            let values = known.iter().map(|value| f64::from(small(*value)));
            options.warm_start = Some(variables.iter().copied().zip(values).collect());
        }
        let solved = match problem.solve_with(options) {
            Ok(solved) => solved,
            Err(Error::InternalError(_)) => return (None, None),
            Err(Error::Infeasible) if counts.is_some() => return (None, None),
            Err(error) => panic!("the truth is possible, and the solver says: {error}"),
        };
        let bound = solved.stats().best_bound.map(|bound| whole_bound(bound, aim.toward));
        let Some(solution) = solved.solution() else { return (None, bound) };
        let point: Vec<i64> = variables.iter().map(|variable| whole(solution.var_value(*variable))).collect();
        let bound = match solution.status() {
            SolutionStatus::Optimal => Some(whole_bound(solution.objective(), aim.toward)),
            SolutionStatus::Feasible => bound,
        };
        let stands = amounts == Amounts::Fractions || self.broken_by(&point).is_none();
        (stands.then_some(point), bound)
    }
}

/// What a search looks for.
struct Aim<'s> {
    sum: &'s Sum,
    toward: Toward,
    enough: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Amounts {
    Whole,
    Fractions,
}

/// The solver takes 32 bits.
fn small(value: i64) -> i32 {
    i32::try_from(value).unwrap()
}

#[expect(clippy::cast_possible_truncation, reason = "values lie within bounds of 32 bits")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// The last whole number that a bound lets through.
fn whole_bound(bound: f64, toward: Toward) -> i64 {
    match toward {
        Toward::Least => whole((bound - TOLERANCE).ceil()),
        Toward::Most => whole((bound + TOLERANCE).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two numbers of together 7, one at most twice the other: ends are whole, where fractions would go further.
    #[test]
    fn ends_are_whole_numbers() {
        let mut program = Program::default();
        let (a, b) = (program.count(0, 100), program.amount(0, 100));
        program.between(vec![(a, 1), (b, 1)], 7, 7);
        program.at_most(vec![(a, 1), (b, -2)], 0);
        let known = [0, 7];
        for (toward, enough, end) in [(Toward::Most, 100, 4), (Toward::Most, 2, 2), (Toward::Least, -1, 0)] {
            let Extreme { point, bound } = program.extreme(&vec![(a, 1)], toward, enough, &known);
            assert_eq!((point.unwrap()[a], bound), (end, Some(end)));
        }
        assert!(program.broken_by(&[5, 2]).is_some());
    }
}
