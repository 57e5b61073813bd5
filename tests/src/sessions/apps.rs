//! Services that people work with in a browser: their hosts, what they load, and how work looks.

use super::embeds::{Call, again, ask, image, script, socket};

/// A web application.
#[derive(Debug, Clone, Copy)]
pub(super) struct WebApp {
    /// Where it is opened: host and path of its page.
    pub(super) open: &'static str,
    /// Where one signs in, in the order in which a browser is sent there.
    pub(super) login: &'static [&'static str],
    /// What the page loads and its scripts ask for; a socket among them stays open.
    pub(super) load: &'static [Call],
    /// Where its scripts read.
    pub(super) read: &'static str,
    /// Where they write.
    pub(super) save: &'static str,
    /// Where they send files.
    pub(super) upload: &'static str,
}

impl WebApp {
    /// The host that it is opened at.
    pub(super) fn host(&self) -> &'static str {
        self.open.split('/').next().unwrap_or_default()
    }

    /// The address of its socket, if it holds one.
    pub(super) fn socket(&self) -> Option<&'static str> {
        let is_socket = |call: &&Call| call.kind == super::embeds::Kind::Socket;
        self.load.iter().find(is_socket).map(|call| call.at)
    }
}

/// Documents, tasks, tables, boards and designs.
pub(super) const WORK: &[WebApp] = &[
    WebApp {
        open: "www.notion.so/kestrel/home.html",
        login: &["www.notion.so", "accounts.google.com"],
        load: &[
            script("www.notion.so/_assets/app.js", 900, 2_500),
            script("www.notion.so/_assets/vendor.js", 500, 1_200),
            ask("www.notion.so/api/v3/loadUserContent", 10_000, 80_000),
            ask("www.notion.so/api/v3/loadPageChunk", 20_000, 300_000),
            image("img.notionusercontent.com/cover.jpg", 30_000, 400_000),
            socket("msgstore.www.notion.so/primus/"),
            again(60, "http-inputs-notion.splunkcloud.com/services/collector/raw", 500, 4_000),
            again(60, "exp.notion.so/v1/rgstr", 400, 3_000),
        ],
        read: "www.notion.so/api/v3/syncRecordValues",
        save: "www.notion.so/api/v3/saveTransactionsFanout",
        upload: "www.notion.so/api/v3/uploadFile",
    },
    WebApp {
        open: "app.asana.com/0/home.html",
        login: &["app.asana.com"],
        load: &[
            script("d3ki9tyy5l5ruj.cloudfront.net/obj/app.js", 1_500, 4_000),
            ask("app.asana.com/-/app_info", 5_000, 30_000),
            ask("app.asana.com/api/1.0/batch", 10_000, 200_000),
            socket("sync.app.asana.com/sync/websocket"),
            again(60, "app.asana.com/-/log_event", 400, 3_000),
            again(120, "api2.amplitude.com/2/httpapi", 500, 2_000),
        ],
        read: "app.asana.com/api/1.0/tasks",
        save: "app.asana.com/api/1.0/mutations",
        upload: "app.asana.com/-/upload",
    },
    WebApp {
        open: "trello.com/b/kestrel/board.html",
        login: &["trello.com", "id.atlassian.com"],
        load: &[
            script("a.trellocdn.com/prgb/assets/app.js", 900, 2_600),
            ask("trello.com/1/boards/kestrel", 20_000, 150_000),
            ask("trello.com/1/Members/me", 4_000, 20_000),
            image("trello-backgrounds.s3.amazonaws.com/photo.jpg", 100_000, 600_000),
            socket("trello.com/1/Session/socket"),
            again(60, "as.atlassian.com/api/v1/batch", 800, 5_000),
            again(120, "o4242.ingest.sentry.io/api/1/envelope", 500, 2_000),
        ],
        read: "trello.com/1/cards",
        save: "trello.com/1/cards/update",
        upload: "trello.com/1/cards/attachments",
    },
    WebApp {
        open: "linear.app/kestrel/inbox.html",
        login: &["linear.app"],
        load: &[
            script("static.linear.app/client/index.js", 1_200, 3_000),
            ask("client-api.linear.app/graphql", 3_000, 20_000),
            ask("sync.linear.app/sync/bootstrap", 50_000, 900_000),
            socket("sync.linear.app/sync/socket"),
            again(60, "o4242.ingest.sentry.io/api/2/envelope", 500, 2_000),
        ],
        read: "client-api.linear.app/graphql",
        save: "client-api.linear.app/graphql",
        upload: "uploads.linear.app/upload",
    },
    WebApp {
        open: "airtable.com/appKestrel/base.html",
        login: &["airtable.com"],
        load: &[
            script("static.airtable.com/esbuild/app.js", 1_500, 3_500),
            ask("airtable.com/v0.3/application/read", 20_000, 400_000),
            socket("airtable.com/v0.3/socket"),
            again(60, "airtable.com/internal/page_view", 400, 2_500),
        ],
        read: "airtable.com/v0.3/table/readQuery",
        save: "airtable.com/v0.3/row/updatePrimitiveCell",
        upload: "airtable.com/v0.3/attachments/upload",
    },
    WebApp {
        open: "miro.com/app/board.html",
        login: &["miro.com"],
        load: &[
            script("miro.com/app/static/app.js", 1_500, 4_500),
            ask("miro.com/api/v1/boards/kestrel", 10_000, 200_000),
            socket("svc.miro.com/events"),
            again(60, "miro.com/api/v1/analytics", 800, 5_000),
        ],
        read: "miro.com/api/v1/widgets",
        save: "miro.com/api/v1/widgets",
        upload: "miro.com/api/v1/pictures",
    },
    WebApp {
        open: "www.figma.com/design/kestrel.html",
        login: &["www.figma.com", "accounts.google.com"],
        load: &[
            script("static.figma.com/webpack-artifacts/app.js", 2_000, 6_000),
            ask("www.figma.com/api/session/state", 5_000, 40_000),
            ask("s3-alpha.figma.com/checkpoints/kestrel", 200_000, 3_000_000),
            socket("www.figma.com/api/multiplayer/kestrel"),
            again(60, "events.figma.com/api/web_logger", 900, 6_000),
            again(60, "browser-intake-datadoghq.com/api/v2/rum", 2_000, 9_000),
        ],
        read: "www.figma.com/api/comments",
        save: "www.figma.com/api/multiplayer/changes",
        upload: "www.figma.com/file/image/upload",
    },
    WebApp {
        open: "docs.google.com/document/d/kestrel/edit.html",
        login: &["accounts.google.com"],
        load: &[
            script("www.gstatic.com/_/apps-fileview/app.js", 500, 1_500),
            script("docs.google.com/static/document/client/js/app.js", 900, 2_500),
            image("lh3.googleusercontent.com/a/photo.jpg", 2_000, 9_000),
            again(60, "play.google.com/log", 500, 4_000),
        ],
        read: "docs.google.com/document/d/kestrel/bind",
        save: "docs.google.com/document/d/kestrel/save",
        upload: "docs.google.com/upload/blob",
    },
    WebApp {
        open: "app.clickup.com/home.html",
        login: &["app.clickup.com"],
        load: &[
            script("app-cdn.clickup.com/main.js", 2_000, 5_000),
            ask("frontdoor-prod-eu-west-1-2.clickup.com/hierarchy/v1", 20_000, 300_000),
            socket("ws.clickup.com/ws"),
            again(60, "api.segment.io/v1/t", 500, 2_000),
            again(60, "browser-intake-datadoghq.com/api/v2/rum", 2_000, 9_000),
        ],
        read: "frontdoor-prod-eu-west-1-2.clickup.com/tasks/v1",
        save: "frontdoor-prod-eu-west-1-2.clickup.com/tasks/v1",
        upload: "attch.clickup.com/attachments/v1",
    },
];

