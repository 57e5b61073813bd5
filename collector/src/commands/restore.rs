//! `restore`: makes a data directory of a backup.

use std::path::PathBuf;

use super::progress::Progress;
use crate::{
    clock,
    commands::DataArgs,
    store::sqlite::backup::{self, Restored},
};

/// Make a new data directory of a backup, whole or not at all. Devices then send the days that they keep again. Weeks that
/// were frozen after the backup was made are frozen anew at the next freeze time, in coarse figures.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector restore \
                        --from /mnt/backups/elsewhere/elsewhere-2026-11-26T23-03-17Z --data ./collector")]
pub struct Args {
    /// The backup.
    #[arg(long, value_name = "BACKUP")]
    from: PathBuf,
    /// The keys, if they are not in week-keys beside the backup.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// Restores, and says what is left to do.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut progress = Progress::begin("restored");
    let mut moved = |bytes, total| progress.moved(bytes, total);
    let restored =
        backup::restore(&args.from, args.keys.as_deref(), &args.data.data, clock::now(), &mut moved)?;
    drop(progress);
    let Restored { made, weeks, expired, left_out } = restored;
    println!("restored {} weeks to {}, as of {made:.0}", weeks.len(), args.data.data.display());
    for (weeks, why) in [(expired, "expired since"), (left_out, "damaged when it was made")] {
        if !weeks.is_empty() {
            let weeks: Vec<String> = weeks.iter().map(ToString::to_string).collect();
            println!("not restored, {why}: {}", weeks.join(", "));
        }
    }
    println!(
        "start it with `elsewhere-collector serve`. Devices send the days that they keep again. What was done after \
         {made:.0} has to be done again: revoke devices, name what was unknown; devices enrolled since enrol anew. Weeks \
         frozen since are frozen a second time at the next freeze time, in coarse figures: keep their digests"
    );
    Ok(())
}
