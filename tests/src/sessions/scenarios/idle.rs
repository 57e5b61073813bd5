//! Programs that run because they were started with the desk, and that nobody looks at.

use super::{
    Scenario,
    reader::{self, Reader},
    sync, work,
};
use crate::sessions::{apps::CHAT, embeds::ask, play::Play};
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "idle-chat",
        about: "a chat client at rest for two hours: others write, nobody answers",
        is_use: false,
        play: chat,
    },
    sync::IDLE,
];

/// The chats' desktop clients are Chromium with the same page.
fn chat(play: &mut Play) -> anyhow::Result<()> {
    let app = play.one_of(CHAT)?;
    play.means(app.host(), Evidence::Present);
    let mut browser = play.browser()?;
    let mut reader = Reader::sometimes(play, 40)?;
    let (tab, mut page) =
        reader::meanwhile(&mut reader, play, 60, |play| work::open(play, &mut browser, app))?;
    let number = app.load.iter().position(|call| Some(call.at) == app.socket()).unwrap_or_default();
    let (name, socket) = (format!("s{number}"), app.socket().unwrap_or_default());
    let host = socket.split('/').next().unwrap_or_default();
    let beat_seconds = play.rng.random_range(25.0..60.0);
    // Quiet teams and busy ones.
    let talk_percent = play.between((2, 45));
    let mut now = 0.0;
    while now < 7_200.0 {
        play.read(&mut browser, &tab, &mut page, beat_seconds)?;
        now += beat_seconds;
        reader::go_on(&mut reader, play, beat_seconds)?;
        reader::meanwhile(&mut reader, play, 8, |play| {
            browser.message(&tab, &name, 40, 40)?;
            if play.chance(talk_percent) {
                let bytes = play.rng.random_range(250..2_000);
                play.server.push(host, bytes)?;
            }
            // Counters of what is unread.
            if play.chance(8) {
                let counters = play.request(&ask(app.read, 300, 3_000));
                browser.hit(&tab, &[counters])?;
            }
            Ok(())
        })?;
    }
    browser.close()
}
