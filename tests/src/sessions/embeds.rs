//! What pages of others load from third parties: each embed's hosts, what it does at loading and what it does later.
//!
//! Hosts and manners are those that anybody's network inspector shows on public pages and that the vendors' own
//! instructions for content security policies list; sizes are of the usual order and vary by the seed.

/// What is asked for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A script that the page names.
    Script,
    /// An image that the page names.
    Image,
    /// An image far down the page, fetched when somebody scrolls to it.
    Lazy,
    /// A page within the page.
    Frame,
    /// Something that a script asks for, with a body where `up` says so.
    Ask,
    /// A web socket that stays open.
    Socket,
    /// An event stream that stays open.
    Stream,
}

/// One request of an embed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) kind: Kind,
    /// Host and path.
    pub(super) at: &'static str,
    /// Bytes of the answer, from and to.
    pub(super) down: (u32, u32),
    /// Bytes of the body sent, from and to.
    pub(super) up: (u32, u32),
    /// Again every so many seconds while the page is open; 0 at loading only.
    pub(super) every_seconds: u32,
}

/// A third party on a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Embed {
    pub(super) name: &'static str,
    pub(super) calls: &'static [Call],
}

impl Call {
    /// The host it goes to.
    pub(super) fn host(&self) -> &'static str {
        self.at.split('/').next().unwrap_or_default()
    }
}

pub(super) const fn script(at: &'static str, from_kb: u32, to_kb: u32) -> Call {
    Call { kind: Kind::Script, at, down: (from_kb << 10, to_kb << 10), up: (0, 0), every_seconds: 0 }
}

pub(super) const fn image(at: &'static str, from: u32, to: u32) -> Call {
    Call { kind: Kind::Image, at, down: (from, to), up: (0, 0), every_seconds: 0 }
}

pub(super) const fn frame(at: &'static str, from_kb: u32, to_kb: u32) -> Call {
    Call { kind: Kind::Frame, at, down: (from_kb << 10, to_kb << 10), up: (0, 0), every_seconds: 0 }
}

pub(super) const fn ask(at: &'static str, from: u32, to: u32) -> Call {
    Call { kind: Kind::Ask, at, down: (from, to), up: (0, 0), every_seconds: 0 }
}

/// A body is sent once the page is there.
pub(super) const fn beacon(at: &'static str, from: u32, to: u32) -> Call {
    Call { kind: Kind::Ask, at, down: (60, 900), up: (from, to), every_seconds: 0 }
}

/// A body is sent again and again.
pub(super) const fn again(every_seconds: u32, at: &'static str, from: u32, to: u32) -> Call {
    Call { kind: Kind::Ask, at, down: (20, 300), up: (from, to), every_seconds }
}

pub(super) const fn socket(at: &'static str) -> Call {
    Call { kind: Kind::Socket, at, down: (0, 0), up: (0, 0), every_seconds: 0 }
}

pub(super) const fn stream(at: &'static str) -> Call {
    Call { kind: Kind::Stream, at, down: (100, 3_000), up: (0, 0), every_seconds: 0 }
}

