//! The kinds of stories that are planted, with what each takes to take root.

use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::draw::Market;
use crate::fleet::{
    Story,
    story::{Habit, Planted},
};

/// A kind of story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plot {
    /// A department leaves after ours got slow.
    Leaves,
    /// A department comes back.
    ComesBack,
    /// Ours fails for a department.
    Fails,
    /// Signing in to ours takes many steps.
    FrontDoor,
    /// Elsewhere only away from the office.
    Reach,
    /// Our filter turns them away.
    TurnedAway,
    /// Came and went.
    Fling,
    /// Long elsewhere.
    Relies,
    /// Goes many ways.
    Scattered,
    /// From department to department.
    Spreads,
    /// Ours runs and nobody uses it.
    Idle,
    /// We have nothing for it.
    Unserved,
    /// The same, and more and more have it.
    UnservedGrows,
    /// A decision that worked.
    Worked,
    /// A decision that did not.
    DidNotWork,
}

/// All of them.
pub(super) const ALL: [Plot; 15] = [
    Plot::Leaves,
    Plot::ComesBack,
    Plot::Fails,
    Plot::FrontDoor,
    Plot::Reach,
    Plot::TurnedAway,
    Plot::Fling,
    Plot::Relies,
    Plot::Scattered,
    Plot::Spreads,
    Plot::Idle,
    Plot::Unserved,
    Plot::UnservedGrows,
    Plot::Worked,
    Plot::DidNotWork,
];

impl Plot {
    /// It is about a need for which we have nothing.
    pub(super) fn is_unserved(self) -> bool {
        matches!(self, Self::Unserved | Self::UnservedGrows)
    }

    /// Plants it for a need, in a department that the seed chooses.
    pub(super) fn plant(self, story: &mut Story, market: &Market, rng: &mut ChaCha8Rng) {
        let place = rng.random_range(0..story.departments.len());
        let department = story.departments[place].name.clone();
        let (from, to) = (market.ours(), market.elsewhere());
        let week = rng.random_range(6..=9);
        let over_weeks = rng.random_range(2..=4);
        let mut own = |habit: Habit| story.departments[place].habits.push(habit);
        let planted = match self {
            Self::Leaves => {
                own(Habit { second: 0.05, per_workday: 0.6, ..market.habit([10.0, 1.0, 0.5], rng) });
                Planted::Leaves {
                    department,
                    from,
                    to,
                    week,
                    over_weeks,
                    customers: rng.random_range(0.4..0.7),
                    slower: rng.random_range(1.5..4.0),
                    spills: rng.random_range(0.15..0.35),
                }
            }
            Self::ComesBack => {
                own(Habit { second: 0.05, per_workday: 0.6, ..market.habit([2.0, 3.0, 0.0], rng) });
                let customers = rng.random_range(0.5..0.8);
                Planted::ComesBack { department, from: to, to: from, week, over_weeks, customers }
            }
            Self::Fails => {
                own(Habit { second: 0.35, ..market.habit([10.0, 3.0, 1.0], rng) });
                Planted::Fails {
                    service: from,
                    departments: vec![department],
                    week,
                    until_week: story.weeks,
                    failed: rng.random_range(0.1..0.4),
                }
            }
            Self::FrontDoor => {
                own(Habit { second: 0.35, ..market.habit([10.0, 3.0, 1.0], rng) });
                let steps = rng.random_range(2..6);
                Planted::FrontDoor { service: from, departments: vec![department], steps }
            }
            Self::Reach => {
                own(Habit { second: 0.05, per_workday: 0.7, ..market.habit([10.0, 0.5, 0.3], rng) });
                Planted::Reach { department, from, to, customers: rng.random_range(0.4..0.9) }
            }
            Self::TurnedAway => {
                own(market.habit([6.0, 3.0, 1.0], rng));
                let services = vec![to, market.services[2], market.services[4], market.services[5]];
                let customers = rng.random_range(0.2..0.8);
                Planted::TurnedAway { services, departments: vec![department], customers }
            }
            Self::Fling => Planted::Fling {
                department,
                service: market.fresh(),
                week,
                weeks: rng.random_range(2..=4),
                customers: rng.random_range(0.3..0.7),
                per_workday: rng.random_range(0.2..0.5),
            },
            Self::Relies => {
                own(Habit { per_workday: 0.7, ..market.habit([10.0, 1.0, 0.5], rng) });
                Planted::Relies { department, from, to, customers: rng.random_range(0.65..0.9) }
            }
            Self::Scattered => Planted::Scattered {
                department,
                need: market.need,
                services: [1, 2, 4, 5].map(|place| (market.services[place], 1.0)).into(),
                customers: rng.random_range(0.5..0.9),
                per_workday: rng.random_range(0.3..0.7),
            },
            Self::Spreads => spreads(story, market, place, rng),
            Self::Idle => idle(story, market, rng),
            Self::Unserved | Self::UnservedGrows => unserved(self, market, rng),
            Self::Worked | Self::DidNotWork => {
                own(Habit { second: 0.05, per_workday: 0.6, ..market.habit([3.0, 2.0, 0.0], rng) });
                let customers = if self == Self::Worked { rng.random_range(0.5..0.9) } else { 0.0 };
                let (week, over_weeks) = (rng.random_range(8..=9), 2);
                Planted::Decision { department, from: to, to: from, week, over_weeks, customers }
            }
        };
        story.planted.push(planted);
    }
}

fn spreads(story: &Story, market: &Market, place: usize, rng: &mut ChaCha8Rng) -> Planted {
    let names = story.departments.iter().map(|department| department.name.clone());
    let count = story.departments.len();
    Planted::Spreads {
        service: market.fresh(),
        departments: names.cycle().skip(place).take(count.min(3)).collect(),
        week: rng.random_range(4..=7),
        every_weeks: 2,
        over_weeks: 3,
        customers: rng.random_range(0.3..0.6),
        per_workday: rng.random_range(0.3..0.6),
    }
}

/// What we have for the need runs by itself; who has the need goes elsewhere.
fn idle(story: &mut Story, market: &Market, rng: &mut ChaCha8Rng) -> Planted {
    let habit = market.habit([0.0, 3.0, 1.0], rng);
    story.habits.retain(|habit| habit.need != market.need);
    story.habits.push(Habit { customers: rng.random_range(0.2..0.5), ..habit });
    let used = [0.06, 0.08, 0.1].choose(rng).copied().unwrap_or(0.08);
    Planted::IdleClient { service: market.ours(), customers: 0.7, used, per_workday: 0.3 }
}

fn unserved(plot: Plot, market: &Market, rng: &mut ChaCha8Rng) -> Planted {
    let grows = plot == Plot::UnservedGrows;
    Planted::Unserved {
        need: market.need,
        departments: Vec::new(),
        customers: rng.random_range(0.15..0.5),
        per_workday: rng.random_range(0.15..0.5),
        services: vec![(market.elsewhere(), 3.0), (market.fresh(), 1.0)],
        week: if grows { rng.random_range(5..=8) } else { 1 },
        over_weeks: if grows { rng.random_range(3..=6) } else { 1 },
    }
}
