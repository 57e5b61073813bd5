//! `catalog`: what the collector knows names by, and what its organisation adds to that.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context, anyhow};
use elsewhere_catalog::{Verdict, builtin, layer::LayerFacts};

use crate::{
    commands::{DataArgs, print},
    installation,
    portfolio::{Portfolio, import},
};

/// Largest CSV file that is read, in bytes; as many rows as are taken fill half of it. A larger one is refused.
const MAX_CSV_BYTES: u64 = 4 << 20;

/// Read the catalog; check, compare and extend what the organisation adds to the catalog.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Check(Check),
    Diff(Diff),
    Import(Import),
    Show(Show),
}

/// Check a portfolio's own services, names, domains and tenants, and say how many there are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector catalog check --data /var/lib/elsewhere-collector")]
struct Check {
    #[command(flatten)]
    data: DataArgs,
}

/// Print what devices would know differently with another portfolio file: one line a fact, - before what goes and + before
/// what comes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector catalog diff portfolio.new.toml")]
struct Diff {
    /// The other file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Make entries, not reviewed yet, of a CSV file with the columns domain, service and need. Prints them; with --write appends
/// them to portfolio.toml.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A service is one of the catalog, by id or name, or a new one of your own. What the catalog knows already and what \
                  belongs to private life is left out.\n\nExamples:\n  elsewhere-collector catalog import proxy.csv\n  elsewhere-collector \
                  catalog import proxy.csv --write"
)]
struct Import {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Append the entries to portfolio.toml; running devices know them at their next visit.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Print what is publicly known about services: free allowance, size limit, price, sign-in, each with its source and the
/// last month in which that is known to have said so.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector catalog show wetransfer docs.google.com")]
struct Show {
    /// Services, by id or by one of their hosts.
    #[arg(value_name = "SERVICE", required = true)]
    services: Vec<String>,
}

/// Runs one of the four.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.action {
        Action::Check(args) => check(args),
        Action::Diff(args) => diff(args),
        Action::Import(args) => import(args),
        Action::Show(args) => print(&known(&args.services)?),
    }
}

fn check(args: &Check) -> anyhow::Result<()> {
    let LayerFacts { services, rules, own_domains, tenants } =
        installation::read_portfolio(&args.data.data)?.layer;
    let catalog = builtin();
    print(&format!(
        "catalog {}: {} services for {} needs, {} names\nportfolio.toml: {} own services, {} names, {} own domains, {} \
         tenant hosts; all in order\n",
        catalog.version(),
        catalog.services().len(),
        catalog.needs().len(),
        catalog.rule_count(),
        services.len(),
        rules.len(),
        own_domains.len(),
        tenants.len()
    ))
}

fn diff(args: &Diff) -> anyhow::Result<()> {
    let before = lines(&installation::read_portfolio(&args.data.data)?.layer);
    let file = args.file.display();
    let text = fs::read_to_string(&args.file).with_context(|| format!("read {file}"))?;
    let other = Portfolio::parse(&text, builtin()).map_err(|error| {
        let mistakes = error.mistakes.iter().map(|mistake| format!("{file} {mistake}"));
        anyhow!(mistakes.collect::<Vec<_>>().join("\n"))
    })?;
    print(&changes(&before, &lines(&other.layer)))
}

/// A head line for each service, and below it a line for each attribute.
fn known(services: &[String]) -> anyhow::Result<String> {
    let catalog = builtin();
    let mut text = String::new();
    for asked in services {
        let service = catalog.service(asked).or_else(|| match catalog.classify(asked) {
            Verdict::Service { service, .. } => Some(service),
            _ => None,
        });
        let Some(service) = service else {
            return Err(anyhow!("the catalog has no service '{asked}'; give an id or a host of one"));
        };
        writeln!(text, "{} ({}), for {}", service.name(), service.id(), service.need())?;
        for attribute in catalog.attributes(service.id()) {
            let (name, value) = (attribute.name.as_str(), attribute.value);
            writeln!(text, "  {name:<22}  {value}  ({}, {})", attribute.source, attribute.month)?;
        }
    }
    Ok(text)
}

