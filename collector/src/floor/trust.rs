//! How much of a segment was seen, told so that it says no more of anybody than the other figures do.
//!
//! A device that reports is mostly one customer seen, so exact percents of a small segment, set against those around it,
//! would count the customers of one that is withheld. They are percents of the middle of what the devices are rounded
//! down to, as customers are. Of the other shares one device is behind seven days at most: each share is rounded to what
//! two steps of customer-days are of all, so that who knows all of a segment but one does not learn for how long the agent
//! of the one was down. Of a segment of five that leaves thirds; of two hundred, percents. Connections are shared among the
//! days as if each had as many: a device with far more than the others may still move their shares by a step of its own.

use super::{price::percent, rounding::Rounding};
use crate::{published::Trust, rollup::Node};

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Of a segment whose customers are shown.
pub(super) fn trust(node: &Node, rounding: Rounding) -> Trust {
    let devices = u64::from(node.devices);
    let reporting = u64::from(rounding.middle_of_customers(node.devices_reporting)).min(devices);
    let of_connections =
        |part: u64| part.saturating_mul(node.device_days).checked_div(node.connections).unwrap_or(0);
    let tenths = |days: u64| tenths(days.min(node.device_days), node.device_days, rounding);
    Trust {
        devices_reporting: percent(reporting, devices).unwrap_or(0),
        unnamed_tenths: tenths(of_connections(node.unnamed)),
        encrypted_hello_tenths: tenths(of_connections(node.encrypted_hello)),
        encrypted_dns_tenths: tenths(of_connections(node.encrypted_dns)),
        tunnels_tenths: tenths(of_connections(node.tunnels)),
        unwatched_tenths: tenths(node.unwatched_seconds / DAY_SECONDS),
        lossy_days_tenths: tenths(node.lossy_device_days),
    }
}

/// Tenths of a percent that so many days are of all, both as days are shown.
fn tenths(days: u64, all: u64, rounding: Rounding) -> u16 {
    let [days, all] =
        [days, all].map(|days| u64::from(rounding.days(u32::try_from(days).unwrap_or(u32::MAX / 2))));
    let tenths = (days * 1000).checked_div(all).unwrap_or(0).min(1000);
    u16::try_from(tenths).expect("it is at most 1000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(devices: u32, reporting: u32, days: u64) -> Node {
        Node {
            customers: reporting,
            devices,
            devices_reporting: reporting,
            device_days: days,
            connections: days * 100,
            ..Node::default()
        }
    }

    fn of(node: &Node) -> Trust {
        trust(node, Rounding::of(5))
    }

    #[test]
    fn devices_that_are_rounded_alike_are_told_alike() {
        let told = |reporting| of(&node(26, reporting, 100)).devices_reporting;
        assert_eq!([20, 21, 24].map(told), [84, 84, 84]);
        assert_eq!([14, 19, 25, 26].map(told), [46, 65, 100, 100], "never more than there are");
    }

    #[test]
    fn a_segment_that_reports_whole_is_never_told_as_hardly_reporting() {
        for devices in 5..500 {
            assert!(of(&node(devices, devices, 100)).devices_reporting >= 75, "{devices}");
        }
    }

    /// Five devices of five days each: one of them is down all week, or half its connections are tunnels.
    #[test]
    fn one_device_of_a_small_segment_moves_no_share_by_less_than_a_step() {
        let calm = of(&node(5, 5, 25));
        let down = |days: u64| of(&Node { unwatched_seconds: days * DAY_SECONDS, ..node(5, 5, 25) });
        assert_eq!([1, 4].map(down), [calm, calm]);
        assert_eq!(down(7).unwatched_tenths, 333);
        assert_eq!(of(&Node { tunnels: 250, ..node(5, 5, 25) }), calm);
        assert_eq!(of(&Node { lossy_device_days: 5, ..node(5, 5, 25) }).lossy_days_tenths, 333);
    }

    #[test]
    fn a_large_segment_is_told_to_the_tenth() {
        let large =
            Node { unnamed: 34_200, unwatched_seconds: 71 * DAY_SECONDS, ..node(2_000, 1_990, 10_000) };
        let told = of(&large);
        assert_eq!((told.devices_reporting, told.unnamed_tenths, told.unwatched_tenths), (99, 34, 7));
    }
}
