//! What customers said when they were asked why: one question, one answer each.

use super::{
    FEWEST,
    interval::{Interval, share},
};

/// What somebody may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Theirs does the job better.
    Better,
    /// Theirs is quicker.
    Faster,
    /// Theirs costs less, or nothing.
    Cheaper,
    /// They did not know that there is one of ours.
    DidNotKnowOurs,
    /// Those they work with are there.
    OthersAreThere,
}

impl Answer {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::Better, Self::Faster, Self::Cheaper, Self::DidNotKnowOurs, Self::OthersAreThere];

    /// As files and API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Faster => "faster",
            Self::Cheaper => "cheaper",
            Self::DidNotKnowOurs => "did_not_know_ours",
            Self::OthersAreThere => "others_are_there",
        }
    }
}

/// How many gave each answer, of the customers of one segment elsewhere for one need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(pub Vec<(Answer, u32)>);

/// What most of them said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// What.
    pub answer: Answer,
    /// How many said so.
    pub customers: u32,
    /// Of how many who answered.
    pub of: u32,
    /// The share of them.
    pub share: Interval,
}

impl Answers {
    /// The answer that is given more often than all others together would be by chance: by over a third, certainly.
    /// `None` where fewer than [`FEWEST`] answered, fewer than k said so, or none stands out.
    pub fn most(&self, minimum_group: u32) -> Option<Said> {
        let of: u32 = self.0.iter().map(|(_, customers)| customers).sum();
        let (answer, customers) = *self.0.iter().max_by_key(|(_, customers)| *customers)?;
        let share = share(customers, of).filter(|share| share.low > 1.0 / 3.0)?;
        let enough = of >= FEWEST && customers >= minimum_group;
        enough.then_some(Said { answer, customers, of, share })
    }
}
