//! What a benchmark makes of many measurements: shares and spreads.

/// The middle, the least and the most of some figures.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// As many are above as below.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// Of at least one figure.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Self { median: figures[figures.len() / 2], least: figures[0], most: figures[figures.len() - 1] }
    }
}

/// A share in percent; all of nothing is all.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub fn percent(part: u64, of: u64) -> f64 {
    match (part, of) {
        (0, 0) => 100.0,
        (_, 0) => f64::INFINITY,
        _ => part as f64 / of as f64 * 100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_its_middle() {
        let spread = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!((spread.least, spread.median, spread.most), (1.0, 2.0, 3.0));
    }
}