/// Tools that a site's owner puts on pages, most of them services of the catalog.
pub(super) const WIDGETS: &[Embed] = &[
    Embed {
        name: "youtube",
        calls: &[
            frame("www.youtube.com/embed/player.html", 40, 90),
            script("www.youtube.com/s/player/base.js", 700, 1_200),
            script("www.youtube.com/s/player/embed.js", 150, 400),
            image("i.ytimg.com/vi/thumbnail.jpg", 15_000, 120_000),
            image("yt3.ggpht.com/avatar.jpg", 2_000, 9_000),
            beacon("www.youtube.com/youtubei/v1/log_event", 900, 4_000),
            script("jnn-pa.googleapis.com/waa.js", 10, 30),
            again(60, "www.youtube.com/youtubei/v1/log_event", 700, 3_000),
        ],
    },
    Embed {
        name: "youtube-autoplay",
        calls: &[
            frame("www.youtube-nocookie.com/embed/player.html", 40, 90),
            script("www.youtube-nocookie.com/s/player/base.js", 700, 1_200),
            ask("rr3---sn-4g5e6nez.googlevideo.com/videoplayback", 300_000, 1_500_000),
            again(30, "www.youtube-nocookie.com/youtubei/v1/log_event", 700, 3_000),
        ],
    },
    Embed {
        name: "vimeo",
        calls: &[
            frame("player.vimeo.com/video/player.html", 20, 60),
            script("f.vimeocdn.com/p/player.js", 200, 700),
            image("i.vimeocdn.com/video/poster.jpg", 10_000, 90_000),
            beacon("fresnel.vimeocdn.com/add/player-stats", 400, 2_000),
        ],
    },
    Embed {
        name: "calendly",
        calls: &[
            script("assets.calendly.com/assets/external/widget.js", 8, 16),
            frame("calendly.com/kestrel-parts/intro.html", 20, 60),
            script("assets.calendly.com/assets/booking.js", 600, 1_700),
            ask("calendly.com/api/booking/event_types", 2_000, 9_000),
            ask("calendly.com/api/booking/range", 3_000, 30_000),
            beacon("calendly.com/api/booking/tracking", 300, 1_200),
            again(90, "calendly.com/api/booking/tracking", 200, 900),
        ],
    },
    Embed {
        name: "typeform",
        calls: &[
            script("embed.typeform.com/next/embed.js", 20, 60),
            frame("form.typeform.com/to/kestrel.html", 20, 70),
            script("renderer-assets.typeform.com/renderer.js", 300, 1_100),
            image("images.typeform.com/images/cover.png", 20_000, 300_000),
            beacon("form.typeform.com/forms/insights/events", 400, 1_500),
            again(120, "form.typeform.com/forms/insights/events", 300, 1_000),
        ],
    },
    Embed {
        name: "hubspot",
        calls: &[
            script("js.hs-scripts.com/4242.js", 2, 4),
            script("js.hs-analytics.net/analytics/4242.js", 50, 90),
            script("js.hsforms.net/forms/v2.js", 200, 500),
            script("js.usemessages.com/conversations-embed.js", 60, 110),
            ask("forms.hsforms.com/embed/v3/form/4242", 2_000, 12_000),
            image("track.hubspot.com/__ptq.gif", 45, 45),
            ask("api.hubspot.com/livechat-public/v1/message/public", 500, 2_000),
        ],
    },
    Embed {
        name: "intercom",
        calls: &[
            script("widget.intercom.io/widget/k3str3l.js", 5, 20),
            script("js.intercomcdn.com/frame-modern.js", 300, 600),
            script("js.intercomcdn.com/vendor-modern.js", 200, 400),
            beacon("api-iam.intercom.io/messenger/web/ping", 900, 3_000),
            socket("nexus-websocket-a.intercom.io/pubsub"),
            again(60, "api-iam.intercom.io/messenger/web/metrics", 800, 3_000),
        ],
    },
    Embed {
        name: "stripe",
        calls: &[
            script("js.stripe.com/v3/stripe.js", 400, 800),
            frame("m.stripe.network/inner.html", 1, 3),
            script("m.stripe.network/out-4.5.43.js", 60, 100),
            beacon("m.stripe.com/6", 1_500, 4_000),
            beacon("r.stripe.com/b", 1_000, 5_000),
            again(45, "r.stripe.com/b", 800, 3_000),
        ],
    },
    Embed {
        name: "google-sign-in",
        calls: &[
            script("accounts.google.com/gsi/client.js", 80, 260),
            frame("accounts.google.com/gsi/iframe/select.html", 10, 40),
            ask("accounts.google.com/gsi/status", 100, 900),
            script("www.gstatic.com/_/mss/boq-identity.js", 100, 300),
            beacon("play.google.com/log", 500, 2_500),
        ],
    },
    Embed {
        name: "zendesk",
        calls: &[
            script("static.zdassets.com/ekr/snippet.js", 20, 40),
            script("static.zdassets.com/web_widget/main.js", 300, 800),
            ask("ekr.zdassets.com/compose/kestrel", 700, 2_000),
            ask("kestrel.zendesk.com/embeddable/config", 800, 3_000),
            beacon("kestrel.zendesk.com/embeddable_blip", 300, 1_200),
        ],
    },
    Embed {
        name: "drift",
        calls: &[
            script("js.driftt.com/include/k.js", 30, 90),
            frame("js.driftt.com/core/chat.html", 2, 6),
            script("js.driftt.com/core/assets.js", 300, 900),
            beacon("event.api.drift.com/track", 400, 1_400),
            socket("presence.api.drift.com/ws/websocket"),
        ],
    },
    Embed {
        name: "disqus",
        calls: &[
            script("kestrel-courier.disqus.com/embed.js", 20, 40),
            frame("disqus.com/embed/comments.html", 20, 60),
            script("c.disquscdn.com/next/embed/lounge.js", 150, 400),
            ask("disqus.com/api/3.0/threads", 4_000, 40_000),
            image("referrer.disqus.com/juggler/event.gif", 43, 43),
        ],
    },
    Embed {
        name: "sentry",
        calls: &[
            script("browser.sentry-cdn.com/7.1/bundle.js", 60, 200),
            again(60, "o4242.ingest.sentry.io/api/1/envelope", 800, 12_000),
        ],
    },
    Embed {
        name: "datadog-rum",
        calls: &[
            script("www.datadoghq-browser-agent.com/us1/v5/datadog-rum.js", 100, 160),
            again(30, "browser-intake-datadoghq.com/api/v2/rum", 4_000, 16_000),
            again(30, "browser-intake-datadoghq.com/api/v2/replay", 5_000, 40_000),
        ],
    },
    Embed {
        name: "fullstory",
        calls: &[
            script("edge.fullstory.com/s/fs.js", 150, 300),
            beacon("rs.fullstory.com/rec/page", 1_000, 3_000),
            again(15, "rs.fullstory.com/rec/bundle", 2_000, 30_000),
        ],
    },
    Embed {
        name: "hotjar",
        calls: &[
            script("static.hotjar.com/c/hotjar-4242.js", 5, 15),
            script("script.hotjar.com/modules.js", 150, 260),
            socket("ws.hotjar.com/api/v2/client/ws"),
            again(30, "metrics.hotjar.io/v1", 300, 1_000),
            again(20, "content.hotjar.io/", 2_000, 25_000),
        ],
    },
    Embed {
        name: "launchdarkly",
        calls: &[
            ask("app.launchdarkly.com/sdk/evalx/contexts", 1_000, 15_000),
            stream("clientstream.launchdarkly.com/eval/k"),
            again(30, "events.launchdarkly.com/events/bulk/k", 500, 2_000),
        ],
    },
    Embed {
        name: "amplitude",
        calls: &[
            script("cdn.amplitude.com/libs/analytics-browser.js", 60, 120),
            again(20, "api2.amplitude.com/2/httpapi", 800, 4_000),
        ],
    },
    Embed {
        name: "mixpanel",
        calls: &[
            script("cdn.mxpnl.com/libs/mixpanel-2.js", 50, 90),
            again(20, "api-js.mixpanel.com/track", 700, 4_000),
        ],
    },
    Embed {
        name: "segment",
        calls: &[
            script("cdn.segment.com/analytics.js/v1/analytics.js", 60, 140),
            again(30, "api.segment.io/v1/t", 600, 2_000),
        ],
    },
    Embed {
        name: "algolia",
        calls: &[
            ask("kestrel-dsn.algolia.net/1/indexes/settings", 1_000, 4_000),
            again(40, "kestrel-dsn.algolia.net/1/indexes/queries", 300, 900),
        ],
    },
    Embed {
        name: "cloudinary",
        calls: &[
            image("res.cloudinary.com/kestrel/image/one.jpg", 20_000, 300_000),
            image("res.cloudinary.com/kestrel/image/two.jpg", 20_000, 300_000),
        ],
    },
    Embed {
        name: "new-relic",
        calls: &[
            script("js-agent.newrelic.com/nr-spa.js", 40, 80),
            again(30, "bam.nr-data.net/events/1/k", 500, 3_000),
        ],
    },
    Embed {
        name: "optimizely",
        calls: &[
            script("cdn.optimizely.com/js/4242.js", 60, 250),
            beacon("logx.optimizely.com/v1/events", 600, 2_500),
        ],
    },
    Embed {
        name: "mailchimp",
        calls: &[
            script("chimpstatic.com/mcjs-connected/js/users.js", 10, 40),
            ask("kestrel.us4.list-manage.com/signup-form", 900, 4_000),
        ],
    },
    Embed {
        name: "klaviyo",
        calls: &[
            script("static.klaviyo.com/onsite/js/klaviyo.js", 20, 60),
            ask("fast.a.klaviyo.com/client/settings", 900, 9_000),
            beacon("a.klaviyo.com/client/events", 400, 1_300),
        ],
    },
    Embed {
        name: "linkedin",
        calls: &[
            script("platform.linkedin.com/in.js", 30, 70),
            image("px.ads.linkedin.com/collect.gif", 43, 43),
        ],
    },
    Embed {
        name: "facebook",
        calls: &[
            script("connect.facebook.net/en_US/sdk.js", 60, 250),
            image("www.facebook.com/tr.gif", 44, 44),
        ],
    },
    Embed {
        name: "x-post",
        calls: &[
            script("platform.twitter.com/widgets.js", 90, 100),
            frame("platform.twitter.com/embed/post.html", 10, 30),
            ask("cdn.syndication.twimg.com/tweet-result", 1_500, 4_000),
            image("pbs.twimg.com/media/photo.jpg", 20_000, 200_000),
        ],
    },
    Embed {
        name: "google-maps",
        calls: &[
            script("maps.googleapis.com/maps/api/js.js", 150, 300),
            image("maps.gstatic.com/mapfiles/tile.png", 5_000, 40_000),
        ],
    },
    Embed {
        name: "spotify",
        calls: &[
            frame("open.spotify.com/embed/episode/e.html", 10, 40),
            script("embed-cdn.spotifycdn.com/_next/static/main.js", 300, 900),
            image("i.scdn.co/image/cover.jpg", 20_000, 90_000),
        ],
    },
    Embed {
        name: "github-buttons",
        calls: &[
            ask("api.github.com/repos/kestrel/parts", 4_000, 7_000),
            image("avatars.githubusercontent.com/u/4242.png", 3_000, 20_000),
        ],
    },
    Embed {
        name: "airtable-embed",
        calls: &[
            frame("airtable.com/embed/shr4242.html", 20, 60),
            script("static.airtable.com/esbuild/embed.js", 500, 2_000),
            ask("airtable.com/v0.3/view/readSharedViewData", 10_000, 200_000),
        ],
    },
];