/// Each fact by what it is about, and what it says.
fn lines(facts: &LayerFacts) -> BTreeMap<String, String> {
    let service = |own: &elsewhere_catalog::layer::OwnService| {
        (format!("service {}", own.id), format!("{} for {}", own.name, own.need))
    };
    let rules = facts.rules.iter().map(|rule| {
        let kind = if rule.exact { "exact" } else { "suffix" };
        (format!("name {kind} {}", rule.name), format!("{} of {}", rule.role.as_str(), rule.service_id))
    });
    let domains = facts.own_domains.iter().map(|domain| (format!("own domain {domain}"), String::new()));
    let tenants = facts
        .tenants
        .iter()
        .map(|tenant| (format!("tenant {} {}", tenant.service_id, tenant.host), String::new()));
    facts.services.iter().map(service).chain(rules).chain(domains).chain(tenants).collect()
}

fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let gone = before.iter().filter(|(about, says)| after.get(*about) != Some(says)).map(|fact| (fact, '-'));
    let come = after.iter().filter(|(about, says)| before.get(*about) != Some(says)).map(|fact| (fact, '+'));
    let mut all: Vec<_> = gone.chain(come).collect();
    all.sort_by_key(|((about, _), sign)| (*about, *sign == '+'));
    let line = |((about, says), sign): &((&String, &String), char)| {
        format!("{}\n", format!("{sign} {about}  {says}").trim_end())
    };
    all.iter().map(line).collect()
}

fn import(args: &Import) -> anyhow::Result<()> {
    let file = args.file.display();
    let bytes = fs::metadata(&args.file).with_context(|| format!("read {file}"))?.len();
    if bytes > MAX_CSV_BYTES {
        return Err(anyhow!(
            "{file}: it has {bytes} bytes, and at most {MAX_CSV_BYTES} are read; import what matters"
        ));
    }
    let text = fs::read_to_string(&args.file).with_context(|| format!("read {file}"))?;
    let portfolio = installation::read_portfolio(&args.data.data)?;
    let imported = import::import(&text, &portfolio, builtin()).with_context(|| file.to_string())?;
    if args.write {
        installation::append_to_portfolio(&args.data.data, &imported.text)?;
    } else {
        print(&imported.text)?;
    }
    let what = if args.write { "added to portfolio.toml" } else { "printed and not written" };
    eprintln!(
        "names {what}: {}; known already: {}; of private life and left out: {}",
        imported.names, imported.known, imported.private
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_shown_by_id_or_host_with_the_source_of_each_fact() {
        let by_id = known(&["wetransfer".to_owned()]).unwrap();
        assert!(by_id.starts_with("WeTransfer (wetransfer), for send-once\n  "), "{by_id}");
        assert!(
            by_id.lines().skip(1).all(|line| line.contains("(https://") && line.ends_with(')')),
            "{by_id}"
        );
        assert_eq!(known(&["WWW.WeTransfer.com".to_owned()]).unwrap(), by_id);
        let both = known(&["wetransfer".to_owned(), "zoom".to_owned()]).unwrap();
        assert!(both.starts_with(&by_id) && both.contains("Zoom (zoom)"), "{both}");
        for unknown in ["no-such-service", "example.org", "www.doctolib.de"] {
            let refused = known(&[unknown.to_owned()]).unwrap_err().to_string();
            assert!(refused.contains(&format!("no service '{unknown}'")), "{refused}");
        }
    }

    #[test]
    fn a_difference_says_what_goes_and_what_comes() {
        let parse = |text: &str| lines(&Portfolio::parse(text, builtin()).unwrap().layer);
        let head = "organisation = \"N\"\n";
        let before = parse(&format!(
            "{head}own_domains = [\"a.example\"]\n[[name]]\nsuffix = \"b.example\"\nservice = \"box\"\n"
        ));
        let after = parse(&format!("{head}[[name]]\nsuffix = \"b.example\"\nservice = \"dropbox\"\n"));
        assert_eq!(changes(&before, &before), "");
        assert_eq!(
            changes(&before, &after),
            "- name suffix b.example  app of box\n+ name suffix b.example  app of dropbox\n- own domain a.example\n"
        );
    }
}
