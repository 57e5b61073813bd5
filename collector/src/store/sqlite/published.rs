//! The rollup file: published weeks, written whole in one transaction, checked against their hash when read; and signals.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use self::row::{Columns, figure, number, price_of, trust_of};
use super::file::File;
use crate::{
    published::{
        CatalogNews, PublishedEffect, PublishedFacet, PublishedNeed, PublishedSegment, PublishedService,
        PublishedWeek, WeekState,
    },
    store::StoreError,
    week::Week,
};

mod row;
pub(super) mod signals;

pub(super) const FILE: File = File {
    name: "rollup.db",
    steps: &[
        include_str!("../../../migrations/rollup/001_published.sql"),
        include_str!("../../../migrations/rollup/002_days_elsewhere.sql"),
        include_str!("../../../migrations/rollup/003_sufficient_figures.sql"),
        include_str!("../../../migrations/rollup/004_signals.sql"),
        include_str!("../../../migrations/rollup/005_own_tenant.sql"),
        include_str!("../../../migrations/rollup/006_catalog_news.sql"),
    ],
};

/// Replaces a running week, or freezes it. False, and nothing is written, if it is frozen already.
pub(super) fn publish(
    rollup: &mut Connection,
    week: &PublishedWeek,
    state: WeekState,
) -> Result<bool, StoreError> {
    let error = FILE.error("publish a week");
    let transaction = rollup.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&error)?;
    if matches!(self::state(&transaction, week.week)?, Some(WeekState::Frozen { .. })) {
        return Ok(false);
    }
    write(&transaction, week, state).map_err(&error)?;
    transaction.commit().map_err(&error)?;
    Ok(true)
}

/// Published weeks, oldest first.
pub(super) fn weeks(rollup: &Connection) -> Result<Vec<(Week, WeekState)>, StoreError> {
    let error = FILE.error("list the published weeks");
    let mut select = rollup
        .prepare_cached("SELECT frozen_at, before_its_end, week FROM published_weeks ORDER BY week")
        .map_err(&error)?;
    let rows = select
        .query_map([], |row| Ok((row.get::<_, String>(2)?, state_of(row)?)))
        .map_err(&error)?
        .collect::<rusqlite::Result<Vec<_>>>()
        .map_err(&error)?;
    let week = |(week, state): (String, _)| Ok((week.parse().map_err(|error| FILE.damaged(&error))?, state));
    rows.into_iter().map(week).collect()
}

/// One published week. One that is not what was released is called damaged.
pub(super) fn read(
    rollup: &Connection,
    week: Week,
) -> Result<Option<(PublishedWeek, WeekState)>, StoreError> {
    let error = FILE.error("read a published week");
    // One transaction, so that all its rows are of one moment.
    let snapshot = rollup.unchecked_transaction().map_err(&error)?;
    let Some((mut published, state, hash)) = head(&snapshot, week).map_err(&error)? else { return Ok(None) };
    published.segments = segments(&snapshot, week).map_err(&error)?;
    published.news = news(&snapshot, week).map_err(&error)?;
    if published.hash() != hash {
        return Err(FILE.damaged(&format!("week {week} is not what was released")));
    }
    Ok(Some((published, state)))
}

fn state(rollup: &Connection, week: Week) -> Result<Option<WeekState>, StoreError> {
    rollup
        .prepare_cached("SELECT frozen_at, before_its_end FROM published_weeks WHERE week = ?1")
        .and_then(|mut select| select.query_row([week.to_string()], state_of).optional())
        .map_err(FILE.error("read a week's state"))
}

fn state_of(row: &Row<'_>) -> rusqlite::Result<WeekState> {
    let Some(seconds) = row.get::<_, Option<i64>>(0)? else { return Ok(WeekState::Running) };
    let frozen_at =
        Timestamp::from_second(seconds).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, seconds))?;
    Ok(WeekState::Frozen { frozen_at, before_its_end: row.get(1)? })
}

