//! What developers' tools fetch: code, releases, images, extensions, news of updates. Little is sent.

use std::fs;

use super::{
    Scenario, code,
    tools::{Wanted, curl, node},
};
use crate::sessions::play::Play;
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "tool-pulls",
    about: "clones, releases, container images, editor extensions and update checks are fetched",
    is_use: false,
    play: pull,
}];

fn pull(play: &mut Play) -> anyhow::Result<()> {
    const PULLS: &[fn(&mut Play) -> anyhow::Result<()>] = &[clone, release, image, extensions, updates];
    fs::create_dir_all(play.lab.path("pulls"))?;
    for _ in 0..play.between((2, 6)) {
        play.one_of(PULLS)?(play)?;
        play.rest(20.0..2_400.0)?;
    }
    Ok(())
}

fn clone(play: &mut Play) -> anyhow::Result<()> {
    code::clone(play).map(drop)
}

/// Where a release is asked for, and where the file lies if elsewhere.
const RELEASES: &[(&str, Option<&str>)] = &[
    (
        "github.com/kestrel/parts/releases/download/v1/parts.tgz",
        Some("release-assets.githubusercontent.com/parts.tgz"),
    ),
    ("github.com/kestrel/parts/archive/refs/tags/v1.tgz", Some("codeload.github.com/kestrel/parts/v1.tgz")),
    ("gitlab.com/kestrel/parts/-/archive/v1/parts.tgz", None),
    ("codeberg.org/kestrel/parts/releases/download/v1/parts.tgz", None),
    ("releases.hashicorp.com/parts/1.0/parts.tgz", None),
    ("download.docker.com/linux/static/stable/parts.tgz", None),
    ("dl.google.com/go/parts.tgz", None),
];

fn release(play: &mut Play) -> anyhow::Result<()> {
    let (asked, file) = *play.one_of(RELEASES)?;
    if asked.starts_with("github.com") && play.chance(50) {
        fetch(play, &[("https://api.github.com/repos/kestrel/parts/releases/latest".to_owned(), 0, 9_000)])?;
    }
    let bytes = play.wide_bytes((1e6, 80e6));
    load(play, &[stored(asked, file, bytes)])
}

/// A registry of container images: its API, where a token comes from, where the layers lie.
struct Registry {
    api: &'static str,
    token: Option<&'static str>,
    layers: &'static str,
}

const REGISTRIES: &[Registry] = &[
    Registry {
        api: "registry-1.docker.io",
        token: Some("auth.docker.io/token"),
        layers: "production.cloudflare.docker.com",
    },
    Registry { api: "ghcr.io", token: Some("ghcr.io/token"), layers: "pkg-containers.githubusercontent.com" },
    Registry { api: "quay.io", token: Some("quay.io/v2/auth"), layers: "cdn01.quay.io" },
    Registry { api: "mcr.microsoft.com", token: None, layers: "westeurope.data.mcr.microsoft.com" },
    Registry {
        api: "registry.gitlab.com",
        token: Some("gitlab.com/jwt/auth"),
        layers: "cdn.registry.gitlab-static.net",
    },
    Registry {
        api: "public.ecr.aws",
        token: Some("public.ecr.aws/token"),
        layers: "d5l0dvt14r5h8.cloudfront.net",
    },
];

fn image(play: &mut Play) -> anyhow::Result<()> {
    let registry = play.one_of(REGISTRIES)?;
    let mut asked = vec![(format!("https://{}/v2/", registry.api), 0, 90)];
    asked.extend(registry.token.map(|token| (format!("https://{token}"), 0, 3_500)));
    let manifest = format!("https://{}/v2/kestrel/parts/manifests/latest", registry.api);
    asked.extend([(manifest.clone(), 0, 2_500), (manifest, 0, 1_800)]);
    fetch(play, &asked)?;
    let mut layers = Vec::new();
    for number in 0..play.between((2, 9)) {
        let bytes = play.wide_bytes((2e3, 40e6));
        let blob = format!("{}/v2/kestrel/parts/blobs/{number}.tgz", registry.api);
        layers.push(stored(&blob, Some(&format!("{}/blobs/{number}.tgz", registry.layers)), bytes));
    }
    load(play, &layers)
}

/// A marketplace of an editor: where it is asked, and where its files lie.
const MARKETPLACES: &[(&str, &str)] = &[
    (
        "marketplace.visualstudio.com/_apis/public/gallery/extensionquery",
        "kestrel.gallerycdn.vsassets.io/extensions/parts.tgz",
    ),
    ("open-vsx.org/vscode/gallery/extensionquery", "openvsx.eclipsecontent.org/kestrel/parts.tgz"),
    (
        "plugins.jetbrains.com/api/search/compatibleUpdates",
        "downloads.marketplace.jetbrains.com/files/parts.tgz",
    ),
];

