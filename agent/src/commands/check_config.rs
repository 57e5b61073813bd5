//! `elsewhere-agent check-config`.

use super::output;
use crate::config::{Config, Flags, Membership};

/// Checks the settings and the groups of this device, and prints what is in force.
///
/// All mistakes are reported together; nothing is changed.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  elsewhere-agent check-config --config deploy/agent.example.toml")]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.flags)?;
    let membership = Membership::load(&config.segments_file)?;
    let interfaces = match &config.interfaces[..] {
        [] => "all that matter".to_owned(),
        names => names.join(", "),
    };
    output::print(&format!(
        "data           {}\n\
         interfaces     {interfaces}\n\
         segments_file  {} ({})\n\
         proxy          {}\n\
         zone           {}\n",
        config.data.display(),
        config.segments_file.display(),
        described(membership.as_ref()),
        config.proxy.as_ref().map_or("none".to_owned(), ToString::to_string),
        config.zone().iana_name().unwrap_or("the system's"),
    ))
}

fn described(membership: Option<&Membership>) -> String {
    match membership.map(|membership| membership.segments.len()) {
        None => "not there: the groups of the token count".to_owned(),
        Some(1) => "1 segment".to_owned(),
        Some(segments) => format!("{segments} segments"),
    }
}
