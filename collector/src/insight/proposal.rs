//! What looks like ours among the services that nobody has reviewed: proposed with its reason, decided by a person.
//!
//! Of one published week and everybody. For a service with `c` customers of the `n` who have its need, shown in `s` of
//! the `g` segments (the uppermost of the main dimension) that show any service for the need, and with `t` customers in
//! our own tenant, all as the floor rounded them, the first rule that holds, with the smallest group `k`:
//!
//! | proposal | rule |
//! | --- | --- |
//! | ours | `2 t >= c`: most of its customers are in our own tenant |
//! | to decide | the portfolio names a tenant host of ours at it, and `4 c >= n` |
//! | ours | `4 c >= 3 n`, `2 s >= g`, `c >= 2 k`: nearly everybody with the need uses it, in most segments |
//! | to decide | `4 c >= n`: a quarter of those with the need uses it |
//! | elsewhere | anything else |
//!
//! The third rule holds of a need that nothing of ours serves yet: beside ours breadth says nothing, and where ours serves
//! it unseen, `n` is not all who have it.
//!
//! `t` is told for a service whose tenant hosts stand in `portfolio.toml`, also with the status `unreviewed`: devices
//! know no other way whose tenant a host is. It is a lower bound where nearly all are in it (`floor.rs`, rule 10).
//!
//! Whether customers sign in by *our* sign-in can't be had from what devices send: a row says how many doors were
//! passed on the way, and neither whose they were nor whether one was the service's own. So it is no cue here.

use std::cmp::Reverse;

use crate::{
    portfolio::{Portfolio, SanctionStatus},
    published::{Figure, PublishedNeed, PublishedSegment, PublishedService, PublishedWeek, Reason},
};

/// What a service looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// Ours: to be called sanctioned.
    Ours,
    /// Ours, tolerated or elsewhere: the figures do not say.
    ToDecide,
    /// Elsewhere: to be looked at.
    Elsewhere,
}

/// What is proposed about one service.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'w> {
    /// The service's row of everybody.
    pub service: &'w PublishedService,
    /// The row of its need.
    pub need: &'w PublishedNeed,
    /// What it looks like.
    pub looks: Looks,
    /// The rule that says so.
    pub rule: &'static str,
    /// Its customers.
    pub customers: u32,
    /// Customers with its need.
    pub of_customers: u32,
    /// Segments that show it.
    pub segments: usize,
    /// Segments that show any service for its need.
    pub of_segments: usize,
    /// So many are broad: twice the smallest group.
    broad_from: u32,
    /// The portfolio names a tenant host of ours at it.
    pub tenant_named: bool,
}

impl Looks {
    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::ToDecide => "to_decide",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl Proposal<'_> {
    fn most_are_in_our_tenant(&self) -> bool {
        self.service.customers_in_our_tenant.is_some_and(|some| u64::from(some) * 2 >= self.customers.into())
    }

    fn is_nearly_everybodys(&self) -> bool {
        let is_broad = u64::from(self.customers) * 4 >= u64::from(self.of_customers) * 3;
        let is_seen_whole = self.need.elsewhere != Figure::Hidden(Reason::OfferedNotVisible);
        is_broad
            && is_seen_whole
            && !self.need.served
            && self.segments * 2 >= self.of_segments
            && self.customers >= self.broad_from
    }

    fn is_a_quarters(&self) -> bool {
        u64::from(self.customers) * 4 >= u64::from(self.of_customers)
    }

    fn judge(self) -> Self {
        let holds = RULES.iter().find(|(.., holds)| holds(&self));
        let (looks, rule) = holds.map_or(NO_RULE, |(looks, rule, _)| (*looks, *rule));
        Self { looks, rule, ..self }
    }
}

/// A proposal, the rule in words, and the rule.
type Rule = (Looks, &'static str, fn(&Proposal<'_>) -> bool);

