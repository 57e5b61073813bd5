//! `backup`: copies the store while the server works.

use std::path::PathBuf;

use anyhow::bail;

use super::progress::Progress;
use crate::{
    clock,
    commands::{DataArgs, megabytes},
    installation::Installation,
    store::sqlite::{SqliteStore, backup, integrity},
};

/// Back the collector up into a new directory, beside the running server. Weeks in it can be read only with the keys in
/// week-keys beside it; as a week expires, its key is taken out there too. Never copy week-keys.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true),
    after_help = "Examples:\n  elsewhere-collector backup --to /mnt/backups/elsewhere\n  \
                  elsewhere-collector backup --forget /mnt/old-backups"
)]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Where backups lie; each is a directory there with its time in its name. It is remembered, since keys have to be
    /// taken out there.
    #[arg(long, value_name = "DIR", group = "what")]
    to: Option<PathBuf>,
    /// Take no keys out in this directory any more, because it is gone.
    #[arg(long, value_name = "DIR", group = "what")]
    forget: Option<PathBuf>,
}

/// Backs up, or forgets.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let installation = Installation::open(&args.data.data)?;
    let store = SqliteStore::create_or_open(installation.dir())?;
    if let Some(directory) = &args.forget {
        if !backup::forget_directory(&store, directory)? {
            bail!("no backup was made in {}; nothing changed", directory.display());
        }
        println!("forgot {}; what is left there keeps its keys", directory.display());
        return Ok(());
    }
    let Some(to) = &args.to else { return Ok(()) };
    let total = integrity::size(installation.dir())?;
    let mut progress = Progress::begin("backed up");
    let made = backup::back_up(&store, to, clock::now(), &mut |bytes| progress.moved(bytes, total))?;
    drop(progress);
    println!("backed up {} weeks, {}, to {}", made.weeks.len(), megabytes(made.bytes), made.path.display());
    if !made.left_out.is_empty() {
        let weeks: Vec<String> = made.left_out.iter().map(ToString::to_string).collect();
        bail!(
            "damaged and so not in the backup: {}; `elsewhere-collector integrity` says what to do",
            weeks.join(", ")
        );
    }
    Ok(())
}
