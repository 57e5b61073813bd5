//! What people share by a link that opens without an account: documents, boards, designs, forms, files.

use super::embeds::{Call, again, ask, beacon, image, script, socket};

/// Something that somebody shared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// Host and path that the link leads to.
    pub(super) open: &'static str,
    /// What the page loads and tells.
    pub(super) load: &'static [Call],
    /// What comes as its reader goes through it: further pages, tiles, previews.
    pub(super) more: Call,
    /// Where a click on download asks for the file, and where the file lies.
    pub(super) file: Option<(&'static str, &'static str)>,
}

impl Share {
    /// The host that it is opened at.
    pub(super) fn host(&self) -> &'static str {
        self.open.split('/').next().unwrap_or_default()
    }
}

/// Looked at in the browser.
pub(super) const DOCUMENTS: &[Share] = &[
    Share {
        open: "docs.google.com/document/d/shared/edit.html",
        load: &[
            script("docs.google.com/static/document/client/js/view.js", 700, 2_200),
            script("www.gstatic.com/_/apps-fileview/app.js", 300, 1_200),
            again(60, "play.google.com/log", 500, 4_000),
        ],
        more: ask("docs.google.com/document/d/shared/bind", 2_000, 90_000),
        file: None,
    },
    Share {
        open: "docs.google.com/presentation/d/shared/view.html",
        load: &[
            script("docs.google.com/static/presentation/client/js/view.js", 700, 2_200),
            image("lh3.googleusercontent.com/slides/one.jpg", 30_000, 500_000),
            again(60, "play.google.com/log", 500, 4_000),
        ],
        more: image("lh3.googleusercontent.com/slides/next.jpg", 20_000, 600_000),
        file: None,
    },
    Share {
        open: "www.notion.so/kestrel/shared.html",
        load: &[
            script("www.notion.so/_assets/app.js", 900, 2_500),
            ask("www.notion.so/api/v3/loadCachedPageChunk", 20_000, 300_000),
            image("img.notionusercontent.com/cover.jpg", 30_000, 400_000),
            again(60, "exp.notion.so/v1/rgstr", 400, 3_000),
        ],
        more: ask("www.notion.so/api/v3/loadCachedPageChunk", 10_000, 200_000),
        file: None,
    },
    Share {
        open: "kestrel.notion.site/plan.html",
        load: &[
            script("kestrel.notion.site/_assets/app.js", 900, 2_500),
            ask("kestrel.notion.site/api/v3/loadCachedPageChunk", 20_000, 300_000),
            image("img.notionusercontent.com/cover.jpg", 30_000, 400_000),
        ],
        more: ask("kestrel.notion.site/api/v3/loadCachedPageChunk", 10_000, 200_000),
        file: None,
    },
    Share {
        open: "www.figma.com/design/shared.html",
        load: &[
            script("static.figma.com/webpack-artifacts/app.js", 2_000, 6_000),
            ask("www.figma.com/api/session/state", 5_000, 40_000),
            ask("s3-alpha.figma.com/checkpoints/shared", 200_000, 5_000_000),
            socket("www.figma.com/api/multiplayer/shared"),
            again(60, "events.figma.com/api/web_logger", 900, 6_000),
            again(60, "browser-intake-datadoghq.com/api/v2/rum", 2_000, 9_000),
        ],
        more: image("s3-alpha.figma.com/img/shared.png", 20_000, 900_000),
        file: None,
    },
    Share {
        open: "miro.com/app/board/shared.html",
        load: &[
            script("miro.com/app/static/app.js", 1_500, 4_500),
            ask("miro.com/api/v1/boards/shared", 10_000, 300_000),
            socket("svc.miro.com/events"),
            again(60, "miro.com/api/v1/analytics", 800, 5_000),
        ],
        more: ask("miro.com/api/v1/boards/shared/resources", 10_000, 500_000),
        file: None,
    },
    Share {
        open: "app.mural.co/t/kestrel/m/shared.html",
        load: &[
            script("app.mural.co/static/app.js", 1_500, 4_000),
            ask("app.mural.co/api/murals/shared", 10_000, 300_000),
        ],
        more: image("app.mural.co/thumbnails/tile.png", 20_000, 400_000),
        file: None,
    },
    Share {
        open: "lucid.app/lucidchart/shared/view.html",
        load: &[
            script("cdn-cashy-static-assets.lucidchart.com/app.js", 1_500, 4_000),
            ask("lucid.app/documents/shared/state", 10_000, 400_000),
            again(60, "lucid.app/metrics", 500, 3_000),
        ],
        more: ask("lucid.app/documents/shared/page", 5_000, 200_000),
        file: None,
    },
    Share {
        open: "whimsical.com/shared.html",
        load: &[
            script("whimsical.com/static/app.js", 900, 2_500),
            ask("whimsical.com/api/items", 5_000, 200_000),
        ],
        more: ask("whimsical.com/api/items", 5_000, 90_000),
        file: None,
    },
    Share {
        open: "airtable.com/appShared/shrShared.html",
        load: &[
            script("static.airtable.com/esbuild/app.js", 1_500, 3_500),
            ask("airtable.com/v0.3/view/readSharedViewData", 10_000, 400_000),
            again(60, "airtable.com/internal/page_view", 400, 2_500),
        ],
        more: ask("airtable.com/v0.3/row/readForDetailView", 2_000, 40_000),
        file: None,
    },
    Share {
        open: "trello.com/b/shared/board.html",
        load: &[
            script("a.trellocdn.com/prgb/assets/app.js", 900, 2_600),
            ask("trello.com/1/boards/shared", 20_000, 150_000),
            image("trello-backgrounds.s3.amazonaws.com/photo.jpg", 100_000, 600_000),
        ],
        more: ask("trello.com/1/cards/shared", 3_000, 60_000),
        file: None,
    },
    Share {
        open: "www.canva.com/design/shared/view.html",
        load: &[
            script("static.canva.com/web/app.js", 1_500, 4_000),
            image("media.canva.com/page-1.png", 50_000, 900_000),
            again(20, "www.canva.com/_ajax/ae/createBatch", 900, 6_000),
        ],
        more: image("media.canva.com/page-next.png", 50_000, 900_000),
        file: None,
    },
    Share {
        open: "coda.io/d/shared.html",
        load: &[
            script("cdn.coda.io/assets/app.js", 1_500, 4_000),
            ask("coda.io/internalAppApi/documents/shared", 20_000, 500_000),
            image("codahosted.io/docs/cover.png", 20_000, 300_000),
        ],
        more: ask("coda.io/internalAppApi/documents/shared/page", 10_000, 200_000),
        file: None,
    },
    Share {
        open: "pitch.com/v/shared.html",
        load: &[
            script("pitch.com/static/app.js", 900, 3_000),
            ask("pitch.com/api/presentations/shared", 10_000, 200_000),
        ],
        more: image("pitch.com/slides/next.jpg", 30_000, 600_000),
        file: None,
    },
    Share {
        open: "kestrel-my.sharepoint.com/g/personal/shared.html",
        load: &[
            script("res-1.cdn.office.net/files/odsp-web-prod/app.js", 1_500, 5_000),
            ask("kestrel-my.sharepoint.com/personal/_api/web", 5_000, 60_000),
            again(60, "eu-mobile.events.data.microsoft.com/OneCollector/1.0", 1_500, 9_000),
        ],
        more: image("kestrel-my.sharepoint.com/_layouts/15/getpreview.jpg", 30_000, 500_000),
        file: None,
    },
    Share {
        open: "docs.google.com/forms/d/e/shared/viewform.html",
        load: &[
            script("www.gstatic.com/_/freebird/app.js", 200, 700),
            beacon("docs.google.com/forms/naLogImpressions", 200, 900),
        ],
        more: ask("docs.google.com/forms/font/getmetadata", 500, 9_000),
        file: None,
    },
    Share {
        open: "form.typeform.com/to/shared.html",
        load: &[
            script("renderer-assets.typeform.com/renderer.js", 300, 1_100),
            image("images.typeform.com/images/cover.png", 20_000, 300_000),
            beacon("form.typeform.com/forms/insights/events", 400, 1_500),
        ],
        more: beacon("form.typeform.com/forms/insights/see", 300, 900),
        file: None,
    },
    Share {
        open: "forms.office.com/pages/responsepage.html",
        load: &[
            script("cdn.forms.office.net/forms/scripts/app.js", 500, 1_500),
            ask("forms.office.com/formapi/api/runtimeForms", 5_000, 60_000),
            beacon("eu-mobile.events.data.microsoft.com/OneCollector/1.0", 1_500, 6_000),
        ],
        more: ask("forms.office.com/formapi/api/themes", 2_000, 40_000),
        file: None,
    },
    Share {
        open: "tally.so/r/shared.html",
        load: &[script("tally.so/_next/static/app.js", 200, 700), beacon("tally.so/api/view", 200, 600)],
        more: image("storage.tally.so/cover.png", 20_000, 300_000),
        file: None,
    },
];

