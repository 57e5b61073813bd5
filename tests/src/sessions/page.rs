//! A page with embeds: its HTML for the server, and what its scripts do while somebody reads it.

use super::{
    browser::{Browser, Tab},
    embeds::{Call, Embed, Kind, PLUMBING_HOSTS, WIDGETS},
    play::Play,
};
use rand::seq::SliceRandom;

/// How long it takes at most until a reader's page does something by itself, seconds.
const STEP_SECONDS: f64 = 15.0;
/// Servers think between so and so many milliseconds.
const WAIT_MS: (u32, u32) = (5, 60);

/// A page that lies on the server, and how long it has been open.
pub(super) struct Page {
    pub(super) url: String,
    open_seconds: f64,
    /// What its scripts do again and again, and when next.
    later: Vec<(Call, f64)>,
}

impl Page {
    fn new(url: String, calls: &[Call]) -> Self {
        let later = calls.iter().filter(|call| call.every_seconds > 0);
        let later = later.map(|call| (*call, f64::from(call.every_seconds))).collect();
        Self { url, open_seconds: 0.0, later }
    }

    /// It has been open for so many seconds more: what its scripts do now.
    pub(super) fn due(&mut self, seconds: f64) -> Vec<Call> {
        self.open_seconds += seconds;
        let mut due = Vec::new();
        for (call, next) in &mut self.later {
            if *next <= self.open_seconds {
                due.push(*call);
                *next = self.open_seconds + f64::from(call.every_seconds);
            }
        }
        due
    }
}

impl Play {
    /// Puts a page on a host that names these calls, beside so many bytes of its own.
    pub(super) fn page(&mut self, host: &str, path: &str, calls: &[Call], own_bytes: usize) -> Page {
        let html = self.html(calls, own_bytes);
        self.server.place(host, path, html);
        Page::new(format!("https://{host}{path}"), calls)
    }

    /// A page that names these calls.
    pub(super) fn html(&mut self, calls: &[Call], own_bytes: usize) -> String {
        let mut body = String::new();
        let mut script = String::new();
        for (number, call) in calls.iter().enumerate().filter(|(_, call)| call.every_seconds == 0) {
            let address = self.address(call);
            let tag = match call.kind {
                Kind::Script => format!("<script async src=\"{address}\"></script>\n"),
                Kind::Image => format!("<img src=\"{address}\">\n"),
                Kind::Lazy => format!(
                    "<p style=\"height:600px\"></p><img loading=\"lazy\" width=\"600\" height=\"400\" src=\"{address}\">\n"
                ),
                Kind::Frame => format!("<iframe src=\"{address}\"></iframe>\n"),
                Kind::Ask | Kind::Socket | Kind::Stream => {
                    script += &self.spoken(call, number, &address);
                    continue;
                }
            };
            body += &tag;
        }
        let text = "t".repeat(own_bytes);
        format!("<!doctype html><title>Page</title>\n{body}<p>{text}</p><script>{script}</script>")
    }

    /// What a page's script does for a call that is no tag.
    fn spoken(&mut self, call: &Call, number: usize, address: &str) -> String {
        match call.kind {
            Kind::Socket => format!("window.s{number} = new WebSocket('wss://{}');\n", call.at),
            Kind::Stream => format!("window.s{number} = new EventSource('{address}&hold=1');\n"),
            _ if call.up == (0, 0) => format!("fetch('{address}', {{credentials: 'include'}});\n"),
            _ => {
                let up = self.between(call.up);
                format!(
                    "fetch('{address}', {{method: 'POST', credentials: 'include', body: 'x'.repeat({up})}});\n"
                )
            }
        }
    }

    /// The full address of a call with the size of its answer; one of its own where nothing may be kept.
    pub(super) fn address(&mut self, call: &Call) -> String {
        let (bytes, wait) = (self.between(call.down), self.between(WAIT_MS));
        let number =
            if call.kind == Kind::Ask { format!("&n={}", self.next_number()) } else { String::new() };
        let kind = match call.kind {
            Kind::Script => "&as=.js",
            Kind::Image | Kind::Lazy => "&as=.gif",
            Kind::Frame => "&as=.html",
            Kind::Ask | Kind::Socket | Kind::Stream => "",
        };
        format!("https://{}?bytes={bytes}&wait={wait}{number}{kind}", call.at)
    }

    /// A request that a script makes: address and bytes to send.
    pub(super) fn request(&mut self, call: &Call) -> (String, usize) {
        let up = self.between(call.up);
        (self.address(call), usize::try_from(up).expect("a body fits into memory"))
    }

    /// Somebody reads a page in a tab for so many seconds, while its scripts go on.
    pub(super) fn read(
        &mut self,
        browser: &mut Browser,
        tab: &Tab,
        page: &mut Page,
        seconds: f64,
    ) -> anyhow::Result<()> {
        let mut now = 0.0;
        while now < seconds {
            let step = STEP_SECONDS.min(seconds - now);
            self.pause(step)?;
            now += step;
            self.go_on(browser, tab, page, step)?;
        }
        Ok(())
    }

    /// A page's scripts do what they do after so many seconds more.
    pub(super) fn go_on(
        &mut self,
        browser: &mut Browser,
        tab: &Tab,
        page: &mut Page,
        seconds: f64,
    ) -> anyhow::Result<()> {
        let due: Vec<_> = page.due(seconds).iter().map(|call| self.request(call)).collect();
        if due.is_empty() { Ok(()) } else { browser.hit(tab, &due) }
    }

    /// What a page has on it from others: so many tools, and so many hosts of ad tech and measuring.
    pub(super) fn others(&mut self, tools: (u32, u32), hosts: (u32, u32)) -> anyhow::Result<Vec<Call>> {
        let mut embeds: Vec<_> = WIDGETS.iter().collect();
        embeds.shuffle(&mut self.rng);
        embeds.truncate(usize::try_from(self.between(tools))?);
        let mut others = calls(&embeds);
        let hosts = usize::try_from(self.between(hosts))?;
        others.extend(self.plumbing(hosts));
        Ok(others)
    }

    /// The calls of so many third parties that deliver, measure and advertise.
    pub(super) fn plumbing(&mut self, hosts: usize) -> Vec<Call> {
        let mut names = PLUMBING_HOSTS.to_vec();
        names.shuffle(&mut self.rng);
        let mut calls = Vec::new();
        for at in names.into_iter().take(hosts) {
            let call = |kind, down, up, every_seconds| Call { kind, at, down, up, every_seconds };
            calls.push(match self.between((0, 9)) {
                0..=3 => call(Kind::Script, (2_000, 180_000), (0, 0), 0),
                4..=5 => call(Kind::Image, (43, 900), (0, 0), 0),
                6 => call(Kind::Frame, (500, 8_000), (0, 0), 0),
                7..=8 => call(Kind::Ask, (100, 6_000), (300, 5_000), 0),
                _ => call(Kind::Ask, (40, 400), (200, 3_000), 30),
            });
        }
        calls
    }
}

/// The calls of several embeds.
pub(super) fn calls(embeds: &[&Embed]) -> Vec<Call> {
    embeds.iter().flat_map(|embed| embed.calls).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::embeds::again;

    #[test]
    fn scripts_go_on_however_time_is_cut() {
        let mut page = Page::new(String::new(), &[again(60, "a.example/log", 1, 2)]);
        let times = (0..100).filter(|_| !page.due(4.0).is_empty()).count();
        assert_eq!(times, 6);
    }
}
