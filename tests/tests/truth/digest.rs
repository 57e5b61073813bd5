//! The numbers that a page makes of published rows, against the truth.
//!
//! Which needs a page may count is told by what the rows show; what they come to is told by the truth.

use std::collections::BTreeMap;

use elsewhere_tests::fleet::{
    Truth,
    story::Status,
    truth::{EVERYBODY, NeedTruth, SegmentTruth},
};
use serde_json::Value;

use crate::rows::{Check, is_shown, rounded};

const PARTS: [&str; 4] = ["ours_alone", "both", "tolerated", "elsewhere_alone"];

/// Published weeks as JSON.
#[derive(Default)]
pub(crate) struct Released(pub(crate) BTreeMap<String, Value>);

/// One segment in one week: what is shown of it, and what is true.
struct Beside<'a> {
    row: &'a Value,
    truth: &'a SegmentTruth,
}

/// Checks every number of a page.
pub(crate) fn compare(page: &Value, released: &Released, truth: &Truth) {
    let (week, segment) = (page["week"].as_str().unwrap(), page["segment"].as_str().unwrap());
    let page_of = Page { json: page, released, truth, week, segment };
    page_of.share_of_need();
    page_of.moves();
    page_of.unserved_needs();
    page["movements"].as_array().unwrap().iter().for_each(|movement| page_of.movement(movement));
    page_of.not_moving();
    page_of.lists();
    page_of.price();
    let rows = page["figures"].as_array().unwrap();
    assert!(
        !rows.is_empty()
            && rows.iter().all(|row| Some(row) == released.row(week, row["segment"].as_str().unwrap()))
    );
}

struct Page<'a> {
    json: &'a Value,
    released: &'a Released,
    truth: &'a Truth,
    week: &'a str,
    segment: &'a str,
}

