//! What a name in a rule has to be, in the catalog's own files and in an organisation's layer alike.

use crate::table::{MAX_LABEL_BYTES, MAX_NAME_BYTES};

/// A name is written as the table compares it: lower case, without a final dot, in its `xn--` form.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let plain = idna::domain_to_ascii(name).map_err(|_| "is no domain name".to_owned())?;
    let plain = plain.trim_end_matches('.');
    if plain != name {
        return Err(format!("write it as `{plain}`"));
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if name.len() > MAX_NAME_BYTES || !name.split('.').all(is_label) {
        return Err("is no domain name".to_owned());
    }
    let top = name.rsplit('.').next().unwrap_or_default();
    if top.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is an address, not a name".to_owned());
    }
    Ok(())
}

/// A suffix claims nobody else's names. `may_be_private`: one of the list's private part will do, where every customer
/// of somebody has a name.
pub(crate) fn check_suffix(name: &str, may_be_private: bool) -> Result<(), String> {
    if !name.contains('.') {
        return Err("a single label claims a whole top-level domain".to_owned());
    }
    let Some(suffix) = psl::suffix(name.as_bytes()).filter(|suffix| *suffix == name) else { return Ok(()) };
    match suffix.typ() {
        Some(psl::Type::Icann) => Err("is a public suffix, under which anybody can have a name".to_owned()),
        Some(psl::Type::Private) if !may_be_private => {
            Err("is a public suffix: role `hosted`, or `exact`".to_owned())
        }
        _ => Ok(()),
    }
}

/// `a.b.c`, `b.c` and `c` for `a.b.c`.
pub(crate) fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::once(name).chain(suffixes_above(name))
}

/// `b.c` and `c` for `a.b.c`.
pub(crate) fn suffixes_above(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(dot, _)| &name[dot + 1..])
}
