//! What a rule may be, alone and beside all others.

use std::collections::HashMap;

use super::{CheckedRule, CheckedService, Refusal, files};
use crate::kind::{PlumbingKind, Role};
use crate::name::{check_name, check_suffix, suffixes_above};
use crate::table::{Target, rule::SERVICES};

/// Rules at most: far more would no longer fit the cache of a core.
const MAX_RULES: usize = u16::MAX as usize;

/// A rule and where it was written down.
struct Found<'f> {
    file: &'f str,
    /// Names the entry in a refusal: "service `box`", "`cdn`".
    entry: String,
    vendor: &'f str,
    rule: CheckedRule,
}

/// All rules of all files, each checked alone and against the others.
pub(super) fn check(
    parsed: &files::Parsed,
    services: &[CheckedService],
    refusals: &mut Vec<Refusal>,
) -> Vec<CheckedRule> {
    let mut found = Vec::new();
    read_services(parsed, services, &mut found, refusals);
    read_plumbing(parsed, &mut found, refusals);
    for (category, group) in &parsed.personal {
        read_group("personal.toml", category, group, Target::Personal, &mut found);
    }
    for one in &found {
        refusals.extend(check_alone(one).err().map(|why| refuse(one, &why)));
    }
    check_together(&found, refusals);
    if found.len() > MAX_RULES {
        let reason = format!("{} rules are more than the table's {MAX_RULES}", found.len());
        refusals.push(Refusal { file: "services".to_owned(), reason });
    }
    if services.len() > SERVICES as usize {
        let reason = format!("{} services are more than the table's {SERVICES}", services.len());
        refusals.push(Refusal { file: "services".to_owned(), reason });
    }
    found.into_iter().map(|one| one.rule).collect()
}

fn refuse(found: &Found<'_>, why: &str) -> Refusal {
    let reason = format!("{}: rule `{}`: {why}", found.entry, found.rule.name);
    Refusal { file: found.file.to_owned(), reason }
}

fn read_services<'f>(
    parsed: &'f files::Parsed,
    services: &'f [CheckedService],
    found: &mut Vec<Found<'f>>,
    refusals: &mut Vec<Refusal>,
) {
    for need in &parsed.services {
        for service in &need.services {
            // A service without rules has been refused; one past 65,536 is past `SERVICES`.
            let Ok(at) = services.binary_search_by(|other| other.id.cmp(&service.id)) else { continue };
            let Ok(index) = u16::try_from(at) else { continue };
            let entry = format!("service `{}`", service.id);
            for rule in &service.rules {
                match read_rule(rule, index) {
                    Ok(rule) => found.push(Found {
                        file: &need.file,
                        entry: entry.clone(),
                        vendor: &services[at].vendor,
                        rule,
                    }),
                    Err(why) => refusals.push(Refusal {
                        file: need.file.clone(),
                        reason: format!("{entry}: rule `{}`: {why}", rule.name()),
                    }),
                }
            }
        }
    }
}

fn read_rule(rule: &files::ServiceRule, index: u16) -> Result<CheckedRule, String> {
    let Some(role) = Role::ALL.into_iter().find(|role| role.as_str() == rule.role) else {
        return Err(format!("role `{}` is none of {}", rule.role, Role::ALL.map(Role::as_str).join(", ")));
    };
    if rule.suffix.is_some() == rule.exact.is_some() {
        return Err("give either `suffix` or `exact`".to_owned());
    }
    let target = Target::Service { index, role, often_embedded: rule.often_embedded };
    Ok(CheckedRule { name: rule.name().to_owned(), exact: rule.exact.is_some(), target })
}

fn read_plumbing<'f>(parsed: &'f files::Parsed, found: &mut Vec<Found<'f>>, refusals: &mut Vec<Refusal>) {
    for (word, group) in &parsed.plumbing {
        match PlumbingKind::ALL.into_iter().find(|kind| kind.as_str() == word) {
            Some(kind) => read_group("plumbing.toml", word, group, Target::Plumbing(kind), found),
            None => refusals.push(Refusal {
                file: "plumbing.toml".to_owned(),
                reason: format!(
                    "kind `{word}` is none of {}",
                    PlumbingKind::ALL.map(PlumbingKind::as_str).join(", ")
                ),
            }),
        }
    }
}

fn read_group<'f>(
    file: &'static str,
    word: &'f str,
    group: &'f files::Group,
    target: Target,
    found: &mut Vec<Found<'f>>,
) {
    let suffixes = group.suffix.iter().map(|name| (name, false));
    let exacts = group.exact.iter().map(|name| (name, true));
    for (name, exact) in suffixes.chain(exacts) {
        let rule = CheckedRule { name: name.clone(), exact, target };
        found.push(Found { file, entry: format!("`{word}`"), vendor: "", rule });
    }
}

fn check_alone(found: &Found<'_>) -> Result<(), String> {
    let CheckedRule { name, exact, target } = &found.rule;
    check_name(name)?;
    let is_local = *target == Target::Plumbing(PlumbingKind::LocalNetwork);
    if is_local || *exact {
        return Ok(());
    }
    // Delivery networks stand in the list's private part, as every customer of theirs has a name there.
    let may_be_private = matches!(target, Target::Plumbing(_) | Target::Service { role: Role::Hosted, .. });
    check_suffix(name, may_be_private)
}

/// Every rule beside those of the same name and those above it.
fn check_together(found: &[Found<'_>], refusals: &mut Vec<Refusal>) {
    let mut by_name: HashMap<&str, Vec<&Found<'_>>> = HashMap::new();
    for one in found {
        let same_name = by_name.entry(&one.rule.name).or_default();
        for other in same_name.iter() {
            let same_kind = matches!(one.rule.target, Target::Service { .. })
                && matches!(other.rule.target, Target::Service { .. });
            if one.rule.exact == other.rule.exact || !same_kind {
                refusals.push(refuse(one, &format!("stands in {}, {} too", other.file, other.entry)));
            }
        }
        same_name.push(one);
    }
    for one in found.iter().filter(|one| !one.rule.exact) {
        let above = suffixes_above(&one.rule.name).filter_map(|name| by_name.get(name)).flatten();
        for above in above.filter(|above| !above.rule.exact) {
            refusals.extend(check_below(one, above).err().map(|why| refuse(one, &why)));
        }
    }
}

fn check_below(one: &Found<'_>, above: &Found<'_>) -> Result<(), String> {
    let Target::Service { role, .. } = one.rule.target else { return Ok(()) };
    let suffix = &above.rule.name;
    match above.rule.target {
        Target::Service { .. } if one.vendor != above.vendor => Err(format!(
            "is inside `{suffix}` of {} ({}): use `exact` if it is right",
            above.vendor, above.entry
        )),
        Target::Service { role: above, .. }
            if role == Role::Hosted && above != Role::Hosted && !holds_public_suffix(&one.rule.name) =>
        {
            Err(format!(
                "is `hosted` inside `{suffix}`, the vendor's own domain: `content` is what customers share there"
            ))
        }
        // A vendor's own domain is what its services are carved out of.
        Target::Plumbing(kind) if kind != PlumbingKind::Vendor && matches!(role, Role::App | Role::Login) => {
            Err(format!(
                "an app or login is inside plumbing `{suffix}` ({}): use `exact` if it is right",
                kind.as_str()
            ))
        }
        _ => Ok(()),
    }
}

/// Anybody can have a name directly below this one: it, or all that is below it, stands in the list's private part.
fn holds_public_suffix(name: &str) -> bool {
    let below = format!("a.{name}");
    let is_private = |name: &str| {
        psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Private))
    };
    is_private(name) || is_private(&below)
}
