//! ISO weeks: the collector's unit of freezing, publishing and retention.

use std::{fmt, str::FromStr};

use jiff::civil::{Date, ISOWeekDate, Weekday};

/// An ISO 8601 week, Monday to Sunday, written `2026-W46`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Week {
    monday: Date,
}

/// Days that device-level rows are kept at most: 13 weeks. Privacy rule; it can't be set.
const KEPT_DAYS: i64 = 91;

/// Why a text is no week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no ISO week; write it like 2026-W46")]
pub struct WeekError(String);

impl Week {
    /// The week that a date lies in.
    pub fn of(date: Date) -> Self {
        let days_past = i64::from(date.weekday().to_monday_zero_offset());
        Self { monday: date.saturating_sub(jiff::Span::new().days(days_past)) }
    }

    /// Its first day.
    pub fn monday(self) -> Date {
        self.monday
    }

    /// Its last day.
    pub fn sunday(self) -> Date {
        self.monday.saturating_add(jiff::Span::new().days(6))
    }

    /// The date at which nothing of a single device is kept from this week any more: its first day turns 91 days old.
    pub fn expiry(self) -> Date {
        self.monday.saturating_add(jiff::Span::new().days(KEPT_DAYS))
    }

    /// The week `weeks` later, or earlier where negative.
    #[must_use]
    pub fn plus(self, weeks: i64) -> Self {
        Self { monday: self.monday.saturating_add(jiff::Span::new().weeks(weeks)) }
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", iso.year(), iso.week())
    }
}

impl FromStr for Week {
    type Err = WeekError;

    fn from_str(text: &str) -> Result<Self, WeekError> {
        let error = || WeekError(text.chars().take(40).collect());
        let (year, week) = text.split_once("-W").ok_or_else(error)?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if year.len() != 4 || week.len() != 2 || !digits(year) || !digits(week) {
            return Err(error());
        }
        let (year, week) = (year.parse().map_err(|_| error())?, week.parse().map_err(|_| error())?);
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| error())?;
        Ok(Self { monday: monday.date() })
    }
}

impl serde::Serialize for Week {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Week {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn weeks_are_written_as_they_are_read() {
        for text in ["2026-W46", "2026-W53", "2027-W01", "2020-W53"] {
            assert_eq!(text.parse::<Week>().unwrap().to_string(), text);
        }
        for text in ["", "2026-46", "2026-W54", "2027-W53", "2026-W00", "26-W46", "2026-W4٣", "2026-W+1"] {
            assert!(text.parse::<Week>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_week_of_the_new_year_may_begin_in_the_old() {
        let week = Week::of(date(2027, 1, 1));
        assert_eq!(
            (week.to_string().as_str(), week.monday(), week.sunday()),
            ("2026-W53", date(2026, 12, 28), date(2027, 1, 3))
        );
        assert_eq!(week.plus(1).to_string(), "2027-W01");
    }
}
