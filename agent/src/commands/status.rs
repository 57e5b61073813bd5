//! `elsewhere-agent status`: does the agent run, what does it watch, what waits.

use std::fmt::Write;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::output;
use crate::{
    clock,
    config::{Config, Flags},
    identity::Papers,
    spool::Shelf,
    state::State,
    summarize::{Day, Degraded},
    uplink::welcome::Welcome,
};

/// An agent that has not written its state for this long does not run: three heartbeats.
const ALIVE_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// Shows whether the agent runs, what it watches, when it visited the collector and what waits.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  elsewhere-agent status --format json")]
pub struct Args {
    /// Lines for people or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.flags)?;
    let papers = Papers::load(&config.data)?;
    let shelf = Shelf::<Day>::open(&config.data)?;
    let welcome = Welcome::load(&config.data);
    let state = State::load(&config.data);
    let status = status(papers.as_ref(), &shelf, welcome.as_ref(), state.as_ref(), clock::now())?;
    output::print(&match args.format {
        Format::Json => json(status),
        Format::Text => text(&status),
    })
}

/// What there is to say, the most asked for first.
type Fields = Vec<(&'static str, Value)>;

fn status(
    papers: Option<&Papers>,
    shelf: &Shelf<Day>,
    welcome: Option<&Welcome>,
    state: Option<&State>,
    now: Timestamp,
) -> anyhow::Result<Fields> {
    let store_id = welcome.map_or("", |welcome| &welcome.store_id);
    let waiting = shelf.entries().filter(|(_, entry)| entry.waits_for(store_id)).count();
    let newest = shelf.records().next_back().transpose()?;
    let degraded: Vec<Degraded> = newest.map(|record| record.state.degraded).unwrap_or_default();
    Ok(vec![
        (
            "running",
            json!(
                state.is_some_and(|state| !state.stopped && now.duration_since(state.alive) < ALIVE_WITHIN)
            ),
        ),
        ("since", json!(state.map(|state| state.started))),
        ("watching", json!(state.map(|state| &state.watching))),
        ("packets_missed", json!(state.map(|state| state.missed.packets))),
        ("hellos_missed", json!(state.map(|state| state.missed.hellos))),
        ("device_id", json!(papers.map(|papers| &papers.device_id))),
        ("collector", json!(papers.map(|papers| &papers.address))),
        ("certificate_until", json!(papers.and_then(Papers::validity).map(|(_, until)| until))),
        ("last_visit", json!(state.and_then(|state| state.last_visit).map(|visit| visit.at))),
        ("next_visit", json!(state.and_then(|state| state.next_visit))),
        (
            "paused_until",
            json!(welcome.and_then(|welcome| welcome.paused_until).filter(|until| now < *until)),
        ),
        ("days_kept", json!(shelf.entries().count())),
        ("days_waiting", json!(waiting)),
        ("days_damaged", json!(shelf.damaged())),
        ("degraded", json!(degraded)),
        ("problem", json!(state.and_then(|state| state.problem.as_ref()))),
        ("version", json!(state.map(|state| &state.version))),
        ("catalog_version", json!(state.map(|state| &state.catalog_version))),
    ])
}

fn json(status: Fields) -> String {
    let object: Map<_, _> = status.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    format!("{}\n", Value::Object(object))
}

/// One line a field; what there is nothing to say about is left out.
fn text(status: &[(&'static str, Value)]) -> String {
    let mut text = String::new();
    for (key, value) in status {
        let value = match value {
            Value::Null => continue,
            Value::Array(list) if list.is_empty() => continue,
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            Value::String(word) => word.clone(),
            Value::Bool(yes) => String::from(if *yes { "yes" } else { "no" }),
            other => other.to_string(),
        };
        let _ = writeln!(text, "{:<19}{value}", key.replace('_', " "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::Spool;

    #[test]
    fn a_device_that_never_ran_says_little_and_true() {
        let data = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(data.path()).unwrap();
        let status = status(None, &shelf, None, None, Timestamp::UNIX_EPOCH).unwrap();
        insta::assert_snapshot!(text(&status), @r"
        running            no
        days kept          0
        days waiting       0
        days damaged       0
        ");
    }

    #[test]
    fn an_agent_that_was_killed_does_not_run() {
        let data = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(data.path()).unwrap();
        let mut day = Day::new("2026-11-13".parse().unwrap());
        day.degrade(Degraded::Killed);
        spool.write(day.date, day).unwrap();
        let state = State {
            version: "1.0.0".into(),
            catalog_version: "2026-11-11".into(),
            started: "2026-11-13T08:00:00Z".parse().unwrap(),
            alive: "2026-11-13T09:00:00Z".parse().unwrap(),
            stopped: false,
            watching: "eth0".into(),
            missed: crate::state::Missed::default(),
            last_visit: None,
            next_visit: None,
            problem: Some("no connection".into()),
            spool_failing: false,
        };
        let at = |time: &str| {
            let status = status(None, spool.shelf(), None, Some(&state), time.parse().unwrap()).unwrap();
            let status: Value = json(status).parse().unwrap();
            (status["running"].clone(), status["days_waiting"].clone(), status["degraded"][0].clone())
        };
        assert_eq!(at("2026-11-13T09:00:09Z"), (json!(true), json!(1), json!("killed")));
        assert_eq!(at("2026-11-13T09:00:30Z").0, json!(false));
    }
}
