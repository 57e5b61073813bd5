//! `elsewhere-agent usage`: what the agent would make of a capture, from `contact` up. It never leaves the machine.

mod table;

use std::{
    cmp::Reverse,
    io::{self, BufWriter, ErrorKind, Write},
    path::PathBuf,
};

use clap::ValueEnum;
use elsewhere_catalog::Catalog;
use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;

use super::progress::Progress;
use crate::{
    capture::file,
    pipeline::Pipeline,
    summarize::{Usage, Used},
};

/// Shows what was done with which service in a capture file: one row for each day, service, app class and place.
///
/// Names outside the catalog stand as their registrable domain. Private life and plumbing have no row. Nothing of
/// this leaves the device.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  elsewhere-agent usage --read office.pcapng --format json --zone Europe/London"
)]
pub struct Args {
    /// The capture to read: pcap or pcapng
    #[arg(long, value_name = "FILE")]
    read: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Time zone in which days are counted, like Europe/London; the system's where none is given
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    zone: Option<TimeZone>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For reading.
    Table,
    /// One JSON object a line.
    Json,
}

/// One row.
#[derive(Serialize)]
struct Row<'a> {
    day: Date,
    service_id: Option<&'a str>,
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    need: Option<&'a str>,
    evidence: &'static str,
    app_class: &'static str,
    place: &'static str,
    tries: u32,
    failed: u32,
    bytes_up: u64,
    bytes_down: u64,
    active_minutes: u32,
}

/// Runs it. What was whole in a damaged file is shown before the error.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let catalog = elsewhere_catalog::builtin();
    let mut pipeline = Pipeline::new(catalog, args.zone.clone().unwrap_or_else(TimeZone::system));
    let read = replay(args, &mut pipeline);
    pipeline.finish();

    let rows = rows(catalog, &pipeline);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Json => rows.iter().try_for_each(|row| write_json(row, &mut out)),
        Format::Table => table::write(&rows, &pipeline, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        other => other?,
    }
    read
}

fn replay(args: &Args, pipeline: &mut Pipeline) -> anyhow::Result<()> {
    let mut reader = file::open(&args.read)?;
    let mut progress = Progress::over(&reader);
    while let Some(frame) = reader.next_frame()? {
        pipeline.handle(&frame);
        progress.frame(&reader);
    }
    Ok(())
}

/// All rows: by day, then the surest and the heaviest first.
fn rows<'a>(catalog: &'a Catalog, pipeline: &'a Pipeline) -> Vec<Row<'a>> {
    let mut usages: Vec<_> = pipeline.usages().collect();
    usages.sort_by_key(|(day, usage)| {
        (*day, Reverse(usage.evidence()), Reverse(usage.bytes_up + usage.bytes_down), &usage.key)
    });
    usages.into_iter().map(|(day, usage)| Row::new(catalog, day, usage)).collect()
}

impl<'a> Row<'a> {
    fn new(catalog: &'a Catalog, day: Date, usage: &'a Usage) -> Self {
        let (service, domain) = match &usage.key.used {
            Used::Service(id) => (catalog.service(id), None),
            Used::Domain(domain) => (None, Some(domain.as_str())),
        };
        Self {
            day,
            service_id: service.map(|service| service.id),
            service: service.map(|service| service.name),
            domain,
            need: service.map(|service| service.need),
            evidence: usage.evidence().as_str(),
            app_class: usage.key.app_class.as_str(),
            place: usage.key.place.as_str(),
            tries: usage.tries,
            failed: usage.failed,
            bytes_up: usage.bytes_up,
            bytes_down: usage.bytes_down,
            active_minutes: usage.active_minutes(),
        }
    }
}

fn write_json(row: &Row<'_>, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}

fn parse_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "is no time zone; write one like Europe/London".to_owned())
}
