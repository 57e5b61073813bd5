//! `devices`: who is enrolled, and whether they still come. No usage.

use std::fmt::Write;

use anyhow::bail;
use serde::Serialize;

use crate::{
    commands::{DataArgs, print},
    device::{Device, DeviceId, DeviceState},
    installation::Installation,
};

/// List enrolled devices: id, segments, date of the last visit, state. No usage is shown for a device anywhere.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  elsewhere-collector devices --format json\n  \
                  elsewhere-collector devices revoke 7f3a-c21e-0d4b-9a11"
)]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// How to print them; json is one object a line.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Refuse a device from now on. It can only come back by enrolling anew.
    Revoke {
        /// The device's id, as `devices` prints it.
        id: DeviceId,
        #[command(flatten)]
        data: DataArgs,
    },
}

/// Lists or revokes.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Some(Action::Revoke { id, data }) => revoke(id, &data),
        None => list(&args.data, args.format),
    }
}

fn revoke(id: DeviceId, data: &DataArgs) -> anyhow::Result<()> {
    let installation = Installation::open(&data.data)?;
    if !installation.store().set_device_state(id, DeviceState::Revoked)? {
        bail!("there is no device {id}; `elsewhere-collector devices` lists them");
    }
    println!("revoked {id}");
    Ok(())
}

/// One line of the list.
#[derive(Serialize)]
struct Line {
    id: String,
    segments: Vec<String>,
    last_visit: Option<jiff::civil::Date>,
    state: &'static str,
}

impl From<&Device> for Line {
    fn from(device: &Device) -> Self {
        Self {
            id: device.id.to_string(),
            segments: device.groups.segments.iter().map(ToString::to_string).collect(),
            last_visit: device.last_visit,
            state: device.state.as_str(),
        }
    }
}

fn list(data: &DataArgs, format: Format) -> anyhow::Result<()> {
    let devices = Installation::open(&data.data)?.store().devices()?;
    let mut list = String::new();
    if matches!(format, Format::Table) {
        writeln!(list, "{:19}  {:11}  {:10}  segments", "device", "last visit", "state")?;
    }
    for line in devices.iter().map(Line::from) {
        match format {
            Format::Json => writeln!(list, "{}", serde_json::to_string(&line)?)?,
            Format::Table => {
                let visit = line.last_visit.map_or("never".to_owned(), |date| date.to_string());
                let segments = line.segments.join(", ");
                writeln!(list, "{:19}  {visit:11}  {:10}  {segments}", line.id, line.state)?;
            }
        }
    }
    print(&list)
}
