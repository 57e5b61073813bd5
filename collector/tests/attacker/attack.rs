//! The attack: everything released goes into programs, and each withheld figure is pushed to its ends.
//!
//! A withheld figure holds where k whole numbers from end to end stay possible, or as many as were possible before
//! anything was published, where those are fewer.

use std::{fmt, sync::Arc};

use elsewhere_collector::{
    floor,
    published::{Figure as Published, PublishedWeek},
    rollup::Part,
    segment::Segment,
};

use super::{
    arithmetic::{ELSEWHERE, Figure, World},
    between::Between,
    cells::Cell,
    company::{Company, civil_week},
    program::{Program, Sum, Toward, value},
    reading::{Reading, Window, published},
};

/// What is withheld and asked for.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) what: String,
    pub(crate) node: Option<Segment>,
    /// Place of the week in the company's story.
    pub(crate) week: usize,
    pub(crate) sum: Sum,
    /// Numbers that must stay possible.
    pub(crate) needed: i64,
    /// The smallest group.
    pub(crate) k: i64,
    /// Customers, of whom k are enough to hide among; days never are.
    pub(crate) of: Counted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Customers,
    Days,
}

/// A withheld figure of which too few numbers are left.
#[derive(Clone, Debug)]
pub(crate) struct Leak {
    pub(crate) question: Question,
    pub(crate) low: i64,
    pub(crate) high: i64,
    pub(crate) truth: i64,
    program: Arc<Program>,
    /// What was so.
    world: Arc<[i64]>,
}

/// What came of an attack.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) leaks: Vec<Leak>,
    /// Questions that were answered.
    pub(crate) asked: usize,
    /// Questions that the solver did not settle.
    pub(crate) unsettled: Vec<Question>,
}

impl Outcome {
    pub(crate) fn join(&mut self, other: Self) {
        self.leaks.extend(other.leaks);
        self.asked += other.asked;
        self.unsettled.extend(other.unsettled);
    }
}

impl Leak {
    /// It does harm. Customers who are k or more for certain could as well be shown.
    pub(crate) fn harms(&self) -> bool {
        self.question.of == Counted::Days || self.low < self.question.k
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Question { what, node, week, needed, .. } = &self.question;
        let node = name(node.as_ref());
        let (low, high, truth) = (self.low, self.high, self.truth);
        write!(
            f,
            "{}, {node}, {what}: {low} to {high}, it is {truth}; {needed} numbers should be left",
            civil_week(*week)
        )
    }
}

pub(crate) fn name(node: Option<&Segment>) -> String {
    node.map_or_else(|| "all".into(), Segment::to_string)
}

/// Everything released of one company.
pub(crate) struct Released<'c> {
    pub(crate) company: &'c Company,
    /// Frozen.
    pub(crate) weeks: Vec<PublishedWeek>,
    pub(crate) between: Between,
    pub(crate) reading: Reading,
}

impl<'c> Released<'c> {
    /// What the floor makes of each week, and between them.
    pub(crate) fn by_floor(company: &'c Company) -> Self {
        Self { between: Between::by_floor(company), ..Self::frozen_by_floor(company) }
    }

    /// Without what is told between two freezes.
    pub(crate) fn frozen_by_floor(company: &'c Company) -> Self {
        let (landscape, policy) = (company.landscape(), company.policy());
        let publish = |week| floor::publish(&company.rollup(week), &landscape, &policy);
        Self {
            company,
            weeks: (0..company.weeks).map(publish).collect(),
            between: Between::default(),
            reading: Reading::of_the_floor(company.k),
        }
    }

    /// Each week by itself.
    pub(crate) fn attack_weeks(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for week in 0..self.weeks.len() {
            outcome.join(self.attack(&[week]));
            outcome.join(self.attack_from_outside(week));
        }
        outcome
    }

