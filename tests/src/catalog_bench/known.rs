//! The catalog beside a list of services that others made: which it knows, under whose name, for which need, and in
//! which role.
//!
//! Two of its judgements are of words and can be wrong: whether two names speak of one service ([`super::alike`]), and
//! what is a service's own domain, which is a strong row where the list says so (`evidence`), else a registrable one.

use std::path::Path;

use elsewhere_catalog::{Catalog, Role, Verdict};

use super::{
    alike::{Likeness, likeness},
    csv,
};
use crate::{
    figures::percent,
    table::{Goal, Table},
};

/// Domains that so many public lists hold are the head, where the list says in how many each is (`lists`).
const HEAD_LISTS: u32 = 3;

const HEAD_RECALL_GOAL: f64 = 90.0;
const RECALL_GOAL: f64 = 70.0;
const OTHER_VENDOR_GOAL: f64 = 0.5;
const NEED_GOAL: f64 = 97.0;

/// A row of the list.
struct Listed {
    line: usize,
    domain: String,
    service: String,
    need: String,
    own: bool,
    head: bool,
}

/// What a list came to.
#[derive(Default)]
struct Score {
    all: u64,
    found: u64,
    head: u64,
    head_found: u64,
    named_alike: u64,
    other_vendor: u64,
    need_right: u64,
    own: u64,
    own_not_own: u64,
}

/// Asks for every domain of the list; prints what differs and adds the rows.
pub fn compare(catalog: &Catalog, list: &Path, table: &mut Table) -> anyhow::Result<()> {
    let (rows, has_head) = read(list)?;
    let mut score = Score::default();
    for row in &rows {
        if let Some(difference) = score.add(catalog, row) {
            println!("{}:{}: {}, {}: {difference}", list.display(), row.line, row.domain, row.service);
        }
    }
    score.rows(has_head, &list.file_name().unwrap_or_default().to_string_lossy(), table);
    Ok(())
}

fn read(list: &Path) -> anyhow::Result<(Vec<Listed>, bool)> {
    let has_evidence = csv::has_column(list, "evidence")?;
    let has_lists = csv::has_column(list, "lists")?;
    // A column that is not there is read as the first, and not looked at.
    let evidence = if has_evidence { "evidence" } else { "domain" };
    let lists = if has_lists { "lists" } else { "domain" };
    let rows = csv::read(list, ["domain", "service", "need", evidence, lists])?.into_iter().map(|row| {
        let [domain, service, need, evidence, lists] = row.cells;
        let is_registrable = || psl::domain_str(&domain) == Some(domain.as_str());
        let own = if has_evidence { evidence == "strong" } else { is_registrable() };
        let head = has_lists && lists.parse().is_ok_and(|lists: u32| lists >= HEAD_LISTS);
        Listed { line: row.line, own, head, domain, service, need }
    });
    Ok((rows.collect(), has_lists))
}

impl Score {
    /// Counts a row, and says what is not as the list has it.
    fn add(&mut self, catalog: &Catalog, row: &Listed) -> Option<String> {
        self.all += 1;
        self.head += u64::from(row.head);
        let Verdict::Service { service, role, .. } = catalog.classify(&row.domain) else {
            return Some(match catalog.classify(&row.domain) {
                Verdict::Plumbing(kind) => format!("plumbing, {}", kind.as_str()),
                other => other.as_str().to_owned(),
            });
        };
        self.found += 1;
        self.head_found += u64::from(row.head);
        self.own += u64::from(row.own);
        let mut differences = Vec::new();
        if row.own && matches!(role, Role::Embed | Role::Hosted) {
            self.own_not_own += 1;
            differences.push(format!("its own domain is {}", role.as_str()));
        }
        if likeness(&row.service, service) == Likeness::Other {
            self.other_vendor += 1;
            differences.push(format!("named {} of {}", service.name, service.vendor));
        } else {
            self.named_alike += 1;
            self.need_right += u64::from(service.need == row.need);
            if service.need != row.need {
                differences.push(format!("need {}, not {}", service.need, row.need));
            }
        }
        (!differences.is_empty()).then(|| differences.join("; "))
    }

    fn rows(&self, has_head: bool, list: &str, table: &mut Table) {
        let Self { all, found, head, head_found, named_alike, other_vendor, need_right, own, own_not_own } =
            self;
        let mut row = |what: &str, part: u64, of: u64, goal| {
            let value = if of == 0 { 0.0 } else { percent(part, of) };
            table.row(&format!("{list}: {what}"), value, "%", &format!("{part} of {of}"), goal);
        };
        if has_head {
            let what = format!("recall, in {HEAD_LISTS} lists and more");
            row(&what, *head_found, *head, Goal::AtLeast(HEAD_RECALL_GOAL));
        }
        row("recall", *found, *all, Goal::AtLeast(RECALL_GOAL));
        row("another vendor's name", *other_vendor, *found, Goal::AtMost(OTHER_VENDOR_GOAL));
        row("need right, where named alike", *need_right, *named_alike, Goal::AtLeast(NEED_GOAL));
        row("own domain as embed or hosted", *own_not_own, *own, Goal::AtMost(0.0));
    }
}
