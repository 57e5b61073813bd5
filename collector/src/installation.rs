//! One collector directory opened: its configuration, its store, and the one way by which devices and their days enter.
//!
//! The server and a simulation that plays weeks into a directory call the same functions. No clock is read here.

use std::{
    fs::{self, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, anyhow, bail};
use elsewhere_proto::v1::{self, DeviceDayAck, device_day_ack::Outcome};
use jiff::{Timestamp, civil::Date, tz::Offset};

use crate::{
    config::Config,
    device::{Device, DeviceId, DeviceState, Groups},
    device_day::DeviceDay,
    journal::{Journal, JournalError},
    portfolio::{Mistake, Portfolio, PortfolioError},
    store::{
        Applied, DeviceDays, Store, StoreError,
        sqlite::{self, SqliteStore},
    },
    week::Week,
};

/// What the organisation offers and has decided, in the data directory.
const PORTFOLIO: &str = "portfolio.toml";
/// What was decided, changed, aimed at and heard, beside it.
const JOURNAL: &str = "journal.toml";

/// An opened collector directory. Cheap to clone.
#[derive(Clone)]
pub struct Installation {
    dir: PathBuf,
    config: Arc<Config>,
    store: Arc<dyn Store>,
}

/// What one device hands in at once.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The device, as its certificate says.
    pub device: DeviceId,
    /// Its enrolment, as its certificate says.
    pub epoch: u32,
    /// Its device-days, not looked at yet.
    pub days: Vec<v1::DeviceDay>,
}

/// Why a delivery was not taken at all. What is wrong with a single day stands in its ack instead.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// Not a device of this collector.
    #[error("device {0} is not enrolled here; enrol it with a token of this collector")]
    Unknown(DeviceId),
    /// Its certificate is from an earlier enrolment.
    #[error("device {0} has been enrolled again since; this certificate is of an earlier enrolment")]
    OldEpoch(DeviceId),
    /// It may not deliver now.
    #[error("device {0} is {state}", state = .1.as_str())]
    Barred(DeviceId, DeviceState),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Held by the one server of a directory, until it is dropped.
#[derive(Debug)]
pub struct ServerLock {
    _file: fs::File,
}

impl Installation {
    /// Opens the collector directory with its own configuration; makes what is missing.
    pub fn create_or_open(dir: &Path) -> anyhow::Result<Self> {
        let config = Config::load(dir, std::env::vars(), &[])?;
        Self::with_config(dir, config)
    }

    /// Opens the directory with this configuration; makes what is missing.
    pub fn with_config(dir: &Path, config: Config) -> anyhow::Result<Self> {
        if dir.join(sqlite::RESTORING).exists() {
            bail!(
                "restoring a backup into {} was cut off; empty the directory and restore again",
                dir.display()
            );
        }
        make_private(dir).with_context(|| format!("make the data directory {}", dir.display()))?;
        let store = SqliteStore::create_or_open(dir)
            .with_context(|| format!("open the store in {}", dir.display()))?;
        Ok(Self { dir: dir.to_owned(), config: Arc::new(config), store: Arc::new(store) })
    }

