//! Reading `portfolio.toml`: every key is looked at, and every mistake is kept until the end.

use std::{collections::HashMap, ops::Range};

use elsewhere_catalog::{
    Catalog, Role,
    layer::{self, Layer, LayerFacts, OwnRule, Tenant},
};
use toml::de::DeTable;

use super::{Decision, MAIN_DIMENSION, OwnService, Portfolio, PortfolioError, SanctionStatus, SegmentFacts};
use crate::{
    segment::Segment,
    toml_file::{self, TomlFile, Value, key_span, short},
    week::Week,
};

pub(super) fn parse(text: &str, catalog: &Catalog) -> Result<Portfolio, PortfolioError> {
    let mistakes = |mistakes| PortfolioError { mistakes };
    toml_file::read(text, |file, root| {
        let mut reader = Reader { file, catalog, facts: HashMap::new() };
        let portfolio = reader.portfolio(root);
        reader.check_layer(&portfolio.layer);
        (portfolio, reader.file)
    })
    .map_err(mistakes)
}

pub(super) struct Reader<'t> {
    pub(super) file: TomlFile<'t>,
    pub(super) catalog: &'t Catalog,
    /// Where the facts of the layer stand: its services, names, domains and hosts.
    facts: HashMap<String, Range<usize>>,
}

