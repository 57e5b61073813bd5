//! `freeze`: freezes a week, and the ones before it that are not frozen yet.

use std::io::{self, IsTerminal};

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
    /// Freeze it although it has not ended, without being asked on a terminal. Later days of it are in no figure
    /// ever, and every page says so.
    #[arg(long)]
    unfinished: bool,
}

/// Freezes, and says what became of it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let installation = Installation::open(&args.data.data)?;
    let now = clock::now();
    let may = if args.unfinished || jobs::has_ended(&installation, args.week, now) || agreed(args.week)? {
        Unfinished::Allowed
    } else {
        Unfinished::Refused
    };
    match jobs::freeze(&installation, args.week, may, now)? {
        Freeze::Done => println!("week {} is frozen", args.week),
        Freeze::Already => println!("week {} was frozen before; nothing changed", args.week),
    }
    Ok(())
}

/// Says what freezing a running week means. On a terminal a slip of the week's number can still be taken back; a script
/// that names the week means it.
fn agreed(week: Week) -> anyhow::Result<bool> {
    eprintln!(
        "week {week} has not ended: its later days will be in no figure ever, and every page will say so"
    );
    if !io::stdin().is_terminal() {
        return Ok(true);
    }
    eprint!("freeze it all the same? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
