use std::{
    fs,
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::fs::MetadataExt,
};

use super::*;
use crate::{clock, decode::Transport, rights};

fn of(stream: &TcpStream) -> FlowKey {
    FlowKey { transport: Transport::Tcp, src: stream.local_addr().unwrap(), dst: stream.peer_addr().unwrap() }
}

/// A connection over loopback, and both its ends.
fn connection(address: &str) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(address)
        .unwrap_or_else(|error| panic!("the tests need {address}, IPv6 on loopback included: {error}"));
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[test]
fn the_kernel_knows_whose_connection_it_is_without_any_right() {
    let own = fs::metadata("/proc/self").unwrap().uid();
    let thread = std::thread::spawn(move || {
        rights::keep_none().unwrap();
        let mut sockets = Sockets::open(clock::monotonic()).unwrap();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let (client, _server) = connection(address);
            assert_eq!(sockets.ask(&of(&client)).and_then(|socket| socket.uid), Some(own), "{address}");
            let key = of(&client);
            assert_eq!(sockets.ask(&FlowKey { dst: "127.0.0.9:9".parse().unwrap(), ..key }), None);
        }
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.connect("127.0.0.1:9").unwrap();
        let (src, dst) = (udp.local_addr().unwrap(), udp.peer_addr().unwrap());
        let asked = sockets.ask(&FlowKey { transport: Transport::Udp, src, dst });
        assert_eq!(asked.and_then(|socket| socket.uid), Some(own));
    });
    thread.join().unwrap();
}

#[test]
fn a_closed_connection_is_nobodys() {
    let mut sockets = Sockets::open(clock::monotonic()).unwrap();
    let (client, server) = connection("127.0.0.1:0");
    let key = of(&client);
    // Who closes first waits.
    drop(client);
    drop(server);
    let told = sockets.ask(&key);
    assert!(told.is_none_or(|socket| socket.uid.is_none()), "{told:?}");
}

#[test]
fn questions_keep_their_cap() {
    let begun = clock::monotonic();
    let mut sockets = Sockets::with_cgroups_at(begun, None).unwrap();
    let (client, _server) = connection("127.0.0.1:0");
    let key = of(&client);
    for _ in 0..MAX_A_SECOND + 7 {
        sockets.owner(begun, &key);
    }
    let counts = sockets.counts();
    assert_eq!(counts.not_asked, 7);
    assert_eq!(counts.told + counts.silent, u64::from(MAX_A_SECOND));
    sockets.owner(begun + Duration::from_secs(1), &key);
    assert_eq!(sockets.counts().not_asked, 7, "the next second is another");
}

#[test]
fn account_and_group_tell_together() {
    let root = tempfile::tempdir().unwrap();
    let id = |path: &str| {
        let directory = root.path().join(path);
        fs::create_dir_all(&directory).unwrap();
        fs::metadata(directory).unwrap().ino()
    };
    let browser = id("user.slice/user-1000.slice/app-gnome-firefox-1.scope");
    let terminal = id("user.slice/user-1000.slice/vte-spawn-1.scope");
    let session = id("user.slice/user-1000.slice/session-1.scope");
    let daemon = id("system.slice/NetworkManager.service");
    let begun = clock::monotonic();
    let mut sockets = Sockets::with_cgroups_at(begun, Some(root.path().to_owned())).unwrap();
    let (system, cgroup) = (AppClass::System, Quality::Cgroup);
    for (uid, group, expected) in [
        (Some(1_000), Some(browser), Some((AppClass::Browser, cgroup))),
        (None, Some(browser), Some((AppClass::Browser, cgroup))),
        (Some(1_000), Some(terminal), Some((AppClass::DeveloperTool, Quality::Started))),
        (Some(0), Some(terminal), Some((AppClass::DeveloperTool, Quality::Started))),
        (Some(1_000), Some(session), None),
        (Some(0), Some(session), None),
        (Some(1_000), Some(daemon), Some((system, cgroup))),
        (Some(101), None, Some((system, Quality::Owner))),
        (Some(1_000), None, None),
        (None, None, None),
    ] {
        let told = sockets.class_of(begun, &Socket { uid, cgroup: group });
        assert_eq!(told.map(|app| (app.class, app.quality)), expected, "{uid:?} {group:?}");
    }
}

#[test]
fn two_peoples_accounts_share_a_device_for_a_day() {
    let root = tempfile::tempdir().unwrap();
    let id = |path: &str| {
        let directory = root.path().join(path);
        fs::create_dir_all(&directory).unwrap();
        fs::metadata(directory).unwrap().ino()
    };
    let greeter = id("user.slice/user-120.slice/session-c1.scope");
    let first = id("user.slice/user-1000.slice/session-1.scope");
    let second = id("user.slice/user-198401105.slice/session-2.scope");
    let daemon = id("system.slice/backup.service");
    let begun = clock::monotonic();
    let mut sockets = Sockets::with_cgroups_at(begun, Some(root.path().to_owned())).unwrap();
    let (friday, saturday) = (jiff::civil::date(2026, 11, 13), jiff::civil::date(2026, 11, 14));
    assert!(!sockets.is_shared_on(friday));
    for (uid, group) in [(0, greeter), (1_000, first), (0, first), (1_007, daemon), (1_000, first)] {
        sockets.class_of(begun, &Socket { uid: Some(uid), cgroup: Some(group) });
        assert!(!sockets.is_shared_on(friday));
    }
    sockets.class_of(begun, &Socket { uid: Some(198_401_105), cgroup: Some(second) });
    assert!(sockets.is_shared_on(friday));
    assert!(!sockets.is_shared_on(saturday));
    // Without control groups the account itself counts, if it is a person's.
    for (uid, shared) in [(65_534, false), (1_000, false), (100_000, false), (1_001, true)] {
        sockets.class_of(begun, &Socket { uid: Some(uid), cgroup: None });
        assert_eq!(sockets.is_shared_on(saturday), shared, "{uid}");
    }
}
