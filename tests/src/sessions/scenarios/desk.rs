//! A desk: a chat and a sync client in the background, pages being read, and in one of the two some work among it.

use super::{
    Scenario,
    pages::SITES,
    sync,
    work::{self, edit},
};
use crate::sessions::{
    apps::{CHAT, WORK, WebApp},
    browser::{Browser, Tab},
    page::Page,
    play::Play,
};
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const AT_REST: &[Scenario] = &[Scenario {
    name: "desk-at-rest",
    about: "an hour and a half of reading pages beside a chat and a sync client at rest",
    is_use: false,
    play: at_rest,
}];

pub(super) const AT_WORK: &[Scenario] = &[Scenario {
    name: "desk-at-work",
    about: "the same, with some minutes of work in a web app among it",
    is_use: true,
    play: at_work,
}];

fn at_rest(play: &mut Play) -> anyhow::Result<()> {
    desk(play, None)
}

fn at_work(play: &mut Play) -> anyhow::Result<()> {
    let app = play.one_of(WORK)?;
    play.means(app.host(), Evidence::Use);
    desk(play, Some(app))
}

/// The chat in its tab.
struct Chat {
    tab: Tab,
    page: Page,
    socket: String,
    host: &'static str,
}

impl Chat {
    fn open(play: &mut Play, browser: &mut Browser) -> anyhow::Result<Self> {
        let app = play.one_of(CHAT)?;
        play.means(app.host(), Evidence::Present);
        let (tab, page) = work::open(play, browser, app)?;
        let number = app.load.iter().position(|call| Some(call.at) == app.socket()).unwrap_or_default();
        let host = app.socket().and_then(|at| at.split('/').next()).unwrap_or_default();
        Ok(Self { tab, page, socket: format!("s{number}"), host })
    }

    /// So many seconds went by: it says that it is alive, and hears what others write.
    fn go_on(&mut self, play: &mut Play, browser: &mut Browser, seconds: f64) -> anyhow::Result<()> {
        play.go_on(browser, &self.tab, &mut self.page, seconds)?;
        browser.message(&self.tab, &self.socket, 40, 40)?;
        if play.chance(15) {
            let bytes = play.rng.random_range(250..2_000);
            play.server.push(self.host, bytes)?;
        }
        Ok(())
    }
}

fn desk(play: &mut Play, work_in: Option<&'static WebApp>) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let mut chat = Chat::open(play, &mut browser)?;
    let (_client, mut sync) = sync::start(play)?;
    play.means(sync.host(), Evidence::Present);
    let tab = browser.tab()?;
    let works_at = play.rng.random_range(2..10);
    for turn in 0..12 {
        if turn == works_at
            && let Some(app) = work_in
        {
            let (tab, mut page) = work::open(play, &mut browser, app)?;
            for _ in 0..play.rng.random_range(10..40) {
                let seconds = play.rng.random_range(2.0..40.0);
                play.read(&mut browser, &tab, &mut page, seconds)?;
                edit(play, &mut browser, &tab, app)?;
                chat.go_on(play, &mut browser, seconds)?;
            }
        }
        let calls = play.others((1, 6), (5, 40))?;
        let host = *play.one_of(SITES)?;
        let mut page = play.page(host, &format!("/page-{turn}.html"), &calls, 50_000);
        browser.open(&tab, &page.url)?;
        // What rests in the background does not wait for a page to be loaded.
        if play.chance(40) {
            sync.report(play)?;
            chat.go_on(play, &mut browser, 0.0)?;
        }
        browser.loaded(&tab)?;
        for _ in 0..play.between((4, 12)) {
            let seconds = play.rng.random_range(20.0..60.0);
            play.read(&mut browser, &tab, &mut page, seconds)?;
            chat.go_on(play, &mut browser, seconds)?;
        }
        sync.glance(play)?;
    }
    browser.close()
}
