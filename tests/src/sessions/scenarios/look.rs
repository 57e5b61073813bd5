//! Looking around at services: their public pages, opened on purpose by somebody who signs in nowhere.

use super::Scenario;
use crate::sessions::{
    browser::{Browser, Tab},
    embeds::{Call, Embed, Kind, ask, widget},
    page::{self, Page},
    play::Play,
    sites::{BESIDE, CONSENT, SITES, Site},
};
use elsewhere_agent::evidence::Evidence;
use rand::{RngExt, seq::SliceRandom};

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "look-around",
    about: "looking at the public pages of one to four services, without an account",
    is_use: false,
    play: look_around,
}];

/// Bytes of a marketing page with all that it loads from the service itself.
const PAGE_BYTES: (f64, f64) = (0.5e6, 12e6);
/// The same where scripts and styles lie in the browser's cache.
const NEXT_PAGE_BYTES: (f64, f64) = (0.1e6, 4e6);
/// From a glance to reading about the prices.
const LOOK_SECONDS: (f64, f64) = (20.0, 480.0);

/// A site, and what it has on all of its pages from others.
struct Looked {
    site: Site,
    beside: Vec<Call>,
    was_opened: bool,
}

fn look_around(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let tab = browser.tab()?;
    let mut sites = SITES.to_vec();
    sites.shuffle(&mut play.rng);
    sites.truncate(usize::try_from(play.between((1, 4)))?);
    let mut looked = Vec::new();
    for site in sites {
        let beside = beside(play)?;
        looked.push(Looked { site, beside, was_opened: false });
    }
    for looked in &mut looked {
        look(play, &mut browser, &tab, looked)?;
        play.rest(3.0..900.0)?;
    }
    // Once more in the day, or twice.
    for _ in 0..*play.one_of(&[0, 0, 0, 1, 1, 2])? {
        play.rest(1_200.0..10_800.0)?;
        let one = play.rng.random_range(0..looked.len());
        look(play, &mut browser, &tab, &mut looked[one])?;
    }
    browser.close()
}

/// What a site has on its pages from others: some tools, and ad tech and measuring.
fn beside(play: &mut Play) -> anyhow::Result<Vec<Call>> {
    let mut names = BESIDE.to_vec();
    names.shuffle(&mut play.rng);
    names.truncate(usize::try_from(play.between((1, 6)))?);
    let tools: Vec<&Embed> = names.iter().map(|name| widget(name)).collect();
    let mut calls = page::calls(&tools);
    let hosts = usize::try_from(play.between((3, 25)))?;
    calls.extend(play.plumbing(hosts));
    Ok(calls)
}

/// Opens one of a site's pages, reads, follows links.
fn look(play: &mut Play, browser: &mut Browser, tab: &Tab, looked: &mut Looked) -> anyhow::Result<()> {
    if play.chance(50) {
        results(play, browser, tab)?;
    }
    let links = play.between((0, 6));
    let seconds = play.wide(LOOK_SECONDS) / f64::from(links + 1);
    let mut page = open(play, browser, tab, looked)?;
    for _ in 0..links {
        read(play, browser, tab, &mut page, seconds)?;
        if play.chance(40) {
            turn(play, browser, tab, looked, &page)?;
        } else {
            page = open(play, browser, tab, looked)?;
        }
    }
    read(play, browser, tab, &mut page, seconds)?;
    // Whoever has seen enough closes it.
    browser.visit(tab, "about:blank")
}

/// The list of results in which it was found.
fn results(play: &mut Play, browser: &mut Browser, tab: &Tab) -> anyhow::Result<()> {
    let path = format!("/search-{}.html", play.next_number());
    let page = play.page("www.search.example", &path, &[], 90_000);
    browser.visit(tab, &page.url)?;
    play.rest(3.0..25.0)
}

