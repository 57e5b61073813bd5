//! Developers' tools: installing packages, which sends nothing, and putting a site online, which does.

use std::{fs, path::Path, process::Command};

use super::Scenario;
use crate::{lab::run, sessions::play::Play};
use anyhow::Context;
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;
use serde_json::json;

pub(super) const INSTALLS: &[Scenario] = &[Scenario {
    name: "package-install",
    about: "npm and pip fetch packages from their registries",
    is_use: false,
    play: install,
}];

pub(super) const DEPLOYS: &[Scenario] = &[Scenario {
    name: "cli-deploy",
    about: "a command line puts a site online through its host's API",
    is_use: true,
    play: deploy,
}];

fn install(play: &mut Play) -> anyhow::Result<()> {
    let which = play.between((0, 2));
    for _ in 0..play.between((1, 3)) {
        if which != 1 {
            npm(play)?;
        }
        if which != 0 {
            pip(play)?;
        }
        play.rest(60.0..1_800.0)?;
    }
    Ok(())
}

/// Bytes that do not compress, so that a package has the size that was drawn.
pub(super) fn noise(play: &mut Play, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    rand::Rng::fill_bytes(&mut play.rng, &mut noise);
    noise
}

/// Most packages are small and a few are large.
fn package_bytes(play: &mut Play) -> usize {
    if play.chance(80) {
        play.rng.random_range(3_000..200_000)
    } else {
        play.rng.random_range(200_000..6_000_000)
    }
}

fn npm(play: &mut Play) -> anyhow::Result<()> {
    let number = play.next_number();
    let folder = play.lab.path(&format!("npm-{number}"));
    let mut wanted = serde_json::Map::new();
    for package in 0..play.between((3, 25)) {
        let name = format!("kestrel-part-{number}-{package}");
        let made = folder.join(&name).join("package");
        fs::create_dir_all(&made)?;
        let bytes = package_bytes(play);
        fs::write(made.join("blob.bin"), noise(play, bytes))?;
        fs::write(made.join("package.json"), json!({ "name": name, "version": "1.0.0" }).to_string())?;
        let file = format!("{name}.tgz");
        run(Command::new("tar").args(["czf", &file, "-C", &name, "package"]).current_dir(&folder))?;
        let host = "registry.npmjs.org";
        let path = format!("/{name}/-/{name}-1.0.0.tgz");
        let version = json!({ "name": name, "version": "1.0.0", "dist": { "tarball": format!("https://{host}{path}") } });
        let readme = "r".repeat(play.rng.random_range(2_000..40_000));
        let about = json!({ "name": name, "dist-tags": { "latest": "1.0.0" }, "readme": readme, "versions": { "1.0.0": version } });
        play.server.place(host, &path, fs::read(folder.join(file))?);
        play.server.place(host, &format!("/{name}"), about.to_string());
        wanted.insert(name, json!("1.0.0"));
    }
    let project = folder.join("project");
    fs::create_dir_all(&project)?;
    let about = json!({ "name": "site", "version": "1.0.0", "dependencies": wanted });
    fs::write(project.join("package.json"), about.to_string())?;
    // It asks about known holes while installing, with the list of what there is: a body is sent.
    play.server.place("registry.npmjs.org", "/-/npm/v1/security/advisories/bulk", "{}");
    let command = format!("npm install --no-fund --no-progress --cafile {}", root(play));
    tool(play, &project, "npm", &command)
}

