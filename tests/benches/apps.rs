//! Which kind of program held a connection: how often the agent is right, with the kernel's word on the socket's owner
//! and without it, and what asking costs.
//!
//! Run by `./tests/bench apps`. Needs root, for namespaces, control groups and accounts.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    time::Duration,
};

use elsewhere_agent::{
    clock,
    decode::{FlowKey, Transport},
    sockets::Sockets,
};
use elsewhere_tests::{
    apps::{self, Judged, Program},
    table::{Goal, Table},
};

const CHROMIUM: &str = "timeout 30 chromium --headless --no-sandbox --disable-gpu --ignore-certificate-errors \
                        --user-data-dir={home}/profile --dump-dom {url}";
const CURL: &str = "curl -sSf --cacert {ca} -o /dev/null {url}";
const DESK: &str = "user.slice/user-1000.slice/user@1000.service/app.slice";
/// What a laptop's line carries at home: a fetch takes a quarter of a second.
const LINE_MBIT: u32 = 50;
/// Questions to the kernel, for their cost.
const QUESTIONS: u32 = 50_000;
/// 20,000 new connections a minute.
const CONNECTIONS_A_SECOND: f64 = 20_000.0 / 60.0;
/// All of the agent may take 5 % of a core then.
const CORE_PERCENT: f64 = 1.0;

fn programs() -> Vec<Program> {
    let desk = |what, command, unit: &str, host, service_id, class| Program {
        what,
        command,
        group: format!("{DESK}/{unit}").leak(),
        root: false,
        host,
        service_id,
        class,
    };
    let root = |what, command, group, host, service_id, class| Program {
        what,
        command,
        group,
        root: true,
        host,
        service_id,
        class,
    };
    let terminal = "app-org.gnome.Terminal.slice/vte-spawn-6e5f.scope";
    let (browser, client, tool, system) = ("browser", "vendor-client", "developer-tool", "system");
    vec![
        desk("Chromium", CHROMIUM, "app-gnome-chromium-11.scope", "wetransfer.com", "wetransfer", browser),
        desk(
            "Chromium, a vendor's page",
            CHROMIUM,
            "snap.chromium.chromium-12.scope",
            "www.notion.so",
            "notion",
            browser,
        ),
        desk("Chromium from a terminal", CHROMIUM, terminal, "www.smartsheet.com", "smartsheet", browser),
        desk(
            "Chromium as Electron",
            CHROMIUM,
            "app-com.slack.Slack@13.service",
            "app.slack.com",
            "slack",
            client,
        ),
        desk(
            "curl as a sync client",
            CURL,
            "app-com.nextcloud.desktopclient.nextcloud@autostart.service",
            "www.dropbox.com",
            "dropbox",
            client,
        ),
        desk("curl in a terminal", CURL, terminal, "airtable.com", "airtable", tool),
        desk(
            "Node.js in a terminal",
            "NODE_EXTRA_CA_CERTS={ca} node -e \"fetch(\\\"{url}\\\").then(r=>r.arrayBuffer())\"",
            terminal,
            "asana.com",
            "asana",
            tool,
        ),
        desk(
            "git in an editor",
            "GIT_SSL_CAINFO={ca} git ls-remote https://{host}/; curl -sS --cacert {ca} -o /dev/null {url}",
            "app-gnome-code-14.scope",
            "trello.com",
            "trello",
            tool,
        ),
        desk(
            "Python in an IDE",
            "SSL_CERT_FILE={ca} /usr/bin/python3 -c \"import urllib.request as u; u.urlopen(\\\"{url}\\\").read()\"",
            "app-jetbrains\\x2didea-15.scope",
            "www.figma.com",
            "figma",
            tool,
        ),
        desk(
            "wget in a bare session",
            "wget -q --ca-certificate={ca} -O /dev/null {url}",
            "../../session-3.scope",
            "miro.com",
            "miro",
            tool,
        ),
        root(
            "curl in a timer's service",
            CURL,
            "system.slice/backup.service",
            "www.docusign.com",
            "docusign",
            system,
        ),
        root(
            "OpenSSL in a service",
            "printf \"GET /body HTTP/1.0\\r\\nHost: {host}\\r\\n\\r\\n\" | openssl s_client -quiet -ign_eof -CAfile {ca} -connect {host}:443 -servername {host} > /dev/null",
            "system.slice/monitor.service",
            "www.xero.com",
            "xero",
            system,
        ),
        root(
            "curl by sudo in a session",
            CURL,
            "user.slice/user-1000.slice/session-3.scope",
            "www.canva.com",
            "canva",
            tool,
        ),
    ]
}

fn main() -> anyhow::Result<()> {
    let programs = programs();
    let slow = apps::judge(&programs, Some(LINE_MBIT))?;
    let fast = apps::judge(&programs, None)?;
    println!("{:<28}{:<16}{:<16}{:<16}without", "program", "is", "with owner", "at once over");
    for (Judged { program, with_owner, without }, Judged { with_owner: at_once, .. }) in
        slow.iter().zip(&fast)
    {
        println!("{:<28}{:<16}{with_owner:<16}{at_once:<16}{without}", program.what, program.class);
    }
    println!();
    let mut table = Table::new();
    let of = format!("{} programs", programs.len());
    let mut row = |what: &str, judged: &[Judged], told: fn(&Judged) -> &str| {
        table.row(
            &format!("class right, {what}"),
            share(judged, |one| told(one) == one.program.class),
            "%",
            &of,
            Goal::None,
        );
        let is_wrong = |one: &Judged| told(one) != one.program.class && told(one) != "unknown";
        table.row(&format!("class wrong, {what}"), share(judged, is_wrong), "%", &of, Goal::None);
    };
    row("with owner", &slow, |one| &one.with_owner);
    row("with owner, connection over in 20 ms", &fast, |one| &one.with_owner);
    row("without", &slow, |one| &one.without);
    let cost = question_us()?;
    let beside = format!("{CONNECTIONS_A_SECOND:.0} new connections/s");
    table.row("one question to the kernel", cost, "CPU us", "-", Goal::None);
    let percent = cost * CONNECTIONS_A_SECOND / 1e4;
    table.row("all questions", percent, "% of a core", &beside, Goal::AtMost(CORE_PERCENT));
    println!("{table}");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a few programs")]
fn share(judged: &[Judged], is_one: impl Fn(&Judged) -> bool) -> f64 {
    judged.iter().filter(|one| is_one(one)).count() as f64 / judged.len() as f64 * 100.0
}

/// CPU time of one question and its answer, in µs.
fn question_us() -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let key = FlowKey { transport: Transport::Tcp, src: client.local_addr()?, dst: client.peer_addr()? };
    let mut now = clock::monotonic();
    let mut sockets = Sockets::open(now)?;
    let before = cpu_ns()?;
    for _ in 0..QUESTIONS {
        // So that the cap a second is never reached.
        now += Duration::from_millis(2);
        sockets.owner(now, &key);
    }
    let counts = sockets.counts();
    anyhow::ensure!(counts.told + counts.silent == u64::from(QUESTIONS), "not all were answered: {counts:?}");
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 ns")]
    Ok((cpu_ns()? - before) as f64 / 1e3 / f64::from(QUESTIONS))
}

/// Time this thread was on a core.
fn cpu_ns() -> anyhow::Result<u64> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split(' ').next().unwrap_or_default().parse()?)
}
