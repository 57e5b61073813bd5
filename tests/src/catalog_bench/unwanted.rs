//! What must not come out as a service: plumbing, private life, and names that no list has.

use std::{collections::BTreeSet, path::Path};

use elsewhere_catalog::{Catalog, Role, Verdict};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::{csv, made_up};
use crate::{
    figures::percent,
    table::{Goal, Table},
};

/// Names that nobody has.
const UNLISTED: usize = 10_000;
/// Another number, other names.
const SEED: u64 = 20_260_402;

const PERSONAL_GOAL: f64 = 95.0;

/// Asks for every domain of a list of what is no use (`domain,why`); adds the rows and says what differs.
pub fn compare(catalog: &Catalog, list: &Path, table: &mut Table) -> anyhow::Result<Vec<String>> {
    let name = csv::title(list);
    let (mut plumbing, mut as_use, mut as_service) = (0, 0, 0);
    let (mut personal, mut caught) = (0, 0);
    let mut differences = Vec::new();
    for row in csv::read(list, ["domain", "why"])? {
        let [domain, why] = &row.cells;
        let verdict = catalog.classify(domain);
        let is_right = if why.starts_with("personal") {
            personal += 1;
            caught += u64::from(verdict == Verdict::Personal);
            verdict == Verdict::Personal
        } else {
            plumbing += 1;
            as_use += u64::from(can_be_use(verdict));
            as_service += u64::from(matches!(verdict, Verdict::Service { .. }));
            !can_be_use(verdict)
        };
        if !is_right {
            differences.push(format!("{name}:{}: {domain}, {why}: {}", row.line, words(verdict)));
        }
    }
    let beside = format!("{plumbing} of plumbing, {as_service} as a service in any role");
    let what = format!("{name}: plumbing as a service that can be use");
    #[expect(clippy::cast_precision_loss, reason = "a short list")]
    table.row(&what, as_use as f64, "names", &beside, Goal::AtMost(0.0));
    let beside = format!("{caught} of {personal}");
    let goal = Goal::AtLeast(PERSONAL_GOAL);
    table.row(&format!("{name}: personal caught"), percent(caught, personal), "%", &beside, goal);
    Ok(differences)
}

/// Asks for made-up names, half of them made to look like a listed one.
pub fn unlisted(catalog: &Catalog, table: &mut Table) {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let rules: Vec<_> = catalog.rules().map(|rule| rule.name).filter(|name| is_registrable(name)).collect();
    let mut names = BTreeSet::new();
    while names.len() < UNLISTED {
        let listed = rules.choose(&mut rng).filter(|_| rng.random_bool(0.5));
        names.insert(match listed {
            Some(listed) => made_up::lookalike(&mut rng, listed),
            None => made_up::domain(&mut rng),
        });
    }
    let mut unknown = 0;
    for name in &names {
        match catalog.classify(name) {
            Verdict::Unknown => unknown += 1,
            verdict => println!("made up: {name}: {}", words(verdict)),
        }
    }
    let beside = format!("{unknown} of {UNLISTED}, half of them look like a listed one");
    table.row(
        "made-up domains: unknown",
        percent(unknown, UNLISTED as u64),
        "%",
        &beside,
        Goal::AtLeast(100.0),
    );
}

/// Bought from a registry, so that nobody can have a name that ends with the same letters and is below it.
fn is_registrable(name: &str) -> bool {
    let is_icann = psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Icann));
    is_icann && psl::domain_str(name) == Some(name)
}

/// All but what pages of others load anyway.
fn can_be_use(verdict: Verdict<'_>) -> bool {
    matches!(verdict, Verdict::Service { role, .. } if !matches!(role, Role::Embed | Role::Hosted | Role::Content))
}

fn words(verdict: Verdict<'_>) -> String {
    match verdict {
        Verdict::Service { service, role, .. } => format!("{}, {}", service.name(), role.as_str()),
        Verdict::Plumbing(kind) => format!("plumbing, {}", kind.as_str()),
        other => other.as_str().to_owned(),
    }
}
