//! What is publicly known about a service besides its names: a closed set of attributes, each with a form of its own, so
//! that one service can be held beside another.

/// What can be known about a service. The first five matter to a customer, the rest to IT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeName {
    /// What one gets without paying.
    FreeTier,
    /// The largest file or transfer; without paying, where that is possible.
    SizeLimit,
    /// Whether somebody invited can take part without an account of their own.
    GuestsWithoutAccount,
    /// The cheapest plan that is paid for.
    ListPrice,
    /// How long it keeps what one leaves there; without paying, where that is possible.
    KeptFor,
    /// A second factor at sign-in.
    Mfa,
    /// The cheapest plan with single sign-on.
    SsoPrice,
    /// Whether an organisation can run it on machines of its own.
    SelfHostable,
}

/// What an attribute says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Not at all.
    No,
    /// Yes, without a figure.
    Yes,
    /// There is no limit to it.
    Unlimited,
    /// In every paid plan.
    Included,
    /// A price that nobody publishes.
    OnRequest,
    /// A size.
    Bytes(u64),
    /// A time.
    Hours(u64),
    /// A price.
    Price(Price),
    /// Allowances or factors: known words, to be read as they are written.
    Words,
}

/// A list price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// In hundredths of the currency.
    pub cents: u64,
    /// Three letters, such as `USD`.
    pub currency: &'static str,
    /// How many months it pays for: 1 or 12.
    pub months: u8,
    /// For each person.
    pub per_seat: bool,
}

impl AttributeName {
    /// All attributes, in the order in which people read them.
    pub const ALL: [AttributeName; 8] = [
        AttributeName::FreeTier,
        AttributeName::SizeLimit,
        AttributeName::GuestsWithoutAccount,
        AttributeName::ListPrice,
        AttributeName::KeptFor,
        AttributeName::Mfa,
        AttributeName::SsoPrice,
        AttributeName::SelfHostable,
    ];

    /// The word for it in the catalog's files and in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            AttributeName::FreeTier => "free_tier",
            AttributeName::SizeLimit => "size_limit",
            AttributeName::GuestsWithoutAccount => "guests_without_account",
            AttributeName::ListPrice => "list_price",
            AttributeName::KeptFor => "kept_for",
            AttributeName::Mfa => "mfa",
            AttributeName::SsoPrice => "sso_price",
            AttributeName::SelfHostable => "self_hostable",
        }
    }

    /// Reads what a value of this attribute says; an error tells which form it has.
    pub fn read(self, text: &str) -> Result<Value, &'static str> {
        use AttributeName::{
            FreeTier, GuestsWithoutAccount, KeptFor, ListPrice, Mfa, SelfHostable, SizeLimit, SsoPrice,
        };
        let value = match (self, text) {
            (FreeTier | GuestsWithoutAccount | Mfa | SsoPrice | SelfHostable, "no") => Some(Value::No),
            (FreeTier | GuestsWithoutAccount | Mfa | SelfHostable, "yes") => Some(Value::Yes),
            (SizeLimit | KeptFor, "unlimited") => Some(Value::Unlimited),
            (SsoPrice, "included") => Some(Value::Included),
            (ListPrice | SsoPrice, "on request") => Some(Value::OnRequest),
            (FreeTier, _) => allowances(text),
            (SizeLimit, _) => size(text),
            (KeptFor, _) => time(text),
            (Mfa, _) => factors(text),
            (ListPrice | SsoPrice, _) => price(text),
            (GuestsWithoutAccount | SelfHostable, _) => None,
        };
        value.ok_or(self.form())
    }

    /// What a value of this attribute looks like.
    fn form(self) -> &'static str {
        match self {
            AttributeName::FreeTier => {
                "`no`, `yes` or allowances like `15 GB` and `100 participants, 40 minutes/meeting`"
            }
            AttributeName::SizeLimit => "`unlimited` or a size like `3 GB`",
            AttributeName::GuestsWithoutAccount | AttributeName::SelfHostable => "`yes` or `no`",
            AttributeName::ListPrice => "`on request` or a price like `12.50 USD/month/seat`",
            AttributeName::KeptFor => "`unlimited` or a time like `7 days`",
            AttributeName::Mfa => {
                "`no`, `yes` or a list of `app-code`, `security-key`, `own-app`, `own-token`, `sms`, `call` and `email`"
            }
            AttributeName::SsoPrice => {
                "`no`, `included`, `on request` or a price like `12.50 USD/month/seat`"
            }
        }
    }
}

/// What may be counted in a free tier.
const COUNTED: [&str; 26] = [
    "boards",
    "characters",
    "contacts",
    "credits",
    "devices",
    "documents",
    "emails",
    "events",
    "files",
    "forms",
    "images",
    "messages",
    "minutes",
    "pages",
    "participants",
    "projects",
    "records",
    "requests",
    "responses",
    "runs",
    "seats",
    "signatures",
    "tasks",
    "transfers",
    "videos",
    "words",
];

/// What an allowance can be for.
const PER: [&str; 5] = ["day", "month", "meeting", "form", "seat"];

fn allowances(text: &str) -> Option<Value> {
    let is_allowance = |text: &str| {
        let (amount, per) = text.split_once('/').map_or((text, None), |(amount, per)| (amount, Some(per)));
        let is_count = || {
            amount
                .split_once(' ')
                .is_some_and(|(count, of)| decimal(count, 0).is_some() && COUNTED.contains(&of))
        };
        per.is_none_or(|per| PER.contains(&per)) && (size(amount).is_some() || is_count())
    };
    text.split(", ").all(is_allowance).then_some(Value::Words)
}

fn factors(text: &str) -> Option<Value> {
    const FACTORS: [&str; 7] = ["app-code", "security-key", "own-app", "own-token", "sms", "call", "email"];
    text.split(", ").all(|factor| FACTORS.contains(&factor)).then_some(Value::Words)
}

fn size(text: &str) -> Option<Value> {
    let (number, unit) = text.split_once(' ')?;
    let bytes: u64 = match unit {
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    Some(Value::Bytes(decimal(number, 3)?.checked_mul(bytes / 1_000)?))
}

fn time(text: &str) -> Option<Value> {
    let (number, unit) = text.split_once(' ')?;
    let hours = match unit.strip_suffix('s').unwrap_or(unit) {
        "hour" => 1,
        "day" => 24,
        "month" => 30 * 24,
        "year" => 365 * 24,
        _ => return None,
    };
    Some(Value::Hours(decimal(number, 0)?.checked_mul(hours)?))
}

fn price(text: &str) -> Option<Value> {
    let (number, rest) = text.split_once(' ')?;
    // `12.5` leaves open whether a digit was lost.
    if number.split_once('.').is_some_and(|(_, cents)| cents.len() != 2) {
        return None;
    }
    let (currency, per) = rest.split_once('/')?;
    let currency = ["USD", "EUR", "GBP", "CHF"].into_iter().find(|known| *known == currency)?;
    let (period, per_seat) = per.strip_suffix("/seat").map_or((per, false), |period| (period, true));
    let months = match period {
        "month" => 1,
        "year" => 12,
        _ => return None,
    };
    Some(Value::Price(Price { cents: decimal(number, 2)?, currency, months, per_seat }))
}

/// A plain number above 0 in units of its last of `places`: `2.5` is 250 with two places. No sign, no leading 0 but one.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = whole == "0" || !whole.starts_with('0');
    if !is_number(whole) || !is_plain || part.is_some_and(|part| !is_number(part) || part.len() > places) {
        return None;
    }
    let digits = format!("{whole}{:0<places$}", part.unwrap_or_default());
    digits.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests;
