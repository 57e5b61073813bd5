//! Services that are reached on the way to something else: signing in, tabs that come back, fetching ahead.

use super::{
    Scenario,
    pages::{FRONT_PAGES, SITES},
};
use crate::sessions::{
    apps::{CHAT, WORK},
    browser::Tab,
    embeds::{Call, ask, beacon, script},
    page::Page,
    play::Play,
};
use elsewhere_agent::evidence::Evidence;
use rand::{RngExt, seq::SliceRandom};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "login-elsewhere",
        about: "signing in to another product through Auth0, Okta, Microsoft or Google",
        is_use: false,
        play: login,
    },
    Scenario {
        name: "restored-tabs",
        about: "a browser starts with yesterday's tabs, which nobody looks at",
        is_use: false,
        play: restored,
    },
    Scenario {
        name: "prefetch",
        about: "a list of search results whose pages are fetched ahead",
        is_use: false,
        play: prefetch,
    },
];

/// A provider of sign-ins: its page, what it loads, and where the steps go.
struct Provider {
    host: &'static str,
    load: &'static [Call],
    steps: &'static [Call],
}

const PROVIDERS: &[Provider] = &[
    Provider {
        host: "kestrel-parts.eu.auth0.com",
        load: &[script("cdn.auth0.com/ulp/main.js", 60, 300)],
        steps: &[
            beacon("kestrel-parts.eu.auth0.com/u/login/identifier", 300, 900),
            beacon("kestrel-parts.eu.auth0.com/u/login/password", 400, 1_100),
        ],
    },
    Provider {
        host: "kestrel.okta.com",
        load: &[
            script("ok4static.oktacdn.com/assets/js/sdk/okta-signin-widget.js", 300, 900),
            ask("kestrel.okta.com/idp/idx/introspect", 2_000, 9_000),
        ],
        steps: &[
            beacon("kestrel.okta.com/idp/idx/identify", 500, 2_500),
            beacon("kestrel.okta.com/idp/idx/challenge/answer", 600, 3_000),
            beacon("kestrel.okta.com/idp/idx/challenge/poll", 400, 1_500),
        ],
    },
    Provider {
        host: "login.microsoftonline.com",
        load: &[script("aadcdn.msftauth.net/shared/1.0/content/js/app.js", 150, 500)],
        steps: &[
            beacon("login.microsoftonline.com/common/GetCredentialType", 1_200, 2_500),
            beacon("login.microsoftonline.com/common/login", 1_500, 4_000),
        ],
    },
    Provider {
        host: "accounts.google.com",
        load: &[script("www.gstatic.com/_/mss/boq-identity.js", 300, 900)],
        steps: &[
            beacon("accounts.google.com/_/signin/sl/lookup", 1_500, 4_000),
            beacon("accounts.google.com/_/signin/sl/challenge", 1_500, 5_000),
            beacon("play.google.com/log", 600, 3_000),
        ],
    },
];

fn login(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let tab = browser.tab()?;
    let provider = play.one_of(PROVIDERS)?;
    let portal = *play.one_of(SITES)?;
    let home = play.page(portal, "/portal.html", &[], 60_000);
    for _ in 0..play.between((1, 3)) {
        play.page(provider.host, "/authorize.html", provider.load, 12_000);
        browser.visit(&tab, &format!("https://{portal}/login?n=1&to={}/authorize.html", provider.host))?;
        for step in provider.steps {
            play.rest(3.0..25.0)?;
            let step = play.request(step);
            browser.hit(&tab, &[step])?;
        }
        browser.visit(&tab, &home.url)?;
        // The other product is worked with, and its sign-in is renewed now and then.
        for _ in 0..play.between((3, 20)) {
            play.rest(10.0..90.0)?;
            let number = play.next_number();
            let work = (format!("https://{portal}/api/orders?n={number}&bytes=3000"), 700);
            browser.hit(&tab, &[work])?;
            if play.chance(15) {
                browser.hit(
                    &tab,
                    &[(format!("https://{}/authorize?n={number}&bytes=2500", provider.host), 0)],
                )?;
            }
        }
        play.rest(600.0..5_400.0)?;
    }
    browser.close()
}

fn restored(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let mut apps: Vec<_> = WORK.iter().chain(CHAT).collect();
    apps.shuffle(&mut play.rng);
    apps.truncate(usize::try_from(play.between((3, 7)))?);
    let mut tabs = Vec::new();
    for app in &apps {
        let path = app.open.strip_prefix(app.host()).unwrap_or_default();
        let page = play.page(app.host(), path, app.load, 15_000);
        let socket = app.load.iter().position(|call| Some(call.at) == app.socket());
        tabs.push(Restored { tab: browser.tab()?, page, socket });
        // It stays connected by itself.
        if app.socket().is_some() {
            play.means(app.host(), Evidence::Present);
        }
    }
    for (host, calls) in FRONT_PAGES.iter().take(usize::try_from(play.between((0, 5)))?) {
        let page = play.page(host, "/front.html", calls, 60_000);
        tabs.push(Restored { tab: browser.tab()?, page, socket: None });
    }
    // All at once, as a browser starts.
    for restored in &tabs {
        browser.open(&restored.tab, &restored.page.url)?;
    }
    for restored in &tabs {
        browser.loaded(&restored.tab)?;
    }
    for _ in 0..play.rng.random_range(5..45) {
        play.pause(60.0)?;
        for Restored { tab, page, socket } in &mut tabs {
            play.go_on(&mut browser, tab, page, 60.0)?;
            if let Some(number) = socket {
                browser.message(tab, &format!("s{number}"), 20, 20)?;
            }
        }
    }
    browser.close()
}

/// A tab that came back, and which of its page's calls is its socket.
struct Restored {
    tab: Tab,
    page: Page,
    socket: Option<usize>,
}

fn prefetch(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let tab = browser.tab()?;
    let mut fronts = FRONT_PAGES.to_vec();
    for round in 0..play.between((1, 4)) {
        fronts.shuffle(&mut play.rng);
        let mut head = String::new();
        let count = usize::try_from(play.between((3, 8)))?;
        for (host, calls) in &fronts[..count] {
            let page = play.page(host, &format!("/result-{round}.html"), calls, 40_000);
            let hint = match play.between((0, 2)) {
                0 => format!("<link rel=\"prefetch\" href=\"{}\">", page.url),
                1 => format!("<link rel=\"preconnect\" href=\"https://{host}\">"),
                _ => format!("<script type=\"speculationrules\">{}</script>", rules(&page.url)),
            };
            head.push_str(&hint);
        }
        let html = format!("<!doctype html><head>{head}</head><p>{}</p>", "r".repeat(70_000));
        let path = format!("/search-{round}.html");
        play.server.place("www.search.example", &path, html);
        browser.visit(&tab, &format!("https://www.search.example{path}"))?;
        play.rest(10.0..120.0)?;
    }
    browser.close()
}

/// What a list of results asks the browser to fetch before anybody has clicked.
fn rules(url: &str) -> serde_json::Value {
    serde_json::json!({ "prefetch": [{ "source": "list", "urls": [url], "eagerness": "immediate" }] })
}
