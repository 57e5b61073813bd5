//! The commands of `elsewhere-collector`, one file each: arguments and what they run.

use std::path::PathBuf;

pub mod check_config;
pub mod devices;
pub mod digest;
pub mod enroll_token;
pub mod freeze;
pub mod query;
pub mod serve;

/// Which collector a command is about.
#[derive(Clone, Debug, clap::Args)]
pub struct DataArgs {
    /// The collector's data directory.
    #[arg(
        long,
        value_name = "DIR",
        env = "ELSEWHERE_COLLECTOR_DATA",
        default_value = "/var/lib/elsewhere-collector"
    )]
    pub data: PathBuf,
}
