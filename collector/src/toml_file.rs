//! Reading a TOML file key by key: every key is looked at, and every mistake is kept until the end, with its line.

use std::{
    fmt,
    ops::{Range, RangeInclusive},
};

use toml::de::{DeTable, DeValue};

/// Largest file that is read, in bytes: the whole catalog decided upon takes a quarter of it. A larger one is refused.
const MAX_BYTES: usize = 1 << 20;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong there and what to write instead.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// The file that is read, and what was wrong so far.
pub(crate) struct TomlFile<'t> {
    text: &'t str,
    mistakes: Vec<Mistake>,
}

/// A value and where it stands.
pub(crate) type Value<'v> = toml::Spanned<DeValue<'v>>;

/// Reads a whole file with `reader`, which hands the file back; all mistakes, by line, where there are any.
pub(crate) fn read<'t, T>(
    text: &'t str,
    reader: impl FnOnce(TomlFile<'t>, &DeTable<'t>) -> (T, TomlFile<'t>),
) -> Result<T, Vec<Mistake>> {
    let mut file = TomlFile { text, mistakes: Vec::new() };
    if text.len() > MAX_BYTES {
        file.mistake(&(0..0), "the file is larger than 1 MiB; write down less".to_owned());
        return Err(file.mistakes);
    }
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            file.mistake(&error.span().unwrap_or_default(), error.message().to_lowercase());
            return Err(file.mistakes);
        }
    };
    let (read, mut file) = reader(file, root.get_ref());
    file.mistakes.sort();
    if file.mistakes.is_empty() { Ok(read) } else { Err(file.mistakes) }
}

impl TomlFile<'_> {
    /// The tables of a list, each with its place.
    pub(crate) fn tables<'t>(
        &mut self,
        root: &'t DeTable<'_>,
        key: &str,
    ) -> Vec<(&'t DeTable<'t>, Range<usize>)> {
        let Some(value) = root.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.mistake(&value.span(), format!("'{key}' must be written as [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span())),
                None => self.mistake(&item.span(), format!("'{key}' must be written as [[{key}]]")),
            }
        }
        tables
    }

    /// A text that has to be there, of 1 to 200 printable characters.
    pub(crate) fn required_text(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        span: &Range<usize>,
    ) -> Option<String> {
        let Some(value) = table.get(key) else {
            self.mistake(span, format!("'{key}' is missing"));
            return None;
        };
        let text = self.text(value)?;
        if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
            self.mistake(&value.span(), format!("'{key}' must be 1 to 200 printable characters"));
            return None;
        }
        Some(text)
    }

    /// A text.
    pub(crate) fn text(&mut self, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.mistake(&value.span(), "a text in quotes is expected here".to_owned());
        }
        text.map(str::to_owned)
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, value: &Value<'_>) -> Vec<String> {
        let Some(array) = value.get_ref().as_array() else {
            self.mistake(&value.span(), "a list of texts is expected here".to_owned());
            return Vec::new();
        };
        array.iter().filter_map(|item| self.text(item)).collect()
    }

    /// Yes or no.
    pub(crate) fn bool(&mut self, value: &Value<'_>) -> Option<bool> {
        let bool = value.get_ref().as_bool();
        if bool.is_none() {
            self.mistake(&value.span(), "true or false is expected here".to_owned());
        }
        bool
    }

    /// A whole number within a range.
    pub(crate) fn number(&mut self, value: &Value<'_>, range: RangeInclusive<u32>) -> Option<u32> {
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u32>().ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let wanted = format!("a whole number from {} to {} is expected here", range.start(), range.end());
            self.mistake(&value.span(), wanted);
        }
        number
    }

    /// Refuses what has no meaning.
    pub(crate) fn refuse_other_keys(&mut self, table: &DeTable<'_>, keys: &[&str], of: &str) {
        for key in table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            let problem = format!("unknown key '{}'; {of} has {}", short(key.get_ref()), keys.join(", "));
            self.mistake(&key.span(), problem);
        }
    }

    /// Keeps a mistake until the end.
    pub(crate) fn mistake(&mut self, span: &Range<usize>, problem: String) {
        self.mistakes.push(Mistake { line: self.line(span), problem });
    }

    /// The line, from 1, that a piece of the file begins on.
    pub(crate) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or_default();
        1 + before.matches('\n').count()
    }
}

/// Where a key's value stands, or the table.
pub(crate) fn key_span(table: &DeTable<'_>, key: &str, otherwise: &Range<usize>) -> Range<usize> {
    table.get(key).map_or_else(|| otherwise.clone(), toml::Spanned::span)
}

/// Enough of a text to recognise it in a message.
pub(crate) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
