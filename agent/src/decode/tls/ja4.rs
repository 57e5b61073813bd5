//! JA4, the fingerprint of a TLS client: <https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{Carrier, Listed, extension, is_grease};

/// The fingerprint, as in `t13d1516h2_8daaf6152771_e5627efa2ab1`.
pub(super) fn fingerprint(carrier: Carrier, listed: &Listed) -> String {
    let carrier = match carrier {
        Carrier::Tcp => 't',
        Carrier::Quic => 'q',
    };
    let version = match listed.version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    };
    let name = if listed.extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let mut suites = without_grease(&listed.suites);
    let mut extensions = without_grease(&listed.extensions);
    let (suite_count, extension_count) = (suites.len().min(99), extensions.len().min(99));
    let alpn = alpn(&listed.first_alpn);

    suites.sort_unstable();
    extensions.retain(|kind| !matches!(*kind, extension::SERVER_NAME | extension::ALPN));
    extensions.sort_unstable();
    let mut described = hex_list(&extensions);
    let algorithms = without_grease(&listed.signature_algorithms);
    if !algorithms.is_empty() {
        described.push('_');
        described.push_str(&hex_list(&algorithms));
    }
    let suites = digest(&hex_list(&suites));
    let described = if extensions.is_empty() { digest("") } else { digest(&described) };
    format!("{carrier}{version}{name}{suite_count:02}{extension_count:02}{alpn}_{suites}_{described}")
}

fn without_grease(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|value| !is_grease(*value)).collect()
}

/// First and last character of the first protocol; of its bytes in hexadecimal where one is no letter or digit.
fn alpn(protocol: &[u8]) -> String {
    let (Some(&first), Some(&last)) = (protocol.first(), protocol.last()) else { return "00".into() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first, last].map(char::from).iter().collect();
    }
    let (first, last) = (format!("{first:02x}"), format!("{last:02x}"));
    first.chars().take(1).chain(last.chars().skip(1)).collect()
}

fn hex_list(values: &[u16]) -> String {
    let mut list = String::new();
    for value in values {
        let comma = if list.is_empty() { "" } else { "," };
        let _ = write!(list, "{comma}{value:04x}");
    }
    list
}

/// The first 12 hexadecimal digits of SHA-256; zeros for nothing.
fn digest(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".into();
    }
    let mut digits = String::new();
    for byte in Sha256::digest(text).iter().take(6) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    fn chrome() -> Listed {
        Listed {
            version: 0x0304,
            suites: vec![
                0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
                0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023,
                0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0x3a3a,
            ],
            signature_algorithms: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            first_alpn: b"h2".to_vec(),
        }
    }

    /// Firefox 120 as Wireshark shows it.
    fn firefox() -> Listed {
        Listed {
            version: 0x0304,
            suites: vec![
                0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc009,
                0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x0000, 0x0017, 0xff01, 0x000a, 0x000b, 0x0023, 0x0010, 0x0005, 0x0022, 0x0033, 0x002b,
                0x000d, 0x002d, 0x001c, 0xfe0d,
            ],
            signature_algorithms: vec![
                0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
            ],
            first_alpn: b"h2".to_vec(),
        }
    }

    #[test]
    fn published_examples_have_their_fingerprints() {
        assert_eq!(fingerprint(Carrier::Tcp, &chrome()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert_eq!(fingerprint(Carrier::Tcp, &firefox()), "t13d1715h2_5b57614c22b0_5c2c66f702b0");
    }

    #[test]
    fn missing_parts_have_their_zeros() {
        let nothing = Listed { version: 0x0301, ..Listed::default() };
        assert_eq!(fingerprint(Carrier::Quic, &nothing), "q10i000000_000000000000_000000000000");
    }

    #[test]
    fn alpn_that_is_not_text_shows_its_hexadecimal_ends() {
        let cases: &[(&[u8], &str)] = &[
            (b"", "00"),
            (b"h2", "h2"),
            (b"http/1.1", "h1"),
            (b"x", "xx"),
            (&[0xab], "ab"),
            (&[0xab, 0xcd], "ad"),
            (&[0x30, 0xab], "3b"),
            (&[0x20, 0x61], "21"),
        ];
        for (protocol, ends) in cases {
            assert_eq!(alpn(protocol), *ends);
        }
    }
}
