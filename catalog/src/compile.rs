//! From the catalog's files to its table: reads, checks everything, lays out.
//!
//! Runs in `build.rs`, and in tests on small catalogs. It refuses, naming the file and the entry, and reports all it
//! found at once: keys, roles, kinds, needs or attributes nobody knows; ids that are taken or no kebab-case; names that
//! are not in their plain form (lower case, no final dot, `xn--`); the same rule twice, also across services, plumbing
//! and personal; a public suffix, which would claim everybody's names; a suffix inside another vendor's; `hosted` inside
//! the vendor's own domain; an app or login among plumbing; a version that is no date; an attribute whose value has not
//! its form, that has no source, or that is known from after that date.

mod attributes;
mod files;
mod layout;
mod rules;

use std::path::Path;
use std::{fmt, fs, io};

use crate::attribute::AttributeName;
use crate::name;
use crate::table::Target;

pub(crate) use layout::lay_out;

/// Longest id, name and vendor: a piece of the table's text has at most 255 bytes.
const MAX_WORD_BYTES: usize = 200;

/// The catalog's files, as text.
pub(crate) struct Texts {
    /// `needs.toml`.
    pub needs: String,
    /// What is under `services/`: need id, text.
    pub services: Vec<(String, String)>,
    /// `plumbing.toml`.
    pub plumbing: String,
    /// `personal.toml`.
    pub personal: String,
}

impl Texts {
    /// Reads them from the catalog's directory; the services in the order of their file names.
    pub(crate) fn read(directory: &Path) -> io::Result<Texts> {
        let mut services = Vec::new();
        for entry in fs::read_dir(directory.join("services"))? {
            let path = entry?.path();
            let need = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            services.push((need, fs::read_to_string(path)?));
        }
        services.sort();
        let read = |name| fs::read_to_string(directory.join(name));
        Ok(Texts {
            needs: read("needs.toml")?,
            services,
            plumbing: read("plumbing.toml")?,
            personal: read("personal.toml")?,
        })
    }
}

/// A catalog that has been checked.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub version: String,
    pub needs: Vec<files::Need>,
    /// By id.
    pub services: Vec<CheckedService>,
    pub rules: Vec<CheckedRule>,
}

/// A service whose defaults are filled in.
#[derive(Debug)]
pub(crate) struct CheckedService {
    pub id: String,
    pub name: String,
    pub vendor: String,
    pub home: String,
    pub need: String,
    pub as_often_private: bool,
    /// In the order of [`AttributeName::ALL`].
    pub attributes: Vec<(AttributeName, files::Attribute)>,
}

/// A rule that leads to its service by place.
#[derive(Debug, Clone)]
pub(crate) struct CheckedRule {
    pub name: String,
    pub exact: bool,
    pub target: Target,
}

/// One reason not to build this catalog.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub file: String,
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.reason)
    }
}

/// Reads and checks a whole catalog; an error is never empty.
pub(crate) fn compile(texts: &Texts) -> Result<Compiled, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let parsed = files::parse(texts, &mut refusals);
    let services = check_services(&parsed, &mut refusals);
    let rules = rules::check(&parsed, &services, &mut refusals);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let version = format!("{}-{:08x}", parsed.version, layout::fingerprint(texts));
    Ok(Compiled { version, needs: parsed.needs, services, rules })
}

fn check_services(parsed: &files::Parsed, refusals: &mut Vec<Refusal>) -> Vec<CheckedService> {
    let review = attributes::month_of(&parsed.version).unwrap_or_else(|| {
        let reason = format!("version `{}` is not a date like 2026-11-22", parsed.version);
        refusals.push(Refusal { file: "needs.toml".to_owned(), reason });
        "9999-12"
    });
    let mut services = Vec::new();
    for need in &parsed.services {
        let mut refuse = |reason| refusals.push(Refusal { file: need.file.clone(), reason });
        if !parsed.needs.iter().any(|known| known.id == need.id) {
            refuse(format!("there is no need `{}` in needs.toml", need.id));
        }
        for service in &need.services {
            let id = &service.id;
            if !is_kebab_case(id) {
                refuse(format!("service `{id}`: an id is lower-case words joined by `-`"));
            }
            let is_long = |word: &String| word.len() > MAX_WORD_BYTES;
            if [Some(id), Some(&service.name), service.vendor.as_ref()].into_iter().flatten().any(is_long) {
                refuse(format!("service `{id}`: a name is longer than {MAX_WORD_BYTES} bytes"));
            }
            let Some(first) = service.rules.first() else {
                refuse(format!("service `{id}`: has no rule"));
                continue;
            };
            if let Some((home, Err(why))) = service.home.as_ref().map(|home| (home, name::check_name(home))) {
                refuse(format!("service `{id}`: home `{home}`: {why}"));
            }
            services.push(CheckedService {
                id: id.clone(),
                name: service.name.clone(),
                vendor: service.vendor.as_ref().unwrap_or(&service.name).clone(),
                home: service.home.as_deref().unwrap_or_else(|| first.name()).to_owned(),
                need: need.id.clone(),
                as_often_private: service.as_often_private,
                attributes: attributes::check(service, review, &mut refuse),
            });
        }
    }
    services.sort_by(|a, b| a.id.cmp(&b.id));
    for pair in services.windows(2).filter(|pair| pair[0].id == pair[1].id) {
        let file = format!("services/{}.toml", pair[1].need);
        let reason = format!("service `{}`: the id is taken in services/{}.toml", pair[1].id, pair[0].need);
        refusals.push(Refusal { file, reason });
    }
    services
}

fn is_kebab_case(id: &str) -> bool {
    id.split('-').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests;
