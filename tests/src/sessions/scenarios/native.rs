//! Desktop programs that start with the desk: one that only looks for its updates, one that signs in, fetches its state
//! and waits for news. Nobody touches either.

use super::{
    Scenario,
    reader::{self, Reader},
};
use crate::{
    lab::pause,
    sessions::{
        client::{Client, Line},
        play::Play,
    },
};
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "mail-and-chat-native",
    about: "mail, chat and other desktop programs that were started with the desk and rest",
    is_use: false,
    play: rest,
}];

/// Where programs ask their vendor for a newer version of themselves: host and path.
const UPDATERS: &[(&str, &str)] = &[
    ("discord.com", "/api/updates/stable"),
    ("zoom.us", "/releasenotes"),
    ("slack.com", "/api/desktop.latestRelease"),
    ("todoist.com", "/desktop/latest.yml"),
    ("releases.obsidian.md", "/desktop-releases.json"),
    ("release.gitkraken.com", "/linux/RELEASES"),
    ("update.evernote.com", "/public/desktop/latest.yml"),
    ("claude.ai", "/api/desktop/update"),
    ("www.notion.so", "/desktop/latest.yml"),
    ("app.clickup.com", "/desktop/latest.yml"),
    ("linear.app", "/desktop/latest.yml"),
    ("client.teamviewer.com", "/taf/update"),
    ("us06web.zoom.us", "/upgrade"),
];

/// A program that signs in and waits for news, by host and path.
struct Native {
    /// Where its token is renewed.
    sign_in: (&'static str, &'static str),
    /// Where its state comes from.
    state: (&'static str, &'static str),
    /// Where it waits for news, and for how many seconds at a time.
    news: (&'static str, &'static str),
    news_seconds: (u32, u32),
}

const NATIVES: &[Native] = &[
    Native {
        sign_in: ("login.microsoftonline.com", "/common/oauth2/v2.0/token"),
        state: ("outlook.office365.com", "/mapi/emsmdb"),
        news: ("outlook.office365.com", "/mapi/notification"),
        news_seconds: (55, 300),
    },
    Native {
        sign_in: ("auth.superhuman.com", "/session/refresh"),
        state: ("mail.superhuman.com", "/v3/threads"),
        news: ("mail.superhuman.com", "/v3/events"),
        news_seconds: (30, 120),
    },
    Native {
        sign_in: ("mail-api.proton.me", "/auth/v4/refresh"),
        state: ("mail-api.proton.me", "/mail/v4/messages"),
        news: ("mail-api.proton.me", "/core/v5/events"),
        news_seconds: (30, 60),
    },
    Native {
        sign_in: ("app.frontapp.com", "/auth/token"),
        state: ("app.frontapp.com", "/cell-1/api/conversations"),
        news: ("app.frontapp.com", "/cell-1/api/notifications"),
        news_seconds: (30, 90),
    },
    Native {
        sign_in: ("mail.missiveapp.com", "/session"),
        state: ("mail.missiveapp.com", "/conversations"),
        news: ("mail.missiveapp.com", "/events"),
        news_seconds: (30, 90),
    },
    Native {
        sign_in: ("api.fastmail.com", "/oauth/refresh"),
        state: ("api.fastmail.com", "/jmap/api"),
        news: ("api.fastmail.com", "/jmap/event"),
        news_seconds: (60, 300),
    },
    Native {
        sign_in: ("matrix-client.matrix.org", "/_matrix/client/v3/refresh"),
        state: ("matrix-client.matrix.org", "/_matrix/client/v3/sync"),
        news: ("matrix-client.matrix.org", "/_matrix/client/v3/sync"),
        news_seconds: (30, 30),
    },
    Native {
        sign_in: ("kestrel.zulipchat.com", "/api/v1/fetch_api_key"),
        state: ("kestrel.zulipchat.com", "/api/v1/register"),
        news: ("kestrel.zulipchat.com", "/api/v1/events"),
        news_seconds: (50, 90),
    },
    Native {
        sign_in: ("kestrel.cloud.mattermost.com", "/api/v4/users/login"),
        state: ("kestrel.cloud.mattermost.com", "/api/v4/channels"),
        news: ("kestrel.cloud.mattermost.com", "/api/v4/websocket"),
        news_seconds: (30, 60),
    },
    Native {
        sign_in: ("idbroker.webex.com", "/idb/oauth2/v1/access_token"),
        state: ("conv-a.wbx2.com", "/conversation/api/v1/conversations"),
        news: ("wdm-a.wbx2.com", "/wdm/api/v1/devices/events"),
        news_seconds: (60, 180),
    },
];

