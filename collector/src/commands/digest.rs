//! `digest`: prints the weekly page.

use crate::{
    commands::{DataArgs, print},
    digest::Format,
    installation::Installation,
    query::Query,
    reader::Reader,
    segment::Segment,
    week::Week,
};

/// Print the weekly digest of everybody or of one segment.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  elsewhere-collector digest --week 2026-W46 --segment department=Marketing --format markdown"
)]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// The ISO week; the newest frozen one if it is left out.
    #[arg(long, value_name = "WEEK")]
    week: Option<Week>,
    /// The segment; everybody if it is left out.
    #[arg(long, value_name = "DIMENSION=PATH")]
    segment: Option<Segment>,
    /// text, markdown or json.
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: Format,
}

/// Prints it to standard output.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let installation = Installation::open(&args.data.data)?;
    let reader = Reader::local();
    let digest = Query::new(&installation, &reader).digest(args.week, args.segment.as_ref())?;
    print(&digest.write(args.format))
}
