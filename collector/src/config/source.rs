//! Where settings come from, the strongest last, and the mistakes found on the way.

use std::collections::BTreeMap;

use toml::{Table, Value, de::DeTable};

/// Settings by key, each in the sources that have it, from the weakest to the strongest.
pub(super) struct Sources {
    given: BTreeMap<String, Vec<Given>>,
    mistakes: Vec<String>,
}

struct Given {
    /// How to call it in a message: `collector.toml line 3: zone`.
    place: String,
    value: Value,
}

const PREFIX: &str = "ELSEWHERE_COLLECTOR_";
/// Variables that say where the settings are and what is logged, and are none themselves.
const OTHERS: [&str; 2] = ["ELSEWHERE_COLLECTOR_DATA", "ELSEWHERE_COLLECTOR_LOG"];

impl Sources {
    pub(super) fn read(
        file: &str,
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(&'static str, String)],
        keys: &[&str],
    ) -> Self {
        let mut sources = Self { given: BTreeMap::new(), mistakes: Vec::new() };
        match text.parse::<Table>() {
            Ok(table) => {
                let lines = lines(text);
                for (key, value) in table {
                    let line = lines.get(&key).copied().unwrap_or(1);
                    sources.add(&key, format!("{file} line {line}: {key}"), value, keys);
                }
            }
            Err(error) => sources.mistakes.push(format!("{file}: {}", error.to_string().trim_end())),
        }
        for (name, text) in environment.filter(|(name, _)| !OTHERS.contains(&name.as_str())) {
            if let Some(key) = name.strip_prefix(PREFIX) {
                sources.add(&key.to_ascii_lowercase(), name.clone(), Value::String(text), keys);
            }
        }
        for (key, text) in flags {
            let flag = format!("--{}", key.replace('_', "-"));
            sources.add(key, flag, Value::String(text.clone()), keys);
        }
        sources
    }

    fn add(&mut self, key: &str, place: String, value: Value, keys: &[&str]) {
        if !keys.contains(&key) {
            self.mistakes.push(format!("{place}: there is no such setting; there are {}", keys.join(", ")));
            return;
        }
        self.given.entry(key.to_owned()).or_default().push(Given { place, value });
    }

    /// The strongest value given, or the default; every given one is read, so that every mistake is found.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        read: impl Fn(&Value) -> Result<T, String>,
        default: impl FnOnce() -> T,
    ) -> T {
        let mut strongest = None;
        for Given { place, value } in self.given.remove(key).unwrap_or_default() {
            match read(&value) {
                Ok(value) => strongest = Some(value),
                Err(problem) => self.mistakes.push(format!("{place}: {problem}")),
            }
        }
        strongest.unwrap_or_else(default)
    }

    pub(super) fn finish(self) -> Result<(), Vec<String>> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(self.mistakes) }
    }
}

/// The line of each key.
fn lines(text: &str) -> BTreeMap<String, usize> {
    let Ok(table) = DeTable::parse(text) else { return BTreeMap::new() };
    let line = |key: &toml::Spanned<_>| 1 + text[..key.span().start].matches('\n').count();
    table.get_ref().keys().map(|key| (key.get_ref().to_string(), line(key))).collect()
}
