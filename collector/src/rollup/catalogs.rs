//! Which of the devices' catalogs knew a service: one that learns of a service in mid-week makes nobody begin with it.
//!
//! A catalog knew a service where a device named the service by that catalog, in the week or in the history before it.

use std::collections::BTreeMap;

use crate::portfolio::{Landscape, ServiceIndex};

/// Catalogs that are told apart; past it the newer ones count as one.
const MOST: usize = 64;
/// In a week with at least so many percent of the device-days told by catalogs that knew a service, it was known.
const KNOWN: u64 = 90;

/// The catalogs of the device-days that were counted.
#[derive(Debug, Default)]
pub(super) struct Catalogs {
    versions: Vec<String>,
    /// Device-days of the week itself told by each.
    days: Vec<u64>,
    /// By the service's place: the catalogs that it was named by, a bit each.
    named_by: Vec<u64>,
}

impl Catalogs {
    /// The place of the catalog that a day was told by.
    pub(super) fn told_by(&mut self, version: &str, in_week: bool) -> usize {
        let at = self.place_of(version);
        self.days[at] += u64::from(in_week);
        at
    }

    /// A day told by this catalog names the service.
    pub(super) fn names(&mut self, catalog: usize, service: ServiceIndex) {
        if self.named_by.len() <= service.at() {
            self.named_by.resize(service.at() + 1, 0);
        }
        self.named_by[service.at()] |= 1 << catalog;
    }

    pub(super) fn join(&mut self, other: Self) {
        let places: Vec<usize> = other.versions.iter().map(|version| self.place_of(version)).collect();
        for (place, days) in places.iter().zip(other.days) {
            self.days[*place] += days;
        }
        if self.named_by.len() < other.named_by.len() {
            self.named_by.resize(other.named_by.len(), 0);
        }
        for (own, named) in self.named_by.iter_mut().zip(other.named_by) {
            let here = places.iter().enumerate().filter(|(there, _)| named >> there & 1 == 1);
            *own |= here.fold(0, |bits, (_, place)| bits | 1 << place);
        }
    }

    /// Services that only some of the week's device-days could tell of, and of how many, in percent.
    pub(super) fn news(&self, landscape: &Landscape) -> BTreeMap<String, u8> {
        let all: u64 = self.days.iter().sum();
        let news = landscape.services().iter().zip(&self.named_by).filter_map(|(service, named)| {
            let could = self.days.iter().enumerate().filter(|(at, _)| named >> at & 1 == 1);
            let percent = (could.map(|(_, days)| days).sum::<u64>() * 100).checked_div(all)?;
            let is_news = *named != 0 && percent < KNOWN;
            is_news.then(|| (service.id.clone(), u8::try_from(percent).unwrap_or(100)))
        });
        news.collect()
    }

    fn place_of(&mut self, version: &str) -> usize {
        let known = self.versions.iter().position(|known| known == version);
        known.unwrap_or_else(|| {
            if self.versions.len() < MOST {
                self.versions.push(version.to_owned());
                self.days.push(0);
            }
            self.versions.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portfolio::SanctionStatus;

    fn landscape() -> Landscape {
        let mut landscape = Landscape::new([("store-files".to_owned(), "Store files".to_owned())]);
        for id in ["box", "dropbox"] {
            landscape.add(id, id, "store-files", SanctionStatus::Unreviewed, false);
        }
        landscape
    }

    #[test]
    fn a_service_is_news_in_the_week_in_which_catalogs_learn_of_it() {
        let landscape = landscape();
        let [box_, dropbox] = ["box", "dropbox"].map(|id| landscape.find(id).unwrap());
        let mut one = Catalogs::default();
        for (version, in_week) in [("a", false), ("a", true), ("a", true), ("b", true)] {
            let catalog = one.told_by(version, in_week);
            one.names(catalog, box_);
            if version == "b" {
                one.names(catalog, dropbox);
            }
        }
        assert_eq!(one.news(&landscape), BTreeMap::from([("dropbox".to_owned(), 33)]));
        let mut other = Catalogs::default();
        let catalog = other.told_by("b", true);
        other.names(catalog, dropbox);
        other.join(one);
        assert_eq!(other.news(&landscape), BTreeMap::from([("dropbox".to_owned(), 50)]));
    }

    #[test]
    fn catalogs_past_the_last_count_as_one() {
        let mut catalogs = Catalogs::default();
        let places: Vec<usize> = (0..200).map(|at| catalogs.told_by(&format!("{at}"), true)).collect();
        assert_eq!((places[63], places[199]), (63, 63));
        assert_eq!(catalogs.days.iter().sum::<u64>(), 200);
    }
}