/// Chats that hold a socket open.
pub(super) const CHAT: &[WebApp] = &[
    WebApp {
        open: "app.slack.com/client/kestrel.html",
        login: &["slack.com", "kestrel.slack.com"],
        load: &[
            script("a.slack-edge.com/bv1-13/client-boot.js", 1_500, 4_000),
            ask("kestrel.slack.com/api/client.userBoot", 30_000, 300_000),
            ask("edgeapi.slack.com/cache/kestrel/users/info", 5_000, 60_000),
            image("ca.slack-edge.com/avatar.png", 2_000, 9_000),
            socket("wss-primary.slack.com/"),
            again(120, "slackb.com/traces/v1/list_of_spans", 800, 5_000),
        ],
        read: "kestrel.slack.com/api/conversations.history",
        save: "kestrel.slack.com/api/chat.postMessage",
        upload: "files.slack.com/upload/v1",
    },
    WebApp {
        open: "discord.com/channels/kestrel.html",
        login: &["discord.com"],
        load: &[
            script("discord.com/assets/app.js", 2_000, 5_000),
            ask("discord.com/api/v9/users/me", 1_000, 5_000),
            ask("discord.com/api/v9/channels/messages", 10_000, 90_000),
            image("cdn.discordapp.com/avatars/one.png", 2_000, 30_000),
            socket("gateway.discord.gg/"),
            again(60, "discord.com/api/v9/science", 500, 3_000),
        ],
        read: "discord.com/api/v9/channels/messages",
        save: "discord.com/api/v9/channels/messages",
        upload: "discord-attachments-uploads-prd.storage.googleapis.com/upload",
    },
    WebApp {
        open: "teams.microsoft.com/v2/index.html",
        login: &["login.microsoftonline.com"],
        load: &[
            script("statics.teams.cdn.office.net/hashed/app.js", 2_000, 6_000),
            ask("teams.microsoft.com/api/csa/emea/api/v3/teams/users/me", 30_000, 300_000),
            socket("go-eu.trouter.teams.microsoft.com/v4/c"),
            again(60, "eu-mobile.events.data.microsoft.com/OneCollector/1.0", 1_500, 9_000),
        ],
        read: "teams.microsoft.com/api/chatsvc/emea/v1/users/ME/conversations",
        save: "teams.microsoft.com/api/chatsvc/emea/v1/threads/messages",
        upload: "teams.microsoft.com/api/amsv2/objects",
    },
];

