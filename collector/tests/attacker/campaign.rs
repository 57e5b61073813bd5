//! Attacks on one random company after another, and a report of what they find.

use std::{collections::BTreeMap, fmt::Write as _, thread};

use super::{
    attack::{Leak, Outcome},
    company::Company,
};

/// Companies explained in a report.
const MOST_EXPLAINED: usize = 6;

/// What came of attacks on many companies.
#[derive(Default)]
pub(crate) struct Campaign {
    companies: usize,
    asked: usize,
    unsettled: usize,
    /// Leaks of customers who are k or more for certain: told, and no harm.
    harmless: usize,
    /// By seed.
    harm: BTreeMap<u64, Vec<Leak>>,
}

/// How one company is attacked.
pub(crate) type Attack = fn(&Company) -> Outcome;

impl Campaign {
    /// Attacks this many companies, of the seeds from 0.
    pub(crate) fn run(companies: u64, attack: Attack) -> Self {
        let hands = thread::available_parallelism().map_or(1, usize::from);
        let mut all = Self::default();
        thread::scope(|scope| {
            let hand = |first| scope.spawn(move || Self::of((first..companies).step_by(hands), attack));
            let hands: Vec<_> = (0..).take(hands).map(hand).collect();
            for hand in hands {
                all.join(hand.join().unwrap());
            }
        });
        all
    }

    fn of(seeds: impl Iterator<Item = u64>, attack: Attack) -> Self {
        let mut campaign = Self::default();
        for seed in seeds {
            let outcome = attack(&Company::random(seed));
            campaign.companies += usize::from(outcome.asked > 0);
            campaign.asked += outcome.asked;
            campaign.unsettled += outcome.unsettled.len();
            let (harm, harmless): (Vec<Leak>, _) = outcome.leaks.into_iter().partition(Leak::harms);
            campaign.harmless += harmless.len();
            if !harm.is_empty() {
                campaign.harm.insert(seed, harm);
            }
        }
        campaign
    }

    fn join(&mut self, other: Self) {
        self.companies += other.companies;
        self.asked += other.asked;
        self.unsettled += other.unsettled;
        self.harmless += other.harmless;
        self.harm.extend(other.harm);
    }

    /// Something harmful was told.
    pub(crate) fn has_found(&self) -> bool {
        !self.harm.is_empty()
    }

    /// Fails with a report where anything harmful was told, or could not be settled.
    pub(crate) fn must_find_nothing(&self, attack: Attack) {
        assert!(self.harm.is_empty(), "{}\n{}", self.summary(), self.explained(attack));
        println!("{}", self.summary());
        assert_eq!(self.unsettled, 0, "the solver gave up");
        assert!(self.asked > self.companies, "there was too little to ask");
    }

    /// Fails where in more than so many percent of the companies anything harmful was told.
    pub(crate) fn must_find_seldom(&self, percent: usize) {
        println!("{}", self.summary());
        assert!(self.companies > 0, "there was nobody who knows more");
        assert!(self.harm.len() * 100 <= self.companies * percent, "{}", self.summary());
    }

    fn summary(&self) -> String {
        let leaks: usize = self.harm.values().map(Vec::len).sum();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for leak in self.harm.values().flatten() {
            *kinds.entry(kind(leak)).or_default() += 1;
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, leaks)| std::cmp::Reverse(*leaks));
        let mut text = format!(
            "{} companies, {} withheld figures asked for, {leaks} narrowed below k numbers in {} companies, {} more that \
             are of k or more for certain, {} not settled\n",
            self.companies,
            self.asked,
            self.harm.len(),
            self.harmless,
            self.unsettled
        );
        for (kind, leaks) in kinds {
            let _ = writeln!(text, "{leaks:>6}  {kind}");
        }
        text
    }

    /// One leak of each of the smallest companies, and the company made smaller.
    fn explained(&self, attack: Attack) -> String {
        let mut smallest: Vec<(usize, u64)> =
            self.harm.keys().map(|seed| (Company::random(*seed).customers.len(), *seed)).collect();
        smallest.sort_unstable();
        let mut text = String::new();
        for (_, seed) in smallest.into_iter().take(MOST_EXPLAINED) {
            let leak = &self.harm[&seed][0];
            let _ = writeln!(text, "seed {seed}: {leak}{}", listed(leak));
            let (company, leak) = made_smaller(&Company::random(seed), leak, attack);
            let _ = writeln!(text, "made smaller: {leak}{}\n{company}", listed(&leak));
        }
        text
    }
}

/// The published numbers that it takes, one a line.
fn listed(leak: &Leak) -> String {
    std::iter::once(String::new()).chain(leak.because()).collect::<Vec<_>>().join("\n    ")
}

/// The figure, and whether it is everybody's or a segment's.
fn kind(leak: &Leak) -> String {
    let what = leak.question.what.rsplit(", ").next().unwrap_or_default();
    let what = if what.starts_with("Service") { "Service" } else { what };
    format!("{what} of {}", if leak.question.node.is_some() { "a segment" } else { "all" })
}

/// Takes customers away as long as the same figure still leaks somewhere.
fn made_smaller(company: &Company, leak: &Leak, attack: Attack) -> (Company, Leak) {
    let still = |company: &Company| {
        attack(company).leaks.into_iter().find(|other| other.harms() && kind(other) == kind(leak))
    };
    let (mut company, mut leak) = (company.clone(), leak.clone());
    let mut step = company.customers.len().div_ceil(2);
    while step > 0 {
        let mut from = 0;
        while from < company.customers.len() {
            let mut less = company.clone();
            less.customers.drain(from..less.customers.len().min(from + step));
            match still(&less) {
                Some(found) => (company, leak) = (less, found),
                None => from += step,
            }
        }
        step /= 2;
    }
    (company, leak)
}
