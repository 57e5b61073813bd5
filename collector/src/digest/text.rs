//! The page for mail and terminals: at most 104 columns, aligned, nothing but characters.

use super::{Digest, MovementLine, Moves, NotSeen, ShareOfNeed, UnservedNeeds, words};
use words::thousands;

/// Widest line, in columns: what a mail window and a terminal side by side still show.
const WIDTH: usize = 104;
/// Most unserved needs that are named; the JSON has all.
const MOST_NEEDS: usize = 4;

/// The page, with a final line feed.
pub(super) fn write(digest: &Digest) -> String {
    let mut page = Page::default();
    page.head(digest);
    page.heading("THREE NUMBERS", "");
    if let Some(share) = &digest.share_of_need {
        page.share_of_need(share);
    } else {
        page.line("1 Share of need    no need can be counted: groups under the smallest are never shown");
    }
    page.moves(&digest.moves, digest.minimum_group);
    match &digest.unserved_needs {
        Some(unserved) => page.unserved_needs(unserved),
        None => page.line("3 Unserved needs    none: every need that is shown is one we serve"),
    }
    page.movements(digest);
    page.also(digest);
    page.not_seen(&digest.not_seen, digest);
    page.line("");
    page.line(&format!("Same figures as JSON: /api/v1/digests/{}{}", digest.week, query_of(digest)));
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, digest: &Digest) {
        let who = if digest.segment == "all" { "all customers" } else { digest.segment_name.as_str() };
        self.line(&format!(
            "ELSEWHERE   {}   week {}, {}   {who}",
            words::organisation(digest),
            digest.week,
            words::dates(digest)
        ));
        if digest.simulated {
            self.line("SIMULATED COMPANY: its customers and all figures are made up.");
        }
        self.wrapped(
            "",
            &format!(
                "{} One day = one customer meeting one need on one date. Customers are rounded to 5; groups under {} \
                 are never shown.",
                words::state(digest),
                digest.minimum_group
            ),
        );
        self.line("");
        self.wrapped("", &digest.headline.to_uppercase());
    }

    fn share_of_need(&mut self, share: &ShareOfNeed) {
        let tolerated =
            if share.tolerated > 0 { format!(", {} tolerated", share.tolerated) } else { String::new() };
        self.line(&format!(
            "1 Share of need    {} of 100 days with us alone, {} with both{tolerated}, {} elsewhere alone",
            share.ours_alone, share.both, share.elsewhere_alone
        ));
        let needs = if share.needs == 1 {
            "the one need we serve and some meet elsewhere".to_owned()
        } else {
            format!("the {} needs we serve and some meet elsewhere", share.needs)
        };
        let of = format!("{} days, {needs}", thousands(share.customer_days));
        self.context([before(&share.context), words::line(&share.context), Some(of)]);
        self.line(
            "  Take along: which job would you not bring to us first, and what would have to be different?",
        );
    }

    fn moves(&mut self, moves: &Moves, minimum_group: u32) {
        let figure = |figure| words::figure(figure, minimum_group);
        self.line(&format!(
            "2 Left us, came back    {} left us for a need, {} came back, of {} customers seen",
            figure(moves.left),
            figure(moves.came_back),
            figure(moves.customers_seen)
        ));
        let pair = |left: Option<String>, back: Option<String>| Some(format!("{} and {}", left?, back?));
        let (left, back) = (&moves.left_context, &moves.came_back_context);
        let last = pair(left.last_week.map(thousands), back.last_week.map(thousands));
        let range = |range: Option<(u32, u32)>| {
            range.map(|(low, high)| format!("{}-{}", thousands(low), thousands(high)))
        };
        let usual = pair(range(left.usual_range), range(back.usual_range));
        let history = match moves.weeks_of_history {
            8.. => None,
            weeks => Some(format!("{weeks} of the 8 weeks of history it takes")),
        };
        self.context([
            last.map(|last| format!("last week {last}")),
            usual.map(|usual| format!("usual {usual}")),
            history,
            Some("counted once, on the change".to_owned()),
        ]);
        self.line("  Take along: what changed for you in the last weeks?");
    }

    fn unserved_needs(&mut self, unserved: &UnservedNeeds) {
        let needs = if unserved.needs.len() == 1 { "need" } else { "needs" };
        self.line(&format!(
            "3 Unserved needs    {} days elsewhere in {} {needs} that we do not serve",
            thousands(unserved.customer_days),
            unserved.needs.len()
        ));
        self.context([before(&unserved.context), words::line(&unserved.context)]);
        let named = unserved.needs.iter().take(MOST_NEEDS).map(|need| words::in_sentence(&need.name));
        let more = unserved.needs.len().saturating_sub(MOST_NEEDS);
        let more = (more > 0).then(|| format!("{more} more"));
        let names: Vec<String> = named.chain(more).collect();
        self.wrapped("  ", &format!("Most days first: {}.", names.join("; ")));
        self.line("  Take along: which of these would you rather have from us?");
    }

    fn movements(&mut self, digest: &Digest) {
        let noun = if digest.movements.len() == 1 { "MOVEMENT" } else { "MOVEMENTS" };
        let number = words::count(digest.movements.len()).to_uppercase();
        if digest.movements.is_empty() {
            self.heading(
                "NO MOVEMENTS",
                "nothing gained more days elsewhere in four weeks than it usually swings",
            );
            return;
        }
        let how = "ranked by days elsewhere gained in four weeks; last week in brackets";
        self.heading(&format!("{number} {noun}"), how);
        for (movement, rank) in digest.movements.iter().zip(1..) {
            self.movement(movement, rank, digest.minimum_group);
        }
    }

    fn movement(&mut self, movement: &MovementLine, rank: u32, minimum_group: u32) {
        let weeks = match movement.weeks {
            4 => String::new(),
            weeks => format!(" in {weeks} wk"),
        };
        let days = format!("+{} days{weeks}", thousands(movement.gained_days));
        let what = format!("{rank} {}, {}", movement.segment_name, words::in_sentence(&movement.need.name));
        let gap = WIDTH.saturating_sub(what.chars().count() + days.len()).max(2);
        self.line(&format!("{what}{}{days}", " ".repeat(gap)));
        if !movement.services.is_empty() {
            self.wrapped("  ", &format!("At {}.", services(movement, minimum_group)));
        }
        let of = format!(
            "{} customers, {} days",
            words::figure(movement.customers, minimum_group),
            words::figure(movement.customer_days, minimum_group)
        );
        match movement.share_of_need {
            _ if !movement.served => self.line(&format!("  Unserved need: we offer nothing. {of}.")),
            Some([ours, both, _, elsewhere]) => {
                let last = movement.ours_alone_last_week.map(|last| format!(" ({last})")).unwrap_or_default();
                self.line(&format!(
                    "  Share of need {ours} of 100 days{last}, both {both}, elsewhere {elsewhere}; {of}."
                ));
            }
            None => self.line(&format!("  {of}.")),
        }
        if let Some(rate) = rate(movement) {
            self.wrapped("  ", &rate);
        }
        self.wrapped("  ", &format!("Ask: \"{}\"", movement.question));
    }

    fn also(&mut self, digest: &Digest) {
        self.line("");
        if let Some(still) = &digest.largest_not_moving {
            let share = still.ours_alone.map(|share| format!(", share of need {share}")).unwrap_or_default();
            let need = words::in_sentence(&still.need.name);
            self.wrapped(
                "",
                &format!(
                    "Largest, not moving: {need}, {} days elsewhere{share}.",
                    thousands(still.days_elsewhere)
                ),
            );
        }
        let figure = |figure| words::figure(figure, digest.minimum_group);
        let back: Vec<String> = digest
            .came_back
            .iter()
            .map(|back| {
                let need = words::in_sentence(&back.need.name);
                format!("{}, {need}: {} customers", back.segment_name, figure(back.customers))
            })
            .collect();
        if !back.is_empty() {
            self.wrapped("", &format!("Came back: {}.", back.join("; ")));
        }
        let new: Vec<String> = digest
            .new_unreviewed
            .iter()
            .map(|new| {
                let need = words::in_sentence(&new.need.name);
                format!("{}, {need}: {} {}", new.segment_name, new.service, figure(new.customers))
            })
            .collect();
        if !new.is_empty() {
            self.wrapped("", &format!("New, unreviewed: {}.", new.join("; ")));
        }
    }

    fn not_seen(&mut self, not_seen: &NotSeen, digest: &Digest) {
        self.heading("WHAT WE COULD NOT SEE", "");
        for sentence in not_seen_sentences(not_seen, digest) {
            self.wrapped("", &sentence);
        }
    }

    fn heading(&mut self, heading: &str, note: &str) {
        self.line("");
        let gap = if note.is_empty() { "" } else { "   " };
        self.line(&format!("{heading}{gap}{note}"));
    }

    fn context<const N: usize>(&mut self, parts: [Option<String>; N]) {
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        self.wrapped("  ", &parts.join("; "));
    }

    fn wrapped(&mut self, indent: &str, text: &str) {
        let mut line = indent.to_owned();
        for word in text.split(' ') {
            let is_first = line.len() == indent.len();
            if !is_first && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                indent.clone_into(&mut line);
            }
            if line.len() > indent.len() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

fn before(context: &super::Context) -> Option<String> {
    let last = thousands(context.last_week?);
    let swing = context.usual_swing.map(|swing| format!(", usual swing {}", thousands(swing)));
    Some(format!("last week {last}{}", swing.unwrap_or_default()))
}

/// `WeTransfer 120 customers (85), Smash 20 (20)`.
pub(super) fn services(movement: &MovementLine, minimum_group: u32) -> String {
    let service = |(service, word): (&super::ServiceLine, &str)| {
        let last =
            service.customers_last_week.map(|last| format!(" ({})", thousands(last))).unwrap_or_default();
        format!("{} {}{word}{last}", service.name, words::figure(service.customers, minimum_group))
    };
    let word = std::iter::once(" customers").chain(std::iter::repeat(""));
    movement.services.iter().zip(word).map(service).collect::<Vec<_>>().join(", ")
}

/// `Elsewhere rate 47 %: 145 of 310 customers, of whom 75 use both; 30 left us this week.`
pub(super) fn rate(movement: &MovementLine) -> Option<String> {
    let (elsewhere, of) =
        (movement.customers_elsewhere.shown()?, movement.customers_ours_or_elsewhere.shown()?);
    let percent = (u64::from(elsewhere) * 100).checked_div(u64::from(of))?;
    let both = movement.customers_both.shown().map(|both| format!(", of whom {} use both", thousands(both)));
    let left = movement.left.shown().map(|left| format!("; {} left us this week", thousands(left)));
    Some(format!(
        "Elsewhere rate {percent} %: {} of {} customers{}{}.",
        thousands(elsewhere),
        thousands(of),
        both.unwrap_or_default(),
        left.unwrap_or_default()
    ))
}

/// What is missing, a sentence or two each.
pub(super) fn not_seen_sentences(not_seen: &NotSeen, digest: &Digest) -> Vec<String> {
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
            format!(" Figures are a lower bound in {}.", words::list(&bounds))
        };
        sentences.push(format!(
            "Unnamed connections: {} % (hidden hello {}, encrypted DNS {}, tunnels {}).{bounds}",
            words::tenths(trust.unnamed_tenths),
            words::tenths(trust.encrypted_hello_tenths),
            words::tenths(trust.encrypted_dns_tenths),
            words::tenths(trust.tunnels_tenths)
        ));
    }
    sentences.extend(price_sentence(not_seen, digest));
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
    sentences
}

fn price_sentence(not_seen: &NotSeen, digest: &Digest) -> Option<String> {
    let shown = not_seen.shown;
    let by = |percent: Option<u8>, what: &str| percent.map(|percent| format!("{percent} {what}"));
    let levels = [
        by(shown.organisation_by_need, "by need"),
        by(shown.segment_by_need, "by segment and need"),
        by(shown.segment_by_service, "by segment and service"),
    ];
    let levels: Vec<String> = levels.into_iter().flatten().collect();
    let withheld = match not_seen.segments_withheld {
        0 => String::new(),
        1 => format!(" One segment is under {} as a whole.", digest.minimum_group),
        segments => format!(" {segments} segments are under {} as a whole.", digest.minimum_group),
    };
    (!levels.is_empty()).then(|| {
        format!(
            "Groups under {} are in totals only. Of 100 days elsewhere we can show {}.{withheld}",
            digest.minimum_group,
            words::list(&levels)
        )
    })
}

fn query_of(digest: &Digest) -> String {
    if digest.segment == "all" {
        String::new()
    } else {
        format!("?segment={}", digest.segment.replace(' ', "%20"))
    }
}
