//! Random companies from a seed, drawn so that small cells are common.

use elsewhere_collector::{portfolio::SanctionStatus, segment::Segments};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::company::{Company, K, Person, Service, Stay, some_facets};

const DEPARTMENTS: &[&[&str]] = &[
    &["A"],
    &["A", "B"],
    &["A", "B", "C"],
    &["A", "A/North", "B"],
    &["A", "A/North", "A/South"],
    &["A", "A/North", "A/South", "B"],
    &["A", "B", "C", "D"],
];
const SITES: &[&[&str]] = &[&[], &["X"], &["X", "Y"], &["X", "Y"]];
const MOST_CUSTOMERS: usize = 80;

/// How the customers of one department meet one need.
struct Mood {
    /// Chance that one of them meets it.
    meets: f64,
    /// Weight of each service of the need.
    services: Vec<f64>,
}

struct Draw {
    rng: ChaCha8Rng,
    places: Vec<Segments>,
    /// For each place, for each need.
    moods: Vec<Vec<Mood>>,
}

impl Company {
    /// The company of this seed. In every second one those who stay behave alike week after week.
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let needs =
            ["files", "notes"][..rng.random_range(1..=2)].iter().map(|need| (*need).to_owned()).collect();
        let mut company = Self {
            k: K,
            needs,
            unseen: Vec::new(),
            services: Vec::new(),
            customers: Vec::new(),
            weeks: rng.random_range(1..=3),
            facets: some_facets(seed * 5),
        };
        company.draw_services(&mut rng);
        let mut draw = Draw { places: places(&mut rng), moods: Vec::new(), rng };
        draw.moods = (0..draw.places.len()).map(|_| moods(&company, &mut draw.rng)).collect();
        company.draw_customers(&mut draw);
        if draw.rng.random_bool(0.2) {
            company.draw_insider(&mut draw);
        }
        for _ in 1..company.weeks {
            company.draw_next_week(&mut draw, seed.is_multiple_of(2));
        }
        company
    }

    fn draw_services(&mut self, rng: &mut ChaCha8Rng) {
        let services = rng.random_range(self.needs.len()..=4);
        for index in 0..services {
            let need = if index < self.needs.len() { index } else { rng.random_range(0..self.needs.len()) };
            let status = *[
                SanctionStatus::Sanctioned,
                SanctionStatus::Sanctioned,
                SanctionStatus::Tolerated,
                SanctionStatus::Unsanctioned,
                SanctionStatus::Unreviewed,
                SanctionStatus::Unreviewed,
            ]
            .choose(rng)
            .unwrap();
            self.services.push(Service { id: format!("service-{index}"), need, status });
        }
        if rng.random_bool(0.05) {
            self.unseen.push(self.needs[0].clone());
        }
    }

    fn draw_customers(&mut self, draw: &mut Draw) {
        for place in 0..draw.places.len() {
            let size = match draw.rng.random_range(0..20) {
                0..4 => 0,
                4..11 => draw.rng.random_range(1..=6),
                11..17 => draw.rng.random_range(7..=14),
                _ => draw.rng.random_range(15..=30),
            };
            for _ in 0..size.min(MOST_CUSTOMERS.saturating_sub(self.customers.len())) {
                self.draw_newcomer(draw, place, 0);
            }
        }
        while self.customers.len() < 5 {
            self.draw_newcomer(draw, 0, 0);
        }
    }

    /// Somebody knows k-1 customers of one place.
    fn draw_insider(&mut self, draw: &mut Draw) {
        let place = draw.places.choose(&mut draw.rng).unwrap();
        let there = self
            .customers
            .iter_mut()
            .filter(|person| person.weeks[0].as_ref().is_some_and(|stay| stay.segments == *place));
        there.take(K as usize - 1).for_each(|person| person.known = true);
    }

    fn draw_newcomer(&mut self, draw: &mut Draw, place: usize, week: usize) {
        let mut weeks = vec![None; week];
        weeks.push(Some(self.draw_stay(draw, place)));
        let devices = if draw.rng.random_bool(0.15) { 2 } else { 1 };
        self.customers.push(Person { devices, known: false, weeks });
    }

    fn draw_stay(&self, draw: &mut Draw, place: usize) -> Stay {
        let mut days = [0; 7];
        for (need, mood) in draw.moods[place].iter().enumerate() {
            if !draw.rng.random_bool(mood.meets) {
                continue;
            }
            let of_need: Vec<(usize, f64)> =
                self.services_of(need).map(|(index, _)| index).zip(mood.services.iter().copied()).collect();
            let first = of_need.choose_weighted(&mut draw.rng, |(_, weight)| *weight).unwrap().0;
            let second = of_need.choose_weighted(&mut draw.rng, |(_, weight)| *weight).unwrap().0;
            let often = [0.2, 0.5, 0.8, 1.0][draw.rng.random_range(0..4)];
            let sure = draw.rng.random_range(0..5);
            for (weekday, used) in days.iter_mut().enumerate() {
                let works = if weekday < 5 { often } else { 0.05 };
                if weekday == sure || draw.rng.random_bool(works) {
                    *used |= match draw.rng.random_range(0..4) {
                        0 => 1 << second,
                        1 => 1 << first | 1 << second,
                        _ => 1 << first,
                    };
                }
            }
        }
        Stay { segments: draw.places[place].clone(), days }
    }

    /// The next week: one to three join, leave or move; the others stay as they are, or some of them change.
    fn draw_next_week(&mut self, draw: &mut Draw, alike: bool) {
        let week = self.customers.iter().map(|person| person.weeks.len()).max().unwrap();
        for index in 0..self.customers.len() {
            let mut stay = self.customers[index].weeks.last().unwrap().clone();
            if let Some(stay) = stay.as_mut().filter(|_| !alike && draw.rng.random_bool(0.3)) {
                let place = draw.places.iter().position(|place| *place == stay.segments).unwrap();
                *stay = self.draw_stay(draw, place);
            }
            self.customers[index].weeks.push(stay);
        }
        for _ in 0..draw.rng.random_range(1..=3) {
            let place = draw.rng.random_range(0..draw.places.len());
            match draw.rng.random_range(0..5) {
                0 | 1 if self.customers.len() < MOST_CUSTOMERS + 6 => self.draw_newcomer(draw, place, week),
                2 | 3 => {
                    let leaver = draw.rng.random_range(0..self.customers.len());
                    *self.customers[leaver].weeks.last_mut().unwrap() = None;
                }
                _ => {
                    let mover = draw.rng.random_range(0..self.customers.len());
                    if let Some(stay) = self.customers[mover].weeks.last_mut().unwrap() {
                        stay.segments = draw.places[place].clone();
                    }
                }
            }
        }
    }
}