fn pip(play: &mut Play) -> anyhow::Result<()> {
    let number = play.next_number();
    let folder = play.lab.path(&format!("pip-{number}"));
    let mut wanted = Vec::new();
    for package in 0..play.between((2, 10)) {
        let name = format!("kestrel_part_{number}_{package}");
        let (made, info) = (folder.join(&name), format!("{name}-1.0.dist-info"));
        fs::create_dir_all(made.join(&info))?;
        let bytes = package_bytes(play);
        fs::write(made.join(format!("{name}.bin")), noise(play, bytes))?;
        fs::write(
            made.join(&info).join("METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
        )?;
        fs::write(
            made.join(&info).join("WHEEL"),
            "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )?;
        fs::write(made.join(&info).join("RECORD"), "")?;
        let wheel = format!("{name}-1.0-py3-none-any.whl");
        let (blob, to) = (format!("{name}.bin"), folder.join(&wheel));
        run(Command::new("python3")
            .args(["-m", "zipfile", "-c"])
            .arg(&to)
            .args([&info, &blob])
            .current_dir(&made))?;
        let path = format!("/packages/ab/cd/{wheel}");
        play.server.place("files.pythonhosted.org", &path, fs::read(&to)?);
        let dashed = name.replace('_', "-");
        let index = format!(
            "<!DOCTYPE html><html><body><a href=\"https://files.pythonhosted.org{path}\">{wheel}</a></body></html>"
        );
        // An index has a kind of its own, which the server tells by the ending.
        play.server.place("pypi.org", &format!("/simple/{dashed}/"), index);
        wanted.push(dashed);
    }
    let command = format!(
        "python3 -m pip install --no-cache-dir --target . --cert {} {}",
        root(play),
        wanted.join(" ")
    );
    tool(play, &folder, "pip", &command)
}

/// A host of sites that are put online from a command line.
struct Host {
    /// Where files go, one each.
    files: (&'static str, &'static str),
    /// Where the deployment is made and asked about.
    made: &'static str,
}

const HOSTS: &[Host] = &[
    Host { files: ("api.vercel.com", "/v2/files"), made: "/v13/deployments" },
    Host { files: ("api.netlify.com", "/api/v1/deploys/4242/files/page"), made: "/api/v1/deploys" },
    Host {
        files: ("api.cloudflare.com", "/client/v4/pages/assets/upload"),
        made: "/client/v4/pages/projects/kestrel/deployments",
    },
];

fn deploy(play: &mut Play) -> anyhow::Result<()> {
    let host = play.one_of(HOSTS)?;
    let api = host.files.0;
    play.means(api, Evidence::Use);
    let folder = play.lab.path("site");
    fs::create_dir_all(&folder)?;
    // The vendors' command lines are programs of node; scripts of pipelines use curl.
    let with_node = play.chance(50);
    for _ in 0..play.between((1, 3)) {
        let mut calls = vec![(format!("https://{api}/v2/user"), 0, 900)];
        for _ in 0..play.between((4, 40)) {
            let bytes = if play.chance(70) { (800, 40_000) } else { (40_000, 900_000) };
            calls.push((format!("https://{api}{}", host.files.1), play.between(bytes), 120));
        }
        calls.push((format!("https://{api}{}", host.made), play.between((900, 9_000)), 3_000));
        if with_node {
            node(play, &folder, &calls)?;
        } else {
            curl(play, &folder, &calls)?;
        }
        for _ in 0..play.between((2, 10)) {
            play.rest(2.0..6.0)?;
            curl(play, &folder, &[(format!("https://{api}{}/4242", host.made), 0, 2_500)])?;
        }
        play.rest(60.0..1_200.0)?;
    }
    Ok(())
}

/// Address, bytes up, bytes down.
pub(super) type Wanted = (String, u32, u32);

pub(super) fn curl(play: &mut Play, folder: &Path, calls: &[Wanted]) -> anyhow::Result<()> {
    // One run for all, as scripts do that care for speed: one connection.
    let mut command =
        format!("curl --silent --show-error --fail --location --cacert {} --output /dev/null", root(play));
    for (number, (url, up, down)) in calls.iter().enumerate() {
        let body = folder.join(format!("body-{number}"));
        fs::write(&body, vec![b'd'; usize::try_from(*up)?])?;
        let sent = if *up > 0 { format!(" --data-binary @{}", body.display()) } else { String::new() };
        let next = if number > 0 {
            format!(" --next --silent --fail --location --cacert {} --output /dev/null", root(play))
        } else {
            String::new()
        };
        let joint = if url.contains('?') { '&' } else { '?' };
        let one = format!("{next}{sent} '{url}{joint}bytes={down}&n={}'", play.next_number());
        command.push_str(&one);
    }
    tool(play, folder, "curl", &command)
}

pub(super) fn node(play: &mut Play, folder: &Path, calls: &[Wanted]) -> anyhow::Result<()> {
    let calls: Vec<_> =
        calls.iter().map(|(url, up, down)| json!([format!("{url}?bytes={down}&n=1"), up])).collect();
    let script = format!(
        "const go = async () => {{ for (const [url, up] of {}) {{ const r = await fetch(url, {{method: up ? 'POST' : \
         'GET', body: up ? 'd'.repeat(up) : undefined}}); if (!r.ok) throw new Error(url); await r.text(); }} }}; \
         go().catch(error => {{ console.error(error); process.exit(1); }});",
        serde_json::to_string(&calls)?
    );
    fs::write(folder.join("deploy.js"), script)?;
    let command = format!("NODE_EXTRA_CA_CERTS={} node deploy.js", root(play));
    tool(play, folder, "node", &command)
}

pub(super) fn root(play: &Play) -> String {
    play.lab.path("root.pem").display().to_string()
}

/// Runs a command line on the device, with a home of its own.
pub(super) fn tool(play: &mut Play, folder: &Path, name: &str, command: &str) -> anyhow::Result<()> {
    let version = run(Command::new(name).arg("--version"))?;
    let version = String::from_utf8_lossy(&version.stdout).lines().next().unwrap_or_default().to_owned();
    play.took_part(&format!("{name} {version}"));
    let mut inside = play.device().command("sh");
    // What this machine's own environment says about registries and certificates is not the device's.
    let search = std::env::var_os("PATH").unwrap_or_default();
    inside.args(["-c", command]).current_dir(folder);
    inside.env_clear().env("PATH", search).env("HOME", play.lab.path("home"));
    run(&mut inside).map(drop).with_context(|| name.to_owned())?;
    play.silence()
}
