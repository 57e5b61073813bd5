//! A made-up company: who was there in which week, and on which day each of them met a need at which service.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use elsewhere_collector::{
    device::{Customer, DeviceId},
    device_day::{
        AgentState, AppClass, BlindSpots, DeviceDay, Evidence, Place, Quantiles, Spill, Tenant, TransferTime,
        Usage,
    },
    floor::Policy,
    portfolio::{Landscape, SanctionStatus, Side},
    rollup::{Facet, Rollup, Tally},
    segment::{Segment, Segments},
    week::Week,
};
use jiff::{ToSpan, civil::Date};

/// The smallest group where nothing else is said.
pub(crate) const K: u32 = 5;
/// The dimension that publishes services.
pub(crate) const MAIN_DIMENSION: &str = "department";

#[derive(Clone, Debug)]
pub(crate) struct Company {
    /// The smallest group.
    pub(crate) k: u32,
    pub(crate) needs: Vec<String>,
    /// Needs that ours serves unseen.
    pub(crate) unseen: Vec<String>,
    pub(crate) services: Vec<Service>,
    pub(crate) customers: Vec<Person>,
    pub(crate) weeks: usize,
    /// Those that the reader looks at: all at once would take too long.
    pub(crate) facets: Vec<Facet>,
}

/// Enrolled in each place and never used.
pub(crate) const SPARE_DEVICES: u64 = 20;

/// Facets looked at in one company.
const FACETS: usize = 6;

/// Some facets, others for each number.
pub(crate) fn some_facets(number: u64) -> Vec<Facet> {
    let all = Facet::ALL.len();
    let first = usize::try_from(number % all as u64).unwrap();
    (0..FACETS).map(|step| Facet::ALL[(first + step) % all]).collect()
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) id: String,
    /// Place in [`Company::needs`].
    pub(crate) need: usize,
    pub(crate) status: SanctionStatus,
}

impl Service {
    pub(crate) fn side(&self) -> Side {
        match self.status {
            SanctionStatus::Sanctioned => Side::Ours,
            SanctionStatus::Tolerated => Side::Tolerated,
            SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed => Side::Elsewhere,
        }
    }
}

/// A customer, week after week.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// How many devices they have.
    pub(crate) devices: u64,
    /// The reader knows all that they did.
    pub(crate) known: bool,
    /// `None` where they were not there.
    pub(crate) weeks: Vec<Option<Stay>>,
}

/// A week in which a customer was there and seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stay {
    pub(crate) segments: Segments,
    /// Bits of services used on each day, Monday first.
    pub(crate) days: [u8; 7],
}

impl Stay {
    /// The customer was in this segment (or it is everybody).
    pub(crate) fn is_in(&self, node: Option<&Segment>) -> bool {
        let Some(node) = node else { return true };
        let within = |segment: &Segment| {
            std::iter::successors(Some(segment.clone()), Segment::parent).any(|segment| segment == *node)
        };
        self.segments.iter().any(within)
    }
}

/// The civil week with this place in a company's story.
pub(crate) fn civil_week(week: usize) -> Week {
    let first: Week = "2026-W40".parse().unwrap();
    first.plus(i64::try_from(week).unwrap())
}

/// A day of it, Monday being 0.
fn date(week: usize, weekday: usize) -> Date {
    civil_week(week).monday().checked_add(i64::try_from(weekday).unwrap().days()).unwrap()
}

impl Company {
    /// A company with these services, each with its need, and nobody in it yet.
    pub(crate) fn of(services: &[(&str, SanctionStatus)]) -> Self {
        let mut company = Self {
            k: K,
            needs: Vec::new(),
            unseen: Vec::new(),
            services: Vec::new(),
            customers: Vec::new(),
            weeks: 1,
            facets: some_facets(0),
        };
        for (index, (need, status)) in services.iter().enumerate() {
            let known = company.needs.iter().position(|known| known == need);
            let need = known.unwrap_or_else(|| {
                company.needs.push((*need).to_owned());
                company.needs.len() - 1
            });
            company.services.push(Service { id: format!("service-{index}"), need, status: *status });
        }
        company
    }

    /// Adds customers who do the same: their segments, and for each week a word a day (or `-` where they are not there);
    /// its letters are the services, `a` being the first, and `.` is none.
    pub(crate) fn with(mut self, customers: usize, segments: &str, weeks: &[&str]) -> Self {
        let segments: Segments = segments.replace(", ", "\n").parse().unwrap();
        let stay = |week: &&str| {
            let letters = |word: &str| word.bytes().filter(u8::is_ascii_lowercase).collect::<Vec<_>>();
            let mut days = [0; 7];
            for (day, word) in days.iter_mut().zip(week.split(' ')) {
                *day = letters(word).into_iter().fold(0, |day, letter| day | 1 << (letter - b'a'));
            }
            (*week != "-").then(|| Stay { segments: segments.clone(), days })
        };
        let person = Person { devices: 1, known: false, weeks: weeks.iter().map(stay).collect() };
        self.weeks = weeks.len();
        self.customers.extend(std::iter::repeat_n(person, customers));
        self
    }

