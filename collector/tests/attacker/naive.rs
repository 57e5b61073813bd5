//! A publication that only hides what is under k itself, nobody included: what the attacks must be able to break.

use elsewhere_collector::{
    portfolio::{Landscape, SanctionStatus},
    published::{
        Figure, Price, PublishedEffect, PublishedFacet, PublishedNeed, PublishedSegment, PublishedService,
        PublishedWeek, Reason, Trust,
    },
    rollup::{Effect, Facet, NeedCounts, Node, Part, PartSet, Rollup},
};

use super::{
    attack::Released,
    between::Between,
    company::{Company, K},
    reading::{PriceRead, Reading, ReportingRead, Window},
};

/// How customer-days are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Days {
    Exact,
    /// To the nearest 5.
    Rounded,
    /// The same, and facets are told with their effects.
    RoundedWithFacets,
    /// The same without, and the share of devices that reported.
    RoundedWithTrust,
}

const HIDDEN: Figure = Figure::Hidden(Reason::K);

impl<'c> Released<'c> {
    /// What comes of hiding nothing but what is under k.
    pub(crate) fn naively(company: &'c Company, days: Days, price: PriceRead) -> Self {
        let publish = |week| publish(&company.rollup(week), &company.landscape(), days);
        let window = if days == Days::Exact { Window::EXACT } else { Window::NEAREST_5 };
        let reading = Reading {
            k: i64::from(K),
            customers: Window::NEAREST_5,
            days: window,
            price,
            reporting: ReportingRead::Exactly,
            tenants_are_capped: false,
        };
        let weeks = (0..company.weeks).map(publish).collect();
        Self { company, weeks, between: Between::default(), reading }
    }
}

fn publish(rollup: &Rollup, landscape: &Landscape, days: Days) -> PublishedWeek {
    let segments: Vec<PublishedSegment> = (rollup.nodes.iter())
        .map(|(segment, node)| PublishedSegment {
            segment: segment.clone(),
            customers: customers(node.customers),
            left: customers(node.left),
            came_back: customers(node.came_back),
            trust: (days == Days::RoundedWithTrust && node.customers >= K).then(|| trust(node)),
            needs: landscape
                .needs()
                .map(|(_, need)| row(&need.id, need.served, node, landscape, days))
                .collect(),
        })
        .collect();
    let everybody = &rollup.nodes[&None];
    let all: u32 = everybody.needs.values().map(NeedCounts::days_elsewhere).sum();
    let shown = segments[0].needs.iter().filter(|row| row.elsewhere.shown().is_some());
    let shown: u32 =
        shown.filter_map(|row| everybody.needs.get(&row.need)).map(NeedCounts::days_elsewhere).sum();
    let percent = (shown * 100).checked_div(all).map(|percent| u8::try_from(percent).unwrap());
    let price = Price { organisation_by_need: percent, ..Price::default() };
    PublishedWeek { week: rollup.week, minimum_group: K, segments, price, news: Vec::new() }
}

fn trust(node: &Node) -> Trust {
    Trust {
        devices_reporting: u8::try_from(node.devices_reporting * 100 / node.devices).unwrap(),
        unnamed_tenths: 0,
        encrypted_hello_tenths: 0,
        encrypted_dns_tenths: 0,
        tunnels_tenths: 0,
        unwatched_tenths: 0,
        lossy_days_tenths: 0,
    }
}

fn customers(count: u32) -> Figure {
    if count < K { HIDDEN } else { Figure::Shown((count + 2) / 5 * 5) }
}

/// To the nearest 5 hundredths.
#[expect(clippy::cast_possible_truncation, reason = "an effect is below 10^6 thousandths")]
fn effect(effect: Effect) -> Option<PublishedEffect> {
    let rounded = |thousandths: f64| (thousandths / 50.0).round() as i32 * 5;
    let error_hundredths = rounded(effect.standard_error()?).unsigned_abs();
    Some(PublishedEffect { mean_hundredths: rounded(effect.mean()?), error_hundredths })
}

fn row(need: &str, served: bool, node: &Node, landscape: &Landscape, how: Days) -> PublishedNeed {
    let counts = node.needs.get(need).cloned().unwrap_or_default();
    let days = |count: u32, behind: u32| match how {
        _ if behind < K => HIDDEN,
        Days::Exact => Figure::Shown(count),
        _ => Figure::Shown((count + 2) / 5 * 5),
    };
    let all_of_it = |count: u32, of: u32| if of - count < K { HIDDEN } else { customers(count) };
    let of_part = |part| days(counts.days[part as usize], counts.customers_in(PartSet::default().with(part)));
    let [ours_alone, both, tolerated, elsewhere_alone] = Part::ALL.map(of_part);
    let services =
        counts.services.iter().filter(|(_, of)| of.customers >= K).map(|(id, of)| PublishedService {
            service: id.clone(),
            sanction_status: landscape
                .find(id)
                .map_or(SanctionStatus::Unreviewed, |index| landscape.service(index).status),
            customers: customers(of.customers),
            customer_days: days(of.days, of.customers),
            customers_present: HIDDEN,
            customers_in_our_tenant: customers(of.in_our_tenant).shown(),
        });
    let of_facet = |facet| counts.facets.as_ref().map_or(0, |facets| facets.customers(facet));
    let told = if how == Days::RoundedWithFacets { &Facet::ALL[..] } else { &[] };
    let facets = told.iter().copied().filter(|facet| of_facet(*facet) >= K).map(|facet| PublishedFacet {
        facet,
        customers: customers(of_facet(facet)).shown().unwrap_or_default(),
        effect: counts.facets.as_ref().and_then(|facets| effect(facets.effect(facet)?)),
    });
    PublishedNeed {
        need: need.into(),
        served,
        customers: customers(counts.customers()),
        customer_days: days(counts.customer_days(), counts.customers()),
        ours_alone,
        both,
        tolerated,
        elsewhere_alone,
        elsewhere: days(counts.days_elsewhere(), counts.elsewhere()),
        customers_elsewhere: all_of_it(counts.elsewhere(), counts.ours_or_elsewhere()),
        customers_ours_or_elsewhere: customers(counts.ours_or_elsewhere()),
        customers_both: all_of_it(counts.ours_and_elsewhere(), counts.elsewhere()),
        left: customers(counts.left),
        came_back: customers(counts.came_back),
        services: services.collect(),
        other_services_customers: HIDDEN,
        facets: facets.collect(),
    }
}
