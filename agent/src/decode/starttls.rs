//! What a client says in the clear before it asks for TLS: SMTP (RFC 3207), IMAP and POP3 (RFC 2595), FTP (RFC 4217).
//!
//! Followed line by line, so that the place where the hello begins is known and its segments may come in any order.

/// Longest line followed: RFC 5321 §4.5.3.1.4 allows 512 bytes, RFC 3501 more where a client tells about itself.
const MAX_LINE_BYTES: usize = 2048;

/// Commands that a client may send before it asks for TLS. What is said after it gave a password, a mail or a body
/// is not followed.
const COMMANDS: &[&[u8]] = &[
    b"EHLO", b"HELO", b"LHLO", b"NOOP", b"RSET", b"HELP", b"CAPA", b"UTF8", b"LANG", b"FEAT", b"HOST",
    b"CLNT", b"CSID", b"SYST",
];
/// Commands that ask for TLS; `AUTH` only with the right word after it.
const UPGRADES: &[&[u8]] = &[STARTTLS, b"STLS", b"AUTH"];
/// Commands of IMAP before it asks for TLS, and that one, where a tag stands before them.
const TAGGED_COMMANDS: &[&[u8]] = &[b"CAPABILITY", b"ID", b"NOOP", STARTTLS];
const STARTTLS: &[u8] = b"STARTTLS";

/// What the first line of some bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A command of so many bytes, after which others may follow.
    Command(usize),
    /// A command of so many bytes, after which TLS begins.
    Starttls(usize),
    /// It does not end yet.
    Part,
    /// No line of such a dialogue.
    No,
}

/// Reads the line at the start of `bytes`.
pub(super) fn line(bytes: &[u8]) -> Line {
    if bytes.first().is_some_and(|first| !first.is_ascii_alphanumeric() && *first != b'.') {
        return Line::No;
    }
    let Some(end) = bytes.iter().take(MAX_LINE_BYTES).position(|byte| *byte == b'\n') else {
        let is_text = bytes.iter().all(|byte| matches!(byte, b'\r' | b'\t' | b' '..=b'~'));
        return if is_text && bytes.len() < MAX_LINE_BYTES && may_begin(bytes) {
            Line::Part
        } else {
            Line::No
        };
    };
    let text = bytes.get(..end).unwrap_or_default().trim_ascii_end();
    let length = end.saturating_add(1);
    let mut words = text.split(|byte| *byte == b' ');
    let first = words.next().unwrap_or_default();
    let second = words.next();
    let is = |word: &[u8], command: &[u8]| word.eq_ignore_ascii_case(command);
    match second {
        None if is(first, STARTTLS) || is(first, b"STLS") => Line::Starttls(length),
        Some(kind) if is(first, b"AUTH") && (is(kind, b"TLS") || is(kind, b"SSL")) => Line::Starttls(length),
        Some(command) if is(command, STARTTLS) && is_tag(first) => Line::Starttls(length),
        _ if COMMANDS.iter().any(|command| is(first, command)) => Line::Command(length),
        Some(second) if is_tag(first) && TAGGED_COMMANDS.iter().any(|command| is(second, command)) => {
            // A literal (RFC 3501 §4.3) goes on in lines of its own.
            if text.ends_with(b"}") { Line::No } else { Line::Command(length) }
        }
        _ => Line::No,
    }
}

/// Whether a line that begins so may still become one.
fn may_begin(bytes: &[u8]) -> bool {
    let mut words = bytes.split(|byte| matches!(byte, b' ' | b'\r'));
    let first = words.next().unwrap_or_default();
    let second = words.next();
    if begins_one_of(first, COMMANDS.iter().chain(UPGRADES), second.is_some()) {
        return true;
    }
    let is_second_whole = words.next().is_some();
    is_tag(first) && second.is_none_or(|second| begins_one_of(second, TAGGED_COMMANDS, is_second_whole))
}

fn begins_one_of<'a>(word: &[u8], commands: impl IntoIterator<Item = &'a &'a [u8]>, is_whole: bool) -> bool {
    commands.into_iter().any(|command| {
        let same = command.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        same && (!is_whole || word.len() == command.len())
    })
}

/// IMAP clients number their commands with a few letters and digits.
fn is_tag(word: &[u8]) -> bool {
    (1..=16).contains(&word.len()) && word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_told_by_their_command() {
        let cases: &[(&[u8], Line)] = &[
            (b"EHLO laptop.example.com\r\nSTARTTLS\r\n", Line::Command(25)),
            (b"starttls\r\n", Line::Starttls(10)),
            (b"STLS\n", Line::Starttls(5)),
            (b"AUTH TLS\r\n", Line::Starttls(10)),
            (b"AUTH PLAIN abc=\r\n", Line::No),
            (b"a001 CAPABILITY\r\n", Line::Command(17)),
            (b"1 starttls\r\n", Line::Starttls(12)),
            (b"A2 ID (\"name\" \"mail\")\r\n", Line::Command(23)),
            (b"A2 ID {4}\r\n", Line::No),
            (b"A3 LOGIN me secret\r\n", Line::No),
            (b"MAIL FROM:<a@example.com>\r\n", Line::No),
            (b"SSH-2.0-client\r\n", Line::No),
            (b"STARTTLS", Line::Part),
            (b"EH", Line::Part),
            (b"EHLX", Line::Part),
            (b"EHLO a", Line::Part),
            (b"EHLX a", Line::No),
            (b"a1 STAR", Line::Part),
            (b"a1 STAY", Line::No),
            (b"\x16\x03", Line::No),
            (b"", Line::Part),
        ];
        for (bytes, expected) in cases {
            assert_eq!(line(bytes), *expected, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(line(&[b'E'; MAX_LINE_BYTES]), Line::No);
    }

    #[test]
    fn every_start_of_a_line_waits_for_its_end() {
        for whole in ["EHLO laptop\r\n", "STLS\r\n", "auth tls\r\n", "tag7 starttls\r\n", ". id nil\r\n"] {
            for end in 0..whole.len() {
                assert_eq!(line(&whole.as_bytes()[..end]), Line::Part, "{whole:?} cut at {end}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            line(&bytes);
            line(&[&b"a1 "[..], &bytes].concat());
        }
    }
}
