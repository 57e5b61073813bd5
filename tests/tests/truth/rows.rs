//! Published rows against the truth.

use elsewhere_tests::fleet::{
    Truth,
    story::{Offer, Status},
    truth::{EVERYBODY, NeedTruth, Reach, SegmentTruth},
};
use serde_json::Value;

/// Smallest group that may be shown.
pub(crate) const K: usize = 5;

/// Customer-days as they are shown: to the nearest 10.
pub(crate) fn rounded(days: usize) -> usize {
    (days + 5) / 10 * 10
}

/// Checks one week's rows. Hands back how many figures they show.
pub(crate) fn compare(published: &Value, truth: &Truth) -> usize {
    let week = published["week"].as_str().unwrap();
    let segments = &truth.weeks[week];
    let number = truth.weeks.keys().position(|known| known == week).unwrap();
    let is_ours =
        |offer: &&Offer| offer.status == Status::Sanctioned && offer.since_week as usize <= number + 1;
    let service = |offer: &Offer| elsewhere_catalog::builtin().service(offer.service);
    let offered = truth.portfolio.iter().filter(is_ours).filter_map(service);
    let ours = offered.filter(|service| !service.as_often_private());
    let ours = ours.map(|service| (service.id().to_owned(), service.need().to_owned())).collect();
    let mut check = Check { at: week.to_owned(), shown: 0, ours };
    for row in published["segments"].as_array().unwrap() {
        let name = row["segment"].as_str().unwrap();
        let name = if name == "all" { EVERYBODY } else { name };
        check.at = format!("{week} {name}");
        check.segment(row, segments.get(name).unwrap_or(&SegmentTruth::default()));
        for need in row["needs"].as_array().unwrap() {
            let id = need["need"].as_str().unwrap();
            let (nothing, segment) = (NeedTruth::default(), segments.get(name));
            let known = segment.and_then(|segment| segment.needs.get(id));
            check.at = format!("{week} {name} {id}");
            check.need(need, known.unwrap_or(&nothing));
            if truth.withheld_needs.contains(id) {
                check.is_withheld(need);
            }
        }
    }
    check.shown
}

/// Where we are, and how many figures were shown there.
pub(crate) struct Check {
    pub(crate) at: String,
    pub(crate) shown: usize,
    /// Services of ours that week, and their needs.
    pub(crate) ours: Vec<(String, String)>,
}

impl Check {
    fn segment(&mut self, row: &Value, truth: &SegmentTruth) {
        self.customers(&row["customers"], truth.customers);
        self.customers(&row["left"], truth.left);
        self.customers(&row["came_back"], truth.came_back);
        if truth.customers < K || !is_shown(&row["customers"]) {
            assert!(row["trust"].is_null(), "{}: tells how much of a small group was seen", self.at);
            return;
        }
        let seen = &truth.seen;
        // The middle of what the devices are rounded down to.
        let reporting = (seen.devices_reporting / 5 * 5 + 2).min(seen.devices);
        self.share(&row["trust"]["devices_reporting"], reporting * 100, seen.devices);
        let device_days = rounded(seen.device_days);
        for (figure, part) in [
            ("unnamed_tenths", seen.unnamed),
            ("encrypted_hello_tenths", seen.encrypted_hello),
            ("encrypted_dns_tenths", seen.encrypted_dns),
            ("tunnels_tenths", seen.tunnels),
        ] {
            let days = part * seen.device_days as u64 / seen.connections.max(1);
            let days = rounded(usize::try_from(days).unwrap());
            self.share(&row["trust"][figure], (days * 1000).min(device_days * 1000), device_days);
        }
    }

