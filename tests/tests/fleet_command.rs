//! `elsewhere-fleet` as it is called: exit codes, what it says of bad input, and the same bytes for the same call.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn fleet(dir: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elsewhere-fleet"));
    command.current_dir(dir).arg("simulate").args(arguments.split_whitespace()).output().unwrap()
}

#[test]
fn the_same_call_writes_the_same_truth() {
    let dir = tempfile::tempdir().unwrap();
    let call = "--customers 40 --weeks 2 --seed 3 --until 2026-W46 --truth";
    for file in ["one.json", "two.json"] {
        assert!(fleet(dir.path(), &format!("{call} {file}")).status.success());
    }
    let truth = fs::read_to_string(dir.path().join("one.json")).unwrap();
    assert_eq!(truth, fs::read_to_string(dir.path().join("two.json")).unwrap());
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    assert_eq!(truth["simulated"], true);
    assert_eq!(truth["told"], serde_json::json!(["2026-W45", "2026-W46"]));
}

#[test]
fn history_is_not_played_twice_into_one_directory() {
    let dir = tempfile::tempdir().unwrap();
    let call = "--customers 20 --weeks 1 --until 2026-W46 --into collector";
    assert!(fleet(dir.path(), call).status.success());
    let again = fleet(dir.path(), call);
    assert_eq!(again.status.code(), Some(1));
    let words = String::from_utf8(again.stderr).unwrap();
    assert!(words.contains("devices already; play history into a new directory"), "{words}");
}

#[test]
fn bad_calls_end_with_2_and_bad_files_with_1() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("wrong.toml"), "customers = 10\nseasons = 4\n").unwrap();
    let late = "[[department]]\nname = \"Sales\"\n[[planted]]\nkind = \"late\"\nweek = 1\ncustomers = 0.1\n";
    fs::write(dir.path().join("late.toml"), late).unwrap();
    for (arguments, code, says) in [
        ("--story late.toml --until 2026-W46 --into collector", 1, "can't be played into a collector"),
        ("--customers 0", 2, "'0'"),
        ("--weeks 1000", 2, "1000"),
        ("--until 2026-W99", 2, "2026-W99"),
        ("--into a --connect b", 2, "--connect"),
        ("--devices 3", 2, "--connect"),
        ("--story missing.toml", 1, "missing.toml"),
        ("--story wrong.toml", 1, "line 2: unknown key 'seasons'"),
        ("--customers 5 --weeks 1 --truth no/such/dir.json", 1, "no/such/dir.json"),
    ] {
        let output = fleet(dir.path(), arguments);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments}: {words}");
        assert!(words.contains(says), "{arguments}: {words}");
    }
}
