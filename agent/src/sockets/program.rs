//! What the name of a control group says about the program in it.
//!
//! Names are systemd's and the desktops': `app[-LAUNCHER]-ID-RANDOM.scope`, `app[-LAUNCHER]-ID[@RANDOM].service`
//! (<https://systemd.io/DESKTOP_ENVIRONMENTS/>), `snap.NAME.APP-RANDOM.scope`, `dbus-:1.2-ID@0.service`. A browser is
//! told by a word of its id, so `org.mozilla.firefox`, `firefox_firefox` and `firefox-esr` are one row of the table.

use crate::app_class::{AppClass, AppMatch, Quality};

/// What a control group says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seat {
    /// The kind of program in it.
    pub(super) program: Option<AppMatch>,
    /// The account whose session it belongs to.
    pub(super) account: Option<u32>,
}

/// Words of program ids, in lower case.
const BROWSERS: &[&str] = &[
    "brave",
    "chrome",
    "chromium",
    "edge",
    "epiphany",
    "falkon",
    "firefox",
    "floorp",
    "iceweasel",
    "konqueror",
    "librewolf",
    "midori",
    "mullvadbrowser",
    "opera",
    "palemoon",
    "qutebrowser",
    "seamonkey",
    "thorium",
    "torbrowser",
    "ungoogled",
    "vivaldi",
    "waterfox",
    "zen",
];
/// Programs that a vendor of a cloud service makes for that service, or that do nothing but stand in for one.
const CLIENTS: &[&str] = &[
    "1password",
    "anydesk",
    "asana",
    "bitwarden",
    "chatgpt",
    "claude",
    "clickup",
    "discord",
    "dropbox",
    "element",
    "evernote",
    "figma",
    "insync",
    "linear",
    "loom",
    "mattermost",
    "megasync",
    "miro",
    "nextcloud",
    "notion",
    "obsidian",
    "onedrive",
    "onedriver",
    "onepassword",
    "owncloud",
    "pcloud",
    "protonmail",
    "ringcentral",
    "riot",
    "rocketchat",
    "rustdesk",
    "signal",
    "skype",
    "slack",
    "teams",
    "teamviewer",
    "telegram",
    "telegramdesktop",
    "todoist",
    "trello",
    "tutanota",
    "webex",
    "whatsapp",
    "wire",
    "zoom",
    "zulip",
];
/// Editors, databases, containers, clients for programming interfaces.
const DEVELOPER_TOOLS: &[&str] = &[
    "androidstudio",
    "arduino",
    "atom",
    "bruno",
    "clion",
    "code",
    "codium",
    "containerd",
    "cursor",
    "datagrip",
    "dbeaver",
    "docker",
    "dockerd",
    "eclipse",
    "emacs",
    "gitkraken",
    "goland",
    "gvim",
    "httpie",
    "idea",
    "insomnia",
    "intellij",
    "jetbrains",
    "kdevelop",
    "netbeans",
    "nvim",
    "phpstorm",
    "podman",
    "postman",
    "pycharm",
    "qtcreator",
    "rider",
    "rubymine",
    "rustrover",
    "sublime",
    "vscodium",
    "webstorm",
    "windsurf",
    "wireshark",
    "zed",
];
/// Programs that show pages or speak for many services and are neither.
const OTHERS: &[&str] = &["betterbird", "evolution", "geary", "kmail", "thunderbird"];
/// Where programs are started by hand.
const TERMINALS: &[&str] = &[
    "alacritty",
    "console",
    "foot",
    "ghostty",
    "guake",
    "kgx",
    "kitty",
    "konsole",
    "ptyxis",
    "rxvt",
    "terminal",
    "terminator",
    "tilix",
    "urxvt",
    "uxterm",
    "warp",
    "wezterm",
    "xterm",
    "yakuake",
];
/// How names of containers' groups begin.
const CONTAINERS: &[&str] =
    &["docker-", "libpod-", "cri-containerd-", "crio-", "nerdctl-", "kubepods", "buildkit"];