impl Page<'_> {
    fn at(&self) -> String {
        format!("page of {} {}", self.week, self.segment)
    }

    fn check(&self) -> Check {
        Check { at: self.at(), shown: 0, ours: Vec::new() }
    }

    /// What is shown and true of a segment so many weeks ago.
    fn beside(&self, segment: &str, weeks_ago: usize) -> Option<Beside<'_>> {
        let week = self.truth.weeks.keys().rev().skip_while(|week| *week != self.week).nth(weeks_ago)?;
        let row = self.released.row(week, segment)?;
        let name = if segment == "all" { EVERYBODY } else { segment };
        Some(Beside { row, truth: self.truth.weeks[week].get(name)? })
    }

    fn share_of_need(&self) {
        let share = &self.json["share_of_need"];
        let now = self.beside(self.segment, 0).and_then(|it| it.share());
        let Some((parts, needs)) = now else {
            assert!(share.is_null(), "{}: a share of nothing", self.at());
            return;
        };
        let shown = PARTS.map(|part| whole(&share[part]));
        self.percents(shown, parts);
        assert_eq!(share["customer_days"], parts.iter().sum::<usize>(), "{}", self.at());
        assert_eq!(share["needs"], needs, "{}", self.at());
        let this = self.beside(self.segment, 0).unwrap();
        self.line(&share["line"], |it| it.share_of_the_same(&this));
    }

    fn moves(&self) {
        let moves = &self.json["moves"];
        let now = self.beside(self.segment, 0).unwrap();
        self.check().customers(&moves["left"], now.truth.left);
        self.check().customers(&moves["came_back"], now.truth.came_back);
        self.check().customers(&moves["customers_seen"], now.truth.customers);
        let customers = |shown: bool, truth: usize| shown.then_some(number(truth / 5 * 5));
        self.line_within(&moves["left_context"]["line"], 0.0, |it| {
            customers(is_shown(&it.row["left"]), it.truth.left)
        });
        self.line_within(&moves["came_back_context"]["line"], 0.0, |it| {
            customers(is_shown(&it.row["came_back"]), it.truth.came_back)
        });
    }

    fn unserved_needs(&self) {
        let unserved = &self.json["unserved_needs"];
        let Some(now) = self.beside(self.segment, 0).and_then(|it| it.unserved()) else {
            assert!(unserved.is_null(), "{}", self.at());
            return;
        };
        assert_eq!(unserved["customer_days"].as_f64(), Some(now), "{}", self.at());
        self.line_within(&unserved["line"], 0.0, Beside::unserved);
    }

    fn movement(&self, movement: &Value) {
        let at = format!("{}: {movement}", self.at());
        let (segment, need) =
            (movement["segment"].as_str().unwrap(), movement["need"]["id"].as_str().unwrap());
        let weeks = whole(&movement["weeks"]);
        let (now, last) = (self.beside(segment, 0).unwrap(), self.beside(segment, 1));
        let truth = &now.truth.needs[need];
        let mut check = self.check();
        check.customers(&movement["customers"], truth.customers);
        check.days(&movement["customer_days"], truth.customers, truth.customer_days);
        check.customers(&movement["customers_elsewhere"], truth.customers_elsewhere);
        check.customers(&movement["customers_ours_or_elsewhere"], truth.customers_ours_or_elsewhere);
        check.customers(&movement["customers_both"], truth.customers_both);
        check.customers(&movement["left"], truth.left);
        let before = self.beside(segment, weeks).unwrap().truth.needs.get(need).map_or(0, elsewhere_alone);
        assert_eq!(movement["gained_days"], elsewhere_alone(truth) - before, "{at}");
        if let Some(shown) = movement["share_of_need"].as_array() {
            self.percents(std::array::from_fn(|part| whole(&shown[part])), parts(truth));
        }
        let last = last.and_then(|it| it.truth.needs.get(need));
        if let Some(shown) = movement["ours_alone_last_week"].as_f64() {
            assert!(
                (shown - percent(parts(last.unwrap())[0], parts(last.unwrap()).iter().sum())).abs() < 1.0,
                "{at}"
            );
        }
        for service in movement["services"].as_array().unwrap() {
            let id = service["id"].as_str().unwrap();
            check.customers(&service["customers"], truth.services[id].customers);
            if is_shown(&service["customers_last_week"]) {
                check.customers(&service["customers_last_week"], last.unwrap().services[id].customers);
            }
        }
    }

    fn not_moving(&self) {
        let largest = &self.json["largest_not_moving"];
        let Some(need) = largest["need"]["id"].as_str() else { return };
        let truth = &self.beside(self.segment, 0).unwrap().truth.needs[need];
        assert_eq!(largest["days_elsewhere"], elsewhere_alone(truth), "{}", self.at());
        if let Some(shown) = largest["ours_alone"].as_f64() {
            assert!(
                (shown - percent(parts(truth)[0], parts(truth).iter().sum())).abs() < 1.0,
                "{}",
                self.at()
            );
        }
    }

    /// Who came back, and what is new.
    fn lists(&self) {
        for back in self.json["came_back"].as_array().unwrap() {
            let truth =
                self.named(back["segment_name"].as_str().unwrap(), back["need"]["id"].as_str().unwrap());
            self.check().customers(&back["customers"], truth.came_back);
        }
        for new in self.json["new_unreviewed"].as_array().unwrap() {
            let truth =
                self.named(new["segment_name"].as_str().unwrap(), new["need"]["id"].as_str().unwrap());
            let is_it =
                |id: &&&str| elsewhere_catalog::builtin().service(id).unwrap().name() == new["service"];
            let id = truth.services.keys().find(is_it).unwrap();
            self.check().customers(&new["customers"], truth.services[id].customers);
        }
    }

    fn named(&self, segment_name: &str, need: &str) -> &NeedTruth {
        let segment = if segment_name == "All" { "all" } else { &format!("department:{segment_name}") };
        &self.beside(segment, 0).unwrap().truth.needs[need]
    }

    /// What the floor still shows of the days elsewhere, in tens of a percent.
    fn price(&self) {
        let shown = &self.json["not_seen"]["shown"];
        let departments = self.truth.weeks[self.week].keys().filter(|name| name.starts_with("department:"));
        let departments: Vec<_> = departments.filter_map(|name| self.beside(name, 0)).collect();
        let everybody = [self.beside("all", 0).unwrap()];
        self.share_shown(&shown["organisation_by_need"], &everybody, Beside::days_elsewhere);
        self.share_shown(&shown["segment_by_need"], &departments, Beside::days_elsewhere);
        self.share_shown(&shown["segment_by_service"], &departments, |it| {
            it.days_at_services_elsewhere(self.truth)
        });
    }

    fn share_shown<'s>(
        &self,
        figure: &Value,
        of: &[Beside<'s>],
        days: impl Fn(&Beside<'s>) -> Vec<(usize, bool)>,
    ) {
        let days: Vec<_> = of.iter().flat_map(days).collect();
        let all: usize = days.iter().map(|(days, _)| days).sum();
        let shown: usize = days.iter().filter(|(_, shown)| *shown).map(|(days, _)| days).sum();
        let wanted = (shown >= 500).then(|| (shown * 10 / all * 10).min(90) as u64);
        assert_eq!(figure.as_u64(), wanted, "{}: {shown} of {all} days elsewhere", self.at());
    }

    /// Whole percents that add to 100, each within 1 of the truth.
    fn percents(&self, shown: [usize; 4], parts: [usize; 4]) {
        assert_eq!(shown.iter().sum::<usize>(), 100, "{}: {shown:?}", self.at());
        for (shown, part) in shown.into_iter().zip(parts) {
            let exact = percent(part, parts.iter().sum());
            assert!((number(shown) - exact).abs() < 1.0, "{}: {shown} % is {exact}", self.at());
        }
    }

    fn line<'s>(&'s self, line: &Value, truth: impl Fn(&Beside<'s>) -> Option<f64>) {
        self.line_within(line, 0.999, truth);
    }

    /// Thirteen weeks, each within so much of the truth; null where nothing is shown.
    fn line_within<'s>(&'s self, line: &Value, within: f64, truth: impl Fn(&Beside<'s>) -> Option<f64>) {
        let line = line.as_array().unwrap();
        assert_eq!(line.len(), 13);
        for (weeks_ago, shown) in line.iter().rev().enumerate() {
            let truth = self.beside(self.segment, weeks_ago).and_then(|it| truth(&it));
            match (shown.as_f64(), truth) {
                (Some(shown), Some(truth)) => {
                    assert!((shown - truth).abs() <= within, "{}: {shown} is {truth}", self.at());
                }
                (shown, truth) => assert_eq!(shown, truth, "{}: {weeks_ago} weeks ago", self.at()),
            }
        }
    }
}

