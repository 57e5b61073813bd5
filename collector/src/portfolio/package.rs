//! Service packages: what IT offers for a need, as its customers would describe it.

use std::ops::Range;

use toml::de::DeTable;

use super::{OwnService, file::Reader};
use crate::{
    insight::why::Reason,
    toml_file::{Value, key_span, short},
};

/// What IT offers for a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Id of the need.
    pub need: String,
    /// The facilitating product: id of the service that the rest is about.
    pub product: String,
    /// Paid seats.
    pub seats: Option<u32>,
    /// Of a seat in a month, in hundredths of the currency.
    pub price_hundredths: Option<u32>,
    /// What the rest of it is, in the order of the file.
    pub lines: Vec<PackageLine>,
}

/// One line of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageLine {
    /// Which part of the package it is.
    pub part: PackagePart,
    /// In a few words.
    pub what: String,
    /// What shows whether it holds; `None` is not visible from here.
    pub measure: Option<Measure>,
}

/// Parts of a service package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackagePart {
    /// How customers come to know and use it.
    Information,
    /// What they get and can name.
    Explicit,
    /// What they feel.
    Implicit,
    /// Whom it is made for.
    Persona,
}

/// What of the published figures shows whether a line of a package holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Customers with ours, of the paid seats.
    SeatsInUse,
    /// Customers elsewhere who were never with us, of all elsewhere.
    NeverOurs,
    /// Customers elsewhere, of those with ours or elsewhere.
    ElsewhereRate,
    /// Customers who came back.
    CameBack,
    /// A reason why customers go elsewhere: the line holds where it is none.
    Reason(Reason),
}

impl PackagePart {
    /// All, as files and API spell them.
    pub const ALL: [Self; 4] = [Self::Information, Self::Explicit, Self::Implicit, Self::Persona];

    /// As files and API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Explicit => "explicit",
            Self::Implicit => "implicit",
            Self::Persona => "persona",
        }
    }
}

impl Measure {
    /// As files and API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeatsInUse => "seats_in_use",
            Self::NeverOurs => "never_ours",
            Self::ElsewhereRate => "elsewhere_rate",
            Self::CameBack => "came_back",
            Self::Reason(reason) => reason.as_str(),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        let own = [Self::SeatsInUse, Self::NeverOurs, Self::ElsewhereRate, Self::CameBack];
        own.into_iter().chain(Reason::ALL.map(Self::Reason))
    }
}

impl Reader<'_> {
    /// A `[[package]]`, whose lines are `[[package.line]]`.
    pub(super) fn package(
        &mut self,
        table: &DeTable<'_>,
        span: &Range<usize>,
        own: &[OwnService],
    ) -> Option<Package> {
        self.file.refuse_other_keys(table, &["need", "product", "seats", "price", "line"], "a package");
        let need = self.file.required_text(table, "need", span);
        if let Some(need) = &need {
            self.check_need(need, &key_span(table, "need", span));
        }
        let product = self.file.required_text(table, "product", span)?;
        if self.catalog.service(&product).is_none() && !own.iter().any(|own| own.id == product) {
            let problem = format!(
                "product '{}' is neither in the catalog nor an [[own_service]] of this file",
                short(&product)
            );
            self.file.mistake(&key_span(table, "product", span), problem);
        }
        let seats = table.get("seats").and_then(|value| self.file.number(value, 1..=10_000_000));
        let price = table.get("price").and_then(|value| self.price(value));
        let lines = self.file.tables(table, "line");
        let lines = lines.into_iter().filter_map(|(table, span)| self.package_line(table, &span)).collect();
        Some(Package { need: need?, product, seats, price_hundredths: price, lines })
    }

    fn package_line(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<PackageLine> {
        self.file.refuse_other_keys(table, &["part", "what", "measure"], "a line of a package");
        let part = self.file.required_text(table, "part", span)?;
        let known = PackagePart::ALL.into_iter().find(|known| known.as_str() == part);
        if known.is_none() {
            let all = PackagePart::ALL.map(PackagePart::as_str).join(", ");
            let problem = format!("part '{}' is none of {all}", short(&part));
            self.file.mistake(&key_span(table, "part", span), problem);
        }
        let what = self.file.required_text(table, "what", span);
        let measure = match table.get("measure") {
            None => None,
            Some(value) => Some(self.measure(value)?),
        };
        Some(PackageLine { part: known?, what: what?, measure })
    }

    fn measure(&mut self, value: &Value<'_>) -> Option<Measure> {
        let text = self.file.text(value)?;
        let known = Measure::all().find(|known| known.as_str() == text);
        if known.is_none() {
            let all: Vec<&str> = Measure::all().map(Measure::as_str).collect();
            let problem = format!(
                "measure '{}' is none of {}; leave it out for what is not visible from here",
                short(&text),
                all.join(", ")
            );
            self.file.mistake(&value.span(), problem);
        }
        known
    }

    /// `"4.50"`: whole numbers are exact in a file, prices with a point would not be.
    fn price(&mut self, value: &Value<'_>) -> Option<u32> {
        let text = self.file.text(value)?;
        let (whole, part) = text.split_once('.').unwrap_or((&text, "00"));
        let digits =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok());
        let price = digits(whole).flatten().zip(digits(part).flatten().filter(|_| part.len() == 2));
        let price = price.and_then(|(whole, part)| whole.checked_mul(100)?.checked_add(part));
        if price.is_none() {
            let problem = format!("'{}' is no price; write it like \"4.50\"", short(&text));
            self.file.mistake(&value.span(), problem);
        }
        price
    }
}
