//! Change or chance: is a figure of the last weeks more than what was there four weeks ago and before?
//!
//! **Test.** Counts `x` of the last weeks and `s` of those before, over exposures `a` and `b`, would have one rate if nothing
//! had changed. Of `x + s` events each then lies in the last weeks with likelihood `a / (a + b)`; the chance of so many or
//! more there is the binomial tail `I(x, s + 1; a / (a + b))`, `I` being the regularised incomplete beta function
//! (Przyborowski and Wilenski, *Homogeneity of results in testing samples from Poisson series*, Biometrika 31, 1940).
//! Exposure is how busy the segment was in a week with all its other needs (`activity`), this week being 1, so that neither
//! a holiday nor new colleagues are a change.
//!
//! **Dispersion.** One customer has several days, so days vary more than counts of events do; regulars vary less. Counts are
//! divided by the dispersion before the test (quasi-likelihood; `McCullagh` and Nelder, *Generalized Linear Models*, 1989,
//! 4.5). It is read off neighbouring weeks `i` and `j`, whose `(x_i a_j - x_j a_i)² / (a_i a_j (x_i + x_j))` is the dispersion on
//! average where nothing changed, of the weeks before only, and drawn toward 1 as if four such pairs had said so. Figures are
//! rounded to a step `r`, which hides small swings: a mean count `m` has `r² / 12m` more (Sheppard's correction).
//!
//! **Many looks.** A page looks at thousands of lines, each over one, two and three of the last weeks. [`LEVEL`] is the
//! chance that is allowed each, and it is a third of that for each of the three, so that of 10,000 lines that only swing one
//! is called a change.

use statrs::function::beta::beta_reg;

use super::Line;

/// The chance that a line which only swings is called a change.
pub(super) const LEVEL: f64 = 1e-4;

/// So many weeks are looked at for what changed: the newest, two and three of them.
const NEWEST: u8 = 3;
/// Weeks ago that the weeks before end, and how many they are at most.
const BEFORE: std::ops::Range<usize> = 4..10;
/// Weeks before that are set against: older ones only tell how much it swings.
const SET_AGAINST: usize = 3;
/// So many pairs of weeks say that the dispersion is 1, beside those that are there.
const SAYING_ONE: f64 = 4.0;
/// Least dispersion.
const LEAST: f64 = 0.3;

/// One figure of one week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Events, or days.
    pub count: f64,
    /// How busy they were, this week being 1.
    pub exposure: f64,
    /// The count is what may have been there unseen.
    pub unseen: bool,
}

/// A figure week by week, this week first.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    weeks: Vec<Option<Sample>>,
    /// What it is rounded to.
    step: u32,
}

impl Samples {
    /// A figure's line, rounded to a step, over these exposures, this week first. In weeks before the first that shows it,
    /// `unseen` may have been there at most, oldest week first; what a later week does not show may be anything.
    pub(super) fn of(line: &Line, step: u32, exposures: &[Option<f64>], unseen: &[Option<u32>]) -> Self {
        let first = line.0.iter().position(Option::is_some).unwrap_or(line.0.len());
        let figures = line.0.iter().enumerate().map(|(at, figure)| {
            let unseen = unseen.get(at).copied().flatten().filter(|_| at < first);
            Some((figure.or(unseen)?, figure.is_none()))
        });
        let weeks = figures.rev().zip(exposures).take(BEFORE.end);
        let sample = |(figure, exposure): (Option<(u32, bool)>, &Option<f64>)| {
            let (count, unseen) = figure?;
            Some(Sample { count: f64::from(count), exposure: (*exposure)?, unseen })
        };
        Self { weeks: weeks.map(sample).collect(), step }
    }

    /// Nothing of the weeks before was shown: it may have begun, or have been withheld for others' sake.
    pub(super) fn seems_new(&self) -> bool {
        self.before().iter().all(|sample| sample.unseen)
    }

    /// It is more in the last weeks than before.
    pub(super) fn rose(&self) -> bool {
        self.chance(chance_of_more) < LEVEL
    }

    /// It is less.
    pub(super) fn fell(&self) -> bool {
        self.chance(|newest, before, dispersion| chance_of_more(before, newest, dispersion)) < LEVEL
    }

    /// The smallest chance over one, two and three of the last weeks, for having looked three times.
    fn chance(&self, of: impl Fn(Sample, Sample, f64) -> f64) -> f64 {
        let Some(before) = sum(&self.before()) else { return 1.0 };
        let dispersion = self.dispersion();
        let newest = self.weeks.iter().take(usize::from(NEWEST)).map_while(|sample| *sample);
        let newest: Vec<Sample> = newest.collect();
        let chances =
            (1..=newest.len()).filter_map(|weeks| Some(of(sum(&newest[..weeks])?, before, dispersion)));
        chances.fold(1.0, |least: f64, chance| least.min(chance * f64::from(NEWEST)))
    }

    /// What the newest weeks are set against.
    fn before(&self) -> Vec<Sample> {
        self.known(BEFORE).take(SET_AGAINST).collect()
    }

