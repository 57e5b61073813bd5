//! Our own programs in the lab: the collector on the hub, an agent on each device, both as built beside the tests.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use super::{HUB, Lab, Namespace, Running, run, wait_for};

/// One of our binaries, from the same build as the test.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let profile = test.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent);
    let path = profile.context("the test runs from a deps folder")?.join(name);
    ensure!(path.exists(), "{} is not built: cargo build --workspace --bins", path.display());
    Ok(path)
}

/// A collector on the hub.
pub struct Collector {
    /// Its data directory.
    pub data: PathBuf,
    running: Option<Running>,
    log: PathBuf,
}

impl Collector {
    /// Starts a collector with an empty directory, visits every second and this portfolio.
    pub fn start(lab: &Lab, portfolio: &str) -> anyhow::Result<Self> {
        let data = lab.path("collector");
        std::fs::create_dir_all(&data)?;
        std::fs::write(data.join("portfolio.toml"), portfolio)?;
        std::fs::write(
            data.join("collector.toml"),
            format!(
                "people = \"127.0.0.1:8420\"\ndevices = \"{HUB}:8421\"\npublic_address = \"{HUB}:8421\"\n\
                 visit_interval_seconds = 1\n"
            ),
        )?;
        let mut collector = Self { data, running: None, log: lab.path("collector.log") };
        collector.resume(lab)?;
        Ok(collector)
    }

    /// Starts it on the directory that it had before, and waits until it answers.
    pub fn resume(&mut self, lab: &Lab) -> anyhow::Result<()> {
        let mut command = lab.hub().command(binary("elsewhere-collector")?);
        command.arg("serve").arg("--data").arg(&self.data);
        self.running = Some(Running::start(&mut command, &self.log)?);
        let health = ["-sSf", "http://127.0.0.1:8420/healthz"];
        wait_for("the collector", || lab.hub().run("curl", &health).map(Some)).map(drop)
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.running.take().context("the collector is not running")?.kill()
    }

    /// Runs a command of `elsewhere-collector` on this directory and gives its output.
    pub fn command(&self, args: &[&str]) -> anyhow::Result<String> {
        let output =
            run(Command::new(binary("elsewhere-collector")?).args(args).arg("--data").arg(&self.data))?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Asks the REST API and gives the status and the body.
    pub fn get(&self, hub: &Namespace, path: &str) -> anyhow::Result<(u16, serde_json::Value)> {
        let token = std::fs::read_to_string(self.data.join("token"))?;
        let authorization = format!("Authorization: Bearer {}", token.trim());
        let url = format!("http://127.0.0.1:8420/api/v1/{path}");
        let answer = hub.run("curl", &["-sS", "-H", &authorization, "-w", "\n%{http_code}", &url])?;
        let (body, status) = answer.rsplit_once('\n').context("curl prints the status last")?;
        Ok((status.parse()?, serde_json::from_str(body).with_context(|| format!("{path}: {body}"))?))
    }
}

/// An agent on one device.
pub struct Agent {
    /// Its data directory.
    pub data: PathBuf,
    running: Option<Running>,
    log: PathBuf,
}

impl Agent {
    /// Enrols a device with a token and starts watching.
    pub fn start(lab: &Lab, device: usize, token: &str) -> anyhow::Result<Self> {
        let data = lab.path(&format!("agent-{device}"));
        let mut agent = Self { data, running: None, log: lab.path(&format!("agent-{device}.log")) };
        let data = agent.data.display().to_string();
        lab.devices()[device].run(binary("elsewhere-agent")?, &["enroll", token, "--data", &data])?;
        agent.resume(lab, device)?;
        Ok(agent)
    }

    /// An agent that belongs to no collector: it watches and keeps.
    pub fn start_alone(lab: &Lab, device: usize) -> anyhow::Result<Self> {
        let data = lab.path(&format!("agent-{device}"));
        let mut agent = Self { data, running: None, log: lab.path(&format!("agent-{device}.log")) };
        agent.resume(lab, device)?;
        Ok(agent)
    }

    /// The running program.
    pub fn process(&self) -> anyhow::Result<&Running> {
        self.running.as_ref().context("the agent is not running")
    }

    /// Starts watching, and waits until the agent says that it does.
    pub fn resume(&mut self, lab: &Lab, device: usize) -> anyhow::Result<()> {
        let mut command = lab.devices()[device].command_with_cgroups(binary("elsewhere-agent")?);
        command.arg("run").arg("--data").arg(&self.data);
        let before = self.status()?["since"].clone();
        self.running = Some(Running::start(&mut command, &self.log)?);
        wait_for("the agent to watch", || {
            let status = self.status()?;
            Ok((status["since"] != before && status["running"] == true).then_some(()))
        })
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.running.take().context("the agent is not running")?.kill()
    }

    /// The most memory that it has held resident so far, in MB.
    pub fn peak_memory_mb(&self) -> anyhow::Result<f64> {
        self.process()?.peak_memory_mb()
    }

    /// What `elsewhere-agent status` says.
    pub fn status(&self) -> anyhow::Result<serde_json::Value> {
        let output = self.command(&["status", "--format", "json"])?;
        Ok(serde_json::from_str(&output)?)
    }

    /// What `elsewhere-agent show --raw` prints: one object a day.
    pub fn raw(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let output = self.command(&["show", "--raw"])?;
        output.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Runs a command of `elsewhere-agent` on this directory and gives its output.
    pub fn command(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = run(Command::new(binary("elsewhere-agent")?).args(args).arg("--data").arg(&self.data))?;
        Ok(String::from_utf8(output.stdout)?)
    }
}
