//! How the catalog's files look: the shapes that serde reads, with every unknown key refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Refusal, Texts};

/// `needs.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NeedsFile {
    /// Date of the last review of the catalog.
    version: String,
    need: Vec<Need>,
}

/// One `[[need]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Need {
    pub id: String,
    pub name: String,
    pub job: String,
}

/// `services/<need>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServicesFile {
    service: Vec<Service>,
}

/// One `[[service]]`. The vendor is called like the service and the home page is the first rule, unless it says else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub id: String,
    pub name: String,
    pub vendor: Option<String>,
    pub home: Option<String>,
    #[serde(default)]
    pub as_often_private: bool,
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
    pub rules: Vec<ServiceRule>,
}

/// `{ value = "2 GB", source = "https://…", month = "2026-11" }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attribute {
    pub value: String,
    pub source: String,
    pub month: String,
}

/// `{ suffix = "we.tl", role = "content" }`, or `exact` for this very name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceRule {
    pub suffix: Option<String>,
    pub exact: Option<String>,
    pub role: String,
    #[serde(default)]
    pub often_embedded: bool,
}

impl ServiceRule {
    /// The name, however it is meant; empty if the rule has none, which the check of names refuses.
    pub(crate) fn name(&self) -> &str {
        self.suffix.as_deref().or(self.exact.as_deref()).unwrap_or_default()
    }
}

/// One kind of `plumbing.toml` or one category of `personal.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    #[serde(default)]
    pub suffix: Vec<String>,
    #[serde(default)]
    pub exact: Vec<String>,
}

/// All files, read.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub version: String,
    pub needs: Vec<Need>,
    pub services: Vec<NeedServices>,
    /// By the word for the kind.
    pub plumbing: BTreeMap<String, Group>,
    /// By category.
    pub personal: BTreeMap<String, Group>,
}

/// The services of one file.
#[derive(Debug)]
pub(crate) struct NeedServices {
    pub file: String,
    /// The need's id, which is the file's name.
    pub id: String,
    pub services: Vec<Service>,
}

/// Reads every file; one that is no TOML or has unknown keys is refused, and the rest still read.
pub(super) fn parse(texts: &Texts, refusals: &mut Vec<Refusal>) -> Parsed {
    let mut parsed = Parsed::default();
    if let Some(needs) = parse_file::<NeedsFile>("needs.toml", &texts.needs, refusals) {
        parsed.version = needs.version;
        parsed.needs = needs.need;
    }
    for (id, text) in &texts.services {
        let file = format!("services/{id}.toml");
        if let Some(services) = parse_file::<ServicesFile>(&file, text, refusals) {
            parsed.services.push(NeedServices { file, id: id.clone(), services: services.service });
        }
    }
    parsed.plumbing = parse_file("plumbing.toml", &texts.plumbing, refusals).unwrap_or_default();
    parsed.personal = parse_file("personal.toml", &texts.personal, refusals).unwrap_or_default();
    parsed
}

fn parse_file<'t, F: Deserialize<'t>>(file: &str, text: &'t str, refusals: &mut Vec<Refusal>) -> Option<F> {
    match toml::from_str(text) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            refusals.push(Refusal { file: file.to_owned(), reason: error.to_string() });
            None
        }
    }
}
