use super::*;

fn parse(text: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let flags: Vec<_> = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Config::parse("collector.toml", text, environment, &flags).map_err(|error| error.to_string())
}

#[test]
fn the_shipped_example_changes_nothing_as_it_is() {
    let example = parse(include_str!("../../../deploy/collector.example.toml"), &[], &[]).unwrap();
    assert_eq!(example.to_string(), parse("", &[], &[]).unwrap().to_string());
}

#[test]
fn every_setting_of_the_shipped_example_reads_when_its_comment_sign_is_taken_away() {
    let example = include_str!("../../../deploy/collector.example.toml");
    let settings: String = example
        .lines()
        .filter_map(|line| line.strip_prefix("#:"))
        .fold(String::new(), |all, line| all + line + "\n");
    let config = parse(&settings, &[], &[]).unwrap();
    assert!(config.public_address.is_some() && config.offices.len() == 2, "{settings}");
    assert_eq!(config.to_string(), settings);
    for key in KEYS {
        assert!(example.contains(&format!("{key} = ")), "the example lacks {key}");
    }
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let file = "visit_interval_seconds = 60\nminimum_group = 7\nzone = \"Europe/Berlin\"";
    let environment = [
        ("ELSEWHERE_COLLECTOR_VISIT_INTERVAL_SECONDS", "70"),
        ("ELSEWHERE_COLLECTOR_MINIMUM_GROUP", "8"),
        ("ELSEWHERE_OTHER", "x"),
        ("ELSEWHERE_COLLECTOR_DATA", "x"),
    ];
    let config = parse(file, &environment, &[("minimum_group", "9")]).unwrap();
    assert_eq!(
        (config.visit_interval_seconds, config.minimum_group, config.zone.iana_name()),
        (70, 9, Some("Europe/Berlin"))
    );
}

#[test]
fn all_mistakes_are_reported_together() {
    let text = r#"
        people = "0.0.0.0:8420"
        devices = 8421
        public_address = "nowhere"
        zone = "Mars/Olympus"
        freeze = "Someday"
        minimum_group = 4
        offices = ["203.0.113.0/99"]
        colour = "blue"
    "#;
    let error = parse(text, &[("ELSEWHERE_COLLECTOR_VISIT_INTERVAL_SECONDS", "0")], &[]).unwrap_err();
    let expected = [
        "collector.toml line 9: colour: there is no such setting",
        "collector.toml line 2: people: 0.0.0.0:8420 can be reached from other machines",
        "collector.toml line 3: devices: 8421 is no text",
        "collector.toml line 4: public_address: 'nowhere' is no public address",
        "collector.toml line 5: zone: 'Mars/Olympus' is no time zone",
        "collector.toml line 6: freeze: 'Someday' is no weekday and time",
        "collector.toml line 7: minimum_group: 4 is no number from 5 to 1000",
        "ELSEWHERE_COLLECTOR_VISIT_INTERVAL_SECONDS: \"0\" is no number from 1 to 86400",
        "collector.toml line 8: offices: '203.0.113.0/99' is no network",
    ];
    for (line, expected) in error.lines().zip(expected) {
        assert!(line.starts_with(expected), "{line}\nis not\n{expected}");
    }
    assert_eq!(error.lines().count(), expected.len());
}

#[test]
fn a_text_that_is_no_toml_is_one_clear_mistake() {
    assert!(parse("people =", &[], &[]).unwrap_err().starts_with("collector.toml: "));
}

#[test]
fn a_week_freezes_at_the_first_such_time_after_its_end() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    for (freeze, expected) in
        [("Monday 12:00", "2026-11-16T11:00:00Z"), ("thursday 09:30", "2026-11-19T08:30:00Z")]
    {
        let freeze: FreezeTime = freeze.parse().unwrap();
        assert_eq!(freeze.after("2026-W46".parse().unwrap(), &zone), expected.parse().unwrap());
    }
}

#[test]
fn public_addresses_are_written_as_they_are_read() {
    for text in ["elsewhere.example.com:8421", "192.0.2.1:1", "[2001:db8::1]:8421"] {
        assert_eq!(text.parse::<PublicAddress>().unwrap().to_string(), text);
    }
    for text in ["", "host", "host:0", "host:x", ":8421", "a b:1", "[::g]:1"] {
        assert!(text.parse::<PublicAddress>().is_err(), "{text}");
    }
}