impl Beside<'_> {
    /// Parts of the needs that we serve and somebody meets elsewhere, as far as all four are shown; how many needs.
    fn share(&self) -> Option<([usize; 4], usize)> {
        let mut counted: Vec<_> = self.served_parts().into_values().collect();
        counted.retain(|parts| parts[1] + parts[3] > 0);
        let sum = std::array::from_fn(|part| counted.iter().map(|parts| parts[part]).sum());
        (!counted.is_empty()).then_some((sum, counted.len()))
    }

    /// Percent with us alone over the needs in the share of `this` week, where those that are not shown here have at
    /// most a tenth of its days.
    fn share_of_the_same(&self, this: &Beside<'_>) -> Option<f64> {
        let here = self.served_parts();
        let (mut ours, mut days, mut days_of_this, mut days_missing) = (0, 0, 0, 0);
        for (need, parts) in this.served_parts() {
            if parts[1] + parts[3] == 0 {
                continue;
            }
            let all: usize = parts.iter().sum();
            days_of_this += all;
            match here.get(need) {
                Some(parts) => {
                    ours += parts[0];
                    days += parts.iter().sum::<usize>();
                }
                None => days_missing += all,
            }
        }
        (days_missing < days_of_this && days_missing * 10 <= days_of_this).then(|| percent(ours, days))
    }

    /// True parts of the needs that we serve, as far as all four are shown.
    fn served_parts(&self) -> BTreeMap<&str, [usize; 4]> {
        let mut served = BTreeMap::new();
        for row in self.row["needs"].as_array().unwrap() {
            let Some(truth) = self.need(row) else { continue };
            if truth.served && PARTS.iter().all(|part| is_shown(&row[part])) {
                served.insert(row["need"].as_str().unwrap(), parts(truth));
            }
        }
        served
    }

    fn unserved(&self) -> Option<f64> {
        let rows = self.row["needs"].as_array().unwrap().iter();
        let shown = rows.filter(|row| is_shown(&row["elsewhere_alone"])).filter_map(|row| self.need(row));
        let days: usize = shown.filter(|truth| !truth.served).map(elsewhere_alone).sum();
        (days > 0).then_some(number(days))
    }

    /// Days elsewhere of each need, and whether they can be read.
    fn days_elsewhere(&self) -> Vec<(usize, bool)> {
        let mut days = Vec::new();
        for row in self.row["needs"].as_array().unwrap() {
            let Some(truth) = self.need(row) else { continue };
            let exact = ["both", "elsewhere_alone"].map(|part| truth.parts.get(part));
            let elsewhere = exact.into_iter().flatten().map(|reach| reach.customer_days).sum();
            days.push((elsewhere, is_shown(&row["elsewhere"])));
        }
        days
    }

    /// Days of each service elsewhere, and whether they are shown.
    fn days_at_services_elsewhere(&self, truth: &Truth) -> Vec<(usize, bool)> {
        let mut days = Vec::new();
        for row in self.row["needs"].as_array().unwrap() {
            let Some(need) = self.need(row) else { continue };
            let shown = row["services"].as_array().unwrap();
            for (id, reach) in &need.services {
                let ours = truth
                    .portfolio
                    .iter()
                    .any(|offer| offer.service == *id && offer.status != Status::Unsanctioned);
                let shown = shown.iter().any(|row| row["service"] == **id && is_shown(&row["customer_days"]));
                days.extend((!ours).then_some((reach.customer_days, shown)));
            }
        }
        days
    }

    fn need(&self, row: &Value) -> Option<&NeedTruth> {
        self.truth.needs.get(row["need"].as_str().unwrap())
    }
}

impl Released {
    fn row(&self, week: &str, segment: &str) -> Option<&Value> {
        let segment = if segment == EVERYBODY { "all" } else { segment };
        self.0[week]["segments"].as_array().unwrap().iter().find(|row| row["segment"] == segment)
    }
}

/// As they are shown.
fn parts(truth: &NeedTruth) -> [usize; 4] {
    PARTS.map(|part| truth.parts.get(part).map_or(0, |reach| rounded(reach.customer_days)))
}

fn elsewhere_alone(truth: &NeedTruth) -> usize {
    parts(truth)[3]
}

fn percent(part: usize, whole: usize) -> f64 {
    number(part) * 100.0 / number(whole)
}

fn whole(figure: &Value) -> usize {
    usize::try_from(figure.as_u64().unwrap()).unwrap()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