/// Assistants that answer in event streams.
pub(super) const ASSISTANTS: &[WebApp] = &[
    WebApp {
        open: "chatgpt.com/index.html",
        login: &["auth.openai.com"],
        load: &[
            script("cdn.oaistatic.com/assets/app.js", 1_200, 3_500),
            ask("chatgpt.com/backend-api/conversations", 5_000, 60_000),
            ask("chatgpt.com/backend-api/models", 2_000, 9_000),
            again(60, "ab.chatgpt.com/v1/rgstr", 700, 4_000),
            again(60, "browser-intake-datadoghq.com/api/v2/rum", 2_000, 9_000),
        ],
        read: "chatgpt.com/backend-api/conversation/init",
        save: "chatgpt.com/backend-api/f/conversation",
        upload: "sdmntprwestus.oaiusercontent.com/files/upload",
    },
    WebApp {
        open: "claude.ai/new.html",
        login: &["claude.ai", "accounts.google.com"],
        load: &[
            script("assets-proxy.anthropic.com/claude-ai/app.js", 1_200, 3_500),
            ask("claude.ai/api/organizations", 4_000, 40_000),
            ask("claude.ai/api/chat_conversations", 5_000, 60_000),
            again(60, "a-api.anthropic.com/v1/t", 700, 3_000),
        ],
        read: "claude.ai/api/chat_conversations/kestrel",
        save: "claude.ai/api/chat_conversations/kestrel/completion",
        upload: "claude.ai/api/upload",
    },
    WebApp {
        open: "chat.mistral.ai/chat.html",
        login: &["auth.mistral.ai"],
        load: &[
            script("chat.mistral.ai/_next/static/app.js", 900, 2_500),
            ask("chat.mistral.ai/api/trpc/chats", 4_000, 40_000),
        ],
        read: "chat.mistral.ai/api/trpc/messages",
        save: "chat.mistral.ai/api/chat",
        upload: "chat.mistral.ai/api/files",
    },
    WebApp {
        open: "www.perplexity.ai/search.html",
        login: &["www.perplexity.ai"],
        load: &[
            script("pplx-next-static-public.perplexity.ai/app.js", 900, 2_500),
            ask("www.perplexity.ai/rest/thread/list_recent", 3_000, 30_000),
            again(60, "browser-intake-datadoghq.com/api/v2/rum", 2_000, 9_000),
        ],
        read: "www.perplexity.ai/rest/thread/list_recent",
        save: "www.perplexity.ai/rest/sse/perplexity_ask",
        upload: "ppl-ai-file-upload.s3.amazonaws.com/upload",
    },
];

