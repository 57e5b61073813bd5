//! Work in a browser: sign in and edit, hand a file over, talk, ask an assistant.

use super::Scenario;
use crate::sessions::{
    apps::{ASSISTANTS, CHAT, HAND_OVER, WORK, WebApp},
    browser::{Browser, Tab},
    embeds::{ask, beacon},
    page::Page,
    play::Play,
};
use anyhow::ensure;
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "work-in-app",
        about: "signing in to a web app and working in it: reading, small edits, now and then a file",
        is_use: true,
        play: work,
    },
    Scenario {
        name: "upload-once",
        about: "handing one file over on a site made for it",
        is_use: true,
        play: upload_once,
    },
    Scenario { name: "chat", about: "a long talk in a browser's chat", is_use: true, play: chat },
    Scenario {
        name: "ai-assistant",
        about: "a conversation with an assistant that answers in a stream",
        is_use: true,
        play: assistant,
    },
];

/// Opens an app in a tab, by its sign-in in some of the cases.
pub(super) fn open(
    play: &mut Play,
    browser: &mut Browser,
    app: &'static WebApp,
) -> anyhow::Result<(Tab, Page)> {
    let tab = browser.tab()?;
    if !app.login.is_empty() && play.chance(60) {
        for host in app.login {
            play.page(host, "/login.html", &[], 25_000);
            browser.visit(&tab, &format!("https://{host}/login.html"))?;
            play.rest(4.0..25.0)?;
            let (number, up) = (play.next_number(), play.rng.random_range(400..2_500));
            browser.hit(&tab, &[(format!("https://{host}/login/submit?n={number}&bytes=1500"), up)])?;
        }
    }
    let path = app.open.strip_prefix(app.host()).unwrap_or_default();
    let page = play.page(app.host(), path, app.load, 20_000);
    browser.visit(&tab, &page.url)?;
    play.silence()?;
    Ok((tab, page))
}

fn work(play: &mut Play) -> anyhow::Result<()> {
    let app = play.one_of(WORK)?;
    play.means(app.host(), Evidence::Use);
    let mut browser = play.browser()?;
    let (tab, mut page) = open(play, &mut browser, app)?;
    // From a few changes before a meeting to a morning's work.
    let edits = play.rng.random_range(12..70);
    for _ in 0..edits {
        let seconds = if play.chance(70) {
            play.rng.random_range(1.5..20.0)
        } else {
            play.rng.random_range(20.0..90.0)
        };
        play.read(&mut browser, &tab, &mut page, seconds)?;
        edit(play, &mut browser, &tab, app)?;
    }
    browser.close()
}

/// One thing that is done in an app: mostly something small is written.
pub(super) fn edit(
    play: &mut Play,
    browser: &mut Browser,
    tab: &Tab,
    app: &'static WebApp,
) -> anyhow::Result<()> {
    let save = play.request(&beacon(app.save, 300, 3_500));
    match play.between((0, 99)) {
        0..60 => browser.hit(tab, &[save])?,
        60..85 => {
            let reads: Vec<_> =
                (0..play.between((1, 5))).map(|_| play.request(&ask(app.read, 2_000, 60_000))).collect();
            browser.hit(tab, &reads)?;
        }
        85..97 => {
            let socket = app.load.iter().position(|call| Some(call.at) == app.socket());
            if let Some(number) = socket {
                let (up, down) = (play.rng.random_range(80..900), play.rng.random_range(40..600));
                browser.message(tab, &format!("s{number}"), up, down)?;
            }
        }
        _ => {
            let file = play.request(&beacon(app.upload, 40_000, 900_000));
            browser.hit(tab, &[file, save])?;
        }
    }
    Ok(())
}

