//! Reading `portfolio.toml`: every key is looked at, and every mistake is kept until the end.

use std::{collections::HashMap, ops::Range};

use elsewhere_catalog::{
    Catalog, Role,
    layer::{self, Layer, LayerFacts, OwnRule, Tenant},
};
use toml::de::{DeTable, DeValue};

use super::{Decision, MAIN_DIMENSION, Mistake, OwnService, Portfolio, PortfolioError, SanctionStatus};
use crate::{segment::Segment, week::Week};

/// Largest file that is read, in bytes: the whole catalog decided upon takes a quarter of it. A larger one is refused.
const MAX_BYTES: usize = 1 << 20;

pub(super) fn parse(text: &str, catalog: &Catalog) -> Result<Portfolio, PortfolioError> {
    if text.len() > MAX_BYTES {
        let problem = "the file is larger than 1 MiB; list only services you have decided upon".to_owned();
        return Err(PortfolioError { mistakes: vec![Mistake { line: 1, problem }] });
    }
    let mut reader = Reader { text, catalog, mistakes: Vec::new(), facts: HashMap::new() };
    let portfolio = match DeTable::parse(text) {
        Ok(root) => {
            let portfolio = reader.portfolio(root.get_ref());
            reader.check_layer(&portfolio.layer);
            Some(portfolio)
        }
        Err(error) => {
            reader.mistake(&error.span().unwrap_or_default(), error.message().to_lowercase());
            None
        }
    };
    reader.mistakes.sort();
    match portfolio {
        Some(portfolio) if reader.mistakes.is_empty() => Ok(portfolio),
        _ => Err(PortfolioError { mistakes: reader.mistakes }),
    }
}

struct Reader<'t> {
    text: &'t str,
    catalog: &'t Catalog,
    mistakes: Vec<Mistake>,
    /// Where the facts of the layer stand: its services, names, domains and hosts.
    facts: HashMap<String, Range<usize>>,
}

type Value<'v> = toml::Spanned<DeValue<'v>>;

