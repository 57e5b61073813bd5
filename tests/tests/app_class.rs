//! Real programs in control groups and accounts, beside a real agent: the kernel's word makes the class.

use elsewhere_tests::apps::{self, Program};

/// Slow enough that a fetch is not over before its frames are read.
const LINE_MBIT: Option<u32> = Some(20);
const CURL: &str = "curl -sSf --cacert {ca} -o /dev/null {url}";

#[test]
fn the_same_program_is_what_its_owner_says() {
    let program = |what, group, host, service_id, class| Program {
        what,
        command: CURL,
        group,
        root: class == "system",
        host,
        service_id,
        class,
    };
    let programs = [
        program(
            "as a browser",
            "user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4711.scope",
            "wetransfer.com",
            "wetransfer",
            "browser",
        ),
        program(
            "as a client",
            "user.slice/user-1000.slice/user@1000.service/app.slice/app-com.slack.Slack@1f.service",
            "app.slack.com",
            "slack",
            "vendor-client",
        ),
        program("in a service", "system.slice/backup.service", "www.dropbox.com", "dropbox", "system"),
    ];
    for judged in apps::judge(&programs, LINE_MBIT).unwrap() {
        assert_eq!(judged.with_owner, judged.program.class, "{}", judged.program.what);
        assert_eq!(judged.without, "unknown", "curl's hello alone says nothing");
    }
}