/// Every place a customer can have: a node of each dimension or none of it.
fn places(rng: &mut ChaCha8Rng) -> Vec<Segments> {
    let (departments, sites) = loop {
        let drawn = (*DEPARTMENTS.choose(rng).unwrap(), *SITES.choose(rng).unwrap());
        if drawn.0.len() + drawn.1.len() <= 6 {
            break drawn;
        }
    };
    let named = |dimension: &str, paths: &[&str]| -> Vec<String> {
        paths.iter().map(|path| format!("{dimension}:{path}")).collect()
    };
    let mut places = Vec::new();
    let mut departments = named("department", departments);
    departments.push(String::new());
    let mut sites = named("site", sites);
    if sites.is_empty() || rng.random_bool(0.5) {
        sites.push(String::new());
    }
    for department in &departments {
        // Some are in no department.
        if department.is_empty() && rng.random_bool(0.6) {
            continue;
        }
        // A site's department is often its only one.
        let alone = rng.random_bool(0.3).then(|| rng.random_range(0..sites.len()));
        for (index, site) in sites.iter().enumerate() {
            if alone.is_none_or(|alone| alone == index) {
                let lines = [department.as_str(), site.as_str()];
                let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
                places.push(lines.join("\n").parse().unwrap());
            }
        }
    }
    places
}

fn moods(company: &Company, rng: &mut ChaCha8Rng) -> Vec<Mood> {
    let mut mood = |need| {
        let meets = *[0.0, 0.1, 0.3, 0.6, 0.9, 1.0].choose(rng).unwrap();
        let services =
            company.services_of(need).map(|_| *[0.02, 0.1, 0.4, 1.0].choose(rng).unwrap()).collect();
        Mood { meets, services }
    };
    (0..company.needs.len()).map(&mut mood).collect()
}
