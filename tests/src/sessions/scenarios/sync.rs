//! Programs that keep a folder the same here and in the cloud.

use super::{
    Scenario,
    reader::{self, Reader},
};
use crate::sessions::{
    client::{Client, Line},
    play::Play,
};
use anyhow::ensure;
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "sync-folder",
    about: "a sync client that sends a changed folder of 5 to 25 MB",
    is_use: true,
    play: changed_folder,
}];

pub(super) const IDLE: Scenario =
    Scenario { name: "idle-sync", about: "a sync client at rest for two hours", is_use: false, play: idle };

/// A sync client's hosts and paths.
struct SyncClient {
    /// Where it waits to be told of changes.
    notify: (&'static str, &'static str),
    /// Where it asks and says what there is.
    api: (&'static str, &'static str),
    /// Where the content goes.
    content: (&'static str, &'static str),
    /// Where it reports about itself.
    telemetry: (&'static str, &'static str),
    /// Seconds until it is told that nothing changed.
    poll_seconds: (u32, u32),
}

const CLIENTS: &[SyncClient] = &[
    SyncClient {
        notify: ("notify.dropboxapi.com", "/2/files/list_folder/longpoll"),
        api: ("client.dropbox.com", "/2/sync/list"),
        content: ("content.dropboxapi.com", "/2/files/upload_session/append_v2"),
        telemetry: ("d.dropbox.com", "/log"),
        poll_seconds: (30, 90),
    },
    SyncClient {
        notify: ("bolt.dropbox.com", "/2/notify/subscribe"),
        api: ("client.dropbox.com", "/retrieve_batch"),
        content: ("block.dropbox.com", "/put_block"),
        telemetry: ("client.dropbox.com", "/client_stats"),
        poll_seconds: (40, 70),
    },
    SyncClient {
        notify: ("realtime.services.box.net", "/2/events"),
        api: ("api.box.com", "/2.0/folders/items"),
        content: ("upload.box.com", "/api/2.0/files/content"),
        telemetry: ("client-log.box.com", "/2.0/metrics"),
        poll_seconds: (45, 120),
    },
    SyncClient {
        notify: ("skyapi.onedrive.live.com", "/API/2/NotifyChanges"),
        api: ("api.onedrive.com", "/v1.0/drive/root/delta"),
        content: ("storage.live.com", "/upload/session"),
        telemetry: ("mobile.events.data.microsoft.com", "/OneCollector/1.0"),
        poll_seconds: (60, 180),
    },
];

/// A client that runs, with its connections.
pub(super) struct Running {
    of: &'static SyncClient,
    notify: Line,
    api: Line,
    telemetry: Line,
}

pub(super) fn start(play: &mut Play) -> anyhow::Result<(Client, Running)> {
    let of = play.one_of(CLIENTS)?;
    let client = Client::new(play)?;
    play.took_part("an HTTP/1.1 client of our own over rustls");
    let mut api = client.open(play, of.api.0)?;
    // Who am I, what is there, what changed while this was off.
    for _ in 0..play.between((3, 8)) {
        let (up, down) = (play.rng.random_range(200..900), play.rng.random_range(500..25_000));
        api.ask(play, of.api.1, up, down)?;
    }
    let (notify, telemetry) = (client.open(play, of.notify.0)?, client.open(play, of.telemetry.0)?);
    let mut running = Running { of, notify, api, telemetry };
    running.report(play)?;
    Ok((client, running))
}

impl Running {
    /// Where it asks and says what there is.
    pub(super) fn host(&self) -> &'static str {
        self.of.api.0
    }

    /// Some minutes after the last time: it is told that nothing changed, and reports about itself now and then.
    pub(super) fn glance(&mut self, play: &mut Play) -> anyhow::Result<()> {
        self.poll(play, &mut None)?;
        if play.chance(40) { self.report(play) } else { Ok(()) }
    }

    /// Waits to be told of changes, for as long as the server lets it wait.
    fn poll(&mut self, play: &mut Play, reader: &mut Option<Reader>) -> anyhow::Result<f64> {
        let up = play.rng.random_range(150..400);
        self.notify.begin(play, self.of.notify.1, up, 60, 90)?;
        crate::lab::pause(std::time::Duration::from_millis(40));
        let seconds = f64::from(play.between(self.of.poll_seconds));
        play.wait(seconds)?;
        reader::meanwhile(reader, play, 10, |_| self.notify.finish())?;
        Ok(seconds)
    }

    /// It tells about itself.
    pub(super) fn report(&mut self, play: &mut Play) -> anyhow::Result<()> {
        let up = play.rng.random_range(700..5_000);
        self.telemetry.ask(play, self.of.telemetry.1, up, 40)
    }

    /// For so many seconds nothing changes.
    fn rest(&mut self, play: &mut Play, reader: &mut Option<Reader>, seconds: f64) -> anyhow::Result<()> {
        let (mut now, mut reported, mut listed) = (0.0, 0.0, 0.0);
        let report_every = play.rng.random_range(300.0..1_800.0);
        while now < seconds {
            let polled = self.poll(play, reader)?;
            now += polled;
            reader::go_on(reader, play, polled)?;
            let after = play.rng.random_range(0.2..3.0);
            play.pause(after)?;
            if now - reported > report_every {
                self.report(play)?;
                reported = now;
            }
            // Once an hour it looks whether all is as it thinks, and for a newer version of itself.
            if now - listed > 3_000.0 {
                let down = play.rng.random_range(1_000..30_000);
                self.api.ask(play, self.of.api.1, 500, down)?;
                listed = now;
            }
        }
        Ok(())
    }
}

fn idle(play: &mut Play) -> anyhow::Result<()> {
    let mut reader = Reader::sometimes(play, 40)?;
    let (_client, mut running) = reader::meanwhile(&mut reader, play, 60, start)?;
    play.means(running.of.api.0, Evidence::Present);
    running.rest(play, &mut reader, 7_200.0)
}

fn changed_folder(play: &mut Play) -> anyhow::Result<()> {
    /// Blocks that the clients send content in.
    const BLOCK_BYTES: u32 = 4 << 20;
    let (client, mut running) = start(play)?;
    play.means(running.of.api.0, Evidence::Use);
    let seconds = play.rng.random_range(60.0..900.0);
    running.rest(play, &mut None, seconds)?;
    let folder: u32 = play.rng.random_range(5_000_000..25_000_000);
    let mut left = folder;
    let mut content = client.open(play, running.of.content.0)?;
    while left > 0 {
        // One file of the folder; most are small.
        let most = if play.chance(60) { 600_000 } else { BLOCK_BYTES };
        let file = play.rng.random_range(10_000..=most).min(left);
        running.api.ask(play, running.of.api.1, 700, 500)?;
        let mbit = play.rng.random_range(5.0..40.0);
        let bytes = usize::try_from(file)?;
        play.takes(f64::from(file) * 8.0 / (mbit * 1e6), |play| {
            content.ask(play, running.of.content.1, bytes, 300)
        })?;
        left -= file;
        play.rest(0.1..2.0)?;
    }
    let arrived = play.server.uploaded(running.of.content.0);
    ensure!(arrived == u64::from(folder), "{arrived} of {folder} bytes arrived");
    running.api.ask(play, running.of.api.1, 2_500, 900)?;
    let seconds = play.rng.random_range(60.0..900.0);
    running.rest(play, &mut None, seconds)
}