    fn known(&self, weeks: std::ops::Range<usize>) -> impl Iterator<Item = Sample> + '_ {
        self.weeks.iter().skip(weeks.start).take(weeks.len()).filter_map(|sample| *sample)
    }

    /// Of the weeks before.
    fn dispersion(&self) -> f64 {
        let before: Vec<Sample> = self.known(BEFORE).filter(|sample| !sample.unseen).collect();
        let pairs = before.windows(2).filter_map(|pair| apart(pair[0], pair[1]));
        let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), apart| (sum + apart, count + 1.0));
        let swing = ((sum + SAYING_ONE) / (count + SAYING_ONE)).max(LEAST);
        let (weeks, counts) =
            before.iter().fold((0.0, 0.0), |(weeks, counts), sample| (weeks + 1.0, counts + sample.count));
        swing + f64::from(self.step).powi(2) / 12.0 * weeks / f64::max(counts, 1.0)
    }
}

/// The dispersion that two weeks show; `None` of two without a count.
fn apart(one: Sample, other: Sample) -> Option<f64> {
    let (crossed, counts) =
        (one.count * other.exposure - other.count * one.exposure, one.count + other.count);
    (counts > 0.0).then(|| crossed * crossed / (one.exposure * other.exposure * counts))
}

/// `None` of none, and of weeks in which nobody was there.
fn sum(samples: &[Sample]) -> Option<Sample> {
    let count = samples.iter().map(|sample| sample.count).sum();
    let exposure = samples.iter().map(|sample| sample.exposure).sum();
    (exposure > 0.0).then_some(Sample { count, exposure, unseen: false })
}

/// That so many or more are in the first, were the rate the same in both.
fn chance_of_more(of: Sample, than: Sample, dispersion: f64) -> f64 {
    let (here, there) = (of.count / dispersion, than.count / dispersion);
    if here <= 0.0 {
        return 1.0;
    }
    beta_reg(here, there + 1.0, of.exposure / (of.exposure + than.exposure))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// This week first.
    fn samples(counts: &[u32]) -> Samples {
        let week = |count: &u32| Some(Sample { count: f64::from(*count), exposure: 1.0, unseen: false });
        Samples { weeks: counts.iter().map(week).collect(), step: 1 }
    }

    #[test]
    fn the_chance_is_that_of_a_binomial() {
        let of = |count, exposure| Sample { count, exposure, unseen: false };
        // 8 or more of 10 with one half: (45 + 10 + 1) / 1024.
        let chance = chance_of_more(of(8.0, 1.0), of(2.0, 1.0), 1.0);
        assert!((chance - 56.0 / 1024.0).abs() < 1e-12, "{chance}");
        // 2 or more of 3 with one quarter: 3·9/64·... = (9 + 1) / 64.
        let chance = chance_of_more(of(2.0, 1.0), of(1.0, 3.0), 1.0);
        assert!((chance - 10.0 / 64.0).abs() < 1e-12, "{chance}");
        // Counts twice as many by a dispersion of two are the same.
        let twice = chance_of_more(of(4.0, 1.0), of(2.0, 3.0), 2.0);
        assert!((twice - 10.0 / 64.0).abs() < 1e-12, "{twice}");
    }

    #[test]
    fn a_rise_is_told_from_a_swing() {
        assert!(samples(&[40, 30, 20, 10, 10, 9, 11, 10, 8]).rose());
        assert!(samples(&[24, 24, 24, 18, 10, 10, 10, 10, 10]).rose(), "by three weeks together");
        let calm = samples(&[26, 10, 11, 9, 10, 10, 10, 10, 10]);
        assert!(calm.rose());
        assert!(!Samples { step: 10, ..calm }.rose(), "it may swing by as much as it is rounded");
        assert!(!samples(&[40, 10, 40, 10, 40, 10, 40, 10, 40]).rose(), "it always swings like that");
        assert!(samples(&[5, 6, 4, 20, 30, 29, 31, 30, 30]).fell());
        assert!(!samples(&[40, 40, 40, 40]).rose(), "nothing to set it against");
    }

    #[test]
    fn what_changed_long_ago_is_no_change() {
        assert!(!samples(&[40, 41, 39, 40, 40, 38, 42, 10, 10]).rose());
    }

    #[test]
    fn a_busier_segment_is_no_change() {
        let mut all = samples(&[80, 80, 80, 40, 40, 40, 40, 40, 40]);
        assert!(all.rose());
        let before = all.weeks.iter_mut().skip(3).flatten();
        before.for_each(|sample| sample.exposure = 0.5);
        assert!(!all.rose());
    }

    proptest! {
        #[test]
        fn more_is_never_likelier(counts in prop::collection::vec(0_u32..200, 7..12), more in 1_u32..50) {
            let chance = |counts: &[u32]| samples(counts).chance(chance_of_more);
            let mut higher = counts.clone();
            higher[0] += more;
            prop_assert!(chance(&higher) <= chance(&counts) + 1e-12);
        }
    }
}
