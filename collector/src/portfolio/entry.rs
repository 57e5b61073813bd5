//! Entries of `portfolio.toml` as commands write them: names that lead to one service, which nobody has reviewed yet,
//! and what was decided about one.

use elsewhere_catalog::{
    Role,
    layer::{LayerFacts, OwnRule, OwnService},
};

use super::SanctionStatus;

/// Names that lead to one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The service's id.
    pub service_id: String,
    /// What it is, where it is not there yet.
    pub new: Option<New>,
    /// The names, each with all below it.
    pub names: Vec<String>,
}

/// A service that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// What people read.
    pub name: String,
    /// Id of the need it serves.
    pub need: String,
}

impl Entry {
    /// Adds it to what devices have to know.
    pub fn add_to(&self, facts: &mut LayerFacts) {
        if let Some(New { name, need }) = &self.new {
            facts.services.push(OwnService {
                id: self.service_id.clone(),
                name: name.clone(),
                need: need.clone(),
            });
        }
        let rule = |name: &String| OwnRule {
            name: name.clone(),
            exact: false,
            service_id: self.service_id.clone(),
            role: Role::App,
        };
        facts.rules.extend(self.names.iter().map(rule));
    }

    /// As the file spells it, after an empty line.
    pub fn text(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let id = quoted(&self.service_id);
        let Some(New { name, need }) = &self.new else {
            let block = |name: &String| format!("\n[[name]]\nsuffix = {}\nservice = {id}\n", quoted(name));
            return self.names.iter().map(block).collect();
        };
        let hosts: Vec<String> = self.names.iter().map(|name| quoted(name)).collect();
        let (name, need, hosts) = (quoted(name), quoted(need), hosts.join(", "));
        format!("\n[[own_service]]\nid = {id}\nname = {name}\nneed = {need}\nhosts = [{hosts}]\n")
    }
}

/// A comment, one line of it whatever the text holds.
pub fn comment(text: &str) -> String {
    format!("# {}\n", text.replace(|c: char| c.is_control(), " "))
}

/// A decision about a service as the file spells it, after an empty line; `because` stands above it, a comment a line.
pub fn decision(service_id: &str, status: SanctionStatus, because: &[String]) -> String {
    let because: String = because.iter().map(|text| comment(text)).collect();
    let id = toml::Value::String(service_id.to_owned());
    format!("\n{because}[[service]]\nid = {id}\nstatus = \"{status}\"\n")
}

/// The id of an own service with this name: `own:` and the name's letters and digits.
pub fn own_id(name: &str) -> String {
    let words = name.to_ascii_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    format!("own:{}", words.collect::<Vec<_>>().join("-"))
}
