use jiff::civil::{Date, date};

use super::*;
use crate::{
    device::{DeviceId, Groups},
    installation::{self, Installation},
    portfolio::entry::New,
    store::DeviceDays,
    wire::tests::good_day,
};

const PORTFOLIO: &str = "organisation = \"Northmoor\"\n[[own_service]]\nid = \"own:outbox\"\nname = \"Outbox\"\n\
                         need = \"send-once\"\n[[name]]\nsuffix = \"files.partner.example\"\nservice = \"box\"\n";
const FREIGHTDESK: &str = "freightdesk.example";

/// A collector whose customers report names; customer 1 has the devices 2 and 3, customer 2 has 4 and 5.
struct Story(tempfile::TempDir, Installation);

impl Story {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("portfolio.toml"), PORTFOLIO).unwrap();
        let installation = Installation::create_or_open(dir.path()).unwrap();
        Self(dir, installation)
    }

    fn store(&self) -> &dyn Store {
        self.1.store().as_ref()
    }

    fn hash(&self, name: &str) -> u64 {
        hash(&self.store().identity().unwrap().unknown_name_key, name)
    }

    fn report(&self, devices: impl IntoIterator<Item = u64>, on: Date, names: &[&str]) {
        for bits in devices {
            let mut wire = good_day(on, 1);
            let unknown = wire.unknown_services.pop().unwrap();
            let hashes = names.iter().map(|name| self.hash(name));
            wire.unknown_services
                .extend(hashes.map(|name_hash| elsewhere_proto::v1::UnknownService { name_hash, ..unknown }));
            let pseudonym = Some(format!("c-{}", bits / 2).parse().unwrap());
            let groups = Groups { pseudonym, ..Groups::default() };
            let device = self.store().register_device(DeviceId::from_bits(bits), &groups, false, on).unwrap();
            let days = vec![(&wire).try_into().unwrap()];
            self.store().put_device_days(vec![DeviceDays { device, days }], on).unwrap();
        }
    }

    fn reveal(&self, names: &[&str]) {
        for name in names {
            let hash = self.hash(name);
            self.store().ask_for_names(&[hash]).unwrap();
            hear(self.store(), hash, name).unwrap();
        }
    }

    fn portfolio(&self) -> Portfolio {
        installation::read_portfolio(self.0.path()).unwrap()
    }

    fn named(&self) -> HashMap<u64, String> {
        named(self.store(), &self.portfolio()).unwrap()
    }

    fn queue(&self) -> Vec<(String, String, u32)> {
        let queue = queue(self.store(), &self.portfolio(), 5, Week::of(RUNNING)).unwrap();
        let waiting = queue.into_iter().filter(|name| !name.ignored);
        waiting.map(|name| (name.registrable_domain, name.since.to_string(), name.weeks)).collect()
    }

    fn name(&self, domain: &str, chosen: Chosen) -> Result<String, String> {
        let entry = name(&self.1, domain, chosen).map_err(|error| format!("{error:#}"))?;
        Ok(entry.service_id)
    }
}

fn known(service: &str) -> Chosen {
    Chosen::Known(service.into())
}

fn new(name: &str) -> Chosen {
    Chosen::New(New { name: name.into(), need: "erp-operations".into() })
}

/// A day of each of three weeks, of which the last one runs.
const FIRST: Date = date(2026, 10, 28);
const SECOND: Date = date(2026, 11, 4);
const RUNNING: Date = date(2026, 11, 11);

#[test]
fn a_name_is_asked_for_once_enough_customers_reported_it_and_kept_if_its_hash_fits() {
    let story = Story::new();
    // Ten devices, but two to a customer.
    for bits in 0..10 {
        story.report([bits], RUNNING, &[FREIGHTDESK]);
        ask(story.store(), &[Week::of(RUNNING)], 5).unwrap();
        assert_eq!(story.store().names_to_reveal().unwrap().is_empty(), bits < 8, "{bits}");
    }
    let hash = story.hash(FREIGHTDESK);
    for wrong in ["other.example", "Freightdesk.example", "", "freightdesk"] {
        hear(story.store(), hash, wrong).unwrap();
    }
    assert!(story.store().revealed_names().unwrap().is_empty());
    hear(story.store(), hash, FREIGHTDESK).unwrap();
    assert_eq!(story.store().revealed_names().unwrap()[0].registrable_domain, FREIGHTDESK);
}

