//! `serve`: runs the collector until it is told to stop.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    clock,
    commands::DataArgs,
    config::Config,
    installation::Installation,
    serve::{self, Listeners},
};

/// Run the collector: take device-days, freeze weeks, answer people. Ends cleanly on Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector serve --data ./collector --devices 0.0.0.0:8421 \
                        --public-address elsewhere.example.com:8421")]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Where people connect, plain HTTP on loopback; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    people: Option<String>,
    /// Where agents connect; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    devices: Option<String>,
    /// The agents' address as they must dial it.
    #[arg(long, value_name = "HOST:PORT")]
    public_address: Option<String>,
}

/// Serves until a signal comes.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let given =
        [("people", &args.people), ("devices", &args.devices), ("public_address", &args.public_address)];
    let flags: Vec<_> = given.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect();
    let config = Config::load(&args.data.data, std::env::vars(), &flags)?;
    let installation = Installation::with_config(&args.data.data, config)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    let served = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let listeners = Listeners::bind(installation.config()).await?;
        let shutdown = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        serve::run(installation, listeners, clock::now, shutdown).await
    });
    // Work that is still under way may be cut off at any step.
    runtime.shutdown_background();
    served
}
