//! Names that nobody has: from a seed, so that each run asks the same.

use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

const SYLLABLES: &[&str] = &[
    "ba", "bel", "cor", "da", "dri", "el", "fen", "ga", "hol", "in", "ja", "kel", "lo", "mar", "nim", "or",
    "pa", "qui", "ros", "sta", "tam", "ul", "ver", "wex", "yor", "zan",
];
const TOPS: &[&str] = &[
    "com", "com", "com", "com", "net", "org", "io", "de", "fr", "co.uk", "eu", "nl", "ch", "it", "es", "pl",
    "com.au", "app", "dev", "ai", "se", "jp", "com.br", "in", "info",
];
const HOSTS: &[&str] = &[
    "www",
    "www",
    "www",
    "api",
    "app",
    "cdn",
    "static",
    "mail",
    "m",
    "img",
    "login",
    "assets",
    "edge",
    "eu-west-1",
    "v2",
    "beta",
    "files",
    "ws",
];
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A word that could be a company.
pub(super) fn word(rng: &mut ChaCha8Rng) -> String {
    let syllables = rng.random_range(3..=6);
    let word: String = (0..syllables).filter_map(|_| SYLLABLES.choose(rng)).copied().collect();
    if rng.random_bool(0.15) { format!("{word}-{}", SYLLABLES.choose(rng).unwrap_or(&"x")) } else { word }
}

/// A registrable domain.
pub(super) fn domain(rng: &mut ChaCha8Rng) -> String {
    format!("{}.{}", word(rng), TOPS.choose(rng).unwrap_or(&"com"))
}

/// A host below a name, or the name itself, as often as one meets each.
pub(super) fn host(rng: &mut ChaCha8Rng, below: &str) -> String {
    match rng.random_range(0..10) {
        0..3 => below.to_owned(),
        3..7 => format!("{}.{below}", HOSTS.choose(rng).unwrap_or(&"www")),
        7..9 => format!("{}.{below}", label(rng)),
        _ => format!("{}.{}.{below}", label(rng), HOSTS.choose(rng).unwrap_or(&"www")),
    }
}

/// A name that looks like a listed one and is not: other letters in front of it, or all of it below another's domain.
pub(super) fn lookalike(rng: &mut ChaCha8Rng, listed: &str) -> String {
    if rng.random_bool(0.5) { format!("{}{listed}", word(rng)) } else { format!("{listed}.{}", domain(rng)) }
}

/// What programs call their hosts: letters and digits without sense.
fn label(rng: &mut ChaCha8Rng) -> String {
    let length = rng.random_range(4..=16);
    (0..length).filter_map(|_| LETTERS.choose(rng)).map(|&byte| char::from(byte)).collect()
}