#[test]
fn the_queue_holds_what_a_group_reported_and_says_no_more() {
    let story = Story::new();
    let five = || (0..10).step_by(2);
    story.report(five().take(4), FIRST, &["often.example", "slow.example", "few.example"]);
    story.report([8], FIRST, &["often.example", "partner.example"]);
    story.report(five().take(4), SECOND, &["often.example", "few.example", "files.partner.example"]);
    story.report([8], SECOND, &["often.example", "slow.example", "files.partner.example"]);
    story.report(five().take(4), RUNNING, &["often.example", "running.example", "few.example"]);
    // The other device of a customer is nobody new.
    story.report([1, 3], RUNNING, &["few.example"]);
    story.report([8], RUNNING, &["often.example", "running.example"]);
    story.reveal(&["few.example", "slow.example", "running.example", "often.example", "partner.example"]);
    story.reveal(&["files.partner.example"]);
    let row = |name: &str, since: &str, weeks| (name.to_owned(), since.to_owned(), weeks);
    assert_eq!(
        story.queue(),
        [
            row("often.example", "2026-W44", 2),
            row("slow.example", "2026-W45", 0),
            row("running.example", "2026-W46", 0),
        ]
    );
}

#[test]
fn a_name_is_named_once_and_counts_from_then_on_until_its_entry_is_taken_out() {
    let story = Story::new();
    story.report(0..10, SECOND, &[FREIGHTDESK, "outbox-drop.example"]);
    story.reveal(&[FREIGHTDESK, "outbox-drop.example"]);
    assert_eq!((story.queue().len(), story.named().len()), (2, 0));
    assert_eq!(story.name("Freightdesk.example.", new("Freight Desk")).unwrap(), "own:freight-desk");
    assert_eq!(story.name("outbox-drop.example", known("outbox")).unwrap(), "own:outbox");
    assert!(story.queue().is_empty());
    let services = ["own:freight-desk", "own:outbox"].map(str::to_owned);
    let hashes = [FREIGHTDESK, "outbox-drop.example"].map(|name| story.hash(name));
    assert_eq!(story.named(), hashes.into_iter().zip(services).collect());
    let text = std::fs::read_to_string(story.0.path().join("portfolio.toml")).unwrap();
    insta::assert_snapshot!(text.strip_prefix(PORTFOLIO.trim_end()).unwrap(), @r#"
    [[own_service]]
    id = "own:freight-desk"
    name = "Freight Desk"
    need = "erp-operations"
    hosts = ["freightdesk.example"]

    [[name]]
    suffix = "outbox-drop.example"
    service = "own:outbox"
    "#);

    std::fs::write(story.0.path().join("portfolio.toml"), PORTFOLIO).unwrap();
    assert_eq!((story.queue().len(), story.named().len()), (2, 0));
}

#[test]
fn what_can_not_be_named_is_refused_with_its_reason() {
    let story = Story::new();
    story.report(0..10, SECOND, &[FREIGHTDESK]);
    story.reveal(&[FREIGHTDESK, "co.uk"]);
    let wrong_names = [
        "app.freightdesk.example",
        "other.example",
        "www.tinder.com",
        "dropbox.com",
        "files.partner.example",
        "doubleclick.net",
        "co.uk",
        "freight desk",
    ];
    let wrong_services = [known("0000000000"), new("outbox"), new("DropBox"), new("\u{1f69a}")];
    let refused = |domain: &str, chosen| story.name(domain, chosen).unwrap_err();
    let names = wrong_names.iter().map(|domain| refused(domain, known("box")));
    let services = wrong_services.into_iter().map(|chosen| refused(FREIGHTDESK, chosen));
    insta::assert_snapshot!(names.chain(services).collect::<Vec<_>>().join("\n"), @r"
    'app.freightdesk.example' is no name that devices report; they report freightdesk.example
    'other.example' is not in the queue, which `elsewhere-collector unknown list` shows; a name that devices have not revealed goes into portfolio.toml by hand or with `catalog import`
    'www.tinder.com' belongs to private life: it can't be made a service
    'dropbox.com' is Dropbox (dropbox) already; to change that, edit portfolio.toml
    'files.partner.example' is Box (box) already; to change that, edit portfolio.toml
    'doubleclick.net' is plumbing or one of your own domains: devices don't report it
    'co.uk' is a public suffix, under which anybody can have a name
    'freight desk' is no domain name
    there is no service '0000000000' in catalog or portfolio; a new one is made with --new-service
    there is a service 'outbox' already; give the name to it with --service own:outbox
    there is a service 'DropBox' already; give the name to it with --service dropbox
    'own:' is no service id; they are lower case letters, digits and '-', like wetransfer or own:outbox; choose a name of a few Latin letters or digits
    ");
    let mistyped = refused(FREIGHTDESK, known("Outbx"));
    assert!(mistyped.contains("like it are own:outbox"), "{mistyped}");
    assert_eq!(std::fs::read_to_string(story.0.path().join("portfolio.toml")).unwrap(), PORTFOLIO);
}

#[test]
fn an_ignored_name_leaves_the_queue_and_can_still_be_named() {
    let story = Story::new();
    story.report(0..10, SECOND, &[FREIGHTDESK]);
    story.reveal(&[FREIGHTDESK]);
    ignore(&story.1, FREIGHTDESK).unwrap();
    assert!(story.queue().is_empty());
    ask(story.store(), &[Week::of(SECOND)], 5).unwrap();
    assert!(story.store().names_to_reveal().unwrap().is_empty());
    assert!(ignore(&story.1, "other.example").is_err());
    assert_eq!(story.name(FREIGHTDESK, known("box")).unwrap(), "box");
    assert_eq!(story.named().len(), 1);
}

#[test]
fn only_revealed_names_are_matched_and_only_where_work_is_done() {
    let story = Story::new();
    let extend =
        |block: &str| std::fs::write(story.0.path().join("portfolio.toml"), format!("{PORTFOLIO}{block}"));
    extend("[[name]]\nsuffix = \"freightdesk.example\"\nservice = \"box\"\n").unwrap();
    story.report(0..10, SECOND, &[FREIGHTDESK]);
    assert!(story.named().is_empty(), "nobody has told the name");
    story.reveal(&[FREIGHTDESK]);
    assert_eq!(story.named().len(), 1);
    extend("[[name]]\nsuffix = \"freightdesk.example\"\nservice = \"box\"\nrole = \"embed\"\n").unwrap();
    assert!(story.named().is_empty(), "loading from there is no work");
    extend("[[name]]\nexact = \"freightdesk.example\"\nservice = \"box\"\n").unwrap();
    assert!(story.named().is_empty(), "the hash stands for the other hosts, too");
    assert_eq!(story.queue().len(), 1);
}

#[test]
fn private_life_is_not_kept_whoever_tells_it() {
    let story = Story::new();
    let name = "tinder.com";
    story.reveal(&[name]);
    assert!(story.store().revealed_names().unwrap().is_empty());
    story.store().ask_for_names(&[story.hash(name)]).unwrap();
    assert!(story.store().names_to_reveal().unwrap().is_empty(), "and not asked for again");

    // What was kept before the catalog knew better.
    story.store().ask_for_names(&[1]).unwrap();
    story.store().reveal_name(1, "www.sparkasse.de").unwrap();
    story.reveal(&[FREIGHTDESK]);
    erase_private(story.store()).unwrap();
    let left = story.store().revealed_names().unwrap();
    assert_eq!(left.iter().map(|name| name.registrable_domain.as_str()).collect::<Vec<_>>(), [FREIGHTDESK]);
}
