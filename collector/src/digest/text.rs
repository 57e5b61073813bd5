//! The page for mail and terminals: at most 104 columns, aligned, nothing but characters.

use super::{Digest, MovementLine, Moves, Pace, PageKind, ShareOfNeed, not_seen, sections, sentences, words};
use words::thousands;

/// Widest line, in columns: what a mail window and a terminal side by side still show.
const WIDTH: usize = 104;

/// The page, with a final line feed.
pub(super) fn write(digest: &Digest) -> String {
    let mut page = Page::default();
    page.head(digest);
    match digest.page {
        PageKind::Pilot | PageKind::FirstWeeks => page.early(digest),
        PageKind::Quiet => page.quiet(digest),
        PageKind::Usual => page.usual(digest),
    }
    page.line("");
    page.line(&format!("Same figures as JSON: /api/v1/digests/{}{}", digest.week, query_of(digest)));
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn early(&mut self, digest: &Digest) {
        for section in sections::of(digest) {
            self.heading(&section.heading.to_uppercase(), section.note);
            section.sentences.iter().for_each(|sentence| self.wrapped("", sentence));
        }
    }

    fn quiet(&mut self, digest: &Digest) {
        self.numbers(digest);
        self.heading("WHAT WE COULD NOT SEE", "");
        for sentence in not_seen::in_short(digest) {
            self.wrapped("", &sentence);
        }
    }

    fn usual(&mut self, digest: &Digest) {
        self.numbers(digest);
        self.movements(digest);
        self.unreviewed(digest);
        self.also(digest);
        self.followed_up(digest);
        self.not_seen(digest);
    }

    fn numbers(&mut self, digest: &Digest) {
        self.heading("THREE NUMBERS", "");
        if let Some(share) = &digest.share_of_need {
            self.share_of_need(share);
        } else {
            self.line("1 Share of need    no need can be counted: groups under the smallest are never shown");
        }
        if let Some(moves) = &digest.moves {
            self.moves(moves, digest.minimum_group);
        }
        if let Some(pace) = digest.pace {
            self.pace(pace);
        }
    }

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
        self.wrapped("", &format!("{} {}", words::state(digest), words::how_counted(digest)));
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
        self.wrapped("  ", &sentences::context(&share.context, Some(of)));
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
        self.wrapped("  ", &sentences::moves(moves));
        self.line("  Take along: what changed for you in the last weeks?");
    }

    fn pace(&mut self, pace: Pace) {
        self.line(&format!("3 Pace    {}", sentences::pace(pace)));
        self.wrapped("  ", &sentences::pace_of(pace));
        self.line("  Take along: what could you settle without us?");
    }

    fn followed_up(&mut self, digest: &Digest) {
        if !digest.decisions.is_empty() {
            self.heading("DECISIONS FOLLOWED UP", sentences::FOLLOWED_UP);
        }
        for decision in &digest.decisions {
            self.wrapped("", &sentences::decision(decision));
        }
        if !digest.targets.is_empty() {
            self.heading("THE WAY STILL TO GO", "");
        }
        for target in &digest.targets {
            self.wrapped("", &sentences::target(target));
        }
    }

    fn movements(&mut self, digest: &Digest) {
        let noun = if digest.movements.len() == 1 { "MOVEMENT" } else { "MOVEMENTS" };
        let number = words::count(digest.movements.len()).to_uppercase();
        if digest.movements.is_empty() {
            self.heading("NO MOVEMENTS", sentences::NO_MOVEMENTS);
            return;
        }
        self.heading(&format!("{number} {noun}"), sentences::RANKED);
        for (movement, rank) in digest.movements.iter().zip(1..) {
            self.movement(movement, rank, digest);
        }
        if let Some(star) = sentences::star(digest) {
            self.line(star);
        }
    }

    fn movement(&mut self, movement: &MovementLine, rank: u32, digest: &Digest) {
        let days = sentences::gained(movement, digest.week);
        let affair = sentences::affair(movement).map(|affair| format!("{affair}   ")).unwrap_or_default();
        let what =
            format!("{rank} {:<8} {}", sentences::conversation(movement), sentences::what_moved(movement));
        let right = format!("{affair}{days}");
        let gap = WIDTH.saturating_sub(what.chars().count() + right.chars().count());
        if gap >= 2 {
            self.line(&format!("{what}{}{right}", " ".repeat(gap)));
        } else {
            self.wrapped("", &what);
            self.line(&format!("{right:>WIDTH$}"));
        }
        for sentence in sentences::movement(movement, digest.minimum_group) {
            self.wrapped("  ", &sentence);
        }
        let with = movement.with.as_ref().map(|head| format!("     {head}")).unwrap_or_default();
        self.wrapped("  ", &format!("Next: \"{}\"{with}", movement.question));
    }

    fn unreviewed(&mut self, digest: &Digest) {
        let sentences = sentences::to_review(digest);
        if !sentences.is_empty() {
            self.heading(&sentences::TO_REVIEW.to_uppercase(), sentences::TO_REVIEW_NOTE);
        }
        for sentence in sentences {
            self.wrapped("", &sentence);
        }
    }

    fn also(&mut self, digest: &Digest) {
        let sentences = sentences::also(digest);
        if !sentences.is_empty() {
            self.line("");
        }
        for sentence in sentences {
            self.wrapped("", &sentence);
        }
    }

    fn not_seen(&mut self, digest: &Digest) {
        self.heading("WHAT WE COULD NOT SEE", "");
        for sentence in not_seen::sentences(digest) {
            self.wrapped("", &sentence);
        }
    }

    fn heading(&mut self, heading: &str, note: &str) {
        self.line("");
        let gap = if note.is_empty() { "" } else { "   " };
        self.line(&format!("{heading}{gap}{note}"));
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

fn query_of(digest: &Digest) -> String {
    if digest.segment == "all" {
        String::new()
    } else {
        format!("?segment={}", digest.segment.replace(' ', "%20"))
    }
}