/// What the path of a control group, from the root of the hierarchy, says. The innermost name that says anything holds.
pub(super) fn seat(path: &str) -> Seat {
    let account = path.split('/').find_map(account);
    let is_system = path.split('/').any(|name| matches!(name, "system.slice" | "init.scope"));
    let named = path.rsplit('/').find_map(|name| program(name, account.is_none() && is_system));
    let program = named.or_else(|| (is_system && account.is_none()).then_some(known(AppClass::System)));
    Seat { program, account }
}

/// `user-1000.slice`.
fn account(name: &str) -> Option<u32> {
    name.strip_prefix("user-")?.strip_suffix(".slice")?.parse().ok()
}

fn program(name: &str, is_system: bool) -> Option<AppMatch> {
    if CONTAINERS.iter().any(|container| name.starts_with(container)) || name == "docker" {
        return Some(started(AppClass::DeveloperTool));
    }
    if name.starts_with("vte-spawn-") || name.starts_with("tmux-spawn-") {
        return Some(started(AppClass::DeveloperTool));
    }
    let unit = name.strip_suffix(".scope").or_else(|| name.strip_suffix(".service"))?;
    // Of a session and a user's manager the name says nothing about the program.
    if unit.starts_with("session-") || unit.starts_with("user@") || unit == "init" {
        return None;
    }
    let id = unescaped(unit).to_lowercase();
    let listed = id.split(|c: char| !c.is_alphanumeric()).rev().find_map(listed);
    let is_program =
        ["app-", "snap.", "dbus-", "gnome-launched-", "flatpak-"].iter().any(|of| unit.starts_with(of));
    listed.or_else(|| (is_program && !is_system).then_some(started(AppClass::Other)))
}

fn listed(word: &str) -> Option<AppMatch> {
    [
        (BROWSERS, known(AppClass::Browser)),
        (CLIENTS, known(AppClass::VendorClient)),
        (DEVELOPER_TOOLS, known(AppClass::DeveloperTool)),
        (OTHERS, known(AppClass::Other)),
        (TERMINALS, started(AppClass::DeveloperTool)),
    ]
    .into_iter()
    .find_map(|(table, class)| table.contains(&word).then_some(class))
}

fn known(class: AppClass) -> AppMatch {
    AppMatch { quality: Quality::Cgroup, class }
}

fn started(class: AppClass) -> AppMatch {
    AppMatch { quality: Quality::Started, class }
}

