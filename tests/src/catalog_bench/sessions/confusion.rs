//! How often each step was judged to be which.

use std::fmt;

use super::step::Step;

/// Services of sessions, by the step they are on and the one they were judged to be on.
#[derive(Default)]
pub(super) struct Confusion([[u64; 5]; 5]);

impl Confusion {
    pub(super) fn add(&mut self, is: Step, judged: Step) {
        self.0[is as usize][judged as usize] += 1;
    }

    fn count(&self, wanted: impl Fn(Step, Step) -> bool) -> u64 {
        let pairs = Step::ALL.into_iter().flat_map(|is| Step::ALL.map(|judged| (is, judged)));
        pairs
            .filter(|&(is, judged)| wanted(is, judged))
            .map(|(is, judged)| self.0[is as usize][judged as usize])
            .sum()
    }

    /// Really used.
    pub(super) fn used(&self) -> u64 {
        self.count(|is, _| is == Step::Use)
    }

    /// Really used, and judged so.
    pub(super) fn used_and_found(&self) -> u64 {
        self.count(|is, judged| is == Step::Use && judged == Step::Use)
    }

    /// Not used and on some step, or judged to be used where it was not there. What was not labelled and came out as
    /// less does not count: a page has any number of such, and they would make the rate look small.
    pub(super) fn not_used(&self) -> u64 {
        self.count(|is, judged| is != Step::Use && (is != Step::None || judged == Step::Use))
    }

    /// Not used, and judged to be.
    pub(super) fn not_used_and_judged_use(&self) -> u64 {
        self.count(|is, judged| is != Step::Use && judged == Step::Use)
    }

    /// On some step.
    pub(super) fn labelled(&self) -> u64 {
        self.count(|is, _| is != Step::None)
    }

    /// On some step, and judged to be on that one.
    pub(super) fn labelled_and_right(&self) -> u64 {
        self.count(|is, judged| is != Step::None && is == judged)
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12}", "is \\ judged")?;
        Step::ALL.into_iter().try_for_each(|judged| write!(f, "{judged:>9}"))?;
        for is in Step::ALL {
            write!(f, "\n{is:<12}")?;
            self.0[is as usize].iter().try_for_each(|count| write!(f, "{count:>9}"))?;
        }
        writeln!(f)
    }
}
