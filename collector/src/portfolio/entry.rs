//! An entry of `portfolio.toml` as a command writes it: names that lead to one service, which nobody has reviewed yet.

use elsewhere_catalog::{
    Role,
    layer::{LayerFacts, OwnRule, OwnService},
};

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

/// The id of an own service with this name: `own:` and the name's letters and digits.
pub fn own_id(name: &str) -> String {
    let words = name.to_ascii_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    format!("own:{}", words.collect::<Vec<_>>().join("-"))
}
