//! A call with picture: signalling over TLS, sound and picture in datagrams both ways.

use std::{
    net::{Ipv4Addr, UdpSocket},
    time::Duration,
};

use super::Scenario;
use crate::{
    lab::pause,
    sessions::{
        client::Client,
        embeds::{Call, Kind, again, ask, beacon, script, socket},
        play::Play,
        world,
    },
};
use elsewhere_agent::evidence::Evidence;
use rand::RngExt;

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "video-call",
    about: "a call of 3 to 10 minutes: datagrams both ways beside signalling",
    is_use: true,
    play: call,
}];

/// A meeting service as a browser or its client meets it.
struct Meeting {
    host: &'static str,
    in_browser: bool,
    load: &'static [Call],
    /// What is told while the call goes on.
    signal: (&'static str, &'static str),
    /// Where sound and picture go: a host with a name, or an address that nobody asked a name for.
    media: Option<&'static str>,
    media_port: u16,
}

const MEETINGS: &[Meeting] = &[
    Meeting {
        host: "us06web.zoom.us",
        in_browser: false,
        load: &[
            ask("us06web.zoom.us/releasenotes", 2_000, 20_000),
            beacon("us06web.zoom.us/conf/join", 900, 3_000),
            beacon("log-gateway.zoom.us/nws/join/logger/wjmf", 900, 5_000),
        ],
        signal: ("zoomfr4242mmr.fr.zoom.us", "/wc/ping"),
        media: Some("zoomfr4242mmr.fr.zoom.us"),
        media_port: 8801,
    },
    Meeting {
        host: "meet.google.com",
        in_browser: true,
        load: &[
            script("www.gstatic.com/_/mss/boq-rtc.js", 900, 2_500),
            ask("meet.google.com/hangouts/v1_meetings/resolve", 1_500, 9_000),
            beacon("meetings.clients6.google.com/spaces/media", 2_000, 9_000),
            again(30, "meet.google.com/hangouts/v1_meetings/media_sessions/log", 2_000, 12_000),
        ],
        signal: ("meet.google.com", "/hangouts/v1_meetings/devices/sync"),
        media: None,
        media_port: 19_305,
    },
    Meeting {
        host: "web.webex.com",
        in_browser: true,
        load: &[
            script("web.webex.com/assets/app.js", 900, 3_000),
            beacon("wdm-a.wbx2.com/wdm/api/v1/devices", 1_500, 5_000),
            beacon("locus-a.wbx2.com/locus/api/v1/loci/call", 3_000, 12_000),
            socket("mercury-connection-a.wbx2.com/v1/apps"),
            again(30, "metrics-a.wbx2.com/metrics/api/v1/clientmetrics", 900, 4_000),
        ],
        signal: ("web.webex.com", "/api/keepalive"),
        media: None,
        media_port: 5_004,
    },
];

fn call(play: &mut Play) -> anyhow::Result<()> {
    let meeting = play.one_of(MEETINGS)?;
    play.means(meeting.host, Evidence::Use);
    let minutes = play.rng.random_range(3..=10);
    if meeting.in_browser {
        let mut browser = play.browser()?;
        let tab = browser.tab()?;
        let mut page = play.page(meeting.host, "/kes-trel-mtg.html", meeting.load, 60_000);
        browser.visit(&tab, &page.url)?;
        play.read(&mut browser, &tab, &mut page, 20.0)?;
        let mut path = Media::open(play, meeting)?;
        for _ in 0..minutes {
            path.minute(play)?;
            let ping = Call { kind: Kind::Ask, at: "", down: (60, 400), up: (150, 900), every_seconds: 0 };
            let (number, up) = (play.next_number(), play.between(ping.up));
            let url = format!("https://{}{}?n={number}&bytes=200", meeting.signal.0, meeting.signal.1);
            browser.hit(&tab, &[(url, usize::try_from(up)?)])?;
            play.read(&mut browser, &tab, &mut page, 0.5)?;
        }
        return browser.close();
    }
    let client = Client::new(play)?;
    play.took_part("an HTTP/1.1 client of our own over rustls");
    for call in meeting.load {
        let mut line = client.open(play, call.host())?;
        let (up, down) = (play.between(call.up), play.between(call.down));
        let path = call.at.strip_prefix(call.host()).unwrap_or("/");
        line.ask(play, path, usize::try_from(up)?, usize::try_from(down)?)?;
    }
    let mut signal = client.open(play, meeting.signal.0)?;
    signal.ask(play, meeting.signal.1, 900, 1_500)?;
    let mut path = Media::open(play, meeting)?;
    for _ in 0..minutes {
        path.minute(play)?;
        signal.ask(play, meeting.signal.1, 400, 200)?;
    }
    Ok(())
}

/// The way of sound and picture.
struct Media {
    ours: UdpSocket,
    theirs: UdpSocket,
    /// Bytes of a picture's datagrams up and down.
    picture: (usize, usize),
}

impl Media {
    fn open(play: &mut Play, meeting: &Meeting) -> anyhow::Result<Self> {
        let address = match meeting.media {
            Some(host) => play.look_up(host)?,
            None => world::UNNAMED,
        };
        let port = meeting.media_port;
        let theirs = play.lab.hub().inside(async || Ok(UdpSocket::bind((address, port))?))?;
        let ours = play.device().inside(async || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            socket.connect((address, port))?;
            Ok(socket)
        })?;
        ours.send(&[0; 120])?;
        let (_, back) = theirs.recv_from(&mut [0; 2_048])?;
        theirs.connect(back)?;
        // A camera that is off sends sound alone.
        let up = if play.chance(75) { play.rng.random_range(500..1_100) } else { 0 };
        Ok(Self { ours, theirs, picture: (up, play.rng.random_range(600..1_150)) })
    }

    /// A minute of it: 50 datagrams of sound and up to 100 of picture a second, each way, played in less.
    fn minute(&mut self, play: &mut Play) -> anyhow::Result<()> {
        /// Twentieths of a second in a minute.
        const BEATS: usize = 1_200;
        play.takes(60.0, |play| {
            for beat in 0..BEATS {
                let (sound, pictures) = (play.rng.random_range(70..170), play.rng.random_range(2..=5));
                for one in 0..3 {
                    self.ours.send(&vec![1; sound + one])?;
                    self.theirs.send(&vec![1; sound])?;
                }
                for _ in 0..pictures {
                    if self.picture.0 > 0 {
                        self.ours.send(&vec![2; self.picture.0])?;
                    }
                    self.theirs.send(&vec![2; self.picture.1])?;
                }
                if beat % 4 == 0 {
                    pause(Duration::from_millis(1));
                }
            }
            Ok(())
        })
    }
}