fn write(transaction: &Transaction<'_>, week: &PublishedWeek, state: WeekState) -> rusqlite::Result<()> {
    let name = week.week.to_string();
    let (frozen_at, before_its_end) = match state {
        WeekState::Running => (None, false),
        WeekState::Frozen { frozen_at, before_its_end } => (Some(frozen_at.as_second()), before_its_end),
    };
    let price = week.price;
    transaction.execute("DELETE FROM published_weeks WHERE week = ?1", [&name])?;
    transaction.execute(
        "INSERT INTO published_weeks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            &name,
            week.minimum_group,
            frozen_at,
            before_its_end,
            week.hash(),
            price.organisation_by_need,
            price.segment_by_need,
            price.segment_by_service,
        ),
    )?;
    let mut news = transaction.prepare("INSERT INTO published_catalog_news VALUES (?1, ?2, ?3)")?;
    for CatalogNews { service, known } in &week.news {
        news.execute((&name, service, known))?;
    }
    let mut segments = transaction.prepare(
        "INSERT INTO published_segments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    let mut needs = transaction.prepare(
        "INSERT INTO published_needs VALUES
            (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    let mut services = transaction
        .prepare("INSERT INTO published_services VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    let mut facets =
        transaction.prepare("INSERT INTO published_facets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (segment, at) in week.segments.iter().zip(0u32..) {
        segments.execute(rusqlite::params_from_iter(segment.columns(&name, &[at])))?;
        for (need, need_at) in segment.needs.iter().zip(0u32..) {
            needs.execute(rusqlite::params_from_iter(need.columns(&name, &[at, need_at])))?;
            for (service, service_at) in need.services.iter().zip(0u32..) {
                let columns = service.columns(&name, &[at, need_at, service_at]);
                services.execute(rusqlite::params_from_iter(columns))?;
            }
            for PublishedFacet { facet, customers, effect } in &need.facets {
                let (mean, error) =
                    effect.map(|effect| (effect.mean_hundredths, effect.error_hundredths)).unzip();
                facets.execute((&name, at, need_at, facet.as_str(), customers, mean, error))?;
            }
        }
    }
    Ok(())
}

type Head = (PublishedWeek, WeekState, [u8; 32]);

fn head(rollup: &Connection, week: Week) -> rusqlite::Result<Option<Head>> {
    let mut select = rollup.prepare_cached(
        "SELECT frozen_at, before_its_end, minimum_group, hash,
            organisation_by_need, segment_by_need, segment_by_service
         FROM published_weeks WHERE week = ?1",
    )?;
    let read = |row: &Row<'_>| {
        let published = PublishedWeek {
            week,
            minimum_group: row.get(2)?,
            segments: Vec::new(),
            price: price_of(row, 4)?,
            news: Vec::new(),
        };
        Ok((published, state_of(row)?, row.get(3)?))
    };
    select.query_row([week.to_string()], read).optional()
}

fn news(rollup: &Connection, week: Week) -> rusqlite::Result<Vec<CatalogNews>> {
    let mut select = rollup.prepare_cached(
        "SELECT service, known FROM published_catalog_news WHERE week = ?1 ORDER BY service",
    )?;
    let read = |row: &Row<'_>| Ok(CatalogNews { service: row.get(0)?, known: row.get(1)? });
    select.query_map([week.to_string()], read)?.collect()
}

fn segments(rollup: &Connection, week: Week) -> rusqlite::Result<Vec<PublishedSegment>> {
    let mut select = rollup.prepare_cached(
        "SELECT segment, customers, left_us, came_back, devices_reporting, unnamed_tenths,
            encrypted_hello_tenths, encrypted_dns_tenths, tunnels_tenths, unwatched_tenths, lossy_days_tenths
         FROM published_segments WHERE week = ?1 ORDER BY position",
    )?;
    let read = |row: &Row<'_>| {
        Ok(PublishedSegment {
            segment: row::segment_of(row, 0)?,
            customers: figure(row, 1)?,
            left: figure(row, 2)?,
            came_back: figure(row, 3)?,
            trust: trust_of(row, 4)?,
            needs: Vec::new(),
        })
    };
    let mut segments: Vec<_> = select.query_map([week.to_string()], read)?.collect::<Result<_, _>>()?;
    needs(rollup, week, &mut segments)?;
    services(rollup, week, &mut segments)?;
    facets(rollup, week, &mut segments)?;
    Ok(segments)
}