/// The first that holds decides.
const RULES: [Rule; 4] = [
    (Looks::Ours, "most of its customers are in our own tenant", |it| it.most_are_in_our_tenant()),
    (Looks::ToDecide, "we have a tenant there, and most of its customers were not seen in it", |it| {
        it.tenant_named && it.is_a_quarters()
    }),
    (Looks::Ours, "nearly everybody with the need uses it, in most segments", |it| it.is_nearly_everybodys()),
    (Looks::ToDecide, "a quarter or more of those with the need use it", |it| it.is_a_quarters()),
];
/// Where none does.
const NO_RULE: (Looks, &str) = (Looks::Elsewhere, "few of those with the need use it");

/// A proposal for each service that everybody's row shows and nobody has reviewed, neither then nor since: what looks
/// like ours first, then by customers.
pub fn proposals<'w>(week: &'w PublishedWeek, portfolio: &Portfolio) -> Vec<Proposal<'w>> {
    let Some(everybody) = week.segment(None) else { return Vec::new() };
    let is_uppermost = |row: &&PublishedSegment| {
        row.segment.as_ref().is_some_and(|segment| {
            segment.dimension() == portfolio.main_dimension && segment.parent().is_none()
        })
    };
    let segments: Vec<_> = week.segments.iter().filter(is_uppermost).collect();
    let mut proposed = Vec::new();
    for need in &everybody.needs {
        let rows: Vec<&PublishedNeed> = segments.iter().filter_map(|row| row.need(&need.need)).collect();
        let of_segments = rows.iter().filter(|row| !row.services.is_empty()).count();
        for service in need.services.iter().filter(|service| is_unreviewed(service, portfolio)) {
            let shown = service.customers.shown().zip(need.customers.shown());
            let Some((customers, of_customers)) = shown else { continue };
            let proposal = Proposal {
                service,
                need,
                looks: Looks::Elsewhere,
                rule: "",
                customers,
                of_customers,
                segments: rows.iter().filter(|row| row.service(&service.service).is_some()).count(),
                of_segments,
                broad_from: 2 * week.minimum_group,
                tenant_named: portfolio.names_tenant(&service.service),
            };
            proposed.push(proposal.judge());
        }
    }
    proposed.sort_by(|a, b| {
        let rank = |it: &Proposal<'_>| (it.looks, Reverse(it.customers));
        (rank(a), &a.service.service).cmp(&(rank(b), &b.service.service))
    });
    proposed
}