/// Loads one of a site's pages whole.
fn open(play: &mut Play, browser: &mut Browser, tab: &Tab, looked: &mut Looked) -> anyhow::Result<Page> {
    let at = play.one_of(looked.site.pages)?;
    let host = at.split('/').next().unwrap_or_default();
    play.means(host, Evidence::Visit);
    let is_first = !std::mem::replace(&mut looked.was_opened, true);
    let bytes = play.wide_bytes(if is_first { PAGE_BYTES } else { NEXT_PAGE_BYTES });
    let own = (bytes / 20).clamp(15_000, 400_000);
    let mut calls = parts(play, &looked.site, bytes - own, is_first);
    calls.extend(looked.site.tells);
    // What others' scripts weigh lies in the cache too.
    calls.extend(looked.beside.iter().filter(|call| is_first || call.kind != Kind::Script));
    let path = at.strip_prefix(host).unwrap_or_default();
    let page = play.page(host, path, &calls, usize::try_from(own)?);
    // The same page with other contents than before: of another address for the cache.
    browser.visit(tab, &format!("{}?n={}", page.url, play.next_number()))?;
    if is_first && play.chance(60) {
        play.rest(1.0..8.0)?;
        let consent = *play.one_of(CONSENT)?;
        let consent = play.request(&consent);
        browser.hit(tab, &[consent])?;
    }
    Ok(page)
}

/// So many bytes of a site's own scripts and pictures, most of these further down the page.
fn parts(play: &mut Play, site: &Site, bytes: u32, with_scripts: bool) -> Vec<Call> {
    let part = |kind, at, bytes| Call { kind, at, down: (bytes, bytes), up: (0, 0), every_seconds: 0 };
    let mut calls = Vec::new();
    let of_scripts = if with_scripts { bytes / 100 * play.between((25, 60)) } else { 0 };
    for bytes in divide(play, of_scripts, (3, 25)) {
        calls.push(part(Kind::Script, site.scripts, bytes));
    }
    for (number, bytes) in divide(play, bytes - of_scripts, (4, 30)).into_iter().enumerate() {
        let kind = if number < 3 { Kind::Image } else { Kind::Lazy };
        calls.push(part(kind, site.images, bytes));
    }
    calls
}

/// So many bytes in between so and so many parts, none like the other.
fn divide(play: &mut Play, bytes: u32, parts: (u32, u32)) -> Vec<u32> {
    if bytes == 0 {
        return Vec::new();
    }
    let weights: Vec<_> = (0..play.between(parts)).map(|_| play.wide_bytes((100.0, 3_000.0))).collect();
    let all = u64::from(weights.iter().sum::<u32>());
    let share = |weight: u32| u32::try_from(u64::from(bytes) * u64::from(weight) / all);
    weights.into_iter().filter_map(|weight| share(weight).ok()).collect()
}

/// Reads on and scrolls down, where more pictures come.
fn read(
    play: &mut Play,
    browser: &mut Browser,
    tab: &Tab,
    page: &mut Page,
    seconds: f64,
) -> anyhow::Result<()> {
    let scrolls = play.between((1, 8));
    for _ in 0..scrolls {
        play.read(browser, tab, page, seconds / f64::from(scrolls))?;
        let screens = play.between((1, 4));
        browser.scroll(tab, screens)?;
    }
    Ok(())
}

/// A page of the same site that its scripts put in the place of this one.
fn turn(
    play: &mut Play,
    browser: &mut Browser,
    tab: &Tab,
    looked: &Looked,
    page: &Page,
) -> anyhow::Result<()> {
    let (bytes, data) = (play.wide_bytes(NEXT_PAGE_BYTES), play.between((8_000, 200_000)));
    let mut requests = vec![(format!("{}.json?n={}&bytes={data}", page.url, play.next_number()), 0)];
    for bytes in divide(play, bytes, (2, 12)) {
        requests.push(play.request(&ask(looked.site.images, bytes, bytes)));
    }
    browser.hit(tab, &requests)
}
