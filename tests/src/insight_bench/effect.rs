//! What a decision truly did: the same company is told again without anybody coming back, customer by customer with the
//! same random streams, and the shares of need are set against each other.

use elsewhere_collector::segment::Segment;
use elsewhere_proto::v1;
use jiff::Span;

use crate::fleet::{
    Company,
    company::Customer,
    story::{Planted, Status},
};

/// Weeks after a decision in which its effect is measured, as in the product: the newest four.
const WEEKS: u32 = 4;

/// Points of the share of need with us alone that a decision added, in the last weeks of the story.
pub(super) fn truth(company: &Company, planted: &Planted) -> Option<f64> {
    let Planted::Decision { department, to, week, .. } = planted else { return None };
    let mut story = company.story.clone();
    for other in &mut story.planted {
        if let Planted::Decision { department: same, customers, .. } = other
            && same == department
        {
            *customers = 0.0;
        }
    }
    let without = Company::new(story, company.catalog, company.iso_week(company.story.weeks));
    let need = company.catalog.service(to)?.need();
    let segment = Segment::new("department", department).ok()?;
    let first = (week + 1).max(company.story.weeks + 1 - WEEKS);
    let mut differences = Vec::new();
    for number in first..=company.story.weeks {
        let [with, without] = [company, &without].map(|company| share(company, &segment, need, number));
        differences.push(with? - without?);
    }
    let count = u32::try_from(differences.len()).ok().filter(|count| *count > 0)?;
    Some(differences.iter().sum::<f64>() / f64::from(count))
}

fn share(company: &Company, segment: &Segment, need: &str, number: u32) -> Option<f64> {
    let monday = company.iso_week(number).monday();
    let (mut ours_alone, mut all) = (0_u32, 0_u32);
    let is_in = |customer: &&Customer| {
        !customer.shared && customer.segments_in(number).iter().any(|own| own == segment)
    };
    for customer in company.customers.iter().filter(is_in) {
        for date in (0..7).map(|day| monday.saturating_add(Span::new().days(day))) {
            let days = company.device_days_of(customer, date);
            let rows = days.iter().flat_map(|(_, day)| &day.usages);
            let (mut ours, mut elsewhere, mut any) = (false, false, false);
            for row in
                rows.filter(|row| row.evidence() == v1::Evidence::Use && row.tenant() != v1::Tenant::Guest)
            {
                let service = company.catalog.service(&row.service_id);
                if service.is_none_or(|service| service.need() != need) {
                    continue;
                }
                any = true;
                match company.story.status(&row.service_id, number) {
                    Some(Status::Sanctioned) => ours = true,
                    Some(Status::Tolerated) => {}
                    _ => elsewhere = true,
                }
            }
            all += u32::from(any);
            ours_alone += u32::from(ours && !elsewhere);
        }
    }
    (all > 0).then(|| 100.0 * f64::from(ours_alone) / f64::from(all))
}