    /// The same company, whose customers nobody knows.
    pub(crate) fn without_insiders(&self) -> Self {
        let mut company = self.clone();
        company.customers.iter_mut().for_each(|person| person.known = false);
        company
    }

    /// The same, where groups have to be as large.
    pub(crate) fn with_smallest_group(mut self, k: u32) -> Self {
        self.k = k;
        self
    }

    /// The same, of customers of whom the reader knows what they did.
    pub(crate) fn with_known(mut self, customers: usize, segments: &str, weeks: &[&str]) -> Self {
        let before = self.customers.len();
        self = self.with(customers, segments, weeks);
        self.customers[before..].iter_mut().for_each(|person| person.known = true);
        self
    }

    /// There are several weeks, and whoever is there in two of them does the same in both.
    pub(crate) fn stays_alike(&self) -> bool {
        let alike = |person: &Person| {
            let mut days = person.weeks.iter().flatten().map(|stay| stay.days);
            days.next().is_none_or(|first| days.all(|days| days == first))
        };
        self.weeks > 1 && self.customers.iter().all(alike)
    }

    pub(crate) fn landscape(&self) -> Landscape {
        let mut landscape = Landscape::new(self.needs.iter().map(|need| (need.clone(), need.clone())));
        for service in &self.services {
            let need = &self.needs[service.need];
            assert!(landscape.add(&service.id, &service.id, need, service.status, false));
        }
        for need in &self.unseen {
            landscape.ours_not_visible(need);
        }
        landscape
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy { minimum_group: self.k, main_dimension: MAIN_DIMENSION.into() }
    }

    /// What is counted of a week, with the weeks before it for history.
    pub(crate) fn rollup(&self, week: usize) -> Rollup {
        let everybody: Vec<usize> = (0..self.customers.len()).collect();
        self.rollup_of(week, &everybody)
    }

    /// The same over these customers alone.
    pub(crate) fn rollup_of(&self, week: usize, of: &[usize]) -> Rollup {
        let tally = Tally::new(civil_week(week), HashMap::new());
        self.count(tally, week, of, civil_week(week).sunday())
    }

    /// What is counted of a week on the night after this day of it, Monday being 0.
    pub(crate) fn rollup_by(&self, week: usize, weekday: usize) -> Rollup {
        let everybody: Vec<usize> = (0..self.customers.len()).collect();
        let tally = Tally::new(civil_week(week), HashMap::new());
        self.count(tally, week, &everybody, date(week, weekday))
    }

    /// What is counted of the seven days that end with this one.
    pub(crate) fn rollup_of_seven_days(&self, week: usize, weekday: usize) -> Rollup {
        let everybody: Vec<usize> = (0..self.customers.len()).collect();
        let last_day = date(week, weekday);
        self.count(Tally::until(last_day, HashMap::new()), week, &everybody, last_day)
    }

    /// What these customers did until this day of a week.
    fn count(&self, mut tally: Tally, week: usize, of: &[usize], last_day: Date) -> Rollup {
        let landscape = self.landscape();
        self.enrol_spare_devices(&mut tally, week, of);
        for index in of.iter().copied() {
            let person = &self.customers[index];
            let pseudonym = Customer::Pseudonym(format!("c{index}").parse().unwrap());
            for (past, stay) in person.weeks.iter().take(week + 1).enumerate() {
                let Some(stay) = stay else { continue };
                let weekdays = || (0..7).filter(|weekday| date(past, *weekday) <= last_day);
                for device in 0..person.devices {
                    let id = DeviceId::from_bits(index as u64 * 4 + device);
                    if past == week {
                        tally.enrolled(id, &stay.segments);
                    }
                    for weekday in weekdays().filter(|weekday| person.carries(*weekday, device)) {
                        let day = self.device_day(index, past, weekday, stay.days[weekday]);
                        tally.add(&landscape, id, &pseudonym, &stay.segments, &day);
                    }
                }
            }
        }
        tally.finish(&landscape, self.k)
    }

    /// In each place there are devices that nobody uses.
    fn enrol_spare_devices(&self, tally: &mut Tally, week: usize, of: &[usize]) {
        let stays = of.iter().filter_map(|index| self.customers[*index].weeks.get(week)?.as_ref());
        let places: BTreeSet<&Segments> = stays.map(|stay| &stay.segments).collect();
        for (number, segments) in (0_u64..).zip(places) {
            for spare in 0..SPARE_DEVICES {
                let id = DeviceId::from_bits(1 << 40 | number << 8 | spare);
                tally.enrolled(id, segments);
            }
        }
    }

