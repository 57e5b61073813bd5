//! What the figures do not hold, and how a page says so.

use serde::Serialize;

use super::{Digest, NeedName, PageKind, compose::Source, words};
use crate::{
    insight::History,
    published::{Figure, Price, PublishedNeed, PublishedSegment, Reason, Trust},
    segment::Segment,
};

/// Segments of which fewer devices reported, in percent, are named.
const HARDLY_REPORTING: u8 = 70;
/// From so many tenths of a percent of unnamed connections on, a segment's figures are called a lower bound.
const LOWER_BOUND_TENTHS: u16 = 100;

/// What the figures do not hold.
#[derive(Clone, Debug, Serialize)]
pub struct NotSeen {
    /// Coverage and blind share; absent where the segment is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// Segments of which less than 70 % of the devices reported.
    pub hardly_reporting: Vec<(String, u8)>,
    /// Segments with 10 % and more unnamed connections, in tenths of a percent: their figures are a lower bound.
    pub lower_bounds: Vec<(String, u16)>,
    /// Segments under the smallest group: their figures are in totals only.
    pub segments_withheld: usize,
    /// What the floor still shows, of all customers.
    pub shown: Price,
    /// Needs that a service of ours serves unseen.
    pub share_withheld: Vec<NeedName>,
    /// Services as often private as work, in no figure.
    pub as_often_private: usize,
    /// Segments that the journal writes about and that are none of this week, with the line of `journal.toml`.
    pub forgotten_segments: Vec<(usize, String)>,
}

impl Source<'_> {
    pub(super) fn not_seen(
        self,
        history: &History<'_>,
        root: Option<&Segment>,
        this: &PublishedSegment,
        figures: &[PublishedSegment],
    ) -> NotSeen {
        let named = |row: &PublishedSegment| row.segment.as_ref().map(|segment| segment.path().to_owned());
        let not_visible = |need: &&PublishedNeed| {
            need.customers.shown().is_some()
                && need.elsewhere_alone == Figure::Hidden(Reason::OfferedNotVisible)
        };
        let hardly = figures.iter().filter_map(|row| Some((named(row)?, row.trust?.devices_reporting)));
        let unnamed = figures.iter().filter_map(|row| Some((named(row)?, row.trust?.unnamed_tenths)));
        NotSeen {
            trust: this.trust,
            hardly_reporting: hardly.filter(|(_, percent)| *percent < HARDLY_REPORTING).collect(),
            lower_bounds: unnamed.filter(|(_, tenths)| *tenths >= LOWER_BOUND_TENTHS).collect(),
            segments_withheld: figures.iter().filter(|row| row.customers.shown().is_none()).count(),
            shown: history.this().price,
            share_withheld: this.needs.iter().filter(not_visible).map(|need| self.need(&need.need)).collect(),
            as_often_private: self
                .landscape
                .services()
                .iter()
                .filter(|service| service.as_often_private)
                .count(),
            forgotten_segments: self.forgotten_segments(history, root),
        }
    }

    /// Whoever sees everybody is told of them.
    fn forgotten_segments(self, history: &History<'_>, root: Option<&Segment>) -> Vec<(usize, String)> {
        if root.is_some() {
            return Vec::new();
        }
        let known: Vec<&Segment> =
            history.this().segments.iter().filter_map(|row| row.segment.as_ref()).collect();
        let forgotten = self.known.journal.forgotten(&known).into_iter();
        forgotten.map(|(line, segment)| (line, segment.to_string())).collect()
    }
}

/// What is missing, a sentence or two each.
pub(super) fn sentences(digest: &Digest) -> Vec<String> {
    let not_seen = &digest.not_seen;
    let mut sentences = Vec::new();
    if let Some(trust) = &not_seen.trust {
        let hardly: Vec<String> =
            not_seen.hardly_reporting.iter().map(|(name, percent)| format!("{name} {percent} %")).collect();
        let hardly = if hardly.is_empty() {
            String::new()
        } else {
            format!(" Under 70 %, and so without movements: {}.", words::list(&hardly))
        };
        sentences.push(format!(
            "Devices: {} % of those enrolled reported; nothing is known of people without one.{hardly}",
            trust.devices_reporting
        ));
        let bounds: Vec<String> = not_seen
            .lower_bounds
            .iter()
            .map(|(name, unnamed)| format!("{name} {} %", words::tenths(*unnamed)))
            .collect();
        let bounds = if bounds.is_empty() {
            String::new()
        } else {
            format!(" So many that the figures are a lower bound: {}.", words::list(&bounds))
        };
        sentences.push(format!(
            "Unnamed connections: {} % (hidden hello {}, encrypted DNS {}, tunnels {}).{bounds}",
            words::tenths(trust.unnamed_tenths),
            words::tenths(trust.encrypted_hello_tenths),
            words::tenths(trust.encrypted_dns_tenths),
            words::tenths(trust.tunnels_tenths)
        ));
    }
    sentences.extend(price(digest));
    if !not_seen.share_withheld.is_empty() {
        let needs = not_seen.share_withheld.iter().map(|need| words::in_sentence(&need.name));
        sentences.push(format!(
            "Share withheld, as a service of ours serves it unseen: {}.",
            needs.collect::<Vec<_>>().join("; ")
        ));
    }
    sentences.push(format!(
        "In no figure: {} services as often private as work (webmail, chat, social), other organisations' own tenants, \
         shared devices.",
        not_seen.as_often_private
    ));
    let forgotten: Vec<String> = not_seen
        .forgotten_segments
        .iter()
        .map(|(line, segment)| format!("{segment} (journal.toml line {line})"))
        .collect();
    if !forgotten.is_empty() {
        sentences.push(format!(
            "Written down about segments that are none this week: {}. Say with [[renamed]] what became of them.",
            words::list(&forgotten)
        ));
    }
    sentences
}

/// The same of a quiet week: what weighs most, and what is open.
pub(super) fn in_short(digest: &Digest) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(trust) = &digest.not_seen.trust {
        sentences.push(format!(
            "{} % of the devices enrolled reported, {} % of their connections are unnamed; groups under {} are in totals \
             only.",
            trust.devices_reporting,
            words::tenths(trust.unnamed_tenths),
            digest.minimum_group
        ));
    }
    let open: Vec<String> = digest.decisions.iter().map(|decision| decision.number.to_string()).collect();
    if !open.is_empty() {
        sentences.push(format!("Decisions that are open and not due: {}.", words::list(&open)));
    }
    sentences
}

/// Early on nobody has called anything elsewhere, so that nothing is said of it.
fn price(digest: &Digest) -> Option<String> {
    if matches!(digest.page, PageKind::FirstWeeks | PageKind::Pilot) {
        return Some(format!("Groups under {} are in totals only.", digest.minimum_group));
    }
    let shown = digest.not_seen.shown;
    let by = |percent: Option<u8>, what: &str| percent.map(|percent| format!("{percent} {what}"));
    let levels = [
        by(shown.organisation_by_need, "by need"),
        by(shown.segment_by_need, "by segment and need"),
        by(shown.segment_by_service, "by segment and service"),
    ];
    let levels: Vec<String> = levels.into_iter().flatten().collect();
    let withheld = match digest.not_seen.segments_withheld {
        0 => String::new(),
        1 => format!(" One segment is under {} as a whole.", digest.minimum_group),
        segments => format!(" {segments} segments are under {} as a whole.", digest.minimum_group),
    };
    (!levels.is_empty()).then(|| {
        format!(
            "Groups under {} are in totals only. Of 100 days elsewhere we can show at least {}.{withheld}",
            digest.minimum_group,
            words::list(&levels)
        )
    })
}
