//! Published values as columns, and back. What can't be one is an error of the column.

use jiff::civil::Date;
use rusqlite::{Row, types::Type, types::Value};

use crate::{
    portfolio::SanctionStatus,
    published::{Figure, Price, PublishedNeed, PublishedSegment, PublishedService, Reason, Trust},
    rollup::Facet,
    segment::Segment,
};

/// Stands for [`Reason::K`].
const HIDDEN_BY_K: i64 = -1;
/// Stands for [`Reason::OfferedNotVisible`].
const HIDDEN_NOT_VISIBLE: i64 = -2;

/// A published row, in the order of its table's columns: the week, its position, the rest.
pub(super) trait Columns {
    /// The values of all columns.
    fn columns(&self, week: &str, position: &[u32]) -> Vec<Value>;
}

impl Columns for PublishedSegment {
    fn columns(&self, week: &str, position: &[u32]) -> Vec<Value> {
        let mut columns = key(week, position);
        columns.push(self.segment.as_ref().map(ToString::to_string).unwrap_or_default().into());
        columns.extend([self.customers, self.left, self.came_back].map(value));
        let trust = self.trust.map(|trust| {
            [
                i64::from(trust.devices_reporting),
                i64::from(trust.unnamed_tenths),
                i64::from(trust.encrypted_hello_tenths),
                i64::from(trust.encrypted_dns_tenths),
                i64::from(trust.tunnels_tenths),
                i64::from(trust.unwatched_tenths),
                i64::from(trust.lossy_days_tenths),
            ]
        });
        columns.extend(trust.map_or([const { Value::Null }; 7], |trust| trust.map(Value::Integer)));
        columns
    }
}

impl Columns for PublishedNeed {
    fn columns(&self, week: &str, position: &[u32]) -> Vec<Value> {
        let mut columns = key(week, position);
        columns.extend([self.need.clone().into(), self.served.into()]);
        let figures = [
            self.customers,
            self.customer_days,
            self.ours_alone,
            self.both,
            self.tolerated,
            self.elsewhere_alone,
            self.customers_elsewhere,
            self.customers_ours_or_elsewhere,
            self.customers_both,
            self.left,
            self.came_back,
            self.other_services_customers,
            self.elsewhere,
        ];
        columns.extend(figures.map(value));
        columns
    }
}

impl Columns for PublishedService {
    fn columns(&self, week: &str, position: &[u32]) -> Vec<Value> {
        let mut columns = key(week, position);
        columns.extend([self.service.clone().into(), self.sanction_status.as_str().to_owned().into()]);
        columns.extend([self.customers, self.customer_days, self.customers_present].map(value));
        columns
            .push(self.customers_in_our_tenant.map_or(Value::Null, |customers| i64::from(customers).into()));
        columns
    }
}

fn key(week: &str, position: &[u32]) -> Vec<Value> {
    let week = std::iter::once(Value::from(week.to_owned()));
    week.chain(position.iter().map(|at| Value::from(*at))).collect()
}

fn value(figure: Figure) -> Value {
    Value::Integer(match figure {
        Figure::Shown(count) => i64::from(count),
        Figure::Hidden(Reason::K) => HIDDEN_BY_K,
        Figure::Hidden(Reason::OfferedNotVisible) => HIDDEN_NOT_VISIBLE,
    })
}

/// A figure from a column.
pub(super) fn figure(row: &Row<'_>, column: usize) -> rusqlite::Result<Figure> {
    match row.get(column)? {
        HIDDEN_BY_K => Ok(Figure::Hidden(Reason::K)),
        HIDDEN_NOT_VISIBLE => Ok(Figure::Hidden(Reason::OfferedNotVisible)),
        count => u32::try_from(count)
            .map(Figure::Shown)
            .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, count)),
    }
}

/// A position from a column.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    row.get::<_, u32>(column).map(|number| number as usize)
}

/// The segment of a column; empty is everybody.
pub(super) fn segment_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Segment>> {
    let text: String = row.get(column)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| unreadable(column, error))
}

/// The date of a column.
pub(super) fn date_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Date> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: jiff::Error| unreadable(column, error))
}

/// The status of a column.
pub(super) fn status_of(row: &Row<'_>, column: usize) -> rusqlite::Result<SanctionStatus> {
    let text: String = row.get(column)?;
    text.parse().map_err(|()| unreadable(column, format!("'{text}' is no sanction status")))
}

/// The facet of a column.
pub(super) fn facet_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Facet> {
    let text: String = row.get(column)?;
    let facet = Facet::ALL.into_iter().find(|facet| facet.as_str() == text);
    facet.ok_or_else(|| unreadable(column, format!("'{text}' is no facet")))
}

/// Seven columns from this one on, or none.
pub(super) fn trust_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Trust>> {
    let Some(devices_reporting) = row.get(first)? else { return Ok(None) };
    Ok(Some(Trust {
        devices_reporting,
        unnamed_tenths: row.get(first + 1)?,
        encrypted_hello_tenths: row.get(first + 2)?,
        encrypted_dns_tenths: row.get(first + 3)?,
        tunnels_tenths: row.get(first + 4)?,
        unwatched_tenths: row.get(first + 5)?,
        lossy_days_tenths: row.get(first + 6)?,
    }))
}

/// Three columns from this one on.
pub(super) fn price_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Price> {
    Ok(Price {
        organisation_by_need: row.get(first)?,
        segment_by_need: row.get(first + 1)?,
        segment_by_service: row.get(first + 2)?,
    })
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