/// Ad tech, measuring and delivery: hosts of one manner each, which is drawn.
pub(super) const PLUMBING_HOSTS: &[&str] = &[
    "securepubads.g.doubleclick.net",
    "pagead2.googlesyndication.com",
    "www.googletagmanager.com",
    "www.google-analytics.com",
    "stats.g.doubleclick.net",
    "ib.adnxs.com",
    "cdn.adnxs.com",
    "fastlane.rubiconproject.com",
    "eus.rubiconproject.com",
    "hbopenbid.pubmatic.com",
    "ads.pubmatic.com",
    "bidder.criteo.com",
    "static.criteo.net",
    "cdn.taboola.com",
    "trc.taboola.com",
    "widgets.outbrain.com",
    "log.outbrainimg.com",
    "c.amazon-adsystem.com",
    "aax.amazon-adsystem.com",
    "htlb.casalemedia.com",
    "match.adsrvr.org",
    "insight.adsrvr.org",
    "sync.1rx.io",
    "eb2.3lift.com",
    "tlx.3lift.com",
    "x.bidswitch.net",
    "idsync.rlcdn.com",
    "cm.g.doubleclick.net",
    "dpm.demdex.net",
    "sb.scorecardresearch.com",
    "secure-us.imrworldwide.com",
    "static.chartbeat.com",
    "ping.chartbeat.net",
    "static.cloudflareinsights.com",
    "cdn.jsdelivr.net",
    "cdnjs.cloudflare.com",
    "unpkg.com",
    "fonts.googleapis.com",
    "fonts.gstatic.com",
    "ajax.googleapis.com",
    "use.typekit.net",
    "p.typekit.net",
    "kit.fontawesome.com",
    "cdn.cookielaw.org",
    "geolocation.onetrust.com",
    "consent.cookiebot.com",
    "www.google.com",
    "www.gstatic.com",
    "hcaptcha.com",
    "bat.bing.com",
    "www.clarity.ms",
    "c.clarity.ms",
    "analytics.tiktok.com",
    "tags.tiqcdn.com",
    "assets.adobedtm.com",
    "acdn.adnxs.com",
    "prebid.media.net",
    "contextual.media.net",
    "ssum.casalemedia.com",
    "cdn.permutive.com",
    "api.permutive.com",
    "tag.bounceexchange.com",
    "s.yimg.com",
    "cdn.confiant-integrations.net",
    "images.ctfassets.net",
    "cdn.contentful.com",
    "d2vaex6y8qv6yx.cloudfront.net",
    "kestrel.imgix.net",
    "a.teads.tv",
    "t.teads.tv",
    "ad.360yield.com",
    "ap.lijit.com",
    "cs.admanmedia.com",
    "cdn.speedcurve.com",
    "mc.yandex.ru",
];

/// The embed of this name.
pub(super) fn widget(name: &str) -> &'static Embed {
    WIDGETS.iter().find(|embed| embed.name == name).expect("the name of an embed in the table")
}