/// An editor asks for news of its extensions and fetches some.
fn extensions(play: &mut Play) -> anyhow::Result<()> {
    let (asked, file) = *play.one_of(MARKETPLACES)?;
    let folder = play.lab.path("pulls");
    let mut calls = Vec::new();
    for _ in 0..play.between((1, 4)) {
        calls.push((format!("https://{asked}"), play.between((600, 4_000)), play.between((5_000, 90_000))));
    }
    node(play, &folder, &calls)?;
    let mut files = Vec::new();
    for _ in 0..play.between((1, 4)) {
        files.push((format!("https://{file}"), 0, play.wide_bytes((50e3, 50e6))));
    }
    let seconds = seconds(play, &files);
    play.takes(seconds, |play| node(play, &folder, &files))
}

/// Where programs and systems look for newer versions, and what they are told: bytes from and to.
const UPDATES: &[(&str, (u32, u32))] = &[
    ("update.code.visualstudio.com/api/update/linux-x64/stable", (0, 600)),
    ("deb.debian.org/debian/dists/stable/InRelease", (50_000, 170_000)),
    ("security.ubuntu.com/ubuntu/dists/noble-security/InRelease", (50_000, 130_000)),
    ("packages.microsoft.com/repos/code/dists/stable/InRelease", (3_000, 9_000)),
    ("download.docker.com/linux/debian/dists/stable/InRelease", (10_000, 50_000)),
    ("dl.google.com/linux/chrome/deb/dists/stable/InRelease", (1_500, 4_000)),
    ("formulae.brew.sh/api/formula.jws.json", (100, 9_000_000)),
    ("api.github.com/repos/kestrel/parts/releases/latest", (4_000, 15_000)),
    ("raw.githubusercontent.com/kestrel/parts/main/version.txt", (10, 900)),
    ("registry.npmjs.org/npm/latest", (1_500, 4_000)),
    ("pypi.org/pypi/pip/json", (20_000, 200_000)),
    ("index.crates.io/config.json", (60, 90)),
    ("proxy.golang.org/parts/@latest", (100, 300)),
    ("checkpoint-api.hashicorp.com/v1/check/terraform", (200, 500)),
    ("cdn.fwupd.org/downloads/firmware.xml.zst", (900_000, 1_800_000)),
    ("dl.flathub.org/repo/summary.idx", (5_000, 60_000)),
    ("api.snapcraft.io/v2/snaps/refresh", (900, 9_000)),
];

fn updates(play: &mut Play) -> anyhow::Result<()> {
    for _ in 0..play.between((2, 8)) {
        let (at, down) = *play.one_of(UPDATES)?;
        let down = play.between(down);
        fetch(play, &[(format!("https://{at}"), 0, down)])?;
    }
    Ok(())
}

/// A file of so many bytes that is asked for in one place and lies there or in another.
fn stored(asked: &str, file: Option<&str>, bytes: u32) -> Wanted {
    let url = match file {
        Some(file) => format!("https://{asked}?to={file}?bytes={bytes}"),
        None => format!("https://{asked}"),
    };
    (url, 0, bytes)
}

fn fetch(play: &mut Play, wanted: &[Wanted]) -> anyhow::Result<()> {
    let folder = play.lab.path("pulls");
    curl(play, &folder, wanted)
}

/// Fetches what is large over a line like people's.
fn load(play: &mut Play, wanted: &[Wanted]) -> anyhow::Result<()> {
    let seconds = seconds(play, wanted);
    play.takes(seconds, |play| fetch(play, wanted))
}

fn seconds(play: &mut Play, wanted: &[Wanted]) -> f64 {
    let bytes: f64 = wanted.iter().map(|(_, _, down)| f64::from(*down)).sum();
    bytes * 8.0 / (play.rng.random_range(20.0..300.0) * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::world;

    #[test]
    fn every_place_has_an_address() {
        let releases = RELEASES.iter().flat_map(|(asked, file)| [Some(*asked), *file]).flatten();
        let registries =
            REGISTRIES.iter().flat_map(|one| [Some(one.api), one.token, Some(one.layers)]).flatten();
        let marketplaces = MARKETPLACES.iter().flat_map(|(asked, file)| [*asked, *file]);
        let updates = UPDATES.iter().map(|(at, _)| *at);
        for at in releases.chain(registries).chain(marketplaces).chain(updates) {
            assert!(world::has(at.split('/').next().unwrap()), "{at}");
        }
    }
}