/// Files to fetch, by hand-over and storage services.
pub(super) const FILES: &[Share] = &[
    Share {
        open: "wetransfer.com/downloads/shared.html",
        load: &[
            script("cdn.wetransfer.com/_next/static/app.js", 900, 2_500),
            image("backgrounds.wetransfer.net/wallpaper.jpg", 200_000, 1_500_000),
            again(60, "analytics.wetransfer.com/v1/events", 600, 2_500),
        ],
        more: ask("wetransfer.com/api/v4/transfers/prepare-download", 900, 6_000),
        file: Some(("wetransfer.com/api/v4/transfers/download", "download.wetransfer.com/eugv/shared.tgz")),
    },
    Share {
        open: "www.swisstransfer.com/d/shared.html",
        load: &[script("www.swisstransfer.com/assets/app.js", 600, 1_500)],
        more: ask("www.swisstransfer.com/api/links/shared", 600, 4_000),
        file: Some((
            "www.swisstransfer.com/api/generateDownloadToken",
            "dl-4242.swisstransfer.com/api/download.tgz",
        )),
    },
    Share {
        open: "fromsmash.com/shared.html",
        load: &[
            script("fromsmash.com/_nuxt/app.js", 600, 1_800),
            ask("transfer.co.eu-west-3.fromsmash.co/transfer/shared", 900, 5_000),
        ],
        more: ask("transfer.co.eu-west-3.fromsmash.co/preview", 9_000, 200_000),
        file: Some(("transfer.co.eu-west-3.fromsmash.co/file", "download.eu-west-3.fromsmash.co/shared.tgz")),
    },
    Share {
        open: "gofile.io/d/shared.html",
        load: &[
            script("gofile.io/dist/js/app.js", 200, 700),
            ask("api.gofile.io/contents/shared", 900, 9_000),
        ],
        more: ask("api.gofile.io/contents/shared", 900, 9_000),
        file: Some(("api.gofile.io/accounts/guest", "store-eu-par-1.gofile.io/download/web/shared.tgz")),
    },
    Share {
        open: "www.transfernow.net/dl/shared.html",
        load: &[script("www.transfernow.net/_nuxt/app.js", 500, 1_500)],
        more: ask("www.transfernow.net/api/transfer/shared", 600, 4_000),
        file: Some(("www.transfernow.net/api/transfer/download", "s3.fr.transfernow.net/shared.tgz")),
    },
    Share {
        open: "www.filemail.com/d/shared.html",
        load: &[script("www.filemail.com/static/app.js", 400, 1_400)],
        more: ask("www.filemail.com/api/transfer/find", 900, 6_000),
        file: Some(("www.filemail.com/api/transfer/track", "1004.filemail.com/api/file/shared.tgz")),
    },
    Share {
        open: "www.dropbox.com/scl/fi/shared.html",
        load: &[
            script("cfl.dropboxstatic.com/static/metaserver/app.js", 900, 3_000),
            image("previews.dropboxusercontent.com/p/thumb.png", 30_000, 600_000),
            again(30, "www.dropbox.com/log/ux_analytics", 800, 5_000),
        ],
        more: image("previews.dropboxusercontent.com/p/page.png", 30_000, 500_000),
        file: Some((
            "www.dropbox.com/sharing/fetch_user_content_link",
            "uc4242.dl.dropboxusercontent.com/cd/0/get/shared.tgz",
        )),
    },
    Share {
        open: "app.box.com/s/shared.html",
        load: &[
            script("cdn01.boxcdn.net/webapp_assets/app.js", 900, 3_000),
            image("public.boxcloud.com/api/2.0/internal_files/page.png", 30_000, 600_000),
            beacon("app.box.com/app-api/enduserapp/metrics", 500, 3_000),
        ],
        more: image("public.boxcloud.com/api/2.0/internal_files/next.png", 30_000, 500_000),
        file: Some(("app.box.com/index.php/download", "public.boxcloud.com/d/1/shared.tgz")),
    },
    Share {
        open: "drive.google.com/file/d/shared/view.html",
        load: &[
            script("www.gstatic.com/_/apps-fileview/app.js", 500, 1_800),
            image("drive.google.com/viewer2/img/page.png", 30_000, 500_000),
            again(60, "play.google.com/log", 500, 4_000),
        ],
        more: image("drive.google.com/viewer2/img/next.png", 30_000, 400_000),
        file: Some(("drive.google.com/uc/warning", "drive.usercontent.google.com/download/shared.tgz")),
    },
    Share {
        open: "onedrive.live.com/shared.html",
        load: &[
            script("res-1.cdn.office.net/files/odsp-web-prod/app.js", 1_500, 5_000),
            ask("my.microsoftpersonalcontent.com/_api/v2.0/shares/shared", 3_000, 30_000),
            again(60, "eu-mobile.events.data.microsoft.com/OneCollector/1.0", 1_500, 9_000),
        ],
        more: image("my.microsoftpersonalcontent.com/transform/thumbnail.jpg", 20_000, 400_000),
        file: Some((
            "my.microsoftpersonalcontent.com/_api/v2.0/drive",
            "my.microsoftpersonalcontent.com/personal/shared.tgz",
        )),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use elsewhere_catalog::Verdict;

    fn service(at: &str) -> &'static str {
        match elsewhere_catalog::builtin().classify(at.split('/').next().unwrap()) {
            Verdict::Service { service, .. } => service.id(),
            verdict => panic!("{at}: {verdict:?}"),
        }
    }

    #[test]
    fn the_catalog_knows_what_is_shared_and_a_file_comes_from_the_same_service() {
        for share in DOCUMENTS.iter().chain(FILES) {
            let opened = service(share.open);
            assert_eq!(share.file.map_or(opened, |(_, file)| service(file)), opened, "{}", share.open);
        }
        assert!(FILES.iter().all(|share| share.file.is_some()));
    }
}
