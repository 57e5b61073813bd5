//! The real collector on loopback, with commands beside it, and what its directory must hold afterwards.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use elsewhere_agent::enroll::Token;
use elsewhere_collector::{
    installation::Installation,
    store::sqlite::integrity::{self, Checked},
};
use elsewhere_tests::lab::{Running, programs::binary, wait_for};
use jiff::civil::Date;

/// A collector directory, and the program on it.
pub(crate) struct Collector {
    pub(crate) data: PathBuf,
    devices: String,
    /// What the program is run by, and its arguments.
    wrapper: Vec<String>,
    running: Option<Running>,
}

impl Collector {
    /// A directory that has a port of its own for devices. `wrapper` is a program that runs the collector, or none.
    pub(crate) fn begin(data: &Path, wrapper: &[&str]) -> Self {
        // It is free again when the collector takes it; nobody else is given it so soon.
        let devices = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        fs::create_dir_all(data).unwrap();
        let settings =
            format!("people = \"127.0.0.1:0\"\ndevices = \"{devices}\"\npublic_address = \"{devices}\"\n");
        fs::write(data.join("collector.toml"), settings).unwrap();
        let wrapper = wrapper.iter().map(ToString::to_string).collect();
        Self { data: data.to_owned(), devices, wrapper, running: None }
    }

    /// Starts it, and waits until devices get in.
    pub(crate) fn start(&mut self) {
        let program = binary("elsewhere-collector").unwrap().display().to_string();
        let mut words = self.wrapper.clone();
        words.extend([program, "serve".to_owned(), "--data".to_owned(), self.data.display().to_string()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        self.running = Some(Running::start(&mut command, &self.log()).unwrap());
        wait_for("the collector", || Ok(Some(TcpStream::connect(&self.devices)?))).unwrap();
    }

    /// Where it writes what it says.
    pub(crate) fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Where devices connect.
    pub(crate) fn devices(&self) -> &str {
        &self.devices
    }

    /// The program.
    pub(crate) fn process(&mut self) -> &mut Running {
        self.running.as_mut().unwrap()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.running.take().unwrap().kill().unwrap();
    }

    /// Ends it as it should be, which must succeed.
    pub(crate) fn stop(&mut self) {
        assert_eq!(self.running.take().unwrap().stop().unwrap(), Some(0));
    }

    /// A token of so many uses.
    pub(crate) fn token(&self, uses: usize) -> Token {
        let made = command(&["enroll-token", "create", "--uses", &uses.to_string()], &self.data);
        assert!(made.status.success(), "{}", words(&made));
        let text = String::from_utf8(made.stdout).unwrap();
        text.trim().parse().unwrap_or_else(|_| panic!("no token: {text}"))
    }

    /// What is stored, opened beside or after the program.
    pub(crate) fn installation(&self) -> Installation {
        Installation::open(&self.data).unwrap()
    }

    /// Every file is right.
    pub(crate) fn ensure_files_are_right(&self) {
        let checked = integrity::check(&self.data, Date::MIN, &mut |_| ()).unwrap();
        let wrong: Vec<&Checked> = checked.iter().filter(|one| one.problem.is_some()).collect();
        assert!(checked.len() > 2 && wrong.is_empty(), "{wrong:?}");
    }
}

/// Runs a command of `elsewhere-collector` on a directory to its end.
pub(crate) fn command(args: &[&str], data: &Path) -> Output {
    command_to_kill(args, data).output().unwrap()
}

/// A command of `elsewhere-collector` on a directory.
pub(crate) fn command_to_kill(args: &[&str], data: &Path) -> Command {
    let mut command = Command::new(binary("elsewhere-collector").unwrap());
    command.args(args).arg("--data").arg(data);
    command
}

/// All that a command said.
pub(crate) fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
