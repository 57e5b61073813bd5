//! Who began with a service, as the attacker takes it: whoever did not use it before in the story, however short that
//! is. The product tells of fewer, so that whoever learns nothing from these learns nothing from its.

use elsewhere_collector::{
    rollup::{Arrivals, Arrived},
    segment::Segment,
};

use super::company::{Company, MAIN_DIMENSION, Person};

impl Company {
    /// Arrivals of the seven days that end with this day of a week, Monday being 0.
    pub(crate) fn arrivals(&self, week: usize, weekday: usize) -> Arrivals {
        let in_main = |node: &Option<Segment>| {
            node.as_ref().is_none_or(|segment| segment.dimension() == MAIN_DIMENSION)
        };
        let nodes = self.rollup_of_seven_days(week, weekday).nodes.into_keys().filter(in_main);
        let of_node = |node: Option<Segment>| {
            let people = || self.customers.iter().filter(|person| person.is_now_in(week, node.as_ref()));
            let services = self.services.iter().enumerate().map(|(index, service)| {
                let [mut now, mut without] = [0, 0];
                for person in people() {
                    let used = |from: usize, to: usize| (from..to).any(|day| person.used(index, day));
                    let last = 7 * week + weekday + 1;
                    let before = used(0, last.saturating_sub(7));
                    match used(last.saturating_sub(7), last) {
                        true if !before => now += 1,
                        false if !before => without += 1,
                        _ => {}
                    }
                }
                (service.id.clone(), Arrived { now, without, ..Arrived::default() })
            });
            (node.clone(), services.collect())
        };
        nodes.map(of_node).collect()
    }
}

impl Person {
    /// Counts there in seven days that end in this week: a customer counts where it was last.
    pub(crate) fn is_now_in(&self, week: usize, node: Option<&Segment>) -> bool {
        let stay = |week: usize| self.weeks.get(week)?.as_ref();
        stay(week).or_else(|| stay(week.checked_sub(1)?)).is_some_and(|stay| stay.is_in(node))
    }

    fn used(&self, service: usize, day: usize) -> bool {
        let stay = self.weeks.get(day / 7).and_then(Option::as_ref);
        stay.is_some_and(|stay| stay.days[day % 7] >> service & 1 == 1)
    }
}