impl Reader<'_> {
    fn portfolio(&mut self, root: &DeTable<'_>) -> Portfolio {
        let keys =
            ["organisation", "simulated", "main_dimension", "own_domains", "own_service", "name", "service"];
        self.refuse_other_keys(root, &keys, "the file");
        let organisation = self.required_text(root, "organisation", &(0..0));
        let mut portfolio = Portfolio {
            organisation: organisation.unwrap_or_default(),
            simulated: root.get("simulated").and_then(|value| self.bool(value)).unwrap_or(false),
            main_dimension: self.main_dimension(root),
            decisions: Vec::new(),
            own_services: Vec::new(),
            layer: LayerFacts::default(),
        };
        if let Some(value) = root.get("own_domains") {
            portfolio.layer.own_domains = self.names(value);
        }
        for (table, span) in self.tables(root, "own_service") {
            if let Some(own) = self.own_service(table, &span, &mut portfolio.layer) {
                portfolio.own_services.push(own);
            }
        }
        for (table, span) in self.tables(root, "name") {
            portfolio.layer.rules.extend(self.own_rule(table, &span));
        }
        for (table, span) in self.tables(root, "service") {
            if let Some(decision) = self.decision(table, &span, &portfolio) {
                let hosts = table.get("tenants").map(|value| self.names(value)).unwrap_or_default();
                let service_id = &decision.service;
                let tenants = hosts.into_iter().map(|host| Tenant { service_id: service_id.clone(), host });
                portfolio.layer.tenants.extend(tenants);
                portfolio.decisions.push(decision);
            }
        }
        portfolio
    }

    fn main_dimension(&mut self, root: &DeTable<'_>) -> String {
        let Some(value) = root.get("main_dimension") else { return MAIN_DIMENSION.to_owned() };
        let dimension = self.text(value).unwrap_or_default();
        if Segment::new(&dimension, "x").is_err() {
            self.mistake(
                &value.span(),
                format!("main_dimension '{}' is no word in lower case", short(&dimension)),
            );
        }
        dimension
    }

    fn own_service(
        &mut self,
        table: &DeTable<'_>,
        span: &Range<usize>,
        layer: &mut LayerFacts,
    ) -> Option<OwnService> {
        self.refuse_other_keys(table, &["id", "name", "need", "hosts"], "an own service");
        let id = self.required_text(table, "id", span)?;
        let need = self.required_text(table, "need", span);
        let own = OwnService { id, name: self.required_text(table, "name", span)?, need: need? };
        self.facts.entry(own.id.clone()).or_insert_with(|| span.clone());
        let OwnService { id, name, need } = own.clone();
        layer.services.push(layer::OwnService { id, name, need });
        let hosts = table.get("hosts").map(|value| self.names(value)).unwrap_or_default();
        let rule = |name| OwnRule { name, exact: false, service_id: own.id.clone(), role: Role::App };
        layer.rules.extend(hosts.into_iter().map(rule));
        Some(own)
    }

    /// What a name is to the organisation.
    fn own_rule(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<OwnRule> {
        self.refuse_other_keys(table, &["suffix", "exact", "service", "role"], "a name");
        let (key, exact) = if table.contains_key("exact") { ("exact", true) } else { ("suffix", false) };
        if exact && table.contains_key("suffix") {
            self.mistake(span, "a name has either 'suffix' or 'exact'".to_owned());
        }
        let name = self.required_text(table, key, span)?;
        let service_id = self.required_text(table, "service", span)?;
        let role = match table.get("role") {
            None => Role::App,
            Some(value) => self.role(value)?,
        };
        self.facts.entry(name.clone()).or_insert_with(|| span.clone());
        Some(OwnRule { name, exact, service_id, role })
    }

    fn role(&mut self, value: &Value<'_>) -> Option<Role> {
        let text = self.text(value)?;
        let role = Role::ALL.into_iter().find(|role| role.as_str() == text);
        if role.is_none() {
            let all = Role::ALL.map(Role::as_str).join(", ");
            self.mistake(&value.span(), format!("role '{}' is none of {all}", short(&text)));
        }
        role
    }

    /// Domains or hosts, each with its place for a mistake.
    fn names(&mut self, value: &Value<'_>) -> Vec<String> {
        let names = self.texts(value);
        for name in &names {
            self.facts.entry(name.clone()).or_insert_with(|| value.span());
        }
        names
    }

    fn check_layer(&mut self, facts: &LayerFacts) {
        for error in Layer::new(self.catalog, facts).err().unwrap_or_default() {
            let span = self.facts.get(&error.fact).cloned().unwrap_or_default();
            self.mistake(&span, error.to_string());
        }
    }

    fn decision(&mut self, table: &DeTable<'_>, span: &Range<usize>, before: &Portfolio) -> Option<Decision> {
        self.refuse_other_keys(
            table,
            &["id", "status", "since", "offered_not_visible", "tenants"],
            "a service",
        );
        let service = self.required_text(table, "id", span)?;
        let known = self.catalog.service(&service).is_some()
            || before.own_services.iter().any(|own| own.id == service);
        if !known {
            let problem = format!(
                "service '{}' is neither in the catalog nor an [[own_service]] of this file",
                short(&service)
            );
            self.mistake(&key_span(table, "id", span), problem);
        }
        let status =
            self.required_text(table, "status", span).and_then(|text| self.status(table, &text, span));
        let since = table.get("since").and_then(|value| self.week(value));
        if before.decisions.iter().any(|other| other.service == service && other.since == since) {
            self.mistake(span, format!("service '{}' is decided twice from the same week", short(&service)));
        }
        let offered_not_visible =
            table.get("offered_not_visible").map(|value| self.texts(value)).unwrap_or_default();
        for need in &offered_not_visible {
            self.check_need(need, &key_span(table, "offered_not_visible", span));
        }
        Some(Decision { service, status: status?, since, offered_not_visible })
    }

    fn status(&mut self, table: &DeTable<'_>, text: &str, span: &Range<usize>) -> Option<SanctionStatus> {
        let status = text.parse();
        if status.is_err() {
            let choice = "write sanctioned, tolerated, unsanctioned or unreviewed";
            self.mistake(
                &key_span(table, "status", span),
                format!("status '{}' is not known; {choice}", short(text)),
            );
        }
        status.ok()
    }

    fn week(&mut self, value: &Value<'_>) -> Option<Week> {
        let week = self.text(value)?.parse::<Week>();
        week.map_err(|error| self.mistake(&value.span(), error.to_string())).ok()
    }

    fn check_need(&mut self, need: &str, span: &Range<usize>) {
        if self.catalog.need(need).is_none() {
            self.mistake(span, format!("need '{}' is not one of the catalog's", short(need)));
        }
    }

    fn tables<'t>(&mut self, root: &'t DeTable<'_>, key: &str) -> Vec<(&'t DeTable<'t>, Range<usize>)> {
        let Some(value) = root.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.mistake(&value.span(), format!("'{key}' must be written as [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span())),
                None => self.mistake(&item.span(), format!("'{key}' must be written as [[{key}]]")),
            }
        }
        tables
    }

    fn required_text(&mut self, table: &DeTable<'_>, key: &str, span: &Range<usize>) -> Option<String> {
        let Some(value) = table.get(key) else {
            self.mistake(span, format!("'{key}' is missing"));
            return None;
        };
        let text = self.text(value)?;
        if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
            self.mistake(&value.span(), format!("'{key}' must be 1 to 200 printable characters"));
            return None;
        }
        Some(text)
    }

    fn text(&mut self, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.mistake(&value.span(), "a text in quotes is expected here".to_owned());
        }
        text.map(str::to_owned)
    }

    fn texts(&mut self, value: &Value<'_>) -> Vec<String> {
        let Some(array) = value.get_ref().as_array() else {
            self.mistake(&value.span(), "a list of texts is expected here".to_owned());
            return Vec::new();
        };
        array.iter().filter_map(|item| self.text(item)).collect()
    }

    fn bool(&mut self, value: &Value<'_>) -> Option<bool> {
        let bool = value.get_ref().as_bool();
        if bool.is_none() {
            self.mistake(&value.span(), "true or false is expected here".to_owned());
        }
        bool
    }

    fn refuse_other_keys(&mut self, table: &DeTable<'_>, keys: &[&str], of: &str) {
        for key in table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            let problem = format!("unknown key '{}'; {of} has {}", short(key.get_ref()), keys.join(", "));
            self.mistake(&key.span(), problem);
        }
    }

    fn mistake(&mut self, span: &Range<usize>, problem: String) {
        let before = self.text.get(..span.start).unwrap_or_default();
        self.mistakes.push(Mistake { line: 1 + before.matches('\n').count(), problem });
    }
}

fn key_span(table: &DeTable<'_>, key: &str, otherwise: &Range<usize>) -> Range<usize> {
    table.get(key).map_or_else(|| otherwise.clone(), toml::Spanned::span)
}

/// Enough of a text to recognise it in a message.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
