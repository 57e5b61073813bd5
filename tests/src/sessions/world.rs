//! Which names the session's internet has, and where they lie: an address a vendor, as far as one address can stand
//! for what is many in life.

use std::net::Ipv4Addr;

/// Where all of them lie: a block for measurements (RFC 2544) that belongs to nobody on the internet.
pub(super) const BLOCK: &str = "198.18.0.0/16";

/// An address in it for which there is no name.
pub(super) const UNNAMED: Ipv4Addr = Ipv4Addr::new(198, 18, 255, 7);

/// Suffixes of one vendor a line; all below them resolves to its address.
const VENDORS: &[&[&str]] = &[
    &["google.com", "gstatic.com", "googleapis.com", "googleusercontent.com", "ggpht.com"],
    &["youtube.com", "youtube-nocookie.com", "ytimg.com"],
    &["googlevideo.com"],
    &["doubleclick.net", "googlesyndication.com"],
    &["googletagmanager.com", "google-analytics.com"],
    &["cloudfront.net"],
    &["amazonaws.com"],
    &[
        "microsoft.com",
        "live.com",
        "onedrive.com",
        "office.com",
        "office365.com",
        "office.net",
        "sharepoint.com",
        "microsoftpersonalcontent.com",
        "microsoftonline.com",
        "msftauth.net",
        "bing.com",
        "clarity.ms",
    ],
    &["notion.so", "notion.com", "notion.site", "notionusercontent.com"],
    &["asana.com", "asana.biz"],
    &["atlassian.com", "trello.com", "trellocdn.com"],
    &["slack.com", "slack-edge.com", "slackb.com"],
    &["discord.com", "discord.gg", "discordapp.com"],
    &["dropbox.com", "dropboxapi.com", "dropboxstatic.com", "dropboxusercontent.com"],
    &["box.com", "box.net", "boxcdn.net", "boxcloud.com"],
    &["wetransfer.com", "wetransfer.net"],
    &["fromsmash.com", "fromsmash.co"],
    &[
        "hubspot.com",
        "hs-scripts.com",
        "hs-analytics.net",
        "hsforms.com",
        "hsforms.net",
        "usemessages.com",
        "hubspotemail.net",
        "hubspotusercontent-na1.net",
    ],
    &["intercom.com", "intercom.io", "intercomcdn.com"],
    &["stripe.com", "stripe.network", "stripecdn.com", "stripeassets.com"],
    &["zdassets.com", "zendesk.com"],
    &["drift.com", "driftt.com"],
    &["disqus.com", "disquscdn.com"],
    &["sentry.io", "sentry-cdn.com"],
    &["browser-intake-datadoghq.com", "datadoghq-browser-agent.com"],
    &["hotjar.com", "hotjar.io"],
    &["mixpanel.com", "mxpnl.com"],
    &["segment.com", "segment.io"],
    &["list-manage.com", "chimpstatic.com", "mcusercontent.com"],
    &["klaviyo.com", "klclick1.com"],
    &["brevo.com", "mailinblue.com"],
    &["facebook.com", "facebook.net"],
    &["twitter.com", "twimg.com"],
    &["linkedin.com"],
    &["spotify.com", "spotifycdn.com", "scdn.co"],
    &["github.com", "githubusercontent.com", "ghcr.io"],
    &["openai.com", "chatgpt.com", "oaistatic.com", "oaiusercontent.com"],
    &["claude.ai", "claude.com", "anthropic.com"],
    &["okta.com", "oktacdn.com"],
    &["pypi.org"],
    &["pythonhosted.org"],
    &["webex.com", "wbx2.com"],
    &["vimeo.com", "vimeocdn.com"],
    &["newrelic.com", "nr-data.net"],
    &["contentful.com", "ctfassets.net"],
    &["cloudflare.com", "cloudflareinsights.com"],
    &["cookielaw.org", "onetrust.com"],
    &["chartbeat.com", "chartbeat.net"],
    &["criteo.com", "criteo.net"],
    &["outbrain.com", "outbrainimg.com"],
    &["zoom.us", "zoom.com"],
    &["coda.io", "codahosted.io"],
    &["wistia.com", "wistia.net"],
    &["docker.com", "docker.io"],
    &["gitlab.com", "gitlab-static.net"],
    &["visualstudio.com", "vsassets.io"],
    &["lucid.app", "lucidchart.com"],
    &["1rx.io"],
    &["360yield.com"],
    &["3lift.com"],
    &["admanmedia.com"],
    &["adnxs.com"],
    &["adobedtm.com"],
    &["adsrvr.org"],
    &["airtable.com"],
    &["algolia.net"],
    &["amazon-adsystem.com"],
    &["amplitude.com"],
    &["auth0.com"],
    &["bidswitch.net"],
    &["bitbucket.org"],
    &["bounceexchange.com"],
    &["brew.sh"],
    &["calendly.com"],
    &["canva.com"],
    &["casalemedia.com"],
    &["clickup.com"],
    &["cloudinary.com"],
    &["codeberg.org"],
    &["confiant-integrations.net"],
    &["cookiebot.com"],
    &["crates.io"],
    &["daily-courier.example"],
    &["datadoghq.com"],
    &["debian.org"],
    &["demdex.net"],
    &["docusign.com"],
    &["eclipsecontent.org"],
    &["ecr.aws"],
    &["evernote.com"],
    &["fastmail.com"],
    &["figma.com"],
    &["filemail.com"],
    &["flathub.org"],
    &["fontawesome.com"],
    &["frontapp.com"],
    &["fullstory.com"],
    &["fwupd.org"],
    &["gitkraken.com"],
    &["gofile.io"],
    &["golang.org"],
    &["harbour-times.example"],
    &["hashicorp.com"],
    &["hcaptcha.com"],
    &["imgix.net"],
    &["imrworldwide.com"],
    &["jetbrains.com"],
    &["jsdelivr.net"],
    &["kestrel-parts.example"],
    &["launchdarkly.com"],
    &["lijit.com"],
    &["linear.app"],
    &["loom.com"],
    &["mailchimp.com"],
    &["matrix.org"],
    &["mattermost.com"],
    &["meadow.example"],
    &["media.net"],
    &["miro.com"],
    &["missiveapp.com"],
    &["mistral.ai"],
    &["monday.com"],
    &["mural.co"],
    &["netlify.com"],
    &["npmjs.org"],
    &["obsidian.md"],
    &["open-vsx.org"],
    &["optimizely.com"],
    &["permutive.com"],
    &["perplexity.ai"],
    &["pipedrive.com"],
    &["pitch.com"],
    &["postman.com"],
    &["proton.me"],
    &["pubmatic.com"],
    &["quay.io"],
    &["rlcdn.com"],
    &["rubiconproject.com"],
    &["sanity.io"],
    &["scorecardresearch.com"],
    &["search.example"],
    &["sendgrid.net"],
    &["shopify.com"],
    &["snapcraft.io"],
    &["speedcurve.com"],
    &["splunkcloud.com"],
    &["substackcdn.com"],
    &["superhuman.com"],
    &["swisstransfer.com"],
    &["taboola.com"],
    &["tally.so"],
    &["teads.tv"],
    &["teamviewer.com"],
    &["tiktok.com"],
    &["tiqcdn.com"],
    &["todoist.com"],
    &["transfernow.net"],
    &["typeform.com"],
    &["typekit.net"],
    &["ubuntu.com"],
    &["unpkg.com"],
    &["vercel.com"],
    &["website-files.com"],
    &["whimsical.com"],
    &["yandex.ru"],
    &["yimg.com"],
    &["zapier.com"],
    &["zulipchat.com"],
];

