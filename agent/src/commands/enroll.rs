//! `elsewhere-agent enroll`.

use std::io::{self, Read};

use anyhow::Context;

use super::output;
use crate::{
    config::{Config, Flags},
    enroll::{self, Token},
    identity::Papers,
};

/// Read of standard input, which may never end; no token is as long.
const MAX_INPUT_BYTES: u64 = 4_096;

/// Enrols this device with the one string that IT gave out.
///
/// The key is made here and never leaves. Nothing is written unless the collector takes the token.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  elsewhere-agent enroll elsewhere1.Cg4xMjcuMC4wLjE6ODQyMRIg...")]
pub struct Args {
    /// The token, or - to read it from standard input
    token: String,
    /// Give up the enrolment that is there and enrol anew
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.flags)?;
    let token: Token = match args.token.as_str() {
        "-" => {
            let mut text = String::new();
            let input = io::stdin().take(MAX_INPUT_BYTES).read_to_string(&mut text);
            input.context("read the token from standard input")?;
            text.parse()?
        }
        token => token.parse()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let papers = runtime.block_on(enroll::enroll(&config, token, args.again))?;
    output::print(&format!(
        "enrolled as device {} at {}\ncounted with: {}\nnext: elsewhere-agent run\n",
        papers.device_id,
        papers.address,
        groups(&papers),
    ))
}

fn groups(papers: &Papers) -> String {
    let groups: Vec<String> =
        papers.segments.iter().map(|segment| format!("{} {}", segment.dimension, segment.path)).collect();
    if groups.is_empty() { "everybody".to_owned() } else { groups.join(", ") }
}