/// systemd-escape(1): `\x2d` is a dash.
fn unescaped(name: &str) -> String {
    let mut parts = name.split("\\x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escaped = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (escaped.filter(u8::is_ascii), part.get(2..)) {
            (Some(byte), Some(rest)) => {
                out.push(char::from(byte));
                out.push_str(rest);
            }
            _ => out.push_str(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINE: &str = "/user.slice/user-1000.slice/user@1000.service/app.slice/";

    fn told(path: &str) -> String {
        let seat = seat(path);
        let program = seat.program.map_or_else(
            || "-".to_owned(),
            |program| format!("{} by {}", program.class.as_str(), program.quality),
        );
        seat.account.map_or_else(|| program.clone(), |account| format!("{program}, {account}"))
    }

    #[test]
    fn a_name_says_what_it_says() {
        for (name, expected) in [
            ("app-gnome-firefox-4711.scope", "browser by cgroup"),
            ("app-gnome-firefox\\x2desr-4711.scope", "browser by cgroup"),
            ("app-flatpak-org.mozilla.firefox-1234567.scope", "browser by cgroup"),
            ("app-firefox@6a2b7c.service", "browser by cgroup"),
            ("snap.firefox.firefox-0c1e7d6a-2f.scope", "browser by cgroup"),
            ("snap.chromium.chromium-0c1e7d6a.scope", "browser by cgroup"),
            ("app-gnome-google\\x2dchrome-991.scope", "browser by cgroup"),
            ("app-gnome-chrome\\x2dcinhimbnkkae\\x2dDefault-991.scope", "browser by cgroup"),
            ("app-com.microsoft.Edge-991.scope", "browser by cgroup"),
            ("gnome-launched-brave-browser.desktop-991.scope", "browser by cgroup"),
            ("app-com.slack.Slack@4f1c.service", "vendor-client by cgroup"),
            ("snap.slack.slack-0c1e.scope", "vendor-client by cgroup"),
            ("app-flatpak-com.github.IsmaelMartinez.teams_for_linux-12.scope", "vendor-client by cgroup"),
            ("app-us.zoom.Zoom-12.scope", "vendor-client by cgroup"),
            ("app-com.nextcloud.desktopclient.nextcloud@autostart.service", "vendor-client by cgroup"),
            ("onedrive.service", "vendor-client by cgroup"),
            ("app-gnome-code-77.scope", "developer-tool by cgroup"),
            ("snap.code.code-0c1e.scope", "developer-tool by cgroup"),
            (
                "app-flatpak-com.jetbrains.IntelliJ\\x2dIDEA\\x2dCommunity-77.scope",
                "developer-tool by cgroup",
            ),
            ("app-org.gnome.Terminal.slice/vte-spawn-6e5f.scope", "developer-tool by started"),
            ("gnome-terminal-server.service", "developer-tool by started"),
            ("app-org.kde.konsole-2211.scope", "developer-tool by started"),
            ("tmux-spawn-6e5f.scope", "developer-tool by started"),
            ("app-flatpak-org.mozilla.Thunderbird-3.scope", "other by cgroup"),
            ("app-gnome-org.gnome.Calculator-3.scope", "other by started"),
            ("dbus-:1.2-org.gnome.Nautilus@0.service", "other by started"),
            ("gvfs-daemon.service", "-"),
            ("run-r8c.scope", "-"),
        ] {
            assert_eq!(told(&format!("{MINE}{name}")), format!("{expected}, 1000"), "{name}");
        }
    }

    #[test]
    fn where_it_stands_says_what_it_says() {
        for (path, expected) in [
            ("", "-"),
            ("/", "-"),
            ("/init.scope", "system by cgroup"),
            ("/system.slice/NetworkManager.service", "system by cgroup"),
            ("/system.slice/system-getty.slice/getty@tty1.service", "system by cgroup"),
            ("/system.slice/snap.cups.cupsd.service", "system by cgroup"),
            ("/system.slice/docker.service", "developer-tool by cgroup"),
            ("/system.slice/docker-3f2a.scope", "developer-tool by started"),
            ("/docker/3f2a99", "developer-tool by started"),
            ("/kubepods.slice/kubepods-pod1.slice/cri-containerd-3f2a.scope", "developer-tool by started"),
            ("/user.slice/user-1000.slice/session-3.scope", "-, 1000"),
            ("/user.slice/user-1000.slice/user@1000.service/init.scope", "-, 1000"),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-3f2a.scope/container",
                "developer-tool by started, 1000",
            ),
            ("/user.slice/user-120.slice/session-c1.scope", "-, 120"),
            ("/user.slice/user-198401105.slice/session-2.scope", "-, 198401105"),
            ("/user.slice/user-99999999999.slice/session-2.scope", "-"),
            ("/machine.slice/machine-qemu.scope", "-"),
        ] {
            assert_eq!(told(path), expected, "{path}");
        }
    }

    #[test]
    fn no_word_stands_in_two_tables() {
        let mut all: Vec<_> = [BROWSERS, CLIENTS, DEVELOPER_TOOLS, OTHERS, TERMINALS].concat();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(all.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())));
    }

    proptest! {
        #[test]
        fn no_name_panics(path: String, escape in "\\\\x.{0,3}") {
            let _ = seat(&path);
            let _ = seat(&format!("app-{escape}{path}.scope"));
        }
    }
}
