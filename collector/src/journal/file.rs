//! Reading `journal.toml`.

use std::{collections::HashMap, ops::Range};

use elsewhere_catalog::Catalog;
use jiff::civil::Date;
use toml::de::DeTable;

use super::{Asked, Change, Decision, Journal, Target};
use crate::{
    insight::{
        conversation::Conversation,
        why::{Answer, Answers},
    },
    portfolio::{Mistake, Portfolio},
    segment::Segment,
    toml_file::{self, TomlFile, key_span, short},
};

pub(super) fn parse(text: &str, catalog: &Catalog, portfolio: &Portfolio) -> Result<Journal, Vec<Mistake>> {
    toml_file::read(text, |file, root| {
        let mut reader = Reader { file, catalog, portfolio, renamed: HashMap::new() };
        let journal = reader.journal(root);
        (journal, reader.file)
    })
}

struct Reader<'t> {
    file: TomlFile<'t>,
    catalog: &'t Catalog,
    portfolio: &'t Portfolio,
    /// What segments are called now.
    renamed: HashMap<Segment, Segment>,
}

/// One entry of the file.
struct Entry<'e> {
    table: &'e DeTable<'e>,
    span: Range<usize>,
}

impl Reader<'_> {
    fn journal(&mut self, root: &DeTable<'_>) -> Journal {
        self.file.refuse_other_keys(root, &["decision", "change", "target", "asked", "renamed"], "the file");
        for entry in self.entries(root, "renamed") {
            self.rename(&entry);
        }
        let mut journal = Journal::default();
        for entry in self.entries(root, "decision") {
            let decision = self.decision(&entry);
            let known = |known: &Decision| decision.as_ref().is_some_and(|new| new.number == known.number);
            if journal.decisions.iter().any(known) {
                self.file.mistake(&entry.span, "another decision has this number".to_owned());
            }
            journal.decisions.extend(decision);
        }
        for entry in self.entries(root, "change") {
            journal.changes.extend(self.change(&entry));
        }
        for entry in self.entries(root, "target") {
            journal.targets.extend(self.target(&entry));
        }
        for entry in self.entries(root, "asked") {
            journal.asked.extend(self.asked(&entry));
        }
        journal
    }

    fn entries<'e>(&mut self, root: &'e DeTable<'e>, key: &str) -> Vec<Entry<'e>> {
        let tables = self.file.tables(root, key).into_iter();
        tables.map(|(table, span)| Entry { table, span }).collect()
    }

    /// What was written about a segment before it was renamed, or became a part of another, is about that one.
    fn rename(&mut self, entry: &Entry<'_>) {
        self.file.refuse_other_keys(entry.table, &["from", "to"], "a renamed segment");
        let (from, to) = (self.named_segment(entry, "from"), self.named_segment(entry, "to"));
        let (Some(from), Some(to)) = (from, to) else { return };
        let mut last = Some(&to);
        while let Some(segment) = last {
            if *segment == from {
                let circle =
                    format!("'{from}' would be renamed in a circle; write the newest name under 'to'");
                return self.file.mistake(&entry.span, circle);
            }
            last = self.renamed.get(segment);
        }
        if self.renamed.insert(from, to).is_some() {
            self.file.mistake(&entry.span, "this segment is renamed twice".to_owned());
        }
    }

    fn decision(&mut self, entry: &Entry<'_>) -> Option<Decision> {
        let keys = [
            "number",
            "date",
            "segment",
            "need",
            "service",
            "conversation",
            "what",
            "owner",
            "business_owner",
            "reason",
            "heard",
            "review",
            "closed",
        ];
        self.file.refuse_other_keys(entry.table, &keys, "a decision");
        let Entry { table, span } = entry;
        let number = self.number(entry, "number", 1..=1_000_000);
        let (date, segment) = (self.date(entry, "date"), self.segment(entry));
        let (need, service) = (self.need(entry), self.service(entry));
        let conversation = self.conversation(entry);
        let what = self.file.required_text(table, "what", span);
        let owner = self.file.required_text(table, "owner", span);
        let [business_owner, reason, heard] =
            ["business_owner", "reason", "heard"].map(|key| self.optional_text(entry, key));
        let [review, closed] = ["review", "closed"].map(|key| self.later_date(entry, key, date));
        Some(Decision {
            number: number?,
            date: date?,
            segment,
            need: need?,
            service,
            conversation: conversation?,
            what: what?,
            owner: owner?,
            business_owner,
            reason,
            heard,
            review,
            closed,
            line: self.file.line(span),
        })
    }

    fn change(&mut self, entry: &Entry<'_>) -> Option<Change> {
        let Entry { table, span } = entry;
        self.file.refuse_other_keys(table, &["date", "segment", "need", "what", "owner"], "a change");
        let (date, segment, need) = (self.date(entry, "date"), self.segment(entry), self.need(entry));
        let what = self.file.required_text(table, "what", span);
        let owner = self.optional_text(entry, "owner");
        Some(Change { date: date?, segment, need: need?, what: what?, owner, line: self.file.line(span) })
    }

    fn target(&mut self, entry: &Entry<'_>) -> Option<Target> {
        self.file.refuse_other_keys(entry.table, &["segment", "need", "ours_alone", "by"], "a target");
        let (segment, need) = (self.segment(entry), self.need(entry));
        let ours_alone = self.number(entry, "ours_alone", 1..=100);
        let by = self.date(entry, "by");
        let line = self.file.line(&entry.span);
        Some(Target { segment, need: need?, ours_alone: ours_alone?, by: by?, line })
    }

    fn asked(&mut self, entry: &Entry<'_>) -> Option<Asked> {
        let names = Answer::ALL.map(Answer::as_str);
        let keys: Vec<&str> = ["segment", "need", "until"].into_iter().chain(names).collect();
        self.file.refuse_other_keys(entry.table, &keys, "what was asked");
        let (segment, need, until) = (self.segment(entry), self.need(entry), self.date(entry, "until"));
        let mut answers = Answers::default();
        for answer in Answer::ALL.into_iter().filter(|answer| entry.table.contains_key(answer.as_str())) {
            let customers = self.number(entry, answer.as_str(), 0..=10_000_000)?;
            answers.0.push((answer, customers));
        }
        let line = self.file.line(&entry.span);
        Some(Asked { segment, need: need?, until: until?, answers, line })
    }

    fn conversation(&mut self, entry: &Entry<'_>) -> Option<Conversation> {
        let text = self.file.required_text(entry.table, "conversation", &entry.span)?;
        let known = Conversation::ALL.into_iter().find(|known| known.as_str() == text);
        if known.is_none() {
            let all = Conversation::ALL.map(Conversation::as_str).join(", ");
            let problem = format!("conversation '{}' is none of {all}", short(&text));
            self.file.mistake(&key_span(entry.table, "conversation", &entry.span), problem);
        }
        known
    }

    fn need(&mut self, entry: &Entry<'_>) -> Option<String> {
        let need = self.file.required_text(entry.table, "need", &entry.span)?;
        if self.catalog.need(&need).is_none() {
            let problem = format!("need '{}' is not one of the catalog's", short(&need));
            self.file.mistake(&key_span(entry.table, "need", &entry.span), problem);
            return None;
        }
        Some(need)
    }

    fn service(&mut self, entry: &Entry<'_>) -> Option<String> {
        let value = entry.table.get("service")?;
        let text = self.file.text(value)?;
        let known = self.portfolio.find_service(self.catalog, &text).map(str::to_owned);
        if known.is_none() {
            let problem = format!(
                "service '{}' is neither in the catalog nor an [[own_service]] of the portfolio",
                short(&text)
            );
            self.file.mistake(&value.span(), problem);
        }
        known
    }

    /// No segment, or `all`, is everybody.
    fn segment(&mut self, entry: &Entry<'_>) -> Option<Segment> {
        let value = entry.table.get("segment")?;
        if value.get_ref().as_str() == Some("all") {
            return None;
        }
        let mut segment = self.named_segment(entry, "segment")?;
        while let Some(newer) = self.renamed.get(&segment) {
            segment = newer.clone();
        }
        Some(segment)
    }

    fn named_segment(&mut self, entry: &Entry<'_>, key: &str) -> Option<Segment> {
        let text = self.file.required_text(entry.table, key, &entry.span)?;
        let segment = text.parse::<Segment>();
        let told = |_| {
            let problem = format!(
                "'{}' is no segment; write it like \"department:Marketing\", or \"all\"",
                short(&text)
            );
            self.file.mistake(&key_span(entry.table, key, &entry.span), problem);
        };
        segment.map_err(told).ok()
    }

    fn optional_text(&mut self, entry: &Entry<'_>, key: &str) -> Option<String> {
        entry.table.get(key)?;
        self.file.required_text(entry.table, key, &entry.span)
    }

    fn date(&mut self, entry: &Entry<'_>, key: &str) -> Option<Date> {
        let text = self.file.required_text(entry.table, key, &entry.span)?;
        let told = |_| {
            let problem =
                format!("'{}' is no date of the calendar; write it like \"2026-11-16\"", short(&text));
            self.file.mistake(&key_span(entry.table, key, &entry.span), problem);
        };
        text.parse::<Date>().map_err(told).ok()
    }

    fn later_date(&mut self, entry: &Entry<'_>, key: &str, than: Option<Date>) -> Option<Date> {
        entry.table.get(key)?;
        let date = self.date(entry, key)?;
        if than.is_some_and(|than| date < than) {
            let problem = format!("'{key}' lies before the decision itself");
            self.file.mistake(&key_span(entry.table, key, &entry.span), problem);
        }
        Some(date)
    }

    fn number(&mut self, entry: &Entry<'_>, key: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let Some(value) = entry.table.get(key) else {
            self.file.mistake(&entry.span, format!("'{key}' is missing"));
            return None;
        };
        self.file.number(value, range)
    }
}
