//! Pages that load from services which nobody there opened.

use super::Scenario;
use crate::sessions::{
    embeds::{Call, WIDGETS, again, image, script, widget},
    page,
    play::Play,
};
use rand::{RngExt, seq::SliceRandom};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "news-page",
        about: "reading news beside 20 to 80 third parties",
        is_use: false,
        play: news,
    },
    Scenario {
        name: "widget-page",
        about: "long reading of a page with booking, form, chat or payment widgets",
        is_use: false,
        play: widgets,
    },
    Scenario {
        name: "newsletter",
        about: "newsletters in a mail program: images and tracking pixels",
        is_use: false,
        play: newsletter,
    },
];

/// Sites that no catalog lists.
pub(super) const SITES: &[&str] = &[
    "www.daily-courier.example",
    "magazine.meadow.example",
    "www.harbour-times.example",
    "blog.kestrel-parts.example",
];

fn news(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let tab = browser.tab()?;
    let host = *play.one_of(SITES)?;
    let third_parties = usize::try_from(play.between((20, 80)))?;
    let mut widgets: Vec<_> = WIDGETS.iter().collect();
    widgets.shuffle(&mut play.rng);
    widgets.truncate(usize::try_from(play.between((2, 8)))?);
    let mut calls = page::calls(&widgets);
    let hosts =
        |calls: &[Call]| calls.iter().map(Call::host).collect::<std::collections::BTreeSet<_>>().len();
    let rest = third_parties.saturating_sub(hosts(&calls));
    calls.extend(play.plumbing(rest));
    calls.shuffle(&mut play.rng);
    for article in 0..play.between((1, 4)) {
        let bytes = play.rng.random_range(30_000..200_000);
        let mut page = play.page(host, &format!("/article-{article}.html"), &calls, bytes);
        browser.visit(&tab, &page.url)?;
        let seconds = play.rng.random_range(20.0..240.0);
        play.read(&mut browser, &tab, &mut page, seconds)?;
    }
    browser.close()
}

/// The widgets that the issue names, and those that send most by themselves.
const HEAVY: &[&str] = &[
    "calendly",
    "typeform",
    "hubspot",
    "intercom",
    "stripe",
    "google-sign-in",
    "youtube",
    "datadog-rum",
    "fullstory",
    "zendesk",
    "airtable-embed",
];

fn widgets(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let tab = browser.tab()?;
    let mut names = HEAVY.to_vec();
    names[1..].shuffle(&mut play.rng);
    // Calendly in every second one.
    let from = usize::try_from(play.between((0, 1)))?;
    let count = usize::try_from(play.between((1, 4)))?;
    let chosen: Vec<_> = names[from..from + count].iter().map(|name| widget(name)).collect();
    let mut calls = page::calls(&chosen);
    calls.extend(play.plumbing(5));
    let host = *play.one_of(SITES)?;
    let mut page = play.page(host, "/contact.html", &calls, 20_000);
    browser.visit(&tab, &page.url)?;
    let seconds = play.rng.random_range(60.0..1_200.0);
    play.read(&mut browser, &tab, &mut page, seconds)?;
    // Back to it after lunch, as tabs are.
    if play.chance(40) {
        play.rest(900.0..3_600.0)?;
        browser.visit(&tab, &page.url)?;
        play.read(&mut browser, &tab, &mut page, 60.0)?;
    }
    browser.close()
}

/// Who sends newsletters, and from where their images come.
const SENDERS: &[&[Call]] = &[
    &[
        image("mcusercontent.com/4242/images/head.png", 20_000, 300_000),
        image("mcusercontent.com/4242/images/foot.png", 5_000, 60_000),
        image("kestrel.us4.list-manage.com/track/open.gif", 43, 43),
    ],
    &[
        image("d3k81ch9hvuctc.cloudfront.net/company/head.jpg", 20_000, 300_000),
        image("ctrk.klclick1.com/o/pixel.gif", 43, 43),
    ],
    &[
        image("cdn.mcauto-images-production.sendgrid.net/head.png", 10_000, 200_000),
        image("u4242.ct.sendgrid.net/wf/open.gif", 43, 43),
    ],
    &[
        image("substackcdn.com/image/fetch/photo.jpg", 40_000, 500_000),
        image("eotrx.substackcdn.com/open.gif", 43, 43),
    ],
    &[
        image("img.mailinblue.com/4242/images/head.png", 10_000, 200_000),
        image("r.mail.brevo.com/tr/op.gif", 43, 43),
    ],
    &[
        image("4242.fs1.hubspotusercontent-na1.net/hubfs/head.png", 10_000, 300_000),
        image("t.hubspotemail.net/e2t/o/pixel.gif", 43, 43),
    ],
    &[image("www.notion.so/images/mail/head.png", 10_000, 90_000)],
    &[image("a.slack-edge.com/mail/logo.png", 4_000, 40_000)],
    &[image("assets.asana.biz/mail/head.png", 10_000, 90_000)],
    &[image("cfl.dropboxstatic.com/static/mail/head.png", 4_000, 60_000)],
];

fn newsletter(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let tab = browser.tab()?;
    for number in 0..play.between((2, 10)) {
        let mut calls = play.one_of(SENDERS)?.to_vec();
        if play.chance(50) {
            calls.extend(*play.one_of(SENDERS)?);
        }
        // A mail is no page of the network: the program shows what it fetched before.
        let mail = play.lab.path(&format!("mail-{number}.html"));
        std::fs::write(&mail, play.html(&calls, 4_000))?;
        browser.visit(&tab, &format!("file://{}", mail.display()))?;
        play.rest(10.0..180.0)?;
    }
    browser.close()
}

/// What a restored or fetched page of a service loads in sites' own manner.
pub(super) const FRONT_PAGES: &[(&str, &[Call])] = &[
    (
        "asana.com",
        &[script("assets.asana.biz/front.js", 100, 600), image("assets.asana.biz/hero.jpg", 50_000, 400_000)],
    ),
    ("www.notion.com", &[script("www.notion.com/_next/front.js", 200, 900)]),
    ("slack.com", &[script("a.slack-edge.com/front.js", 100, 500)]),
    ("www.dropbox.com", &[script("cfl.dropboxstatic.com/static/front.js", 300, 900)]),
    ("trello.com", &[script("a.trellocdn.com/front.js", 100, 600)]),
    ("wetransfer.com", &[script("cdn.wetransfer.com/front.js", 200, 900)]),
    (
        "www.hubspot.com",
        &[script("js.hs-scripts.com/53.js", 2, 4), script("js.hs-analytics.net/analytics/53.js", 50, 90)],
    ),
    ("monday.com", &[again(30, "monday.com/api/events", 300, 1_500)]),
    ("vercel.com", &[script("vercel.com/_next/front.js", 200, 700)]),
    ("zoom.us", &[script("st1.zoom.us/static/front.js", 100, 600)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embeds_named_here_are_in_the_table() {
        assert!(HEAVY.iter().all(|name| !widget(name).calls.is_empty()));
        assert!(crate::sessions::embeds::PLUMBING_HOSTS.len() > 70);
    }
}