fn needs(rollup: &Connection, week: Week, segments: &mut [PublishedSegment]) -> rusqlite::Result<()> {
    let mut select = rollup.prepare_cached(
        "SELECT segment, need, served, customers, customer_days, ours_alone, both, tolerated, elsewhere_alone,
            customers_elsewhere, customers_ours_or_elsewhere, customers_both, left_us, came_back,
            other_services_customers, elsewhere
         FROM published_needs WHERE week = ?1 ORDER BY segment, position",
    )?;
    let mut rows = select.query([week.to_string()])?;
    while let Some(row) = rows.next()? {
        let need = PublishedNeed {
            need: row.get(1)?,
            served: row.get(2)?,
            customers: figure(row, 3)?,
            customer_days: figure(row, 4)?,
            ours_alone: figure(row, 5)?,
            both: figure(row, 6)?,
            tolerated: figure(row, 7)?,
            elsewhere_alone: figure(row, 8)?,
            customers_elsewhere: figure(row, 9)?,
            customers_ours_or_elsewhere: figure(row, 10)?,
            customers_both: figure(row, 11)?,
            left: figure(row, 12)?,
            came_back: figure(row, 13)?,
            other_services_customers: figure(row, 14)?,
            elsewhere: figure(row, 15)?,
            services: Vec::new(),
            facets: Vec::new(),
        };
        if let Some(segment) = segments.get_mut(number(row, 0)?) {
            segment.needs.push(need);
        }
    }
    Ok(())
}

fn services(rollup: &Connection, week: Week, segments: &mut [PublishedSegment]) -> rusqlite::Result<()> {
    let mut select = rollup.prepare_cached(
        "SELECT segment, need, service, sanction_status, customers, customer_days, customers_present,
            customers_in_our_tenant
         FROM published_services WHERE week = ?1 ORDER BY segment, need, position",
    )?;
    let mut rows = select.query([week.to_string()])?;
    while let Some(row) = rows.next()? {
        let service = PublishedService {
            service: row.get(2)?,
            sanction_status: row::status_of(row, 3)?,
            customers: figure(row, 4)?,
            customer_days: figure(row, 5)?,
            customers_present: figure(row, 6)?,
            customers_in_our_tenant: row.get(7)?,
        };
        let need = number(row, 1)?;
        if let Some(need) = segments.get_mut(number(row, 0)?).and_then(|segment| segment.needs.get_mut(need))
        {
            need.services.push(service);
        }
    }
    Ok(())
}

fn facets(rollup: &Connection, week: Week, segments: &mut [PublishedSegment]) -> rusqlite::Result<()> {
    let mut select = rollup.prepare_cached(
        "SELECT segment, need, facet, customers, mean_hundredths, error_hundredths
         FROM published_facets WHERE week = ?1",
    )?;
    let mut rows = select.query([week.to_string()])?;
    while let Some(row) = rows.next()? {
        let effect: (Option<i32>, Option<u32>) = (row.get(4)?, row.get(5)?);
        let effect = effect.0.zip(effect.1);
        let facet = PublishedFacet {
            facet: row::facet_of(row, 2)?,
            customers: row.get(3)?,
            effect: effect.map(|(mean_hundredths, error_hundredths)| PublishedEffect {
                mean_hundredths,
                error_hundredths,
            }),
        };
        let need = number(row, 1)?;
        if let Some(need) = segments.get_mut(number(row, 0)?).and_then(|segment| segment.needs.get_mut(need))
        {
            need.facets.push(facet);
        }
    }
    // As they were written: in the order of the facets.
    for need in segments.iter_mut().flat_map(|segment| &mut segment.needs) {
        need.facets.sort_unstable_by_key(|facet| facet.facet);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
