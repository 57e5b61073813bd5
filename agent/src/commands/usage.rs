//! `elsewhere-agent usage`: what the agent would make of a capture, from `contact` up. It never leaves the machine.

mod explain;
mod table;

use std::{
    cmp::Reverse,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::ValueEnum;
use elsewhere_catalog::{Catalog, Service};
use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;

use self::explain::Reason;
use super::{output::still_read, progress::Progress};
use crate::{
    app_class::Quality,
    capture::file::{self, ReadError, Reader},
    pipeline::Pipeline,
    summarize::{Usage, Used},
};

/// Shows what was done with which service in a capture file: one row for each day, service, app class and place.
///
/// Names outside the catalog stand as their registrable domain. Private life and plumbing have no row. Nothing of
/// this leaves the device.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  elsewhere-agent usage --read office.pcapng --explain\n  elsewhere-agent usage --read office.pcapng --format json --zone Europe/London"
)]
pub struct Args {
    /// The capture to read: pcap or pcapng
    #[arg(long, value_name = "FILE")]
    read: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Say of each row which signals led to its evidence
    #[arg(long)]
    explain: bool,
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
    /// How the class is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_quality: Option<Quality>,
    place: &'static str,
    tries: u32,
    failed: u32,
    bytes_up: u64,
    bytes_down: u64,
    active_minutes: u32,
    /// Most services that somebody signed in at on the way to it.
    sign_in_hops: u32,
    /// Which signals led to the evidence, the one that decided first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<Reason>,
}

/// Runs it. What was whole in a damaged file is shown before the error.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let catalog = elsewhere_catalog::builtin();
    let mut reader = file::open(&args.read)?;
    let mut pipeline = Pipeline::new(catalog, args.zone.clone().unwrap_or_else(TimeZone::system));
    let read = replay(&mut reader, &mut pipeline);
    pipeline.finish();

    let rows = rows(catalog, &pipeline, args.explain);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Json => rows.iter().try_for_each(|row| write_json(row, &mut out)),
        Format::Table => table::write(&rows, &pipeline, &mut out),
    };
    still_read(written.and_then(|()| out.flush()))?;
    read?;
    pipeline.decode_counts().legible().with_context(|| args.read.display().to_string())
}

fn replay(reader: &mut Reader, pipeline: &mut Pipeline) -> Result<(), ReadError> {
    let mut progress = Progress::over(reader);
    while let Some(frame) = reader.next_frame()? {
        pipeline.handle(&frame);
        progress.frame(reader);
    }
    Ok(())
}

/// All rows: by day, then the surest and the heaviest first.
fn rows<'a>(catalog: &'a Catalog, pipeline: &'a Pipeline, explain: bool) -> Vec<Row<'a>> {
    let mut usages: Vec<_> = pipeline.usages().collect();
    usages.sort_by_key(|(day, usage)| {
        (*day, Reverse(usage.evidence()), Reverse(usage.bytes_up + usage.bytes_down), &usage.key)
    });
    let row = |(day, usage): (Date, &'a Usage)| {
        let because = if explain { explain::reasons(&usage.seen) } else { Vec::new() };
        Row { because, ..Row::new(catalog, day, usage) }
    };
    usages.into_iter().map(row).collect()
}

