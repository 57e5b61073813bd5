//! `portfolio`: what looks like ours, proposed from a published week and written as `portfolio.toml` would have it.

use std::fmt::Write as _;

use crate::{
    commands::{DataArgs, print},
    digest::ProposalLine,
    installation::Installation,
    portfolio::{Portfolio, SanctionStatus, entry},
    query::{Proposals, Query},
    reader::Reader,
    week::Week,
};

/// Review what was seen: what looks like ours, and why.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Propose(Propose),
}

/// Propose for each service that nobody has reviewed whether it looks like ours, is to be decided, or looks like elsewhere, by
/// its share of those who have the need, the segments that use it and our own tenant. Nothing is changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  elsewhere-collector portfolio propose\n  elsewhere-collector portfolio propose --format \
                        toml >>portfolio.toml      # read it first\n\nDevices know whose tenant a host is where \
                        portfolio.toml names ours: tenants = [\"northmoor.slack.com\"], also under the status unreviewed."
)]
struct Propose {
    #[command(flatten)]
    data: DataArgs,
    /// The ISO week; the newest frozen one if it is left out.
    #[arg(long, value_name = "WEEK")]
    week: Option<Week>,
    /// How to print them; json is the answer of the API, toml are entries for portfolio.toml.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Toml,
}

/// Prints to standard output.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let Action::Propose(args) = &args.action;
    let installation = Installation::open(&args.data.data)?;
    let reader = Reader::local();
    let proposed = Query::new(&installation, &reader).proposals(args.week)?;
    let text = match args.format {
        Format::Table => table(&proposed),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&proposed)?),
        Format::Toml => entries(&proposed, &installation.portfolio()?),
    };
    print(&text)
}

/// A group of proposals, its heading and what to do about it.
const GROUPS: [(&str, &str, &str); 3] = [
    ("ours", "LOOKS LIKE OURS", "sanctioned, if it is"),
    ("to_decide", "TO BE DECIDED", "sanctioned, tolerated or unsanctioned"),
    ("elsewhere", "LOOKS LIKE ELSEWHERE", "look at it; then tolerated or unsanctioned"),
];

fn table(proposed: &Proposals) -> String {
    let services = match proposed.proposals.len() {
        0 => "no service is shown that nobody has reviewed".to_owned(),
        1 => "one service that nobody has reviewed".to_owned(),
        count => format!("{count} services that nobody has reviewed"),
    };
    let mut lines = format!("week {}: {services}\n", proposed.head.week.week);
    let width =
        |of: fn(&ProposalLine) -> &str| proposed.proposals.iter().map(|line| of(line).chars().count()).max();
    let name = width(|line| &line.name).unwrap_or(0);
    let need = width(|line| &line.need.name).unwrap_or(0);
    for (looks, heading, then) in GROUPS {
        let mut of_group = proposed.proposals.iter().filter(|line| line.looks_like == looks).peekable();
        if of_group.peek().is_some() {
            lines += &format!("\n{heading}   {then}\n");
        }
        for line in of_group {
            lines += &format!("{:<name$}  {:<need$}  {}\n", line.name, line.need.name, line.why);
        }
    }
    lines
}

/// Entries that change nothing but what looks like ours: what is to be decided stays unreviewed until somebody says so.
fn entries(proposed: &Proposals, portfolio: &Portfolio) -> String {
    let mut text = format!("\n# Proposed from week {}.\n", proposed.head.week.week);
    for line in &proposed.proposals {
        let what = format!("{}, {}: {}", line.name, line.need.name, line.why);
        let has_entry = portfolio.decisions.iter().any(|decision| decision.service == line.service);
        let (status, then) = match line.looks_like {
            "ours" => (SanctionStatus::Sanctioned, "looks like ours"),
            "to_decide" => (SanctionStatus::Unreviewed, "write sanctioned, tolerated or unsanctioned"),
            _ => (SanctionStatus::Unreviewed, "look at it; then write tolerated or unsanctioned"),
        };
        if has_entry {
            let told = what.replace(|c: char| c.is_control(), " ");
            let _ = write!(
                text,
                "\n# {told}\n# '{}' has an entry already: change its status there ({then}).\n",
                line.service
            );
        } else {
            text += &entry::decision(&line.service, status, &[what, format!("{then}.")]);
        }
    }
    text
}
