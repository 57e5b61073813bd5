//! The page for programs.

use super::Digest;

/// JSON, indented, with a final line feed.
pub(super) fn write(digest: &Digest) -> String {
    let mut text = serde_json::to_string_pretty(digest).expect("a digest holds only text, numbers and lists");
    text.push('\n');
    text
}