    fn need(&mut self, row: &Value, truth: &NeedTruth) {
        self.customers(&row["customers"], truth.customers);
        self.days(&row["customer_days"], truth.customers, truth.customer_days);
        for part in ["ours_alone", "both", "tolerated", "elsewhere_alone"] {
            let reach = truth.parts.get(part).copied().unwrap_or_default();
            self.part(&row[part], part, reach);
        }
        let elsewhere = ["both", "elsewhere_alone"].map(|part| truth.parts.get(part));
        let days = elsewhere.into_iter().flatten().map(|reach| reach.customer_days).sum();
        self.days(&row["elsewhere"], truth.customers_elsewhere, days);
        self.customers(&row["customers_elsewhere"], truth.customers_elsewhere);
        self.customers(&row["customers_ours_or_elsewhere"], truth.customers_ours_or_elsewhere);
        self.customers(&row["customers_both"], truth.customers_both);
        self.customers(&row["left"], truth.left);
        self.customers(&row["came_back"], truth.came_back);
        self.customers(&row["other_services_customers"], truth.small_services_customers);
        let only_ours = self.only_ours(row);
        for service in row["services"].as_array().unwrap() {
            let id = service["service"].as_str().unwrap();
            let reach = truth.services[id];
            let says = is_shown(&service["customers"]) || is_shown(&service["customer_days"]);
            assert!(says, "{}: names a service and no figure of it", self.at);
            if only_ours == Some(id) {
                self.made_of_its_need(service, row);
                continue;
            }
            self.customers(&service["customers"], reach.customers);
            self.days(&service["customer_days"], reach.customers, reach.customer_days);
        }
        if truth.customers >= K {
            let served = row["served"].as_bool().unwrap();
            assert_eq!(served, truth.served, "{}: served", self.at);
        }
    }

    /// The only service of ours for a need, where all about it is shown.
    fn only_ours<'r>(&self, row: &'r Value) -> Option<&'r str> {
        let ours: Vec<_> = self.ours.iter().filter(|(_, need)| row["need"] == **need).collect();
        let [(only, _)] = ours[..] else { return None };
        let is_made = is_shown(&row["both"]) && is_shown(&row["customers_both"]);
        let rows = row["services"].as_array().unwrap().iter();
        let service = rows.filter_map(|row| row["service"].as_str()).find(|id| id == only);
        service.filter(|_| is_made)
    }

    /// Its figures follow from those of the need.
    fn made_of_its_need(&mut self, service: &Value, row: &Value) {
        self.shown += 2;
        let figure = |name: &str| row[name].as_u64().unwrap();
        let alone = figure("customers_ours_or_elsewhere").saturating_sub(figure("customers_elsewhere"));
        assert_eq!(service["customers"], alone + figure("customers_both"), "{}: {service}", self.at);
        assert_eq!(service["customer_days"], figure("ours_alone") + figure("both"), "{}: {service}", self.at);
    }

    /// Customers: rounded down to 5, and never fewer than k.
    pub(crate) fn customers(&mut self, figure: &Value, truth: usize) {
        let Some(shown) = self.figure(figure) else { return };
        assert!(truth >= K, "{}: {truth} customers are shown, as {shown}", self.at);
        assert_eq!(shown, truth / 5 * 5, "{}: {truth} customers", self.at);
    }

    /// Customer-days: rounded, and never of fewer than k customers.
    pub(crate) fn days(&mut self, figure: &Value, customers: usize, truth: usize) {
        let Some(shown) = self.figure(figure) else { return };
        assert!(customers >= K, "{}: days of {customers} customers are shown", self.at);
        assert_eq!(shown, rounded(truth), "{}: days", self.at);
    }

    /// A part of a need: as days, but that there are none may be seen where the whole need is.
    fn part(&mut self, figure: &Value, part: &str, truth: Reach) {
        let Some(shown) = self.figure(figure) else { return };
        let (customers, at) = (truth.customers, &self.at);
        assert!(customers >= K || customers == 0, "{at}: {part} of {customers} customers is shown");
        assert_eq!(shown, rounded(truth.customer_days), "{at}: {part}");
    }

    /// A share in whole units, rounded down.
    fn share(&mut self, figure: &Value, part: usize, whole: usize) {
        self.shown += 1;
        assert_eq!(figure.as_u64().unwrap(), (part / whole.max(1)) as u64, "{}: share of {whole}", self.at);
    }

    /// No part and no rate of a need that one of our services serves unseen.
    fn is_withheld(&self, row: &Value) {
        for figure in
            ["ours_alone", "both", "elsewhere_alone", "elsewhere", "customers_elsewhere", "left", "came_back"]
        {
            assert!(!is_shown(&row[figure]), "{}: {figure} is shown", self.at);
        }
    }

    fn figure(&mut self, figure: &Value) -> Option<usize> {
        let Some(shown) = figure.as_u64() else {
            assert_eq!(figure["suppressed"], true, "{}: neither a figure nor a reason", self.at);
            return None;
        };
        self.shown += 1;
        Some(usize::try_from(shown).unwrap())
    }
}

pub(crate) fn is_shown(figure: &Value) -> bool {
    figure.is_u64()
}
