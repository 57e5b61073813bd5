//! Checks the catalog's files and writes them as one read-only table for `lib.rs` to include.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, process};

#[expect(unreachable_pub, reason = "the build checks what the program reads")]
mod attribute;
mod compile;
#[expect(unreachable_pub, reason = "the build checks what the program reads")]
mod kind;
#[expect(dead_code, reason = "the build fills what the program reads")]
mod name;
#[expect(dead_code, reason = "the build fills what the program reads")]
mod table;

use compile::{Compiled, Texts};
use table::{Known, Record};

fn main() {
    println!("cargo::rerun-if-changed=needs.toml");
    println!("cargo::rerun-if-changed=plumbing.toml");
    println!("cargo::rerun-if-changed=personal.toml");
    println!("cargo::rerun-if-changed=services");
    let texts = Texts::read(Path::new(".")).expect("read the catalog's files");
    let compiled = compile::compile(&texts).unwrap_or_else(|refusals| {
        for refusal in &refusals {
            println!("cargo::error={}", refusal.to_string().replace('\n', " "));
        }
        process::exit(1);
    });
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let source = write_source(&compiled).expect("writing to a string");
    fs::write(Path::new(&out).join("catalog.rs"), source).expect("write catalog.rs");
}

/// Rust source: arrays of plain values, which compile in about a second whatever their length.
fn write_source(compiled: &Compiled) -> Result<String, std::fmt::Error> {
    let layout = compile::lay_out(compiled);
    let mut out = String::new();
    writeln!(out, "pub(crate) static BUILTIN: crate::Catalog = crate::Catalog {{")?;
    writeln!(
        out,
        "version: {:?}, needs: &NEEDS, services: &SERVICES, attributes: &ATTRIBUTES,",
        compiled.version
    )?;
    writeln!(
        out,
        "rule_count: {}, table: Table {{ text: TEXT, names: NAMES, groups: &GROUPS }} }};",
        compiled.rules.len()
    )?;

    writeln!(out, "static NEEDS: [Need; {}] = [", compiled.needs.len())?;
    for need in &compiled.needs {
        writeln!(out, "Need {{ id: {:?}, name: {:?}, job: {:?} }},", need.id, need.name, need.job)?;
    }
    writeln!(out, "];\nstatic SERVICES: [Record; {}] = [", layout.services.len())?;
    for Record { id, name, vendor, home, need, as_often_private } in &layout.services {
        write!(out, "Record {{ id: Span({}), name: Span({}), vendor: Span({}), ", id.0, name.0, vendor.0)?;
        writeln!(out, "home: Span({}), need: {need}, as_often_private: {as_often_private} }},", home.0)?;
    }
    writeln!(out, "];\nstatic ATTRIBUTES: [Known; {}] = [", layout.attributes.len())?;
    for Known { service, name, value, source, month } in &layout.attributes {
        write!(
            out,
            "Known {{ service: {service}, name: AttributeName::{name:?}, value: Span({}), ",
            value.0
        )?;
        writeln!(out, "source: Span({}), month: Span({}) }},", source.0, month.0)?;
    }
    writeln!(out, "];\nstatic GROUPS: [Group; {}] = [", layout.groups.len())?;
    for group in &layout.groups {
        writeln!(out, "{group:?},")?;
    }
    writeln!(out, "];\nstatic NAMES: &[u8] = b\"{}\";", layout.names.escape_ascii())?;
    writeln!(out, "static TEXT: &str = {:?};", layout.text)?;
    Ok(out)
}
