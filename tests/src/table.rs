//! The table that every benchmark ends with: a row a number, `pass` or `short` as its last word.

use std::fmt;

/// What a number should reach.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// No goal: measured for the record.
    None,
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::None => true,
            Self::AtLeast(goal) => value >= goal,
            Self::AtMost(goal) => value <= goal,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("-"),
            Self::AtLeast(goal) => write!(f, ">= {}", number(*goal)),
            Self::AtMost(goal) => write!(f, "<= {}", number(*goal)),
        }
    }
}

/// Rows of what, value, unit, beside what, goal, verdict.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<[String; 6]>,
}

impl Table {
    /// A table without rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row.
    pub fn row(&mut self, what: &str, value: f64, unit: &str, beside: &str, goal: Goal) {
        self.push(what, value, &number(value), unit, beside, goal);
    }

    /// Adds a row whose value is a small part of its unit.
    pub fn fine_row(&mut self, what: &str, value: f64, unit: &str, beside: &str, goal: Goal) {
        self.push(what, value, &format!("{value:.4}"), unit, beside, goal);
    }

    fn push(&mut self, what: &str, value: f64, text: &str, unit: &str, beside: &str, goal: Goal) {
        let verdict = if goal.is_met(value) { "pass" } else { "short" };
        let cells = [what, text, unit, beside, &goal.to_string(), verdict];
        self.rows.push(cells.map(str::to_owned));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "value", "unit", "beside", "goal", "verdict"].map(str::to_owned);
        let rows = || std::iter::once(&head).chain(&self.rows);
        let width = |column: usize| rows().map(|row| row[column].chars().count()).max().unwrap_or(0);
        for row in rows() {
            for (column, cell) in row.iter().enumerate().take(5) {
                let width = width(column);
                if column == 1 { write!(f, "{cell:>width$}  ")? } else { write!(f, "{cell:width$}  ")? }
            }
            writeln!(f, "{}", row[5])?;
        }
        Ok(())
    }
}

/// Three digits that say something.
fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_row_is_its_verdict() {
        let mut table = Table::new();
        table.row("rate", 112.4, "a second", "need 111", Goal::AtLeast(111.0));
        table.row("memory", 15.31, "MB", "a laptop", Goal::AtMost(15.0));
        table.row("time", 0.5, "s", "-", Goal::None);
        let text = table.to_string();
        let last: Vec<_> = text.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(last, ["verdict", "pass", "short", "pass"], "{text}");
    }
}