/// Bytes of state that a program fetches once after it started.
const STATE_BYTES: std::ops::Range<u32> = 200_000..900_000;

fn rest(play: &mut Play) -> anyhow::Result<()> {
    let client = Client::new(play)?;
    play.took_part("an HTTP/1.1 client of our own over rustls");
    let mut reader = Reader::sometimes(play, 50)?;
    let seconds = play.rng.random_range(3_600.0..9_000.0);
    match play.between((0, 2)) {
        0 => look_for_updates(play, &client, &mut reader, seconds),
        1 => wait_for_news(play, &client, &mut reader, seconds),
        _ => {
            wait_for_news(play, &client, &mut reader, seconds / 2.0)?;
            look_for_updates(play, &client, &mut reader, seconds / 2.0)
        }
    }
}

/// Every some minutes it asks, from its start on.
fn look_for_updates(
    play: &mut Play,
    client: &Client,
    reader: &mut Option<Reader>,
    seconds: f64,
) -> anyhow::Result<()> {
    let (host, path) = *play.one_of(UPDATERS)?;
    play.means(host, Evidence::Present);
    let every_seconds = play.rng.random_range(120.0..600.0);
    let mut line = reader::meanwhile(reader, play, 60, |play| client.open(play, host))?;
    let mut now = 0.0;
    while now < seconds {
        reader::meanwhile(reader, play, 15, |play| {
            // Some say with it how they are.
            let up = if play.chance(20) { play.rng.random_range(300..1_500) } else { 0 };
            let down = play.rng.random_range(150..6_000);
            line.ask(play, path, up, down)
        })?;
        let rested = every_seconds * play.rng.random_range(0.9..1.1);
        play.pause(rested)?;
        now += rested;
        reader::go_on(reader, play, rested)?;
    }
    Ok(())
}

/// Signs in, fetches what there is, and waits.
fn wait_for_news(
    play: &mut Play,
    client: &Client,
    reader: &mut Option<Reader>,
    seconds: f64,
) -> anyhow::Result<()> {
    let native = play.one_of(NATIVES)?;
    play.means(native.state.0, Evidence::Present);
    let mut news = reader::meanwhile(reader, play, 60, |play| start(play, client, native))?;
    // Quiet boxes and busy ones.
    let news_percent = play.between((1, 30));
    let mut now = 0.0;
    while now < seconds {
        let down = if play.chance(news_percent) { play.rng.random_range(900..20_000) } else { 60 };
        news.begin(play, native.news.1, 250, down, 90)?;
        pause(std::time::Duration::from_millis(40));
        let waited = f64::from(play.between(native.news_seconds));
        play.wait(waited)?;
        reader::meanwhile(reader, play, 10, |_| news.finish())?;
        now += waited;
        reader::go_on(reader, play, waited)?;
        play.rest(0.1..2.0)?;
    }
    Ok(())
}

/// What it does once it was started; gives the connection on which it waits for news.
fn start(play: &mut Play, client: &Client, native: &Native) -> anyhow::Result<Line> {
    let (up, down) = (play.rng.random_range(600..2_500), play.rng.random_range(1_500..5_000));
    client.open(play, native.sign_in.0)?.ask(play, native.sign_in.1, up, down)?;
    let mut state = client.open(play, native.state.0)?;
    let (parts, bytes) = (play.between((3, 25)), play.rng.random_range(STATE_BYTES));
    for _ in 0..parts {
        let up = play.rng.random_range(150..1_200);
        state.ask(play, native.state.1, up, usize::try_from(bytes / parts)?)?;
    }
    client.open(play, native.news.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::world;
    use elsewhere_catalog::Verdict;

    #[test]
    fn the_catalog_knows_each_program_and_its_hosts_have_addresses() {
        let states = NATIVES.iter().map(|native| native.state.0);
        for host in UPDATERS.iter().map(|(host, _)| *host).chain(states) {
            let verdict = elsewhere_catalog::builtin().classify(host);
            assert!(matches!(verdict, Verdict::Service { .. }), "{host}: {verdict:?}");
        }
        let natives = NATIVES.iter().flat_map(|native| [native.sign_in.0, native.state.0, native.news.0]);
        for host in UPDATERS.iter().map(|(host, _)| *host).chain(natives) {
            assert!(world::has(host), "{host}");
        }
    }
}
