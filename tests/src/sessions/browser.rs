//! Real Chromium without a screen, told over its debugging pipe what a person would do: no byte of that is on the wire.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::Path,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::lab::{Lab, Running, pause, run};

/// Requests of a page to their end; how many failed. `POST` where there is a body to send. As pages' own scripts do, it
/// asks once more where a server hung up in just that moment.
const HIT: &str = "(() => { const ask = ([url, up]) => fetch(url, {method: up ? 'POST' : 'GET', credentials: \
                   'include', body: up ? 'x'.repeat(up) : undefined}).then(r => r.text()); \
                   return Promise.allSettled(CALLS.map(call => ask(call).catch(() => ask(call))))\
                   .then(all => all.filter(one => one.status == 'rejected').length); })()";

/// Flags of every start: only what a scenario does is to be on the wire.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
];

/// A running browser with a fresh profile.
pub(super) struct Browser {
    running: Running,
    say: File,
    hear: BufReader<File>,
    next: u64,
}

/// One tab of it.
#[derive(Debug, Clone)]
pub(super) struct Tab {
    session: String,
}

impl Browser {
    /// Starts one on the first device, with these flags beside its own.
    pub(super) fn start(lab: &Lab, more: &[String]) -> anyhow::Result<Self> {
        let (say, hear) = (lab.path("browser-in"), lab.path("browser-out"));
        for pipe in [&say, &hear] {
            // One of an earlier browser may be there.
            drop(fs::remove_file(pipe));
            run(std::process::Command::new("mkfifo").arg(pipe))?;
        }
        let profile = tempfile::Builder::new().prefix("chromium-").tempdir_in(lab.path(""))?.keep();
        let mut command = lab.devices()[0].command("sh");
        command.args(["-c", "in=$1 out=$2; shift 2; exec chromium \"$@\" 3<\"$in\" 4>\"$out\"", "sh"]);
        command
            .args([&say, &hear])
            .args(FLAGS)
            .args(more)
            .arg(format!("--user-data-dir={}", profile.display()));
        let running = Running::start(&mut command, &lab.path("chromium.log"))?;
        // Both ends open in the order in which the shell opens them, or each would wait for the other.
        let (say, hear) = (File::options().write(true).open(say)?, BufReader::new(File::open(hear)?));
        let mut browser = Self { running, say, hear, next: 0 };
        browser.call(None, "Browser.getVersion", &json!({}))?;
        Ok(browser)
    }

    /// Its name and version.
    pub(super) fn version(&mut self) -> anyhow::Result<String> {
        let version = self.call(None, "Browser.getVersion", &json!({}))?;
        Ok(version["product"].as_str().unwrap_or_default().to_owned())
    }

    /// A new tab with nothing in it.
    pub(super) fn tab(&mut self) -> anyhow::Result<Tab> {
        let made = self.call(None, "Target.createTarget", &json!({ "url": "about:blank" }))?;
        let to = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = self.call(None, "Target.attachToTarget", &to)?;
        let session = attached["sessionId"].as_str().context("a session")?.to_owned();
        Ok(Tab { session })
    }

    /// Starts to load an address in a tab, and does not wait.
    pub(super) fn open(&mut self, tab: &Tab, url: &str) -> anyhow::Result<()> {
        let gone = self.call(Some(tab), "Page.navigate", &json!({ "url": url }))?;
        ensure!(gone["errorText"].is_null(), "{url}: {}", gone["errorText"]);
        Ok(())
    }

    /// Waits until a tab has loaded all that its page names.
    pub(super) fn loaded(&mut self, tab: &Tab) -> anyhow::Result<()> {
        for _ in 0..1_200 {
            if self.run(tab, "document.readyState")? == "complete" {
                return Ok(());
            }
            pause(Duration::from_millis(50));
        }
        bail!("a page was not loaded after a minute")
    }

