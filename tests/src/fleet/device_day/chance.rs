//! Pairs of services where chance could have brought a spill and none came, as an agent tells them beside the spills.

use std::collections::BTreeMap;

use elsewhere_catalog::Catalog;
use elsewhere_proto::v1;

/// Stretches of ten minutes in a workday of eight hours.
const STRETCHES: u32 = 48;

#[derive(Default)]
struct OfService {
    tries: u32,
    left: u32,
    /// Tries of rows of use.
    used: u32,
}

/// One with count 0 for each service that was left and each other one for its need that was used, on one device-day.
pub(super) fn pairs(catalog: &Catalog, usages: &[v1::Usage]) -> Vec<v1::Spill> {
    let services = services(usages);
    let need = |id: &str| catalog.service(id).map(|service| service.need().to_owned());
    let mut pairs = Vec::new();
    for (from, first) in services.iter().filter(|(_, first)| first.left > 0) {
        for (to, second) in services.iter().filter(|(to, second)| *to != from && second.used > 0) {
            let expected_hundredths = 100 * first.left * second.used.min(STRETCHES) / STRETCHES;
            if need(from) == need(to) && expected_hundredths > 0 {
                let (from_service_id, to_service_id) = ((*from).to_owned(), (*to).to_owned());
                let tries = first.tries;
                pairs.push(v1::Spill {
                    from_service_id,
                    to_service_id,
                    count: 0,
                    tries,
                    expected_hundredths,
                });
            }
        }
    }
    pairs
}

fn services(usages: &[v1::Usage]) -> BTreeMap<&str, OfService> {
    let mut services: BTreeMap<&str, OfService> = BTreeMap::new();
    for usage in usages {
        let service = services.entry(&usage.service_id).or_default();
        service.tries += usage.tries;
        service.left += usage.failed + usage.given_up;
        if usage.evidence() == v1::Evidence::Use {
            service.used += usage.tries;
        }
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_paired_with_what_was_used_for_the_same_need() {
        let row = |service: &str, evidence: v1::Evidence, failed| v1::Usage {
            service_id: service.to_owned(),
            evidence: evidence.into(),
            tries: 12,
            failed,
            ..v1::Usage::default()
        };
        let usages = [
            row("sharepoint-online", v1::Evidence::Use, 2),
            row("dropbox", v1::Evidence::Use, 0),
            row("box", v1::Evidence::Present, 0),
            row("wetransfer", v1::Evidence::Use, 0),
        ];
        let expected = v1::Spill {
            from_service_id: "sharepoint-online".to_owned(),
            to_service_id: "dropbox".to_owned(),
            count: 0,
            tries: 12,
            expected_hundredths: 50,
        };
        assert_eq!(pairs(elsewhere_catalog::builtin(), &usages), [expected]);
    }
}
