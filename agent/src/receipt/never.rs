//! The part of the receipt about what stays: what the agent never writes down, and what it counts here only.

use std::{
    collections::BTreeSet,
    fmt::{self, Write},
};

use super::{Receipt, day::date};
use crate::{
    evidence::Evidence,
    summarize::{Day, Used},
};

pub(super) fn write(receipt: &Receipt<'_>, page: &mut String) -> fmt::Result {
    writeln!(page, "\nNEVER LEFT THIS LAPTOP")?;
    writeln!(
        page,
        "  page addresses, titles, contents, file names, what you typed, accounts, program names, addresses"
    )?;
    if let Some(record) = receipt.records.last() {
        let (services, names) = (services_that_stayed(&record.state), record.state.names_left_out);
        let day = date(record.day);
        writeln!(
            page,
            "  services that were only embedded in a page or only looked at: {services} on {day}"
        )?;
        writeln!(
            page,
            "  names outside the catalog that were only reached or looked at: {names} on {day}, not written down"
        )?;
    }
    writeln!(
        page,
        "  health, dating, faith, unions, banking, politics, job search and other private matters: dropped as"
    )?;
    writeln!(page, "    seen and not written down, so not even this page can list them")?;
    match receipt.records.last() {
        Some(record) => writeln!(
            page,
            "  advertising, system and update traffic: {} connections on {}; only this number is sent",
            record.state.blind_spots.plumbing,
            date(record.day)
        ),
        None => Ok(()),
    }
}

/// Services whose evidence keeps them here.
fn services_that_stayed(day: &Day) -> usize {
    let mut services = BTreeSet::new();
    for usage in &day.usages {
        if let Used::Service(id) = &usage.key.used
            && usage.evidence() < Evidence::Present
        {
            services.insert(id);
        }
    }
    services.len()
}
