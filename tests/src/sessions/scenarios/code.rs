//! Code and its host, by real git over HTTPS.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Scenario,
    tools::{noise, root, tool},
};
use crate::{lab::run, sessions::play::Play};
use anyhow::ensure;
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "git-push",
    about: "changes of 200 KB to 5 MB are committed and pushed to a code host",
    is_use: true,
    play: push,
}];

/// Hosts of code that anybody may clone from.
const HOSTS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];
/// From a small tool to one with pictures in its history.
const REPOSITORY_BYTES: (f64, f64) = (0.1e6, 40e6);
/// What one push carries.
const PUSH_BYTES: (f64, f64) = (0.2e6, 5e6);

fn push(play: &mut Play) -> anyhow::Result<()> {
    let (host, folder) = clone(play)?;
    play.means(host, Evidence::Use);
    for _ in 0..play.between((1, 3)) {
        play.rest(60.0..2_400.0)?;
        if play.chance(50) {
            remote(play, &folder, 1.0, "fetch --quiet")?;
        }
        let bytes = play.wide_bytes(PUSH_BYTES);
        commit(play, &folder, bytes)?;
        let before = play.server.uploaded(host);
        let mbit = play.rng.random_range(5.0..40.0);
        remote(play, &folder, f64::from(bytes) * 8.0 / (mbit * 1e6), "push --quiet")?;
        let sent = play.server.uploaded(host) - before;
        ensure!(sent >= u64::from(bytes), "{sent} of {bytes} bytes were pushed");
    }
    Ok(())
}

/// Clones a repository of one of the hosts, whole or its last state only; gives the host and the clone.
pub(super) fn clone(play: &mut Play) -> anyhow::Result<(&'static str, PathBuf)> {
    let host = *play.one_of(HOSTS)?;
    let name = format!("parts-{}", play.next_number());
    let folder = play.lab.path("code");
    let bytes = publish(play, host, &name)?;
    let depth = if play.chance(30) { "--depth 1" } else { "" };
    let mbit = play.wide((20.0, 300.0));
    let seconds = f64::from(bytes) * 8.0 / (mbit * 1e6);
    remote(play, &folder, seconds, &format!("clone --quiet {depth} https://{host}/kestrel/{name}.git"))?;
    Ok((host, folder.join(name)))
}

/// Puts a repository of several commits on a host; gives its size.
fn publish(play: &mut Play, host: &str, name: &str) -> anyhow::Result<u32> {
    let there = play.server.repositories(host).join("kestrel").join(format!("{name}.git"));
    let here = play.lab.path(&format!("published-{name}"));
    fs::create_dir_all(play.lab.path("code"))?;
    fs::create_dir_all(&here)?;
    git(
        play,
        &here,
        &["init", "--quiet", "--bare", "--initial-branch", "main", &there.display().to_string()],
    )?;
    git(play, &here, &["init", "--quiet", "--initial-branch", "main"])?;
    let (bytes, commits) = (play.wide_bytes(REPOSITORY_BYTES), play.between((1, 6)));
    for _ in 0..commits {
        commit(play, &here, bytes / commits)?;
    }
    git(play, &here, &["push", "--quiet", &there.display().to_string(), "main"])?;
    Ok(bytes)
}

/// Commits so many bytes in some files.
fn commit(play: &mut Play, folder: &Path, bytes: u32) -> anyhow::Result<()> {
    let files = play.between((1, 30));
    for _ in 0..files {
        let part = noise(play, usize::try_from(bytes.div_ceil(files))?);
        fs::write(folder.join(format!("part-{}.bin", play.next_number())), part)?;
    }
    git(play, folder, &["add", "."])?;
    git(play, folder, &["commit", "--quiet", "--message", "Change parts"])
}

/// Runs git where nothing of it is on the wire.
fn git(play: &Play, folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new("git");
    command.env_clear().env("PATH", search).env("HOME", play.lab.path("home")).current_dir(folder);
    command.args(["-c", "user.name=Kestrel", "-c", "user.email=parts@kestrel.example"]).args(arguments);
    run(&mut command).map(drop)
}

/// Runs git on the device with its host, which takes so many seconds in life.
fn remote(play: &mut Play, folder: &Path, seconds: f64, arguments: &str) -> anyhow::Result<()> {
    let command = format!("GIT_SSL_CAINFO={} git {arguments}", root(play));
    play.takes(seconds, |play| tool(play, folder, "git", &command))
}