fn upload_once(play: &mut Play) -> anyhow::Result<()> {
    /// Parts that the sites cut a file into.
    const PART_BYTES: usize = 5 << 20;
    let app = play.one_of(HAND_OVER)?;
    play.means(app.host(), Evidence::Use);
    let mut browser = play.browser()?;
    let (tab, mut page) = open(play, &mut browser, app)?;
    play.read(&mut browser, &tab, &mut page, 40.0)?;
    let made = play.request(&beacon(app.save, 300, 1_200));
    browser.hit(&tab, &[made])?;
    let file: usize = play.rng.random_range(1_500_000..9_000_000);
    let mut left = file;
    while left > 0 {
        let part = left.min(PART_BYTES);
        let (url, _) = play.request(&beacon(app.upload, 1, 1));
        // A home's line up carries 5 to 40 Mbit/s.
        let mbit = play.rng.random_range(5.0..40.0);
        let seconds = f64::from(u32::try_from(part)?) * 8.0 / (mbit * 1e6);
        play.takes(seconds, |_| browser.hit(&tab, &[(url, part)]))?;
        left -= part;
    }
    let arrived = play.server.uploaded(app.upload.split('/').next().unwrap_or_default());
    ensure!(arrived >= file as u64, "{arrived} of {file} bytes arrived");
    for _ in 0..play.between((1, 4)) {
        play.rest(1.0..4.0)?;
        let status = play.request(&ask(app.read, 200, 1_500));
        browser.hit(&tab, &[status])?;
    }
    play.read(&mut browser, &tab, &mut page, 20.0)?;
    browser.close()
}

fn chat(play: &mut Play) -> anyhow::Result<()> {
    let app = play.one_of(CHAT)?;
    play.means(app.host(), Evidence::Use);
    let mut browser = play.browser()?;
    let (tab, mut page) = open(play, &mut browser, app)?;
    let number = app.load.iter().position(|call| Some(call.at) == app.socket()).unwrap_or_default();
    let (name, host) = (format!("s{number}"), app.socket().unwrap_or_default());
    let host = host.split('/').next().unwrap_or_default();
    for _ in 0..play.rng.random_range(20..90) {
        let seconds = play.rng.random_range(4.0..70.0);
        play.read(&mut browser, &tab, &mut page, seconds)?;
        match play.between((0, 99)) {
            0..40 => {
                // Typing is told, then the message goes.
                browser.message(&tab, &name, 90, 0)?;
                play.rest(2.0..15.0)?;
                let sent = play.request(&beacon(app.save, 350, 1_800));
                browser.hit(&tab, &[sent])?;
            }
            40..75 => {
                let bytes = play.rng.random_range(300..2_000);
                play.server.push(host, bytes)?;
            }
            75..90 => browser.message(&tab, &name, 40, 40)?,
            90..97 => {
                let history = play.request(&ask(app.read, 5_000, 60_000));
                browser.hit(&tab, &[history])?;
            }
            _ => {
                let file = play.request(&beacon(app.upload, 20_000, 600_000));
                browser.hit(&tab, &[file])?;
            }
        }
    }
    browser.close()
}

fn assistant(play: &mut Play) -> anyhow::Result<()> {
    let app = play.one_of(ASSISTANTS)?;
    play.means(app.host(), Evidence::Use);
    let mut browser = play.browser()?;
    let (tab, mut page) = open(play, &mut browser, app)?;
    for _ in 0..play.rng.random_range(3..13) {
        let seconds = play.rng.random_range(10.0..90.0);
        play.read(&mut browser, &tab, &mut page, seconds)?;
        if play.chance(12) {
            let file = play.request(&beacon(app.upload, 30_000, 1_500_000));
            browser.hit(&tab, &[file])?;
            play.rest(2.0..10.0)?;
        }
        let (number, up) = (play.next_number(), play.rng.random_range(400..6_000));
        let (chunks, bytes) = (play.rng.random_range(30..250), play.rng.random_range(90..400));
        let prompt = format!("https://{}?n={number}&wait=40&chunks={chunks}&bytes={bytes}&every=3", app.save);
        // 15 to 40 pieces a second.
        let seconds = f64::from(chunks) / play.rng.random_range(15.0..40.0) + 1.0;
        play.takes(seconds, |_| browser.hit(&tab, &[(prompt, up)]))?;
        let title = play.request(&ask(app.read, 400, 3_000));
        browser.hit(&tab, &[title])?;
    }
    play.read(&mut browser, &tab, &mut page, 30.0)?;
    browser.close()
}