    /// Loads an address in a tab to its end.
    pub(super) fn visit(&mut self, tab: &Tab, url: &str) -> anyhow::Result<()> {
        self.open(tab, url)?;
        self.loaded(tab)
    }

    /// Requests of the page in a tab, to their end: address, and bytes to send.
    pub(super) fn hit(&mut self, tab: &Tab, calls: &[(String, usize)]) -> anyhow::Result<()> {
        let script = HIT.replace("CALLS", &serde_json::to_string(calls)?);
        let failed = self.run(tab, &script)?;
        ensure!(failed == 0, "{failed} of these requests failed: {calls:?}");
        Ok(())
    }

    /// Scrolls down so many screens, and gives the page the time to notice.
    pub(super) fn scroll(&mut self, tab: &Tab, screens: u32) -> anyhow::Result<()> {
        let script = format!(
            "new Promise(done => {{ scrollBy(0, {screens} * innerHeight); setTimeout(() => done(true), 100); }})"
        );
        self.run(tab, &script).map(drop)
    }

    /// Sends so many bytes over a socket and waits for so many back, if any.
    pub(super) fn message(&mut self, tab: &Tab, name: &str, up: usize, down: usize) -> anyhow::Result<()> {
        let text = format!("{down}:{}", "x".repeat(up.saturating_sub(4)));
        let script = if down == 0 {
            format!("window.{name}.send('{text}')")
        } else {
            format!(
                "new Promise(heard => {{ const s = window.{name}; s.addEventListener('message', \
                 () => heard(true), {{once: true}}); s.send('{text}'); }})"
            )
        };
        self.run(tab, &script).map(drop)
    }

    /// Follows a link in a tab's page to a file of so many bytes, and waits until it lies in the folder.
    pub(super) fn download(&mut self, tab: &Tab, url: &str, folder: &Path, bytes: u64) -> anyhow::Result<()> {
        let to = json!({ "behavior": "allow", "downloadPath": folder });
        self.call(None, "Browser.setDownloadBehavior", &to)?;
        self.run(tab, &format!("location.href = {}", json!(url)))?;
        crate::lab::wait_for("the file", || {
            let files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
            let is_whole = |file: &fs::DirEntry| {
                let part = file.path().extension().is_some_and(|ending| ending == "crdownload");
                !part && file.metadata().is_ok_and(|file| file.len() == bytes)
            };
            Ok(files.iter().any(is_whole).then_some(()))
        })?;
        Ok(fs::remove_dir_all(folder)?)
    }

    /// Runs a script in a tab's page and gives what came of it.
    pub(super) fn run(&mut self, tab: &Tab, script: &str) -> anyhow::Result<Value> {
        let said = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = self.call(Some(tab), "Runtime.evaluate", &said)?;
        ensure!(answer["exceptionDetails"].is_null(), "a page's script: {}", answer["exceptionDetails"]);
        Ok(answer["result"]["value"].clone())
    }

    /// Ends it as a person does.
    pub(super) fn close(mut self) -> anyhow::Result<()> {
        self.call(None, "Browser.close", &json!({}))?;
        crate::lab::wait_for("the browser to end", || Ok((!self.running.is_alive()?).then_some(())))
    }

    fn call(&mut self, tab: Option<&Tab>, method: &str, params: &Value) -> anyhow::Result<Value> {
        self.next += 1;
        let mut said = json!({ "id": self.next, "method": method, "params": params });
        if let Some(tab) = tab {
            said["sessionId"] = json!(tab.session);
        }
        self.say.write_all(format!("{said}\0").as_bytes())?;
        loop {
            let mut heard = Vec::new();
            self.hear.read_until(0, &mut heard)?;
            ensure!(heard.pop().is_some(), "the browser is gone");
            let mut heard: Value = serde_json::from_slice(&heard)?;
            if heard["id"] == self.next {
                ensure!(heard["error"].is_null(), "{method}: {}", heard["error"]);
                return Ok(heard["result"].take());
            }
        }
    }
}
