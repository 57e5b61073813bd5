//! A video of a video service that plays in somebody else's page: much comes down, and nobody went to the service.

use super::{Scenario, pages::SITES};
use crate::sessions::{
    embeds::{Call, again, ask, beacon, frame, image, script},
    play::Play,
};
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "video-in-page",
    about: "a page of somebody else whose YouTube, Vimeo, Loom or Wistia video is watched",
    is_use: false,
    play: watch,
}];

/// A player as it is embedded in pages.
struct Player {
    /// What it loads, and what it reports while it plays.
    load: &'static [Call],
    /// A piece of the video; its size is drawn for a session.
    piece: Call,
    /// Seconds of video in a piece.
    piece_seconds: (u32, u32),
}

const PLAYERS: &[Player] = &[
    Player {
        load: &[
            frame("www.youtube.com/embed/player.html", 40, 90),
            script("www.youtube.com/s/player/base.js", 700, 1_200),
            script("www.youtube.com/s/player/embed.js", 150, 400),
            image("i.ytimg.com/vi/thumbnail.jpg", 15_000, 120_000),
            beacon("www.youtube.com/youtubei/v1/player", 1_500, 5_000),
            beacon("www.youtube.com/youtubei/v1/log_event", 900, 4_000),
            again(30, "www.youtube.com/api/stats/qoe", 200, 900),
            again(40, "www.youtube.com/api/stats/watchtime", 200, 900),
            again(60, "www.youtube.com/youtubei/v1/log_event", 700, 3_000),
        ],
        // What it wants next stands in a body.
        piece: beacon("rr3---sn-4g5e6nez.googlevideo.com/videoplayback", 900, 3_000),
        piece_seconds: (5, 12),
    },
    Player {
        load: &[
            frame("player.vimeo.com/video/player.html", 20, 60),
            script("f.vimeocdn.com/p/player.js", 200, 700),
            image("i.vimeocdn.com/video/poster.jpg", 10_000, 90_000),
            ask("player.vimeo.com/video/config", 6_000, 30_000),
            beacon("fresnel.vimeocdn.com/add/player-stats", 400, 2_000),
            again(30, "fresnel.vimeocdn.com/add/player-stats", 800, 4_000),
        ],
        piece: ask("vod-adaptive-ak.vimeocdn.com/range/prot/piece", 0, 0),
        piece_seconds: (4, 8),
    },
    Player {
        load: &[
            frame("www.loom.com/embed/player.html", 60, 200),
            script("cdn.loom.com/assets/js/embed.js", 900, 2_500),
            image("cdn.loom.com/sessions/thumbnails/poster.jpg", 15_000, 200_000),
            beacon("www.loom.com/api/campaigns/sessions/transcoded-url", 200, 700),
            beacon("www.loom.com/graphql", 900, 4_000),
            again(30, "www.loom.com/metrics", 300, 1_500),
        ],
        piece: ask("luna.loom.com/id/shared/resource/hls/piece.ts", 0, 0),
        piece_seconds: (4, 10),
    },
    Player {
        load: &[
            script("fast.wistia.com/assets/external/E-v1.js", 80, 200),
            frame("fast.wistia.net/embed/iframe/player.html", 10, 40),
            ask("fast.wistia.com/embed/medias/shared.json", 6_000, 30_000),
            image("embed-ssl.wistia.com/deliveries/poster.jpg", 15_000, 200_000),
            again(15, "pipedream.wistia.com/mput", 300, 2_000),
            again(60, "distillery.wistia.com/x", 200, 900),
        ],
        piece: ask("embed-ssl.wistia.com/deliveries/piece.bin", 0, 0),
        piece_seconds: (3, 6),
    },
];

fn watch(play: &mut Play) -> anyhow::Result<()> {
    let mut browser = play.browser()?;
    let tab = browser.tab()?;
    let host = *play.one_of(SITES)?;
    for number in 0..*play.one_of(&[1, 1, 1, 2])? {
        let player = play.one_of(PLAYERS)?;
        let mut calls = play.others((0, 4), (5, 30))?;
        calls.extend(player.load);
        let mut page = play.page(host, &format!("/film-{number}.html"), &calls, 40_000);
        browser.visit(&tab, &page.url)?;
        let before = play.rng.random_range(3.0..60.0);
        play.read(&mut browser, &tab, &mut page, before)?;

        let seconds = f64::from(play.between(player.piece_seconds));
        let mbit = play.wide((0.6, 3.0));
        let minutes = play.rng.random_range(1.0..10.0);
        let mut left = minutes * 60.0;
        // What is to come is fetched 15 to 40 seconds before it is seen.
        let mut ahead = play.rng.random_range(15.0..40.0);
        while left > 0.0 {
            let bytes = play.wide_bytes((mbit * seconds * 80_000.0, mbit * seconds * 200_000.0));
            let piece = play.request(&Call { down: (bytes, bytes), ..player.piece });
            browser.hit(&tab, &[piece])?;
            left -= seconds;
            ahead -= seconds;
            if ahead < 0.0 {
                play.read(&mut browser, &tab, &mut page, seconds)?;
            }
        }
        let after = play.rng.random_range(5.0..240.0);
        play.read(&mut browser, &tab, &mut page, after)?;
    }
    browser.close()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::world;

    #[test]
    fn every_player_has_its_addresses() {
        for call in PLAYERS.iter().flat_map(|player| player.load.iter().chain([&player.piece])) {
            assert!(world::has(call.host()), "{}", call.at);
        }
    }
}
