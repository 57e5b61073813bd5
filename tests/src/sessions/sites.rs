//! What services show to people who have no account: front page, prices, documentation; and what such pages load.
//!
//! Hosts are those that anybody's network inspector shows on the public pages; paths are made up, and sizes are drawn.

use super::embeds::{Call, again, beacon, image};

/// A service's public pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    /// Host and path of each.
    pub(super) pages: &'static [&'static str],
    /// Where its scripts, styles and fonts lie.
    pub(super) scripts: &'static str,
    /// Where its pictures lie.
    pub(super) images: &'static str,
    /// What its pages tell about their reader, but for what goes to other vendors.
    pub(super) tells: &'static [Call],
}

/// Pictures that a content service delivers for many.
const CONTENTFUL: &str = "images.ctfassets.net/kestrel/picture.jpg";
const WEBFLOW: &str = "cdn.prod.website-files.com/kestrel/picture.jpg";

pub(super) const SITES: &[Site] = &[
    Site {
        pages: &["asana.com/index.html", "asana.com/pricing.html", "help.asana.com/guide.html"],
        scripts: "assets.asana.biz/front.js",
        images: "assets.asana.biz/picture.jpg",
        tells: &[beacon("asana.com/api/events", 400, 2_000)],
    },
    Site {
        pages: &[
            "www.notion.com/index.html",
            "www.notion.com/pricing.html",
            "www.notion.com/help/guide.html",
        ],
        scripts: "www.notion.com/_next/static/front.js",
        images: CONTENTFUL,
        tells: &[
            beacon("www.notion.com/api/v3/track", 700, 3_000),
            again(60, "exp.notion.so/v1/rgstr", 400, 2_000),
        ],
    },
    Site {
        pages: &["slack.com/index.html", "slack.com/pricing.html", "slack.com/help/guide.html"],
        scripts: "a.slack-edge.com/front.js",
        images: "a.slack-edge.com/picture.png",
        tells: &[again(30, "slackb.com/traces/v1/list_of_spans", 600, 3_000)],
    },
    Site {
        pages: &["www.dropbox.com/index.html", "www.dropbox.com/plans.html", "help.dropbox.com/guide.html"],
        scripts: "cfl.dropboxstatic.com/static/front.js",
        images: "aem.dropbox.com/picture.jpg",
        tells: &[again(30, "www.dropbox.com/log/ux_analytics", 800, 5_000)],
    },
    Site {
        pages: &["trello.com/index.html", "trello.com/pricing.html", "support.atlassian.com/trello.html"],
        scripts: "trello.com/static/front.js",
        images: CONTENTFUL,
        tells: &[beacon("as.atlassian.com/api/v1/batch", 800, 4_000)],
    },
    Site {
        pages: &["www.atlassian.com/jira.html", "www.atlassian.com/jira/pricing.html"],
        scripts: "wac-cdn.atlassian.com/static/front.js",
        images: "wac-cdn.atlassian.com/picture.png",
        tells: &[again(60, "as.atlassian.com/api/v1/batch", 800, 4_000)],
    },
    Site {
        pages: &[
            "www.hubspot.com/index.html",
            "www.hubspot.com/pricing.html",
            "knowledge.hubspot.com/guide.html",
        ],
        scripts: "www.hubspot.com/hs-fs/front.js",
        images: "53.fs1.hubspotusercontent-na1.net/picture.png",
        tells: &[image("track.hubspot.com/__ptq.gif", 45, 45)],
    },
    Site {
        pages: &["monday.com/index.html", "monday.com/pricing.html"],
        scripts: "monday.com/static/front.js",
        images: "dapulse-res.cloudinary.com/picture.jpg",
        tells: &[again(30, "monday.com/api/events", 300, 1_500)],
    },
    Site {
        pages: &["vercel.com/index.html", "vercel.com/pricing.html", "vercel.com/docs/guide.html"],
        scripts: "vercel.com/_next/static/front.js",
        images: "assets.vercel.com/picture.png",
        tells: &[beacon("vercel.com/_vercel/insights/event", 300, 900)],
    },
    Site {
        pages: &["www.zoom.com/index.html", "www.zoom.com/pricing.html", "support.zoom.com/guide.html"],
        scripts: "st1.zoom.us/static/front.js",
        images: "st1.zoom.us/picture.png",
        tells: &[beacon("log-gateway.zoom.us/nws/join/logger/web", 900, 4_000)],
    },
    Site {
        pages: &["www.figma.com/index.html", "www.figma.com/pricing.html", "help.figma.com/guide.html"],
        scripts: "static.figma.com/front.js",
        images: "cdn.sanity.io/kestrel/picture.png",
        tells: &[again(60, "events.figma.com/api/web_logger", 900, 4_000)],
    },
    Site {
        pages: &["miro.com/index.html", "miro.com/pricing.html", "help.miro.com/guide.html"],
        scripts: "miro.com/static/front.js",
        images: CONTENTFUL,
        tells: &[again(60, "miro.com/api/v1/analytics", 700, 3_000)],
    },
    Site {
        pages: &[
            "www.airtable.com/index.html",
            "www.airtable.com/pricing.html",
            "support.airtable.com/guide.html",
        ],
        scripts: "static.airtable.com/front.js",
        images: CONTENTFUL,
        tells: &[beacon("www.airtable.com/internal/page_view", 400, 2_500)],
    },
    Site {
        pages: &["stripe.com/index.html", "stripe.com/pricing.html", "docs.stripe.com/guide.html"],
        scripts: "b.stripecdn.com/front.js",
        images: "images.stripeassets.com/picture.png",
        tells: &[again(30, "r.stripe.com/b", 1_000, 5_000)],
    },
    Site {
        pages: &["calendly.com/index.html", "calendly.com/pricing.html", "help.calendly.com/guide.html"],
        scripts: "assets.calendly.com/front.js",
        images: CONTENTFUL,
        tells: &[beacon("calendly.com/cdn-cgi/rum", 500, 1_500)],
    },
    Site {
        pages: &[
            "www.typeform.com/index.html",
            "www.typeform.com/pricing.html",
            "help.typeform.com/guide.html",
        ],
        scripts: "public-assets.typeform.com/front.js",
        images: CONTENTFUL,
        tells: &[beacon("www.typeform.com/api/track", 400, 1_500)],
    },
    Site {
        pages: &["www.canva.com/index.html", "www.canva.com/pricing.html", "www.canva.com/help/guide.html"],
        scripts: "static.canva.com/front.js",
        images: "content-management-files.canva.com/picture.jpg",
        tells: &[again(20, "www.canva.com/_ajax/ae/createBatch", 900, 6_000)],
    },
    Site {
        pages: &[
            "www.docusign.com/index.html",
            "www.docusign.com/pricing.html",
            "support.docusign.com/guide.html",
        ],
        scripts: "www.docusign.com/_next/static/front.js",
        images: CONTENTFUL,
        tells: &[],
    },
    Site {
        pages: &["clickup.com/index.html", "clickup.com/pricing.html", "help.clickup.com/guide.html"],
        scripts: "clickup.com/_next/static/front.js",
        images: "clickup.com/images/picture.png",
        tells: &[beacon("clickup.com/cdn-cgi/rum", 500, 1_500)],
    },
    Site {
        pages: &[
            "www.intercom.com/index.html",
            "www.intercom.com/pricing.html",
            "www.intercom.com/help/guide.html",
        ],
        scripts: "www.intercom.com/_next/static/front.js",
        images: CONTENTFUL,
        tells: &[],
    },
    Site {
        pages: &["wetransfer.com/explore.html", "wetransfer.com/pricing.html"],
        scripts: "cdn.wetransfer.com/_next/static/front.js",
        images: "backgrounds.wetransfer.net/picture.jpg",
        tells: &[again(60, "analytics.wetransfer.com/v1/events", 600, 2_500)],
    },
    Site {
        pages: &["openai.com/index.html", "openai.com/pricing.html", "help.openai.com/guide.html"],
        scripts: "openai.com/_next/static/front.js",
        images: CONTENTFUL,
        tells: &[beacon("openai.com/cdn-cgi/rum", 500, 1_500)],
    },
    Site {
        pages: &["claude.com/index.html", "claude.com/pricing.html", "docs.claude.com/guide.html"],
        scripts: WEBFLOW,
        images: WEBFLOW,
        tells: &[beacon("a-api.anthropic.com/v1/t", 700, 2_500)],
    },
    Site {
        pages: &["mistral.ai/index.html", "mistral.ai/pricing.html", "docs.mistral.ai/guide.html"],
        scripts: "mistral.ai/_next/static/front.js",
        images: "cms.mistral.ai/assets/picture.jpg",
        tells: &[],
    },
    Site {
        pages: &["www.netlify.com/index.html", "www.netlify.com/pricing.html", "docs.netlify.com/guide.html"],
        scripts: "www.netlify.com/_astro/front.js",
        images: "www.netlify.com/images/picture.png",
        tells: &[],
    },
    Site {
        pages: &[
            "about.gitlab.com/index.html",
            "about.gitlab.com/pricing.html",
            "docs.gitlab.com/guide.html",
        ],
        scripts: "about.gitlab.com/_nuxt/front.js",
        images: CONTENTFUL,
        tells: &[],
    },
    Site {
        pages: &[
            "www.postman.com/index.html",
            "www.postman.com/pricing.html",
            "learning.postman.com/guide.html",
        ],
        scripts: "voyager.postman.com/front.js",
        images: "voyager.postman.com/picture.png",
        tells: &[again(60, "www.postman.com/_api/events", 400, 2_000)],
    },
    Site {
        pages: &[
            "www.datadoghq.com/index.html",
            "www.datadoghq.com/pricing.html",
            "docs.datadoghq.com/guide.html",
        ],
        scripts: "static.datadoghq.com/front.js",
        images: "imgix.datadoghq.com/picture.png",
        tells: &[again(30, "browser-intake-datadoghq.com/api/v2/rum", 4_000, 16_000)],
    },
    Site {
        pages: &[
            "www.zendesk.com/index.html",
            "www.zendesk.com/pricing.html",
            "support.zendesk.com/guide.html",
        ],
        scripts: "web-assets.zendesk.com/front.js",
        images: "web-assets.zendesk.com/picture.png",
        tells: &[],
    },
    Site {
        pages: &["www.loom.com/index.html", "www.loom.com/pricing.html", "support.loom.com/guide.html"],
        scripts: "cdn.loom.com/front.js",
        images: "cdn.loom.com/picture.png",
        tells: &[again(60, "www.loom.com/metrics", 300, 1_500)],
    },
    Site {
        pages: &["mailchimp.com/index.html", "mailchimp.com/pricing.html", "mailchimp.com/help/guide.html"],
        scripts: "mailchimp.com/release/front.js",
        images: "mailchimp.com/images/picture.png",
        tells: &[],
    },
    Site {
        pages: &[
            "www.cloudflare.com/index.html",
            "www.cloudflare.com/plans.html",
            "developers.cloudflare.com/guide.html",
        ],
        scripts: "www.cloudflare.com/static/front.js",
        images: "cf-assets.www.cloudflare.com/picture.png",
        tells: &[beacon("www.cloudflare.com/cdn-cgi/rum", 500, 1_500)],
    },
    Site {
        pages: &["www.box.com/index.html", "www.box.com/pricing.html", "support.box.com/guide.html"],
        scripts: "cdn03.boxcdn.net/front.js",
        images: "cdn03.boxcdn.net/picture.jpg",
        tells: &[],
    },
    Site {
        pages: &["www.pipedrive.com/index.html", "www.pipedrive.com/pricing.html"],
        scripts: "cdn-www.pipedrive.com/front.js",
        images: "cdn-www.pipedrive.com/picture.png",
        tells: &[beacon("www.pipedrive.com/api/track", 300, 1_200)],
    },
    Site {
        pages: &["zapier.com/index.html", "zapier.com/pricing.html", "help.zapier.com/guide.html"],
        scripts: "zapier.com/_next/static/front.js",
        images: "res.cloudinary.com/zapier/picture.png",
        tells: &[again(30, "zapier.com/api/v4/tracking", 600, 3_000)],
    },
    Site {
        pages: &["www.shopify.com/index.html", "www.shopify.com/pricing.html", "help.shopify.com/guide.html"],
        scripts: "cdn.shopify.com/front.js",
        images: "cdn.shopify.com/picture.jpg",
        tells: &[],
    },
];