/// Places to hand a file over: page, where the transfer is made, where the parts go.
pub(super) const HAND_OVER: &[WebApp] = &[
    WebApp {
        open: "wetransfer.com/index.html",
        login: &[],
        load: &[
            script("cdn.wetransfer.com/_next/static/app.js", 900, 2_500),
            image("backgrounds.wetransfer.net/wallpaper.jpg", 200_000, 1_500_000),
            again(60, "analytics.wetransfer.com/v1/events", 600, 2_500),
        ],
        read: "wetransfer.com/api/v4/transfers/status",
        save: "wetransfer.com/api/v4/transfers/email",
        upload: "storm-eu-west-1.wetransfer.net/api/v2/blocks",
    },
    WebApp {
        open: "www.swisstransfer.com/en-gb.html",
        login: &[],
        load: &[script("www.swisstransfer.com/assets/app.js", 600, 1_500)],
        read: "www.swisstransfer.com/api/uploadComplete",
        save: "www.swisstransfer.com/api/containers",
        upload: "dl-4242.swisstransfer.com/api/uploadChunk",
    },
    WebApp {
        open: "fromsmash.com/index.html",
        login: &[],
        load: &[script("fromsmash.com/_nuxt/app.js", 600, 1_800)],
        read: "transfer.co.eu-west-3.fromsmash.co/status",
        save: "transfer.co.eu-west-3.fromsmash.co/transfers",
        upload: "upload.eu-west-3.fromsmash.co/parts",
    },
    WebApp {
        open: "gofile.io/uploadFiles.html",
        login: &[],
        load: &[script("gofile.io/dist/js/app.js", 200, 700)],
        read: "api.gofile.io/contents",
        save: "api.gofile.io/accounts",
        upload: "store-eu-par-1.gofile.io/contents/uploadfile",
    },
    WebApp {
        open: "www.transfernow.net/en.html",
        login: &[],
        load: &[script("www.transfernow.net/_nuxt/app.js", 500, 1_500)],
        read: "www.transfernow.net/api/transfer/done",
        save: "www.transfernow.net/api/transfer",
        upload: "s3.fr.transfernow.net/upload",
    },
];

#[cfg(test)]
mod tests {
    use elsewhere_catalog::{Role, Verdict};

    use super::*;

    #[test]
    fn the_catalog_knows_where_each_app_is_opened_as_the_services_own() {
        for app in [WORK, CHAT, ASSISTANTS, HAND_OVER].into_iter().flatten() {
            let verdict = elsewhere_catalog::builtin().classify(app.host());
            let Verdict::Service { role, .. } = verdict else { panic!("{}: {verdict:?}", app.host()) };
            assert!(!matches!(role, Role::Embed | Role::Hosted), "{}: {role:?}", app.host());
        }
    }
}
