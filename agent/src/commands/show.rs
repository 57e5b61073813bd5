//! `elsewhere-agent show`: the receipt. Reads the data directory only: no rights, no running agent.

use std::collections::BTreeSet;

use anyhow::Context;

use super::output;
use crate::{
    clock,
    config::{Config, Flags, Membership},
    identity::Papers,
    own_catalog::OwnCatalog,
    receipt::{Receipt, Standing, raw, sent, waiting, words},
    run,
    spool::{Record, Shelf},
    state::State,
    summarize::Day,
    uplink::{reveal, welcome::Welcome},
    wire::{self, UnknownNameKey},
};

/// Shows all that this device told IT, all that it will tell, and what never leaves it.
///
/// Needs no special rights and no running agent.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  elsewhere-agent show\n  elsewhere-agent show --raw | jq .record.usages")]
pub struct Args {
    /// Every day in full
    #[arg(long)]
    all: bool,
    /// The exact records, one JSON object a day, with the fingerprint that the collector confirmed
    #[arg(long, conflicts_with = "all")]
    raw: bool,
    /// What each field that leaves this device says about you
    #[arg(long, conflicts_with_all = ["all", "raw"])]
    words: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    output::print(&if args.words { words::words() } else { from_data(args)? })
}

fn from_data(args: &Args) -> anyhow::Result<String> {
    let config = Config::load(&args.flags)?;
    let shelf =
        Shelf::<Day>::open(&config.data).with_context(|| format!("read {}", config.data.display()))?;
    if shelf.damaged() > 0 {
        eprintln!("elsewhere-agent: {} damaged records can't be shown", shelf.damaged());
    }
    let records: Vec<Record<Day>> = shelf.records().collect::<Result<_, _>>()?;
    let welcome = Welcome::load(&config.data);
    if args.raw {
        let key = welcome.as_ref().map(|welcome| UnknownNameKey::new(welcome.unknown_name_key));
        return Ok(records.iter().map(|record| raw_line(record, key.as_ref())).collect());
    }
    let (papers, state) = (Papers::load(&config.data)?, State::load(&config.data));
    let membership = Membership::load(&config.segments_file)?;
    let told = reveal::told(&config.data).unwrap_or_else(|_| BTreeSet::new());
    let ca = papers.as_ref().and_then(Papers::ca);
    let own_catalog =
        OwnCatalog::load(&config.data, ca.as_deref().unwrap_or_default(), elsewhere_catalog::builtin());
    let (groups, zone) = (groups(membership.as_ref(), papers.as_ref()), config.zone());
    let receipt = Receipt {
        catalog: elsewhere_catalog::builtin(),
        layer: &own_catalog.layer,
        device_id: papers.as_ref().map(|papers| papers.device_id.as_str()),
        groups: &groups,
        pseudonym: membership.as_ref().map_or("", |membership| &membership.customer),
        state: state.as_ref(),
        welcome: welcome.as_ref(),
        records: &records,
        told: &told,
        sender: run::sender(),
        now: clock::now(),
        zone: &zone,
        all: args.all,
    };
    Ok(receipt.page())
}

/// The newest revision: as it was sent where it was taken, else as it is to be sent or was refused.
fn raw_line(record: &Record<Day>, key: Option<&UnknownNameKey>) -> String {
    let newest = waiting(record, key, run::sender())
        .or_else(|| sent(record))
        .unwrap_or_else(|| wire::device_day(&record.state, record.revision, key, run::sender()));
    let standing = Standing::of(record.delivered.as_ref());
    format!("{}\n", raw::raw(record.day, &standing, &newest))
}

fn groups(membership: Option<&Membership>, papers: Option<&Papers>) -> Vec<String> {
    let own = membership.map(|membership| &membership.segments).filter(|segments| !segments.is_empty());
    let segments = own.or(papers.map(|papers| &papers.segments));
    segments.into_iter().flatten().map(|segment| segment.path.clone()).collect()
}
