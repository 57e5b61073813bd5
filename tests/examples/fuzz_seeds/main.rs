//! Makes seeds for the fuzz targets: small inputs that reach far, from which libFuzzer goes on.
//!
//! `cargo run -p elsewhere-tests --example fuzz_seeds -- made tests/fuzz/seeds` writes those that are committed: messages
//! built here, and hellos of rustls, and of OpenSSL and curl where they are installed. `... -- captures DIR OUT` takes
//! them out of capture files; these are for fuzzing at once, and of captures that are not ours they are not committed.

mod bodies;
mod captures;
mod hellos;
mod made;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// A seed: target, name, bytes.
type Seed = (&'static str, String, Vec<u8>);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (seeds, out) = match words[..] {
        ["made", out] => (made::seeds()?, out),
        ["captures", folder, out] => (captures::seeds(Path::new(folder))?, out),
        _ => bail!("usage: fuzz_seeds made OUT | fuzz_seeds captures DIR OUT"),
    };
    for (target, name, bytes) in &seeds {
        let folder = PathBuf::from(out).join(target);
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        fs::write(folder.join(name), bytes).with_context(|| format!("write seed {name}"))?;
    }
    println!("{} seeds under {out}", seeds.len());
    Ok(())
}
