//! Tables of a story file, read key by key, so that all mistakes are found in one go, each with its line.
//!
//! A getter that finds nothing usable records a problem and hands back a stand-in; whoever reads a story looks at
//! the problems before using it. A table that is closed records each key that nobody asked for.

use std::{cell::RefCell, collections::BTreeSet, ops::RangeInclusive};

use elsewhere_catalog::{Catalog, Service};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The file under the reader's finger, the catalog it may name things of, and what was wrong so far.
pub(super) struct Page<'t> {
    text: &'t str,
    catalog: &'static Catalog,
    problems: RefCell<Vec<(usize, String)>>,
}

impl<'t> Page<'t> {
    pub(super) fn new(text: &'t str, catalog: &'static Catalog) -> Self {
        Self { text, catalog, problems: RefCell::default() }
    }

    /// Records a problem at a byte of the file.
    pub(super) fn problem(&self, at: usize, words: String) {
        let line = self.text[..self.text.floor_char_boundary(at)].matches('\n').count() + 1;
        self.problems.borrow_mut().push((line, words));
    }

    /// All problems, by line.
    pub(super) fn into_problems(self) -> Vec<(usize, String)> {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems.dedup();
        problems
    }
}

/// One table of the file.
pub(super) struct Fields<'t> {
    page: &'t Page<'t>,
    name: &'t str,
    at: usize,
    table: &'t DeTable<'t>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'t> Fields<'t> {
    pub(super) fn new(page: &'t Page<'t>, name: &'t str, at: usize, table: &'t DeTable<'t>) -> Self {
        Self { page, name, at, table, asked: RefCell::default() }
    }

    /// Records a problem at a key, or at the table where the key is missing.
    pub(super) fn problem(&self, key: &'static str, words: impl Into<String>) {
        let at = self.table.get(key).map_or(self.at, |value| value.span().start);
        self.page.problem(at, words.into());
    }

    /// Ends the reading of this table: what was not asked for has no meaning.
    pub(super) fn close(self) {
        let asked = self.asked.into_inner();
        for key in self.table.keys().filter(|key| !asked.contains(key.get_ref().as_ref())) {
            let known: Vec<_> = asked.iter().copied().collect();
            self.page.problem(
                key.span().start,
                format!("unknown key '{}' in {}; it knows {}", key.get_ref(), self.name, known.join(", ")),
            );
        }
    }

    fn value(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn wrong<T>(&self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str) -> Option<T> {
        let found = value.get_ref().type_str();
        self.page
            .problem(value.span().start, format!("'{key}' of {} wants {wanted}, not {found}", self.name));
        None
    }

    fn missing(&self, key: &str, wanted: &str) {
        self.page.problem(self.at, format!("{} lacks '{key}', {wanted}", self.name));
    }

    /// A text, where there is one.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => self.wrong(value, key, "a text"),
        }
    }

    /// A text that has to be there.
    pub(super) fn needed_text(&self, key: &'static str, wanted: &str) -> String {
        if self.value(key).is_none() {
            self.missing(key, wanted);
        }
        self.text(key).unwrap_or_default()
    }

    /// A list of texts; none is an empty list.
    pub(super) fn texts(&self, key: &'static str) -> Vec<(usize, &'t str)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong(value, key, "a list of texts").unwrap_or_default();
        };
        let item = |item: &'t Spanned<DeValue<'t>>| match item.get_ref() {
            DeValue::String(text) => Some((item.span().start, text.as_ref())),
            _ => self.wrong(item, key, "texts in its list"),
        };
        items.iter().filter_map(item).collect()
    }

    /// Yes or no; no where it is not said.
    pub(super) fn flag(&self, key: &'static str) -> bool {
        let Some(value) = self.value(key) else { return false };
        match value.get_ref() {
            DeValue::Boolean(flag) => *flag,
            _ => self.wrong(value, key, "true or false").unwrap_or_default(),
        }
    }

    /// A number within a range, or the default.
    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<f64>, default: Option<f64>) -> f64 {
        let stand_in = default.unwrap_or(*range.start());
        let Some(value) = self.value(key) else {
            if default.is_none() {
                self.missing(key, &format!("a number from {} to {}", range.start(), range.end()));
            }
            return stand_in;
        };
        let Some(number) = number(value.get_ref()) else {
            return self.wrong(value, key, "a number").unwrap_or(stand_in);
        };
        if !range.contains(&number) {
            self.problem(
                key,
                format!("'{key}' is {number}; it goes from {} to {}", range.start(), range.end()),
            );
            return stand_in;
        }
        number
    }

    /// A share from 0 to 1, or the default.
    pub(super) fn share(&self, key: &'static str, default: Option<f64>) -> f64 {
        self.number(key, 0.0..=1.0, default)
    }

    /// A whole number within a range, or the default.
    pub(super) fn count(&self, key: &'static str, range: RangeInclusive<u32>, default: Option<u32>) -> u32 {
        let number =
            self.number(key, f64::from(*range.start())..=f64::from(*range.end()), default.map(f64::from));
        if number.fract() != 0.0 {
            self.problem(key, format!("'{key}' is {number}; it wants a whole number"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "range was checked above"
        )]
        let count = number as u32;
        count
    }

    /// A service of the catalog, where one is named.
    pub(super) fn service(&self, key: &'static str) -> Option<Service<'static>> {
        let value = self.value(key);
        if value.is_none() {
            self.missing(key, "the id of a service");
        }
        let id = self.text(key)?;
        self.service_at(value?.span().start, &id)
    }

    /// A list of services of the catalog; at least one.
    pub(super) fn services(&self, key: &'static str) -> Vec<&'static str> {
        let ids = self.texts(key);
        if ids.is_empty() {
            self.missing(key, "a list with at least one id of a service");
        }
        ids.into_iter().filter_map(|(at, id)| self.service_at(at, id)).map(Service::id).collect()
    }

    /// Services with weights, all of one need: `{ onedrive = 3, dropbox = 1 }`.
    pub(super) fn weights(&self, key: &'static str, need: &str) -> Vec<(&'static str, f64)> {
        let Some(value) = self.value(key) else {
            self.missing(key, "a table of services and their weights");
            return Vec::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong(value, key, "a table of services and their weights").unwrap_or_default();
        };
        if table.is_empty() {
            self.problem(key, format!("'{key}' of {} names no service", self.name));
        }
        let mut weights = Vec::new();
        for (id, weight) in table {
            let Some(service) = self.service_at(id.span().start, id.get_ref()) else { continue };
            if !need.is_empty() && service.need() != need {
                let words =
                    format!("service '{}' is for need '{}', not '{need}'", service.id(), service.need());
                self.page.problem(id.span().start, words);
            }
            match number(weight.get_ref()) {
                Some(number) if number > 0.0 && number <= 1e6 => weights.push((service.id(), number)),
                _ => self.page.problem(
                    weight.span().start,
                    format!("weight of '{id}' wants a number above 0", id = service.id()),
                ),
            }
        }
        weights
    }

    /// A need of the catalog.
    pub(super) fn need(&self, key: &'static str) -> &'static str {
        let value = self.value(key);
        if value.is_none() {
            self.missing(key, "the id of a need");
        }
        let (Some(value), Some(id)) = (value, self.text(key)) else { return "" };
        self.need_at(value.span().start, &id).unwrap_or_default()
    }

    /// A list of needs of the catalog; may be empty.
    pub(super) fn needs(&self, key: &'static str) -> Vec<&'static str> {
        self.texts(key).into_iter().filter_map(|(at, id)| self.need_at(at, id)).collect()
    }

    /// The tables of `[[key]]`, in the order of the file.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Fields<'t>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong(value, key, "tables, each under its own [[…]]").unwrap_or_default();
        };
        let item = |item: &'t Spanned<DeValue<'t>>| match item.get_ref() {
            DeValue::Table(table) => Some(Fields::new(self.page, key, item.span().start, table)),
            _ => self.wrong(item, key, "tables, each under its own [[…]]"),
        };
        items.iter().filter_map(item).collect()
    }

    /// The table of `[key]`, where there is one.
    pub(super) fn table(&self, key: &'static str) -> Option<Fields<'t>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Fields::new(self.page, key, value.span().start, table)),
            _ => self.wrong(value, key, "a table"),
        }
    }

    fn service_at(&self, at: usize, id: &str) -> Option<Service<'static>> {
        let service = self.page.catalog.service(id);
        if service.is_none() {
            self.page.problem(at, format!("no service '{id}' in the catalog"));
        }
        service
    }

    fn need_at(&self, at: usize, id: &str) -> Option<&'static str> {
        let need = self.page.catalog.need(id);
        if need.is_none() {
            self.page.problem(at, format!("no need '{id}' in the catalog"));
        }
        Some(need?.id)
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(whole),
        DeValue::Float(number) => number.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of a story are far below 2^52, and ranges are checked"
)]
fn whole(number: i64) -> f64 {
    number as f64
}