impl<'a> Row<'a> {
    fn new(catalog: &'a Catalog, day: Date, usage: &'a Usage) -> Self {
        let (service, domain) = match &usage.key.used {
            Used::Service(id) => (catalog.service(id), None),
            Used::Domain(domain) => (None, Some(domain.as_str())),
        };
        Self {
            day,
            service_id: service.map(Service::id),
            service: service.map(Service::name),
            domain,
            need: service.map(Service::need),
            evidence: usage.evidence().as_str(),
            app_class: usage.key.app_class.as_str(),
            app_quality: usage.app_quality,
            place: usage.key.place.as_str(),
            tries: usage.tries,
            failed: usage.failed,
            bytes_up: usage.bytes_up,
            bytes_down: usage.bytes_down,
            active_minutes: usage.active_minutes(),
            sign_in_hops: usage.sign_in_hops,
            because: Vec::new(),
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

#[cfg(test)]
mod tests {
    use elsewhere_catalog::builtin;
    use jiff::{civil::date, tz::TimeZone};

    use super::{rows, table, write_json};
    use crate::{
        app_class::{AppClass, Quality},
        pipeline::Pipeline,
        summarize::{Day, Place, Usage, UsageKey, Used},
    };

    fn pipeline() -> Pipeline {
        let mut day = Day::new(date(2026, 11, 13));
        let key = |used, place| UsageKey { used, app_class: AppClass::Unknown, place };
        let by_browser = UsageKey {
            app_class: AppClass::Browser,
            ..key(Used::Service("wetransfer".into()), Place::Office)
        };
        let mut outside = Usage::new(key(Used::Domain("freightdesk.example".into()), Place::Unknown));
        (outside.bytes_up, outside.bytes_down, outside.tries) = (900, 12_000, 2);
        let mut service = Usage::new(by_browser);
        service.app_quality = Some(Quality::Engine);
        service.seen.listed = true;
        service.seen.front.sent_at_once = 2_000_000;
        service.seen.own_front = true;
        service.active.mark(108);
        (service.bytes_up, service.bytes_down, service.tries, service.failed) = (2_000_000, 4_000, 3, 1);
        day.usages = vec![outside, service];
        day.blind_spots.connections = 7;
        day.blind_spots.plumbing = 2;
        let mut pipeline = Pipeline::new(builtin(), TimeZone::UTC);
        pipeline.restore(day);
        pipeline
    }

    #[test]
    fn json_has_each_field_and_domain_only_outside_the_catalog() {
        let pipeline = pipeline();
        let mut out = Vec::new();
        for row in rows(builtin(), &pipeline, false) {
            write_json(&row, &mut out).unwrap();
        }
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        {"day":"2026-11-13","service_id":"wetransfer","service":"WeTransfer","need":"send-once","evidence":"use","app_class":"browser","app_quality":"engine","place":"office","tries":3,"failed":1,"bytes_up":2000000,"bytes_down":4000,"active_minutes":5,"sign_in_hops":0}
        {"day":"2026-11-13","service_id":null,"service":null,"domain":"freightdesk.example","need":null,"evidence":"contact","app_class":"unknown","place":"unknown","tries":2,"failed":0,"bytes_up":900,"bytes_down":12000,"active_minutes":0,"sign_in_hops":0}
        "#);
    }

    #[test]
    fn every_row_says_why_where_that_is_asked_for() {
        let pipeline = pipeline();
        let rows = rows(builtin(), &pipeline, true);
        let mut out = Vec::new();
        table::write(&rows, &pipeline, &mut out).unwrap();
        write_json(&rows[0], &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        Fri 13 Nov 2026
          service              need       evidence  by       place   tries  failed      up    down  active
          WeTransfer           send-once  use       browser  office      3       1  2.0 MB  4.0 kB   5 min
              use: 2.0 MB sent at once
          freightdesk.example  -          contact   -        -           2       -   900 B   12 kB       -
              contact: nothing came back
          7 connections, of which 2 to advertising, system and update hosts

        {"day":"2026-11-13","service_id":"wetransfer","service":"WeTransfer","need":"send-once","evidence":"use","app_class":"browser","app_quality":"engine","place":"office","tries":3,"failed":1,"bytes_up":2000000,"bytes_down":4000,"active_minutes":5,"sign_in_hops":0,"because":[{"evidence":"use","signal":"sent-file","words":"2.0 MB sent at once"}]}
        "#);
    }

    #[test]
    fn table_stands_in_columns() {
        let pipeline = pipeline();
        let mut out = Vec::new();
        table::write(&rows(builtin(), &pipeline, false), &pipeline, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        Fri 13 Nov 2026
          service              need       evidence  by       place   tries  failed      up    down  active
          WeTransfer           send-once  use       browser  office      3       1  2.0 MB  4.0 kB   5 min
          freightdesk.example  -          contact   -        -           2       -   900 B   12 kB       -
          7 connections, of which 2 to advertising, system and update hosts
        ");
    }
}