    /// Each week beside the next, by a reader who knows that whoever was there in both did the same in both; nothing in
    /// other companies.
    pub(crate) fn attack_pairs(&self) -> Outcome {
        let mut outcome = Outcome::default();
        if !self.company.stays_alike() {
            return outcome;
        }
        for week in 1..self.weeks.len() {
            outcome.join(self.attack(&[week - 1, week]));
        }
        outcome
    }

    /// By a reader who knows what some did: on how many days the others were elsewhere, together.
    pub(crate) fn attack_strangers_days(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for week in 0..self.weeks.len() {
            let world = self.world(&[week]);
            let questions = (0..self.company.needs.len()).map(|need| Question {
                what: format!(
                    "{}, days elsewhere of whom the reader does not know",
                    self.company.needs[need]
                ),
                node: None,
                week,
                sum: world.days(need, &ELSEWHERE, |cell| !cell.known),
                needed: i64::from(self.company.k),
                k: i64::from(self.company.k),
                of: Counted::Days,
            });
            outcome.join(ask(&world.program, &world.truth, questions.collect()));
        }
        outcome
    }

    /// By a reader who knows who was where.
    fn attack(&self, weeks: &[usize]) -> Outcome {
        let mut world = self.world(weeks);
        self.read_between(&mut world);
        let mut questions = Vec::new();
        for (place, week) in weeks.iter().enumerate() {
            questions.extend(withheld(&world, place, &self.weeks[*week]));
        }
        if weeks.len() > 1 && self.reading.days != Window::EXACT {
            questions.extend(days_of_the_one(&world));
        }
        ask(&world.program, &world.truth, questions)
    }

    /// All that these weeks' frozen rows tell.
    pub(crate) fn world(&self, weeks: &[usize]) -> World<'c> {
        let mut world = World::new(self.company, weeks);
        for (place, week) in weeks.iter().enumerate() {
            world.read(place, &self.weeks[*week], self.reading);
        }
        world
    }
}

/// Every figure that is withheld in a week.
fn withheld(world: &World<'_>, place: usize, released: &PublishedWeek) -> Vec<Question> {
    let week = world.weeks[place];
    let mut questions = Vec::new();
    for segment in &released.segments {
        let node = segment.segment.as_ref();
        let mut question = |what: String, sum: Sum| {
            let needed = (world.strangers(place, node) + 1).min(i64::from(world.company.k));
            let k = i64::from(world.company.k);
            questions.push(Question {
                what,
                node: node.cloned(),
                week,
                sum,
                needed,
                k,
                of: Counted::Customers,
            });
        };
        if world.anybody_can_move() {
            for (which, figure) in [segment.left, segment.came_back].into_iter().enumerate() {
                if figure.shown().is_none() {
                    let what = ["left for any need", "came back for any need"][which];
                    question(what.into(), world.moves(which, place, node));
                }
            }
        }
        for (need, id) in world.company.needs.iter().enumerate() {
            let Some(row) = segment.need(id) else { continue };
            for figure in world.figures(need) {
                let shown = match figure {
                    // Asked for where elsewhere is withheld.
                    Figure::NeverElsewhere => row.customers_elsewhere.shown(),
                    figure => published(row, figure, world.company).and_then(Published::shown),
                };
                if shown.is_none() {
                    question(format!("{id}, {figure:?}"), world.figure(need, figure, place, node));
                }
            }
        }
    }
    questions
}

/// Where only one customer was there in one week and not in the other: on how many days they met each need, and on how
/// many elsewhere.
fn days_of_the_one(world: &World<'_>) -> Vec<Question> {
    let changed = |cell: &&Cell| cell.is_in(0, None) != cell.is_in(1, None);
    let changed: Vec<&Cell> = world.cells.iter().filter(changed).collect();
    let [one] = changed[..] else { return Vec::new() };
    if one.size() > 1 {
        return Vec::new();
    }
    let mut questions = Vec::new();
    for (need, id) in world.company.needs.iter().enumerate() {
        for (what, parts) in [("days", &Part::ALL[..]), ("days elsewhere", &ELSEWHERE)] {
            questions.push(Question {
                what: format!("{id}, {what} of the one who joined or left"),
                node: None,
                week: world.weeks[1],
                sum: world.days(need, parts, |cell| cell.of == one.of),
                needed: i64::from(world.company.k),
                k: i64::from(world.company.k),
                of: Counted::Days,
            });
        }
    }
    questions.retain(|question| !question.sum.is_empty());
    questions
}

