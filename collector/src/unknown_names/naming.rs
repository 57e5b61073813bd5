//! Giving a name of the queue a service: an entry of `portfolio.toml`, checked as a device would; or taking it out.
//!
//! Refuses names that no device has revealed, what is known already, private life, plumbing and public suffixes.

use anyhow::{Context, anyhow, bail};
use elsewhere_catalog::{Catalog, Verdict, builtin, layer::Layer};

use super::{layer, verdict};
use crate::{
    device_day::ServiceId,
    installation::{self, Installation},
    portfolio::{
        Portfolio,
        entry::{Entry, New, own_id},
    },
    store::RevealedName,
};

/// Services are offered in place of a mistaken one if they are at least so like it, of 1.
const LIKE: f64 = 0.85;
/// How many are offered.
const MOST_OFFERED: usize = 3;

/// The service that a name gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// One that is there, by its id or name.
    Known(String),
    /// A new one of the organisation's own.
    New(New),
}

/// Gives a revealed name a service and says what was added to `portfolio.toml`. Running devices know it at their next
/// visit, and rollup counts the days still held.
pub fn name(installation: &Installation, domain: &str, chosen: Chosen) -> anyhow::Result<Entry> {
    let portfolio = installation::read_portfolio(installation.dir())?;
    let domain = plain(domain);
    refuse_settled(&portfolio, &domain)?;
    let entry = entry(builtin(), &portfolio, &domain, chosen)?;
    let mut facts = portfolio.layer.clone();
    entry.add_to(&mut facts);
    if let Some(error) = Layer::new(builtin(), &facts).err().and_then(|errors| errors.into_iter().next()) {
        bail!("{error}");
    }
    revealed(installation, &domain)?;
    installation::append_to_portfolio(installation.dir(), &entry.text())?;
    Ok(entry)
}

/// Takes a revealed name out of the queue for good.
pub fn ignore(installation: &Installation, domain: &str) -> anyhow::Result<()> {
    let domain = plain(domain);
    refuse_settled(&installation::read_portfolio(installation.dir())?, &domain)?;
    let name = revealed(installation, &domain)?;
    installation.store().ignore_name(name.hash).context("take the name out of the queue")
}

/// As devices reveal names.
fn plain(domain: &str) -> String {
    domain.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// There is nothing to decide about a name that catalog or portfolio know.
fn refuse_settled(portfolio: &Portfolio, domain: &str) -> anyhow::Result<()> {
    match verdict(&layer(portfolio), domain) {
        Verdict::Unknown => Ok(()),
        Verdict::Service { service, .. } => {
            let (name, id) = (service.name(), service.id());
            bail!("'{domain}' is {name} ({id}) already; to change that, edit portfolio.toml")
        }
        Verdict::Personal => bail!("'{domain}' belongs to private life: it can't be made a service"),
        Verdict::Plumbing(_) => {
            bail!("'{domain}' is plumbing or one of your own domains: devices don't report it")
        }
    }
}

fn entry(catalog: &Catalog, portfolio: &Portfolio, domain: &str, chosen: Chosen) -> anyhow::Result<Entry> {
    let names = vec![domain.to_owned()];
    match chosen {
        Chosen::Known(service) => {
            let id = portfolio.find_service(catalog, &service);
            let service_id = id.ok_or_else(|| no_such_service(catalog, portfolio, &service))?.to_owned();
            Ok(Entry { service_id, new: None, names })
        }
        Chosen::New(new) => {
            let service_id = own_id(&new.name);
            let taken =
                [&new.name, &service_id].into_iter().find_map(|text| portfolio.find_service(catalog, text));
            if let Some(taken) = taken {
                bail!(
                    "there is a service '{}' already; give the name to it with --service {taken}",
                    new.name
                );
            }
            service_id
                .parse::<ServiceId>()
                .map_err(|error| anyhow!("{error}; choose a name of a few Latin letters or digits"))?;
            Ok(Entry { service_id, new: Some(new), names })
        }
    }
}

/// With the services that are most like what was written.
fn no_such_service(catalog: &Catalog, portfolio: &Portfolio, text: &str) -> anyhow::Error {
    let own = portfolio.own_services.iter().map(|own| (own.id.as_str(), own.name.as_str()));
    let all = own.chain(catalog.services().map(|service| (service.id(), service.name())));
    let likeness = |word: &str| strsim::jaro_winkler(&word.to_lowercase(), &text.to_lowercase());
    let scored = all.map(|(id, name)| (likeness(id).max(likeness(name)), id));
    let mut like: Vec<_> = scored.filter(|(score, _)| *score >= LIKE).collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let offered: Vec<&str> = like.into_iter().take(MOST_OFFERED).map(|(_, id)| id).collect();
    let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    let offer =
        if offered.is_empty() { String::new() } else { format!("; like it are {}", offered.join(", ")) };
    anyhow!(
        "there is no service '{shown}' in catalog or portfolio{offer}; a new one is made with --new-service"
    )
}

/// The name as a device revealed it.
fn revealed(installation: &Installation, domain: &str) -> anyhow::Result<RevealedName> {
    let names = installation.store().revealed_names()?;
    let above = |name: &&RevealedName| {
        domain.strip_suffix(&name.registrable_domain).is_some_and(|rest| rest.ends_with('.'))
    };
    if let Some(name) = names.iter().find(|name| name.registrable_domain == domain) {
        return Ok(name.clone());
    }
    match names.iter().find(above) {
        Some(name) => {
            bail!("'{domain}' is no name that devices report; they report {}", name.registrable_domain)
        }
        None => bail!(
            "'{domain}' is not in the queue, which `elsewhere-collector unknown list` shows; a name that devices have not \
             revealed goes into portfolio.toml by hand or with `catalog import`"
        ),
    }
}
