//! `query`: asks for published figures, as the API answers them.

use serde::Serialize;

use crate::{
    commands::{DataArgs, print},
    installation::Installation,
    query::Query,
    reader::Reader,
    segment::Segment,
    week::Week,
};

/// Ask for published figures; the answer is JSON, the same as from the API.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector query services --segment department=Marketing")]
pub struct Args {
    /// What to ask for.
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    data: DataArgs,
    /// The ISO week; the newest frozen one if it is left out.
    #[arg(long, value_name = "WEEK")]
    week: Option<Week>,
    /// The segment; everybody if it is left out.
    #[arg(long, value_name = "DIMENSION=PATH")]
    segment: Option<Segment>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    Weeks,
    Needs,
    Segments,
    Services,
    Packages,
    Proposals,
    Signals,
}

/// Prints the answer to standard output.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let installation = Installation::open(&args.data.data)?;
    let reader = Reader::local();
    let query = Query::new(&installation, &reader);
    let segment = args.segment.as_ref();
    match args.what {
        What::Weeks => answer(&query.weeks()?),
        What::Needs => answer(&query.needs(args.week, segment)?),
        What::Segments => answer(&query.segments(args.week)?),
        What::Services => answer(&query.services(args.week, segment)?),
        What::Packages => answer(&query.packages(args.week, segment)?),
        What::Proposals => answer(&query.proposals(args.week)?),
        What::Signals => answer(&query.signals()?),
    }
}

fn answer(answer: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(answer)?))
}
