//! `freeze`: freezes a week, and the ones before it that are not frozen yet.

use crate::{
    clock,
    commands::DataArgs,
    installation::Installation,
    jobs::{self, Freeze, Unfinished},
    week::Week,
};

/// Freeze a week by hand: its figures never change again. The server does it by itself every week.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector freeze --week 2026-W46")]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// The ISO week.
    #[arg(long, value_name = "WEEK")]
    week: Week,
    /// Freeze it although it has not ended. Later days of it are in no figure ever, and every page says so.
    #[arg(long)]
    unfinished: bool,
}

/// Freezes, and says what became of it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let installation = Installation::open(&args.data.data)?;
    let unfinished = if args.unfinished { Unfinished::Allowed } else { Unfinished::Refused };
    match jobs::freeze(&installation, args.week, unfinished, clock::now())? {
        Freeze::Done => println!("week {} is frozen", args.week),
        Freeze::Already => println!("week {} was frozen before; nothing changed", args.week),
    }
    Ok(())
}
