//! Captures of our own, under `tests/captures/<case>`: what public ones barely hold.
//!
//! Each case is `input.pcap`, the facts that have to come out of it (`expect.snap`) and a README that says how the
//! traffic was made. The expectation is written by whoever makes the traffic and never taken from what the decoder
//! says. Built cases are the same bytes in every run; recorded ones, of real programs in the lab, are pinned by their
//! file. `elsewhere-captures` makes both again.

#[cfg(test)]
mod altered;
mod cases;
mod hello;
mod names;
mod quic;
mod record;
mod seen;
mod tape;
mod wire;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

use self::tape::Tape;
pub use self::{
    record::{Recorded, all as recorded},
    seen::Seen,
};

/// Where the cases lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

/// A case whose frames are built byte by byte.
pub struct Built {
    /// Its folder's name.
    pub name: &'static str,
    /// What is in it and why, for its README.
    pub about: &'static str,
    make: fn(&mut Tape),
    tape: fn() -> Tape,
}

impl Built {
    /// The files of its folder: name and content.
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut tape = (self.tape)();
        (self.make)(&mut tape);
        let how = "Built byte by byte; `elsewhere-captures build` makes the same bytes again.";
        let readme = format!("# {}\n\n{}\n\n{how}\n", self.name, self.about);
        let expected = tape.expected().join("\n") + "\n";
        vec![
            ("README.md", readme.into_bytes()),
            ("expect.snap", expected.into_bytes()),
            ("input.pcap", tape.pcap()),
        ]
    }

    /// Writes its folder.
    pub fn write(&self) -> anyhow::Result<()> {
        let folder = folder().join(self.name);
        fs::create_dir_all(&folder)?;
        for (name, content) in self.files() {
            fs::write(folder.join(name), content).with_context(|| format!("{}/{name}", self.name))?;
        }
        Ok(())
    }
}

/// All cases that are built.
pub fn built() -> Vec<Built> {
    cases::all()
}

/// A case as it lies in its folder.
pub struct Case {
    /// Its folder's name.
    pub name: String,
    /// Its capture.
    pub input: PathBuf,
    /// The facts that have to come out, a line each.
    pub expected: Vec<String>,
}

impl Case {
    /// All cases there are; one without its three files is an error.
    pub fn all() -> anyhow::Result<Vec<Self>> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(folder())? {
            names.insert(entry?.file_name().into_string().ok().context("a folder's name is text")?);
        }
        names.into_iter().map(|name| Self::read(name.clone()).with_context(|| name)).collect()
    }

    fn read(name: String) -> anyhow::Result<Self> {
        let folder = folder().join(&name);
        ensure!(folder.join("README.md").exists(), "no README.md says how it was made");
        let expected = fs::read_to_string(folder.join("expect.snap")).context("no expect.snap")?;
        let expected = expected.lines().map(str::to_owned).collect();
        Ok(Self { name, input: folder.join("input.pcap"), expected })
    }

    /// What is expected and missing, or there and not expected; a line each. Flows and JA4 are compared where the
    /// expectation names them.
    pub fn differences(&self, seen: &Seen) -> Vec<String> {
        let with_flows = self.expected.iter().any(|line| line.contains(" flow "));
        let mut rest: Vec<&seen::Line> =
            seen.lines.iter().filter(|line| with_flows || !line.is_flow()).collect();
        let mut differences = Vec::new();
        for line in &self.expected {
            match rest.iter().position(|seen| seen.matches(line)) {
                Some(at) => drop(rest.remove(at)),
                None => differences.push(format!("missing: {line}")),
            }
        }
        differences.extend(rest.iter().map(|line| format!("not expected: {line}")));
        differences
    }
}
