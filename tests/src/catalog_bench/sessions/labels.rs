//! What was really done in a session: `x.labels.json`, `[{"service_id": "notion", "evidence": "use"}]`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::step::Step;

/// How the files are called.
pub(super) const ENDING: &str = ".labels.json";

/// The services of one session, each with its step.
#[derive(Debug, Default)]
pub(super) struct Labels(BTreeMap<String, Step>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    service_id: String,
    evidence: Step,
}

impl Labels {
    /// Reads a file; an error names it and says where it is broken.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut labels = BTreeMap::new();
        for Label { service_id, evidence } in serde_json::from_str::<Vec<Label>>(text)? {
            ensure!(!service_id.is_empty(), "a label has an empty service_id");
            let before = labels.insert(service_id.clone(), evidence);
            ensure!(before.is_none(), "{service_id} has two labels");
        }
        Ok(Self(labels))
    }

    /// The labelled services, also those labelled `none`.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a service has a label.
    pub(super) fn has(&self, service_id: &str) -> bool {
        self.0.contains_key(service_id)
    }

    /// What was done with a service; nothing where it has no label.
    pub(super) fn step(&self, service_id: &str) -> Step {
        self.0.get(service_id).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, Step};

    #[test]
    fn a_service_without_a_label_was_not_there() {
        let labels = Labels::parse(r#"[{"service_id":"notion","evidence":"use"}]"#).unwrap();
        assert_eq!((labels.step("notion"), labels.step("slack")), (Step::Use, Step::None));
    }

    #[test]
    fn a_broken_file_is_refused_with_the_reason() {
        let cases = [
            ("", "EOF while parsing a value at line 1 column 0"),
            (r#"{"service_id":"notion"}"#, "invalid type: map, expected a sequence at line 1 column 0"),
            (r#"[{"service_id":"notion"}]"#, "missing field `evidence` at line 1 column 24"),
            (
                r#"[{"service_id":"notion","evidence":"used"}]"#,
                "unknown variant `used`, expected one of `none`, `contact`, `visit`, `present`, `use` at line 1 column 41",
            ),
            (
                r#"[{"service_id":"a","evidence":"use"},{"service_id":"a","evidence":"visit"}]"#,
                "a has two labels",
            ),
        ];
        for (text, reason) in cases {
            assert_eq!(Labels::parse(text).unwrap_err().to_string(), reason, "{text}");
        }
    }
}