/// Pushes each sum to its ends until enough is possible, or there is no more.
pub(crate) fn ask(program: &Program, truth: &[i64], questions: Vec<Question>) -> Outcome {
    let broken = program.broken_by(truth);
    assert_eq!(broken, None, "the truth is not among what the reader takes for possible");
    let questions: Vec<Question> = questions.into_iter().filter(|question| question.needed > 1).collect();
    let values =
        |point: &[i64]| questions.iter().map(|question| value(&question.sum, point)).collect::<Vec<_>>();
    let mut ends: Vec<(i64, i64)> = values(truth).into_iter().map(|value| (value, value)).collect();
    let mut outcome = Outcome { asked: questions.len(), ..Outcome::default() };
    let kept = (Arc::new(program.clone()), Arc::from(truth));
    for (at, question) in questions.iter().enumerate() {
        let pushed = push(program, question, truth, ends[at], |point| {
            for (ends, value) in ends.iter_mut().zip(values(point)) {
                *ends = (ends.0.min(value), ends.1.max(value));
            }
        });
        match pushed {
            Pushed::Holds => {}
            Pushed::Unsettled => outcome.unsettled.push(question.clone()),
            Pushed::Narrow(low, high) => outcome.leaks.push(Leak {
                question: question.clone(),
                low,
                high,
                truth: value(&question.sum, truth),
                program: Arc::clone(&kept.0),
                world: Arc::clone(&kept.1),
            }),
        }
    }
    outcome
}

/// What came of pushing a sum to its ends.
enum Pushed {
    /// Enough numbers are possible.
    Holds,
    /// It is proved to lie between these.
    Narrow(i64, i64),
    Unsettled,
}

/// Pushes a sum, known to take these two numbers, to its ends, or as far as is enough. Each point on the way is handed
/// to `seen`.
fn push(
    program: &Program,
    question: &Question,
    truth: &[i64],
    (mut low, mut high): (i64, i64),
    mut seen: impl FnMut(&[i64]),
) -> Pushed {
    let (mut least, mut most) = (None, None);
    for toward in [Toward::Most, Toward::Least] {
        if high - low + 1 >= question.needed {
            return Pushed::Holds;
        }
        let enough = match toward {
            Toward::Most => low + question.needed - 1,
            Toward::Least => high - question.needed + 1,
        };
        let extreme = program.extreme(&question.sum, toward, enough, truth);
        match toward {
            Toward::Most => most = extreme.bound,
            Toward::Least => least = extreme.bound,
        }
        if let Some(point) = extreme.point {
            let value = value(&question.sum, &point);
            (low, high) = (low.min(value), high.max(value));
            seen(&point);
        }
    }
    match (least, most) {
        _ if high - low + 1 >= question.needed => Pushed::Holds,
        (Some(least), Some(most)) if most - least + 1 < question.needed => Pushed::Narrow(least, most),
        _ => Pushed::Unsettled,
    }
}

impl Leak {
    /// Published numbers that are enough for it: without any of them it would be none.
    pub(crate) fn because(&self) -> Vec<String> {
        let mut program = (*self.program).clone();
        let mut because = Vec::new();
        for source in program.sources() {
            let less = program.without(&source);
            match push(&less, &self.question, &self.world, (self.truth, self.truth), |_| ()) {
                Pushed::Narrow(..) => program = less,
                _ => because.push(source.to_string()),
            }
        }
        because
    }
}