/// A name and all below it, and the address.
pub(super) fn addresses() -> Vec<(String, Ipv4Addr)> {
    let mut addresses = Vec::new();
    for (number, vendor) in VENDORS.iter().enumerate() {
        let (third, fourth) = (number / 250, number % 250 + 1);
        let address = Ipv4Addr::new(
            198,
            18,
            u8::try_from(third).expect("under 64,000"),
            u8::try_from(fourth).expect("under 251"),
        );
        addresses.extend(vendor.iter().map(|name| ((*name).to_owned(), address)));
    }
    addresses
}

/// Whether the session's internet has this name.
#[cfg(test)]
pub(super) fn has(host: &str) -> bool {
    let covers = |suffix: &&str| {
        host.strip_suffix(suffix).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    VENDORS.iter().copied().flatten().any(covers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::{
        apps::{ASSISTANTS, CHAT, HAND_OVER, WORK},
        embeds::{PLUMBING_HOSTS, WIDGETS},
        quic,
        shares::{DOCUMENTS, FILES},
        sites::{CONSENT, SITES},
    };

    #[test]
    fn every_host_of_the_tables_has_an_address() {
        let apps = [WORK, CHAT, ASSISTANTS, HAND_OVER].into_iter().flatten();
        let of_apps = apps.flat_map(|app| {
            let calls = app.load.iter().map(|call| call.at);
            calls.chain(app.login.iter().copied()).chain([app.open, app.read, app.save, app.upload])
        });
        let embeds = WIDGETS.iter().flat_map(|embed| embed.calls).map(|call| call.at);
        let hosts = PLUMBING_HOSTS.iter().chain(quic::HOSTS).copied();
        let of_sites = SITES.iter().flat_map(|site| {
            let tells = site.tells.iter().map(|call| call.at);
            site.pages.iter().copied().chain([site.scripts, site.images]).chain(tells)
        });
        let consent = CONSENT.iter().map(|call| call.at);
        let of_shares = DOCUMENTS.iter().chain(FILES).flat_map(|share| {
            let file = share.file.into_iter().flat_map(|(asked, file)| [asked, file]);
            share.load.iter().map(|call| call.at).chain([share.open, share.more.at]).chain(file)
        });
        for at in of_apps.chain(embeds).chain(hosts).chain(of_sites).chain(consent).chain(of_shares) {
            let host = at.split('/').next().unwrap();
            assert!(has(host), "{host}");
        }
    }

    #[test]
    fn no_two_vendors_share_an_address() {
        let addresses: std::collections::BTreeSet<_> =
            addresses().into_iter().map(|(_, address)| address).collect();
        assert_eq!(addresses.len(), VENDORS.len());
        assert!(!addresses.contains(&UNNAMED));
    }
}