    /// Opens a directory that a collector has used before; for commands that only look.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        if !dir.join("control.db").is_file() {
            bail!(
                "{} is no collector's data directory; name it with --data, or begin one with `elsewhere-collector serve`",
                dir.display()
            );
        }
        Self::create_or_open(dir)
    }

    /// Takes the directory for a server; a second one is refused.
    pub fn lock(&self) -> anyhow::Result<ServerLock> {
        let path = self.dir.join("serve.lock");
        let file = fs::File::create(&path).with_context(|| format!("make {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(ServerLock { _file: file }),
            Err(TryLockError::WouldBlock) => bail!(
                "another elsewhere-collector serves {}; stop it, or give this one a directory of its own with --data",
                self.dir.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
        }
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How it is configured.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What it knows.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// There is a `portfolio.toml`.
    pub fn has_portfolio(&self) -> bool {
        self.dir.join(PORTFOLIO).exists()
    }

    /// What the organisation offers and has decided, read anew, so that an edit counts at once. Without a
    /// `portfolio.toml` nothing is ours yet. An error goes into logs, so it quotes nothing of the file, which names domains.
    pub fn portfolio(&self) -> anyhow::Result<Portfolio> {
        parse_portfolio(&self.dir)?.map_err(|error| {
            let (file, count) = (self.dir.join(PORTFOLIO), error.mistakes.len());
            let remedy = "`elsewhere-collector check-config` names each with its line";
            anyhow!("{} has mistakes ({count}); {remedy}", file.display())
        })
    }

    /// What was decided, changed, aimed at and heard, read anew; nothing without a `journal.toml`. An error goes into
    /// logs, so it quotes nothing of the file, which names people.
    pub fn journal(&self, portfolio: &Portfolio) -> anyhow::Result<Journal> {
        parse_journal(&self.dir, portfolio)?.map_err(|error| {
            let (file, count) = (self.dir.join(JOURNAL), error.mistakes.len());
            let remedy = "`elsewhere-collector check-config` names each with its line";
            anyhow!("{} has mistakes ({count}); {remedy}", file.display())
        })
    }

    /// Enrols a device without a token; one that is known begins its next epoch. `group_token` says that many devices
    /// were enrolled in the same way.
    pub fn register_device(
        &self,
        device: DeviceId,
        groups: &Groups,
        group_token: bool,
        now: Timestamp,
    ) -> Result<Device, StoreError> {
        self.store.register_device(device, groups, group_token, utc_date(now))
    }

    /// Takes what one device hands in. Each day is answered, in order; a stored one is durable by then. A day whose week is
    /// damaged here, or that the clock here may be wrong about, is neither stored nor refused: the device sends it again.
    pub fn deliver(
        &self,
        device: DeviceId,
        epoch: u32,
        days: Vec<v1::DeviceDay>,
        now: Timestamp,
    ) -> Result<Vec<DeviceDayAck>, DeliverError> {
        self.deliver_all(vec![Delivery { device, epoch, days }], now)
    }

    /// Takes what many devices hand in, in one commit for each week. Each day is answered, in the order given; if one
    /// of the devices may not deliver, nothing of all is taken.
    pub fn deliver_all(
        &self,
        deliveries: Vec<Delivery>,
        now: Timestamp,
    ) -> Result<Vec<DeviceDayAck>, DeliverError> {
        let today = utc_date(now);
        let in_doubt = self.store.nights()?.doubt(now);
        let mut accepted = Vec::new();
        let mut acks = Vec::new();
        let mut taken = Vec::new();
        for delivery in deliveries {
            let device = self.admit(delivery.device, delivery.epoch)?;
            let mut days = Vec::new();
            for wire in &delivery.days {
                let day = judge(wire, today, in_doubt);
                if day.is_ok() {
                    taken.push(acks.len());
                }
                acks.push(ack(wire, day.as_ref().err()));
                days.extend(day);
            }
            accepted.push(DeviceDays { device, days });
        }
        let applied = self.store.put_device_days(accepted, today)?;
        for (index, applied) in taken.into_iter().zip(applied) {
            confirm(&mut acks[index], applied);
        }
        Ok(acks)
    }

    /// The device with this id, if its certificate of this epoch may deliver.
    pub fn admit(&self, id: DeviceId, epoch: u32) -> Result<Device, DeliverError> {
        let device = self.store.device(id)?.ok_or(DeliverError::Unknown(id))?;
        if device.state != DeviceState::Active {
            return Err(DeliverError::Barred(id, device.state));
        }
        if device.epoch != epoch {
            return Err(DeliverError::OldEpoch(id));
        }
        Ok(device)
    }
}

/// Makes a directory that only its owner can look into; one that is there stays as it is.
fn make_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// The portfolio of a collector directory; without a `portfolio.toml` nothing is ours yet.
pub fn read_portfolio(dir: &Path) -> anyhow::Result<Portfolio> {
    parse_portfolio(dir)?.map_err(|error| all_told(&dir.join(PORTFOLIO), &error.mistakes))
}

/// The journal of a directory that nobody may have opened; an error names each mistake with file and line.
pub fn read_journal(dir: &Path, portfolio: &Portfolio) -> anyhow::Result<Journal> {
    parse_journal(dir, portfolio)?.map_err(|error| all_told(&dir.join(JOURNAL), &error.mistakes))
}

fn all_told(file: &Path, mistakes: &[Mistake]) -> anyhow::Error {
    let file = file.display();
    let mistakes: Vec<String> = mistakes.iter().map(|mistake| format!("{file} {mistake}")).collect();
    anyhow!(mistakes.join("\n"))
}

/// Adds blocks to `portfolio.toml`. It is replaced whole or not at all; what would not be read back is not written.
pub fn append_to_portfolio(dir: &Path, blocks: &str) -> anyhow::Result<()> {
    let path = dir.join(PORTFOLIO);
    let before = fs::read_to_string(&path).with_context(|| {
        format!("read {}; where there is none, begin one from portfolio.example.toml", path.display())
    })?;
    let after = format!("{}\n{blocks}", before.trim_end());
    Portfolio::parse(&after, elsewhere_catalog::builtin())
        .map_err(|error| anyhow!("{} with what is to be added: {error}", path.display()))?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(after.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).with_context(|| format!("write {}", path.display()))?;
    Ok(())
}

fn parse_portfolio(dir: &Path) -> anyhow::Result<Result<Portfolio, PortfolioError>> {
    let parse = |text: &str| Portfolio::parse(text, elsewhere_catalog::builtin());
    Ok(read_if_there(&dir.join(PORTFOLIO))?.map_or_else(|| Ok(Portfolio::default()), |text| parse(&text)))
}

fn parse_journal(dir: &Path, portfolio: &Portfolio) -> anyhow::Result<Result<Journal, JournalError>> {
    let parse = |text: &str| Journal::parse(text, elsewhere_catalog::builtin(), portfolio);
    Ok(read_if_there(&dir.join(JOURNAL))?.map_or_else(|| Ok(Journal::default()), |text| parse(&text)))
}

fn read_if_there(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// The date in UTC.
pub fn utc_date(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now).date()
}

/// Why a device-day is not taken.
enum NotTaken {
    /// It is wrong, and stays so.
    Refused(String),
    /// It may be right, and the clock here wrong.
    NotNow(String),
}

/// The device-day, if it is right in itself and neither too old nor from the future.
///
/// Which of two clocks is wrong can't be told from a day of the future, so a device keeps it until that date has come. A day
/// that is too old is refused, since a device forgets nothing that it was not answered, unless our clock is in doubt.
fn judge(wire: &v1::DeviceDay, today: Date, in_doubt: bool) -> Result<DeviceDay, NotTaken> {
    let day = DeviceDay::try_from(wire).map_err(|error| NotTaken::Refused(error.to_string()))?;
    // No zone is more than a day ahead of UTC.
    if day.day > today.saturating_add(jiff::Span::new().days(1)) {
        let problem = format!(
            "day: {} is in the future by the collector's clock; it is taken when that date has come",
            day.day
        );
        return Err(NotTaken::NotNow(problem));
    }
    if Week::of(day.day).expiry() <= today {
        let problem = format!("day: {} is older than the 13 weeks that are kept", day.day);
        return Err(if in_doubt { NotTaken::NotNow(problem) } else { NotTaken::Refused(problem) });
    }
    Ok(day)
}

fn ack(wire: &v1::DeviceDay, not_taken: Option<&NotTaken>) -> DeviceDayAck {
    let (outcome, problem) = match not_taken {
        None => (Outcome::Unspecified, ""),
        Some(NotTaken::Refused(problem)) => (Outcome::Refused, &problem[..]),
        Some(NotTaken::NotNow(problem)) => (Outcome::Unspecified, &problem[..]),
    };
    DeviceDayAck {
        day: wire.day,
        revision: wire.revision,
        outcome: outcome.into(),
        fingerprint: Vec::new(),
        problem: problem.to_owned(),
    }
}

fn confirm(ack: &mut DeviceDayAck, applied: Option<Applied>) {
    let Some(applied) = applied else {
        "the collector can't store this week for now; the day is to be sent again"
            .clone_into(&mut ack.problem);
        return;
    };
    ack.set_outcome(if applied.stored { Outcome::Stored } else { Outcome::AlreadyStored });
    ack.fingerprint = applied.fingerprint.to_vec();
}

#[cfg(test)]
mod tests;
