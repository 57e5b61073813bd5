//! `unknown`: names outside the catalog that enough customers use, and what they are.

use std::fmt::Write;

use clap::builder::{PossibleValue, PossibleValuesParser};
use elsewhere_catalog::builtin;
use serde::Serialize;

use crate::{
    clock,
    commands::{DataArgs, print},
    installation::{self, Installation, utc_date},
    portfolio::entry::New,
    unknown_names::{self, Chosen, Waiting},
    week::Week,
};

/// Work through the names outside the catalog that enough customers use: list them, and say once what each is.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    List(List),
    Name(Name),
    Ignore(Ignore),
}

/// List the names that wait for a service, those used in most weeks first: since which week a group uses each, and in how
/// many of the weeks that are over and still held. By how many it is used, nobody is told.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector unknown list --format json")]
struct List {
    #[command(flatten)]
    data: DataArgs,
    /// How to print them; json is one object a line.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Print those that are ignored too.
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Say which service a name is. It is written into portfolio.toml, devices know it at their next visit, and the days held
/// count for the service in every week that is not frozen.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["service", "new_service"]),
    after_help = "Examples:\n  elsewhere-collector unknown name dropbox-files.example --service dropbox\n  elsewhere-collector \
                  unknown name freightdesk.example --new-service Freightdesk --need erp-operations\n\nTo take a name back, take \
                  its entry out of portfolio.toml."
)]
struct Name {
    /// The name, as `list` prints it.
    domain: String,
    /// A service that is there, by its id or name.
    #[arg(long, value_name = "SERVICE", conflicts_with = "need")]
    service: Option<String>,
    /// A new service of your own with this name; `own:` and its letters become its id.
    #[arg(long, value_name = "NAME", requires = "need")]
    new_service: Option<String>,
    /// The need that the new service serves.
    #[arg(long, requires = "new_service", value_parser = needs())]
    need: Option<String>,
    #[command(flatten)]
    data: DataArgs,
}

/// Take a name out of the list for good, without a service. It can still be named later.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector unknown ignore ticketshop.example")]
struct Ignore {
    /// The name, as `list` prints it.
    domain: String,
    #[command(flatten)]
    data: DataArgs,
}

/// The catalog's needs, with what they are called.
fn needs() -> PossibleValuesParser {
    PossibleValuesParser::new(
        builtin().needs().iter().map(|need| PossibleValue::new(need.id).help(need.name)),
    )
}

/// Runs one of the three.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::List(args) => list(&args),
        Action::Name(args) => name(args),
        Action::Ignore(args) => ignore(&args),
    }
}

fn name(args: Name) -> anyhow::Result<()> {
    let new = args.new_service.zip(args.need).map(|(name, need)| Chosen::New(New { name, need }));
    let chosen = new.unwrap_or_else(|| Chosen::Known(args.service.unwrap_or_default()));
    let entry = unknown_names::name(&Installation::open(&args.data.data)?, &args.domain, chosen)?;
    print(&format!(
        "{} is {} now; added to portfolio.toml:\n{}",
        entry.names.join(" "),
        entry.service_id,
        entry.text()
    ))
}

fn ignore(args: &Ignore) -> anyhow::Result<()> {
    unknown_names::ignore(&Installation::open(&args.data.data)?, &args.domain)?;
    print(&format!("{} is ignored\n", args.domain))
}

fn list(args: &List) -> anyhow::Result<()> {
    let installation = Installation::open(&args.data.data)?;
    let portfolio = installation::read_portfolio(installation.dir())?;
    let minimum_group = installation.config().minimum_group;
    let this_week = Week::of(utc_date(clock::now()));
    let mut queue =
        unknown_names::queue(installation.store().as_ref(), &portfolio, minimum_group, this_week)?;
    queue.retain(|name| args.all || !name.ignored);
    print(&match args.format {
        Format::Table => table(&queue, minimum_group),
        Format::Json => json(&queue, minimum_group)?,
    })
}

fn table(queue: &[Waiting], minimum_group: u32) -> String {
    let width = queue.iter().map(|name| name.registrable_domain.len()).chain([4]).max().unwrap_or(4);
    let customers = format!("at least {minimum_group}");
    let mut table = format!("{:width$}  {:13}  {:8}  weeks\n", "name", "customers", "since");
    for Waiting { registrable_domain, since, weeks, ignored } in queue {
        let ignored = if *ignored { "  ignored" } else { "" };
        let since = since.to_string();
        let _ =
            writeln!(table, "{registrable_domain:width$}  {customers:13}  {since:8}  {weeks:>5}{ignored}");
    }
    table
}

/// One line of the list.
#[derive(Serialize)]
struct Line<'q> {
    name: &'q str,
    customers_at_least: u32,
    since: Week,
    weeks: u32,
    ignored: bool,
}

fn json(queue: &[Waiting], minimum_group: u32) -> anyhow::Result<String> {
    let mut lines = String::new();
    for Waiting { registrable_domain, since, weeks, ignored } in queue {
        let (name, since, weeks, ignored) = (registrable_domain.as_str(), *since, *weeks, *ignored);
        let line = Line { name, customers_at_least: minimum_group, since, weeks, ignored };
        writeln!(lines, "{}", serde_json::to_string(&line)?)?;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn a_name_gets_a_service_that_is_there_or_a_new_one_for_a_need() {
        let is_taken = |words: &str| Cli::try_parse_from(words.split(' ')).map(|cli| cli.args).is_ok();
        for (services, expected) in [
            ("", false),
            (" --service box", true),
            (" --new-service Box", false),
            (" --new-service Box --need store-files", true),
            (" --new-service Box --need storing", false),
            (" --need store-files", false),
            (" --service box --need store-files", false),
            (" --service box --new-service Box --need store-files", false),
        ] {
            assert_eq!(is_taken(&format!("unknown name a.example{services}")), expected, "{services}");
        }
    }

    #[test]
    fn the_list_tells_no_count_of_customers() {
        let waiting = |name: &str, weeks, ignored| Waiting {
            registrable_domain: name.into(),
            since: "2026-W44".parse().unwrap(),
            weeks,
            ignored,
        };
        let queue = [waiting("freightdesk.example", 3, false), waiting("a.example", 0, true)];
        insta::assert_snapshot!(table(&queue, 5), @r"
        name                 customers      since     weeks
        freightdesk.example  at least 5     2026-W44      3
        a.example            at least 5     2026-W44      0  ignored
        ");
        insta::assert_snapshot!(json(&queue, 5).unwrap(), @r#"
        {"name":"freightdesk.example","customers_at_least":5,"since":"2026-W44","weeks":3,"ignored":false}
        {"name":"a.example","customers_at_least":5,"since":"2026-W44","weeks":0,"ignored":true}
        "#);
    }
}