impl Reader<'_> {
    fn portfolio(&mut self, root: &DeTable<'_>) -> Portfolio {
        let keys = [
            "organisation",
            "simulated",
            "main_dimension",
            "own_domains",
            "own_service",
            "name",
            "service",
            "segment",
            "package",
        ];
        self.file.refuse_other_keys(root, &keys, "the file");
        let organisation = self.file.required_text(root, "organisation", &(0..0));
        let mut portfolio = Portfolio {
            organisation: organisation.unwrap_or_default(),
            simulated: root.get("simulated").and_then(|value| self.file.bool(value)).unwrap_or(false),
            main_dimension: self.main_dimension(root),
            decisions: Vec::new(),
            own_services: Vec::new(),
            packages: Vec::new(),
            segments: Vec::new(),
            layer: LayerFacts::default(),
        };
        if let Some(value) = root.get("own_domains") {
            portfolio.layer.own_domains = self.names(value);
        }
        for (table, span) in self.file.tables(root, "own_service") {
            if let Some(own) = self.own_service(table, &span, &mut portfolio.layer) {
                portfolio.own_services.push(own);
            }
        }
        for (table, span) in self.file.tables(root, "segment") {
            let facts = self.segment(table, &span);
            if facts
                .as_ref()
                .is_some_and(|new| portfolio.segments.iter().any(|one| one.segment == new.segment))
            {
                self.file.mistake(&span, "this segment stands here twice".to_owned());
            }
            portfolio.segments.extend(facts);
        }
        for (table, span) in self.file.tables(root, "package") {
            let package = self.package(table, &span, &portfolio.own_services);
            portfolio.packages.extend(package);
        }
        for (table, span) in self.file.tables(root, "name") {
            portfolio.layer.rules.extend(self.own_rule(table, &span));
        }
        for (table, span) in self.file.tables(root, "service") {
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
        let dimension = self.file.text(value).unwrap_or_default();
        if Segment::new(&dimension, "x").is_err() {
            self.file.mistake(
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
        self.file.refuse_other_keys(table, &["id", "name", "need", "hosts"], "an own service");
        let id = self.file.required_text(table, "id", span)?;
        let need = self.file.required_text(table, "need", span);
        let own = OwnService { id, name: self.file.required_text(table, "name", span)?, need: need? };
        self.facts.entry(own.id.clone()).or_insert_with(|| span.clone());
        let OwnService { id, name, need } = own.clone();
        layer.services.push(layer::OwnService { id, name, need });
        let hosts = table.get("hosts").map(|value| self.names(value)).unwrap_or_default();
        let rule = |name| OwnRule { name, exact: false, service_id: own.id.clone(), role: Role::App };
        layer.rules.extend(hosts.into_iter().map(rule));
        Some(own)
    }

    fn segment(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<SegmentFacts> {
        self.file.refuse_other_keys(table, &["id", "head", "customer_facing"], "a segment");
        let id = self.file.required_text(table, "id", span)?;
        let told = |_| {
            let problem = format!("'{}' is no segment; write it like \"department:Sales\"", short(&id));
            self.file.mistake(&key_span(table, "id", span), problem);
        };
        let segment = id.parse().map_err(told).ok();
        let head = table.contains_key("head").then(|| self.file.required_text(table, "head", span)).flatten();
        let customer_facing = table.get("customer_facing").and_then(|value| self.file.bool(value));
        Some(SegmentFacts { segment: segment?, head, customer_facing: customer_facing.unwrap_or(false) })
    }

    /// What a name is to the organisation.
    fn own_rule(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<OwnRule> {
        self.file.refuse_other_keys(table, &["suffix", "exact", "service", "role"], "a name");
        let (key, exact) = if table.contains_key("exact") { ("exact", true) } else { ("suffix", false) };
        if exact && table.contains_key("suffix") {
            self.file.mistake(span, "a name has either 'suffix' or 'exact'".to_owned());
        }
        let name = self.file.required_text(table, key, span)?;
        let service_id = self.file.required_text(table, "service", span)?;
        let role = match table.get("role") {
            None => Role::App,
            Some(value) => self.role(value)?,
        };
        self.facts.entry(name.clone()).or_insert_with(|| span.clone());
        Some(OwnRule { name, exact, service_id, role })
    }

    fn role(&mut self, value: &Value<'_>) -> Option<Role> {
        let text = self.file.text(value)?;
        let role = Role::ALL.into_iter().find(|role| role.as_str() == text);
        if role.is_none() {
            let all = Role::ALL.map(Role::as_str).join(", ");
            self.file.mistake(&value.span(), format!("role '{}' is none of {all}", short(&text)));
        }
        role
    }

    /// Domains or hosts, each with its place for a mistake.
    fn names(&mut self, value: &Value<'_>) -> Vec<String> {
        let names = self.file.texts(value);
        for name in &names {
            self.facts.entry(name.clone()).or_insert_with(|| value.span());
        }
        names
    }

    fn check_layer(&mut self, facts: &LayerFacts) {
        for error in Layer::new(self.catalog, facts).err().unwrap_or_default() {
            let span = self.facts.get(&error.fact).cloned().unwrap_or_default();
            self.file.mistake(&span, error.to_string());
        }
    }

    fn decision(&mut self, table: &DeTable<'_>, span: &Range<usize>, before: &Portfolio) -> Option<Decision> {
        self.file.refuse_other_keys(
            table,
            &["id", "status", "since", "offered_not_visible", "tenants"],
            "a service",
        );
        let service = self.file.required_text(table, "id", span)?;
        let known = self.catalog.service(&service).is_some()
            || before.own_services.iter().any(|own| own.id == service);
        if !known {
            let problem = format!(
                "service '{}' is neither in the catalog nor an [[own_service]] of this file",
                short(&service)
            );
            self.file.mistake(&key_span(table, "id", span), problem);
        }
        let status =
            self.file.required_text(table, "status", span).and_then(|text| self.status(table, &text, span));
        let since = table.get("since").and_then(|value| self.week(value));
        if before.decisions.iter().any(|other| other.service == service && other.since == since) {
            self.file
                .mistake(span, format!("service '{}' is decided twice from the same week", short(&service)));
        }
        let offered_not_visible =
            table.get("offered_not_visible").map(|value| self.file.texts(value)).unwrap_or_default();
        for need in &offered_not_visible {
            self.check_need(need, &key_span(table, "offered_not_visible", span));
        }
        Some(Decision { service, status: status?, since, offered_not_visible })
    }

    fn status(&mut self, table: &DeTable<'_>, text: &str, span: &Range<usize>) -> Option<SanctionStatus> {
        let status = text.parse();
        if status.is_err() {
            let choice = "write sanctioned, tolerated, unsanctioned or unreviewed";
            self.file.mistake(
                &key_span(table, "status", span),
                format!("status '{}' is not known; {choice}", short(text)),
            );
        }
        status.ok()
    }

    fn week(&mut self, value: &Value<'_>) -> Option<Week> {
        let week = self.file.text(value)?.parse::<Week>();
        week.map_err(|error| self.file.mistake(&value.span(), error.to_string())).ok()
    }

    pub(super) fn check_need(&mut self, need: &str, span: &Range<usize>) {
        if self.catalog.need(need).is_none() {
            self.file.mistake(span, format!("need '{}' is not one of the catalog's", short(need)));
        }
    }
}
