//! `portfolio`: what looks like ours, proposed from a published week and written as `portfolio.toml` would have it.

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

/// Propose for each service that nobody has reviewed whether it looks like ours, is to be decided, or looks like
/// elsewhere, by its share of those who have the need, the segments that use it and our own tenant. Nothing is changed.
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
        Format::Toml => {
            let begins = if installation.has_portfolio() { "" } else { NEW_FILE };
            format!("{begins}{}", entries(&proposed, &installation.portfolio()?))
        }
    };
    print(&text)
}

/// How a file begins that is not there yet.
const NEW_FILE: &str =
    "# What the organisation is called on its pages.\norganisation = \"Your organisation\"\n";

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
    let mut lines = vec![format!("week {}: {services}", proposed.head.week.week)];
    let width =
        |of: fn(&ProposalLine) -> &str| proposed.proposals.iter().map(|line| of(line).chars().count()).max();
    let name = width(|line| &line.name).unwrap_or(0);
    let need = width(|line| &line.need.name).unwrap_or(0);
    for (looks, heading, then) in GROUPS {
        let mut of_group = proposed.proposals.iter().filter(|line| line.looks_like == looks).peekable();
        if of_group.peek().is_some() {
            lines.extend([String::new(), format!("{heading}   {then}")]);
        }
        let row =
            |line: &ProposalLine| format!("{:<name$}  {:<need$}  {}", line.name, line.need.name, line.why);
        lines.extend(of_group.map(row));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Entries that change nothing but what looks like ours: what is to be decided stays unreviewed until somebody says so.
fn entries(proposed: &Proposals, portfolio: &Portfolio) -> String {
    let mut text = format!("\n# Proposed from week {}.\n", proposed.head.week.week);
    for line in &proposed.proposals {
        let what = format!("{}, {}: {}", line.name, line.need.name, line.why);
        let has_entry = portfolio.decisions.iter().any(|decision| decision.service == line.service);
        let (status, then) = match line.looks_like {
            "ours" => (SanctionStatus::Sanctioned, "Looks like ours"),
            "to_decide" => (SanctionStatus::Unreviewed, "Write sanctioned, tolerated or unsanctioned"),
            _ => (SanctionStatus::Unreviewed, "Look at it; then write tolerated or unsanctioned"),
        };
        if has_entry {
            let entry = format!("'{}' has an entry already: change its status there. {then}.", line.service);
            text += &["\n", &entry::comment(&what), &entry::comment(&entry)].concat();
        } else {
            text += &entry::decision(&line.service, status, &[what, format!("{then}.")]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        digest::{NeedName, ProposalLine},
        published::{Figure, WeekState},
        query::{Head, WeekAnswer},
    };

    fn line(service: &str, name: &str, looks_like: &'static str) -> ProposalLine {
        ProposalLine {
            service: service.into(),
            name: name.into(),
            need: NeedName { id: "team-chat".into(), name: "Chat with people".into() },
            looks_like,
            rule: "",
            customers: 80,
            of_customers: 100,
            segments: 3,
            of_segments: 4,
            customers_in_our_tenant: None,
            why: "80 of the 100 customers with this need use it, in 3 of 4 segments.".into(),
        }
    }

    fn proposed() -> Proposals {
        let head = Head {
            organisation: "Northmoor".into(),
            simulated: false,
            week: WeekAnswer { week: "2026-W46".parse().unwrap(), state: WeekState::Running },
            minimum_group: 5,
            segment: None,
            customers_seen: Figure::Shown(100),
        };
        let proposals = vec![
            line("microsoft-teams", "Microsoft Teams", "ours"),
            line("slack", "Slack", "to_decide"),
            line("own:pager", "Pager", "to_decide"),
            line("zulip", "Zulip", "elsewhere"),
        ];
        Proposals { head, proposals }
    }

    #[test]
    fn the_table_gives_each_its_reason() {
        insta::assert_snapshot!(table(&proposed()), @r"
        week 2026-W46: 4 services that nobody has reviewed

        LOOKS LIKE OURS   sanctioned, if it is
        Microsoft Teams  Chat with people  80 of the 100 customers with this need use it, in 3 of 4 segments.

        TO BE DECIDED   sanctioned, tolerated or unsanctioned
        Slack            Chat with people  80 of the 100 customers with this need use it, in 3 of 4 segments.
        Pager            Chat with people  80 of the 100 customers with this need use it, in 3 of 4 segments.

        LOOKS LIKE ELSEWHERE   look at it; then tolerated or unsanctioned
        Zulip            Chat with people  80 of the 100 customers with this need use it, in 3 of 4 segments.
        ");
        let nothing = Proposals { proposals: Vec::new(), ..proposed() };
        assert_eq!(table(&nothing), "week 2026-W46: no service is shown that nobody has reviewed\n");
    }

    proptest! {
        #[test]
        fn no_name_breaks_the_file(names in proptest::collection::vec("(?s).{0,20}", 3), has_entry in any::<bool>()) {
            let ids = ["microsoft-teams", "slack", "zulip"];
            let lines = ids.iter().zip(&names).map(|(id, name)| ProposalLine {
                why: name.clone(),
                ..line(id, name, if has_entry { "ours" } else { "elsewhere" })
            });
            let proposed = Proposals { proposals: lines.collect(), ..proposed() };
            let before = if has_entry { "[[service]]\nid = \"slack\"\nstatus = \"unreviewed\"\n" } else { "" };
            let catalog = elsewhere_catalog::builtin();
            let portfolio = Portfolio::parse(&format!("{NEW_FILE}{before}"), catalog).unwrap();
            let file = format!("{NEW_FILE}{before}{}", entries(&proposed, &portfolio));
            prop_assert_eq!(Portfolio::parse(&file, catalog).unwrap().decisions.len(), 3);
        }
    }

    #[test]
    fn the_file_takes_what_is_printed_for_it() {
        let catalog = elsewhere_catalog::builtin();
        let begun = "organisation = \"N\"\n[[own_service]]\nid = \"own:pager\"\nname = \"Pager\"\nneed = \
                     \"team-chat\"\n[[service]]\nid = \"zulip\"\nstatus = \"unreviewed\"\n";
        let before = Portfolio::parse(begun, catalog).unwrap();
        let printed = entries(&proposed(), &before);
        insta::assert_snapshot!(printed, @r#"
        # Proposed from week 2026-W46.

        # Microsoft Teams, Chat with people: 80 of the 100 customers with this need use it, in 3 of 4 segments.
        # Looks like ours.
        [[service]]
        id = "microsoft-teams"
        status = "sanctioned"

        # Slack, Chat with people: 80 of the 100 customers with this need use it, in 3 of 4 segments.
        # Write sanctioned, tolerated or unsanctioned.
        [[service]]
        id = "slack"
        status = "unreviewed"

        # Pager, Chat with people: 80 of the 100 customers with this need use it, in 3 of 4 segments.
        # Write sanctioned, tolerated or unsanctioned.
        [[service]]
        id = "own:pager"
        status = "unreviewed"

        # Zulip, Chat with people: 80 of the 100 customers with this need use it, in 3 of 4 segments.
        # 'zulip' has an entry already: change its status there. Look at it; then write tolerated or unsanctioned.
        "#);
        let after = Portfolio::parse(&format!("{begun}{printed}"), catalog).unwrap();
        let told: Vec<_> = after.decisions.iter().map(|it| (it.service.as_str(), it.status)).collect();
        let unreviewed = SanctionStatus::Unreviewed;
        assert_eq!(
            told,
            [
                ("zulip", unreviewed),
                ("microsoft-teams", SanctionStatus::Sanctioned),
                ("slack", unreviewed),
                ("own:pager", unreviewed)
            ]
        );
        let alone = Proposals { proposals: vec![line("slack", "Slack", "ours")], ..proposed() };
        let new = format!("{NEW_FILE}{}", entries(&alone, &Portfolio::default()));
        assert_eq!(Portfolio::parse(&new, catalog).unwrap().decisions.len(), 1, "a file of its own");
    }
}
