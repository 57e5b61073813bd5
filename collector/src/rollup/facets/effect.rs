//! A figure of each customer, averaged over customers, who are the unit of its interval.

/// A figure of each customer, over customers, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    customers: u32,
    sum: i64,
    /// At most 10^12 a customer.
    sum_of_squares: u64,
}

impl Effect {
    pub(super) fn count(&mut self, thousandths: i32) {
        self.customers += 1;
        self.sum += i64::from(thousandths);
        self.sum_of_squares += u64::from(thousandths.unsigned_abs()).pow(2);
    }

    /// Those of other customers too.
    pub(super) fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.sum += other.sum;
        self.sum_of_squares += other.sum_of_squares;
    }

    /// Distinct customers that it is over.
    pub fn customers(&self) -> u32 {
        self.customers
    }

    /// The mean, in thousandths; `None` of nobody.
    #[expect(clippy::cast_precision_loss, reason = "sums of a week are far below 2^52")]
    pub fn mean(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.sum as f64 / f64::from(self.customers))
    }

    /// The standard error of the mean, in thousandths; `None` of fewer than two.
    #[expect(clippy::cast_precision_loss, reason = "the loss is far below what is shown")]
    pub fn standard_error(&self) -> Option<f64> {
        let customers = f64::from(self.customers);
        let mean = self.mean().filter(|_| self.customers > 1)?;
        let variance = (self.sum_of_squares as f64 - customers * mean * mean).max(0.0) / (customers - 1.0);
        Some((variance / customers).sqrt())
    }
}
