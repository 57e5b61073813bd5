//! Whether a list's name for a service and the catalog's speak of the same: "Google Docs" and "Google Docs editors",
//! "Jira" and "Confluence and Jira".

use elsewhere_catalog::Service;

/// Words that say nothing about whose something is.
const EMPTY_WORDS: &[&str] = &[
    "a",
    "ai",
    "and",
    "app",
    "apps",
    "by",
    "cloud",
    "co",
    "com",
    "for",
    "group",
    "hq",
    "inc",
    "io",
    "labs",
    "net",
    "of",
    "online",
    "org",
    "software",
    "suite",
    "systems",
    "technologies",
    "the",
];

/// How a name in a list relates to the service that the catalog names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The service itself.
    Service,
    /// Something of the same vendor.
    Vendor,
    /// Neither its name nor its vendor's.
    Other,
}

/// Compares words, not letters: all words of the shorter name stand in the longer one.
pub(super) fn likeness(listed: &str, service: &Service<'_>) -> Likeness {
    let listed = words(listed);
    let (name, vendor) = (words(service.name()), words(service.vendor()));
    if is_within(&listed, &name) || is_within(&name, &listed) {
        return Likeness::Service;
    }
    let is_of_vendor = is_within(&vendor, &listed) || is_within(&listed, &vendor);
    let begins_alike =
        listed.first().is_some_and(|first| vendor.first() == Some(first) || name.first() == Some(first));
    if is_of_vendor || begins_alike { Likeness::Vendor } else { Likeness::Other }
}

/// All words of the one are in the other, in one piece or apart: "GitHub" and "Git Hub".
fn is_within(part: &[String], whole: &[String]) -> bool {
    !part.is_empty() && (part.iter().all(|word| whole.contains(word)) || part.concat() == whole.concat())
}

/// In lower case, without marks; the empty ones only where there are no others.
fn words(name: &str) -> Vec<String> {
    let words = name.split(|char: char| !char.is_alphanumeric() && char != '\'' && char != '+');
    let words: Vec<String> = words
        .map(|word| word.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let full: Vec<String> =
        words.iter().filter(|word| !EMPTY_WORDS.contains(&word.as_str())).cloned().collect();
    if full.is_empty() { words } else { full }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_their_words() {
        let cases = [
            ("google-docs", "Google Docs editors", Likeness::Service),
            ("confluence-and-jira", "Jira", Likeness::Service),
            ("github", "Git Hub", Likeness::Service),
            ("google-drive", "Google Classroom", Likeness::Vendor),
            ("wetransfer", "Dropbox Transfer", Likeness::Other),
            ("dropbox", "Box", Likeness::Other),
        ];
        for (id, listed, expected) in cases {
            let service = elsewhere_catalog::builtin().service(id).unwrap();
            assert_eq!(likeness(listed, &service), expected, "{listed} beside {}", service.name());
        }
    }
}