/// Chats, measuring and helpers of other vendors that such sites put on their pages, by their names among the embeds.
pub(super) const BESIDE: &[&str] = &[
    "intercom",
    "drift",
    "zendesk",
    "hubspot",
    "google-sign-in",
    "segment",
    "amplitude",
    "mixpanel",
    "hotjar",
    "fullstory",
    "sentry",
    "datadog-rum",
    "new-relic",
    "optimizely",
    "launchdarkly",
    "linkedin",
    "facebook",
    "vimeo",
    "youtube",
    "stripe",
    "algolia",
];

/// Where an answer to the question about cookies goes.
pub(super) const CONSENT: &[Call] = &[
    beacon("privacyportal.onetrust.com/request/v1/consentreceipts", 900, 3_000),
    beacon("consent.cookiebot.com/logconsent.ashx", 300, 900),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::embeds::widget;
    use elsewhere_catalog::Verdict;

    #[test]
    fn the_catalog_knows_each_public_page_and_the_table_each_embed() {
        for page in SITES.iter().flat_map(|site| site.pages) {
            let verdict = elsewhere_catalog::builtin().classify(page.split('/').next().unwrap());
            assert!(matches!(verdict, Verdict::Service { .. }), "{page}: {verdict:?}");
        }
        assert!(BESIDE.iter().all(|name| !widget(name).calls.is_empty()));
    }
}