    fn device_day(&self, customer: usize, week: usize, weekday: usize, services: u8) -> DeviceDay {
        let used = |(index, service): (usize, &Service)| {
            let used = usage(&service.id, customer, weekday);
            let is_idle = (customer + index) % 4 == 1;
            match services >> index & 1 {
                0 => is_idle.then_some(Usage { evidence: Evidence::Present, ..used }),
                _ => Some(used),
            }
        };
        DeviceDay {
            day: date(week, weekday),
            revision: 1,
            usages: self.services.iter().enumerate().filter_map(used).collect(),
            spills: self.spills(customer, services),
            unknown_services: Vec::new(),
            blind_spots: BlindSpots { connections: 10, unnamed: 1, ..BlindSpots::default() },
            agent: AgentState::default(),
            shared_device: false,
        }
    }

    /// Some who were with us and elsewhere on one day came to us first.
    fn spills(&self, customer: usize, services: u8) -> Vec<Spill> {
        let used = self.services.iter().enumerate().filter(|(index, _)| services >> index & 1 == 1);
        let used = || used.clone().map(|(_, service)| service);
        let on = |side: Side| used().filter(move |service| service.side() == side);
        let pairs = on(Side::Ours).flat_map(|ours| on(Side::Elsewhere).map(move |theirs| (ours, theirs)));
        let spill = |(ours, theirs): (&Service, &Service)| Spill {
            from: ours.id.parse().unwrap(),
            to: theirs.id.parse().unwrap(),
            count: 1,
            tries: 1,
            expected_hundredths: 10,
        };
        pairs
            .filter(|(ours, theirs)| ours.need == theirs.need && customer.is_multiple_of(2))
            .map(spill)
            .collect()
    }

    /// The services of one need, each with its place in [`Company::services`].
    pub(crate) fn services_of(&self, need: usize) -> impl Iterator<Item = (usize, &Service)> {
        self.services.iter().enumerate().filter(move |(_, service)| service.need == need)
    }
}

impl Person {
    /// A device is used on some days, and on Thursdays all of them are.
    fn carries(&self, weekday: usize, device: u64) -> bool {
        weekday as u64 % self.devices == device || weekday == 3
    }
}

/// Whoever does the same on a weekday does it in the same part of the day and at the same place, and waits as long.
fn usage(service: &str, customer: usize, weekday: usize) -> Usage {
    // Of one service everybody is.
    let in_ours = service.ends_with('0') || customer % 5 < 3;
    let wait = Quantiles { median: u8::try_from(60 + customer % 7 * 12).unwrap(), p90: 200 };
    Usage {
        service: service.parse().unwrap(),
        app_class: AppClass::Browser,
        place: if (customer + weekday).is_multiple_of(3) { Place::Away } else { Place::Office },
        evidence: Evidence::Use,
        parts_of_day: [1, 2, 4, 8, 2][(customer + weekday) % 5],
        active_minutes: 5,
        tries: 1,
        failed: u32::from(customer.is_multiple_of(3)),
        given_up: 0,
        turned_away: u32::from(customer % 4 == 2),
        bytes_up: 1,
        bytes_down: 1,
        tenant: if in_ours { Tenant::Ours } else { Tenant::Unknown },
        sign_in_hops: u32::from(customer % 3 != 1),
        server_wait: (customer % 5 != 3).then_some(wait),
        transfer_times: if customer.is_multiple_of(2) {
            vec![TransferTime { size_class: 1, duration: wait }]
        } else {
            Vec::new()
        },
    }
}

/// The company as a table: how many customers, where, and for each week the services of each day.
impl fmt::Display for Company {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, service) in self.services.iter().enumerate() {
            let letter = letter(index);
            writeln!(f, "  {letter} = {} ({}, {})", service.id, self.needs[service.need], service.status)?;
        }
        for need in &self.unseen {
            writeln!(f, "  ours serves {need} unseen")?;
        }
        let mut groups: Vec<(String, usize)> = Vec::new();
        for person in &self.customers {
            let weeks: Vec<String> = person.weeks.iter().map(|stay| self.stay(stay.as_ref())).collect();
            let line = format!("{}{}", weeks.join("  |  "), if person.known { "  (known)" } else { "" });
            match groups.iter_mut().find(|(known, _)| *known == line) {
                Some((_, customers)) => *customers += 1,
                None => groups.push((line, 1)),
            }
        }
        groups.sort();
        groups.iter().try_for_each(|(line, customers)| writeln!(f, "  {customers:>3} x {line}"))
    }
}

impl Company {
    fn stay(&self, stay: Option<&Stay>) -> String {
        let Some(stay) = stay else { return "not there".into() };
        let day = |services: &u8| -> String {
            let used = (0..self.services.len()).filter(|index| services >> index & 1 == 1);
            let used: String = used.map(letter).collect();
            if used.is_empty() { ".".into() } else { used }
        };
        let days: Vec<String> = stay.days.iter().map(day).collect();
        format!("[{}] {}", stay.segments.to_string().replace('\n', ", "), days.join(" "))
    }
}

fn letter(service: usize) -> char {
    char::from(b'a' + u8::try_from(service).unwrap())
}
