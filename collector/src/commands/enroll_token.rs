//! `enroll-token`: makes, lists and revokes the strings by which devices enrol.

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use crate::{
    clock,
    commands::DataArgs,
    config::PublicAddress,
    device::DeviceId,
    installation::Installation,
    pki::Authority,
    segment::{Segment, Segments},
    serve::Addresses,
    store::Token,
    token::{self, Secret},
};

/// Make, list or revoke enrolment tokens.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make a token and print it, and nothing else, on standard output. It can't be shown again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  elsewhere-collector enroll-token create --segment department=Marketing --segment \
                        site=Leeds\n  elsewhere-agent enroll \"$(elsewhere-collector enroll-token create --uses 200 --expires 2d)\""
)]
struct Create {
    #[command(flatten)]
    data: DataArgs,
    /// Group that its devices are counted with; one for each dimension, at most three.
    #[arg(long = "segment", value_name = "DIMENSION=PATH")]
    segments: Vec<Segment>,
    /// How many devices it enrols.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    uses: u32,
    /// How long it is good, like 12h or 7d.
    #[arg(long, default_value = "7d", value_parser = duration)]
    expires: SignedDuration,
}

/// List tokens: id, uses left, end, segments. Their secrets are not kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector enroll-token list")]
struct List {
    #[command(flatten)]
    data: DataArgs,
}

/// Make a token useless. Devices that it has enrolled stay.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector enroll-token revoke 7f3a-c21e")]
struct Revoke {
    #[command(flatten)]
    data: DataArgs,
    /// The token's id, as `list` prints it.
    id: String,
}

/// Does what was asked.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Create(create) => create.run(),
        Action::List(list) => list.run(),
        Action::Revoke(revoke) => revoke.run(),
    }
}

impl Create {
    fn run(self) -> anyhow::Result<()> {
        let segments = Segments::try_from(self.segments)?;
        let installation = Installation::create_or_open(&self.data.data)?;
        let now = clock::now();
        let authority = Authority::create_or_open(installation.dir(), now)?;
        let address = address(&installation)?;
        let secret = Secret::random();
        let id: String = DeviceId::random().to_string().chars().take(9).collect();
        let expires = now.saturating_add(self.expires).context("end of the token")?;
        let token = Token { id, segments, uses: self.uses, uses_left: self.uses, expires };
        installation.store().add_token(&token, secret.hash())?;
        eprintln!("token {} for {} device(s) at {address}, good until {expires:.0}:", token.id, token.uses);
        println!("{}", token::text(&address, authority.fingerprint(), &secret));
        Ok(())
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        println!("{:9}  {:>9}  {:20}  segments", "token", "uses left", "good until");
        for token in Installation::open(&self.data.data)?.store().tokens()? {
            let segments: Vec<String> = token.segments.iter().map(ToString::to_string).collect();
            let left = format!("{}/{}", token.uses_left, token.uses);
            println!("{:9}  {left:>9}  {:20}  {}", token.id, token.expires.to_string(), segments.join(", "));
        }
        Ok(())
    }
}

impl Revoke {
    fn run(self) -> anyhow::Result<()> {
        if !Installation::open(&self.data.data)?.store().revoke_token(&self.id)? {
            bail!("there is no token '{}'; `elsewhere-collector enroll-token list` lists them", self.id);
        }
        println!("revoked {}", self.id);
        Ok(())
    }
}

/// What agents shall dial: as configured, or where the running collector listens, or where it would.
fn address(installation: &Installation) -> anyhow::Result<PublicAddress> {
    if let Some(public) = &installation.config().public_address {
        return Ok(public.clone());
    }
    let running = Addresses::of_running(installation.dir()).map(|addresses| addresses.devices);
    let devices = running.unwrap_or(installation.config().devices);
    ensure!(
        !devices.ip().is_unspecified() && devices.port() != 0,
        "agents can't dial {devices}; set public_address = \"HOST:PORT\" in {}",
        installation.dir().join("collector.toml").display()
    );
    Ok(devices.into())
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("'{text}' is no duration; write it like 12h or 7d");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if duration.is_positive() { Ok(duration) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_hours_and_days() {
        assert_eq!(duration("7d").unwrap(), SignedDuration::from_hours(168));
        assert_eq!(duration("12h").unwrap(), SignedDuration::from_hours(12));
        for text in ["", "7", "-1d", "0s", "soon", "1y"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
