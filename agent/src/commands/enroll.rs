//! `elsewhere-agent enroll`.

use std::io;

use anyhow::Context;

use crate::{
    config::{Config, Flags},
    enroll::{self, Token},
    identity::Papers,
};

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
        "-" => io::read_to_string(io::stdin()).context("read the token from standard input")?.parse()?,
        token => token.parse()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let papers = runtime.block_on(enroll::enroll(&config, token, args.again))?;
    println!("enrolled as device {} at {}", papers.device_id, papers.address);
    println!("counted with: {}", groups(&papers));
    println!("next: elsewhere-agent run");
    Ok(())
}

fn groups(papers: &Papers) -> String {
    let groups: Vec<String> =
        papers.segments.iter().map(|segment| format!("{} {}", segment.dimension, segment.path)).collect();
    if groups.is_empty() { "everybody".to_owned() } else { groups.join(", ") }
}
