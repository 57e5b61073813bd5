//! Links that somebody else shared: looked at without an account, and files that are fetched.

use super::Scenario;
use crate::sessions::{
    browser::{Browser, Tab},
    page::Page,
    play::Play,
    shares::{DOCUMENTS, FILES, Share},
};
use anyhow::Context;
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const VIEWED: &[Scenario] = &[Scenario {
    name: "shared-link",
    about: "documents, boards, designs, forms and download pages of others, looked at and left",
    is_use: false,
    play: viewed,
}];

pub(super) const FETCHED: &[Scenario] = &[Scenario {
    name: "shared-file",
    about: "a file of somebody else, downloaded from a hand-over or storage service",
    is_use: true,
    play: fetched,
}];

/// How long something is looked at, seconds.
const VIEW_SECONDS: std::ops::Range<f64> = 10.0..120.0;
/// From a document to a video.
const FILE_BYTES: (f64, f64) = (1.5e6, 150e6);

fn viewed(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    for _ in 0..play.between((1, 3)) {
        view_one(play, &mut browser)?;
        play.rest(30.0..3_600.0)?;
    }
    browser.close()
}

/// One link is opened, looked at and left: in a quarter of the cases a page with a file that stays where it is.
fn view_one(play: &mut Play, browser: &mut Browser) -> anyhow::Result<()> {
    let table = if play.chance(25) { FILES } else { DOCUMENTS };
    let share = play.one_of(table)?;
    let tab = browser.tab()?;
    let mut page = open(play, browser, &tab, share)?;
    let seconds = play.rng.random_range(VIEW_SECONDS);
    view(play, browser, &tab, &mut page, share, seconds)?;
    browser.visit(&tab, "about:blank")
}

fn open(play: &mut Play, browser: &mut Browser, tab: &Tab, share: &Share) -> anyhow::Result<Page> {
    play.means(share.host(), Evidence::Visit);
    let path = share.open.strip_prefix(share.host()).unwrap_or_default();
    let own = play.rng.random_range(8_000..90_000);
    let page = play.page(share.host(), path, share.load, own);
    browser.visit(tab, &page.url)?;
    Ok(page)
}

/// Goes through it for so many seconds.
fn view(
    play: &mut Play,
    browser: &mut Browser,
    tab: &Tab,
    page: &mut Page,
    share: &Share,
    seconds: f64,
) -> anyhow::Result<()> {
    let steps = play.between((1, 8));
    for _ in 0..steps {
        play.read(browser, tab, page, seconds / f64::from(steps))?;
        if play.chance(70) {
            let more = play.request(&share.more);
            browser.hit(tab, &[more])?;
        }
    }
    Ok(())
}

fn fetched(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    if play.chance(40) {
        view_one(play, &mut browser)?;
        play.rest(30.0..3_600.0)?;
    }
    let share = play.one_of(FILES)?;
    let tab = browser.tab()?;
    let mut page = open(play, &mut browser, &tab, share)?;
    let seconds = play.rng.random_range(4.0..40.0);
    view(play, &mut browser, &tab, &mut page, share, seconds)?;
    play.means(share.host(), Evidence::Use);
    let (asked, file) = share.file.context("every shared file can be fetched")?;
    for _ in 0..play.between((1, 3)) {
        let (number, up) = (play.next_number(), play.rng.random_range(200..900));
        browser.hit(&tab, &[(format!("https://{asked}?n={number}&bytes=900"), up)])?;
        let bytes = play.wide_bytes(FILE_BYTES);
        // Lines down carry 20 to 300 Mbit/s.
        let mbit = play.wide((20.0, 300.0));
        let url = format!("https://{file}?n={number}&bytes={bytes}");
        let folder = play.lab.path(&format!("downloads-{number}"));
        play.takes(f64::from(bytes) * 8.0 / (mbit * 1e6), |_| {
            browser.download(&tab, &url, &folder, u64::from(bytes))
        })?;
        play.read(&mut browser, &tab, &mut page, 5.0)?;
    }
    let seconds = play.rng.random_range(1.0..60.0);
    play.read(&mut browser, &tab, &mut page, seconds)?;
    if play.chance(30) {
        browser.visit(&tab, "about:blank")?;
        play.rest(30.0..1_800.0)?;
        view_one(play, &mut browser)?;
    }
    browser.close()
}