/// Nobody had reviewed it when the row was published, nor has anybody since.
pub fn is_unreviewed(service: &PublishedService, portfolio: &Portfolio) -> bool {
    service.sanction_status == SanctionStatus::Unreviewed && !portfolio.has_reviewed(&service.service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        insight::tests::{need, segment, weeks},
        portfolio::Decision,
    };

    fn service(id: &str, customers: u32, in_our_tenant: Option<u32>) -> PublishedService {
        PublishedService {
            service: id.into(),
            sanction_status: SanctionStatus::Unreviewed,
            customers: Figure::Shown(customers),
            customer_days: Figure::Shown(customers),
            customers_present: Figure::Hidden(Reason::K),
            customers_in_our_tenant: in_our_tenant,
        }
    }

    /// A hundred customers have the need; the service is shown in so many of four segments.
    fn week_of(services: &[PublishedService], shown_in: usize) -> PublishedWeek {
        let mut other = vec![service("zoom", 5, None)];
        other.truncate(shown_in);
        let with = |services| PublishedNeed { services, ..need("team-chat", false, [0, 0, 0, 100]) };
        let mut rows = vec![segment("all", vec![with(services.to_vec())])];
        for (at, name) in ["A", "B", "C", "D"].into_iter().enumerate() {
            let services = if at < shown_in { services.to_vec() } else { other.clone() };
            rows.push(segment(&format!("department:{name}"), vec![with(services)]));
        }
        // A segment that shows no service of the need at all says nothing.
        rows.push(segment("department:E", vec![with(Vec::new())]));
        rows.push(segment("department:A/North", vec![with(services.to_vec())]));
        rows.push(segment("site:Leeds", vec![with(Vec::new())]));
        weeks(|_| rows.clone()).remove(0)
    }

    fn with_tenant() -> Portfolio {
        let catalog = elsewhere_catalog::builtin();
        let text = "organisation = \"N\"\n[[service]]\nid = \"slack\"\nstatus = \"unreviewed\"\ntenants = \
                    [\"northmoor.slack.com\"]\n";
        Portfolio::parse(text, catalog).unwrap()
    }

    #[test]
    fn what_looks_like_ours_is_told_by_breadth_and_own_tenant() {
        use Looks::{Elsewhere, Ours, ToDecide};
        for (customers, in_our_tenant, shown_in, without, named) in [
            (75, None, 2, Ours, ToDecide),
            (100, None, 4, Ours, ToDecide),
            (75, None, 1, ToDecide, ToDecide),
            (70, None, 4, ToDecide, ToDecide),
            (25, None, 4, ToDecide, ToDecide),
            (20, None, 4, Elsewhere, Elsewhere),
            (20, Some(10), 1, Ours, Ours),
            (20, Some(5), 1, Elsewhere, Elsewhere),
            (75, Some(35), 4, Ours, ToDecide),
            (75, None, 0, Ours, ToDecide),
        ] {
            let week = week_of(&[service("slack", customers, in_our_tenant)], shown_in);
            let looks = |portfolio: &Portfolio| proposals(&week, portfolio)[0].looks;
            let case = format!("{customers}, {in_our_tenant:?}, {shown_in}");
            assert_eq!((looks(&Portfolio::default()), looks(&with_tenant())), (without, named), "{case}");
        }
    }

    #[test]
    fn the_numbers_stand_beside_it_and_ours_comes_first() {
        let services = [("a", 20), ("b", 30), ("c", 80), ("d", 85), ("e", 30)];
        let week = week_of(&services.map(|(id, customers)| service(id, customers, None)), 3);
        let proposed = proposals(&week, &Portfolio::default());
        let order: Vec<&str> = proposed.iter().map(|it| it.service.service.as_str()).collect();
        assert_eq!(order, ["d", "c", "b", "e", "a"]);
        let first = proposed[0];
        assert_eq!((first.customers, first.of_customers), (85, 100));
        assert_eq!((first.segments, first.of_segments), (3, 4), "neither a team nor a site is counted");
    }

    #[test]
    fn breadth_says_nothing_of_so_few_nor_where_ours_serves_the_need() {
        let week_with = |customers, of_customers, elsewhere| {
            let mut week = week_of(&[service("slack", customers, None)], 4);
            let need = &mut week.segments[0].needs[0];
            (need.customers, need.elsewhere) = (Figure::Shown(of_customers), elsewhere);
            proposals(&week, &Portfolio::default())[0].looks
        };
        let k = Figure::Hidden(Reason::K);
        assert_eq!(week_with(10, 10, k), Looks::Ours);
        assert_eq!(week_with(5, 5, k), Looks::ToDecide);
        assert_eq!(week_with(100, 100, Figure::Hidden(Reason::OfferedNotVisible)), Looks::ToDecide);
        let mut beside_ours = week_of(&[service("slack", 100, None)], 4);
        beside_ours.segments[0].needs[0].served = true;
        assert_eq!(proposals(&beside_ours, &Portfolio::default())[0].looks, Looks::ToDecide);
    }

    #[test]
    fn what_was_reviewed_then_or_since_is_not_proposed() {
        let mut reviewed = service("slack", 80, None);
        reviewed.sanction_status = SanctionStatus::Tolerated;
        let week = week_of(&[reviewed, service("zoom", 80, None), service("webex", 80, None)], 4);
        let decided = |status| Decision {
            service: "zoom".into(),
            status,
            since: Some("2026-W50".parse().unwrap()),
            offered_not_visible: Vec::new(),
        };
        let proposed_with = |status| {
            let portfolio = Portfolio { decisions: vec![decided(status)], ..Portfolio::default() };
            proposals(&week, &portfolio).len()
        };
        assert_eq!(proposed_with(SanctionStatus::Unsanctioned), 1);
        assert_eq!(proposed_with(SanctionStatus::Unreviewed), 2);
    }
}
