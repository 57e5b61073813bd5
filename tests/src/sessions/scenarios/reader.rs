//! Somebody who reads pages beside what goes on by itself, so that both begin at the same moment now and then.

use super::pages::SITES;
use crate::sessions::{
    browser::{Browser, Tab},
    page::Page,
    play::Play,
};

/// A browser of its own with a page in it.
pub(super) struct Reader {
    browser: Browser,
    tab: Tab,
    page: Option<Page>,
}

impl Reader {
    /// There is one in so many of a hundred sessions.
    pub(super) fn sometimes(play: &mut Play, percent: u32) -> anyhow::Result<Option<Self>> {
        if !play.chance(percent) {
            return Ok(None);
        }
        let mut browser = play.browser()?;
        let tab = browser.tab()?;
        Ok(Some(Self { browser, tab, page: None }))
    }

    /// Does something while a page begins to load, and waits for the page.
    fn meanwhile<T>(
        &mut self,
        play: &mut Play,
        work: impl FnOnce(&mut Play) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let calls = play.others((1, 6), (5, 40))?;
        let (host, path) = (*play.one_of(SITES)?, format!("/read-{}.html", play.next_number()));
        let page = play.page(host, &path, &calls, 50_000);
        self.browser.open(&self.tab, &page.url)?;
        let done = work(play)?;
        self.browser.loaded(&self.tab)?;
        self.page = Some(page);
        play.silence()?;
        Ok(done)
    }

    fn go_on(&mut self, play: &mut Play, seconds: f64) -> anyhow::Result<()> {
        let Some(page) = &mut self.page else { return Ok(()) };
        play.go_on(&mut self.browser, &self.tab, page, seconds)
    }
}

/// Does something, in so many of a hundred cases while a reader's page begins to load. Time may pass in it by
/// [`Play::pause`] alone, which waits for the page.
pub(super) fn meanwhile<T>(
    reader: &mut Option<Reader>,
    play: &mut Play,
    percent: u32,
    work: impl FnOnce(&mut Play) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    match reader {
        Some(reader) if play.chance(percent) => reader.meanwhile(play, work),
        _ => work(play),
    }
}

/// A reader's page goes on after so many seconds more.
pub(super) fn go_on(reader: &mut Option<Reader>, play: &mut Play, seconds: f64) -> anyhow::Result<()> {
    reader.as_mut().map_or(Ok(()), |reader| reader.go_on(play, seconds))
}
