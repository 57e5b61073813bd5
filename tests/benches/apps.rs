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
    let judged = apps::judge(&programs())?;
    println!("{:<28}{:<16}{:<16}without", "program", "is", "with owner");
    for Judged { program, with_owner, without } in &judged {
        println!("{:<28}{:<16}{with_owner:<16}{without}", program.what, program.class);
    }
    println!();
    let mut table = Table::new();
    accuracy(&mut table, &judged);
    let cost = question_us()?;
    let beside = format!("{CONNECTIONS_A_SECOND:.0} new connections/s");
    table.row("one question to the kernel", cost, "CPU us", "-", Goal::None);
    table.row(
        "all questions",
        cost * CONNECTIONS_A_SECOND / 1e4,
        "% of a core",
        &beside,
        Goal::AtMost(CORE_PERCENT),
    );
    println!("{table}");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a few programs")]
fn accuracy(table: &mut Table, judged: &[Judged]) {
    let all = judged.len() as f64;
    let share = |count: usize| count as f64 / all * 100.0;
    let right =
        |told: fn(&Judged) -> &str| judged.iter().filter(|one| told(one) == one.program.class).count();
    let wrong = |told: fn(&Judged) -> &str| {
        judged.iter().filter(|one| told(one) != one.program.class && told(one) != "unknown").count()
    };
    let with: fn(&Judged) -> &str = |one| &one.with_owner;
    let without: fn(&Judged) -> &str = |one| &one.without;
    let of = format!("{} programs", judged.len());
    table.row("class right, with owner", share(right(with)), "%", &of, Goal::None);
    table.row("class right, without", share(right(without)), "%", &of, Goal::None);
    table.row("class wrong, with owner", share(wrong(with)), "%", &of, Goal::None);
    table.row("class wrong, without", share(wrong(without)), "%", &of, Goal::None);
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
