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

/// Services whose evidence keeps them here; one that was left, and another one used, is told with that.
fn services_that_stayed(day: &Day) -> usize {
    let spills = day.spills_told();
    let is_told = |id: &str| {
        spills.iter().any(|spill| spill.from == id)
            || day.rows_of(id).any(|usage| usage.evidence() >= Evidence::Present)
    };
    let mut services = BTreeSet::new();
    for usage in &day.usages {
        if let Used::Service(id) = &usage.key.used
            && !is_told(id)
        {
            services.insert(id);
        }
    }
    services.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app_class::AppClass,
        summarize::{Left, Place, Spill, Usage, UsageKey},
    };

    #[test]
    fn only_services_of_which_nothing_is_sent_stayed() {
        let row = |id: &str, place, up| {
            let used = Used::Service(id.into());
            let mut usage = Usage::new(UsageKey { used, app_class: AppClass::Unknown, place });
            usage.seen.listed = true;
            usage.seen.front.sent_at_once = up;
            usage.seen.own_front = true;
            usage
        };
        let mut day = Day::new("2026-11-13".parse().unwrap());
        day.usages = vec![
            row("deepl", Place::Office, 100),
            row("outlook", Place::Office, 100),
            row("wetransfer", Place::Office, 100),
            row("wetransfer", Place::Away, 9_000_000),
        ];
        assert_eq!(services_that_stayed(&day), 2);
        day.spills = vec![Spill { from: "outlook".into(), to: "wetransfer".into(), count: 1 }];
        assert_eq!(services_that_stayed(&day), 1, "that it was left is told");
        for usage in &mut day.usages {
            (usage.need, usage.tries) = (Some("send-once".into()), 1);
        }
        day.usages[0].left = Left { tries: 1, seconds: 600 };
        assert_eq!(services_that_stayed(&day), 0, "and that it could have been left for another");
    }
}
