//! Every committed seed through its fuzz target, without libFuzzer: what fuzzing found once stays found.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use elsewhere_tests::fuzz::TARGETS;

/// Committed seeds are kept small; a larger one is a capture and belongs elsewhere.
const MAX_SEED_BYTES: usize = 8 * 1024;

fn seeds_of(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<PathBuf> = entries.map(|entry| entry.expect("a listed seed").path()).collect();
    seeds.sort();
    seeds
}

/// A panic doesn't say which seed it was.
fn run_named(seed: &Path, bytes: &[u8], run: fn(&[u8]) -> usize) -> usize {
    println!("{}, {} bytes", seed.display(), bytes.len());
    run(bytes)
}

#[test]
fn every_target_holds_for_its_seeds_and_most_of_them_reach_something() {
    for (name, run) in TARGETS {
        let seeds = seeds_of(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        let mut reached = 0;
        for seed in &seeds {
            let bytes = fs::read(seed).unwrap();
            assert!(bytes.len() <= MAX_SEED_BYTES, "{}: {} bytes", seed.display(), bytes.len());
            let came_of_it = run_named(seed, &bytes, *run);
            println!("  {came_of_it}");
            reached += usize::from(came_of_it > 0);
        }
        assert!(reached * 2 > seeds.len(), "{name}: of {} seeds only {reached} reach anything", seeds.len());
    }
}

#[test]
fn every_target_holds_for_pieces_of_its_seeds() {
    for (name, run) in TARGETS {
        for seed in seeds_of(name) {
            let bytes = fs::read(&seed).unwrap();
            for end in (0..bytes.len()).step_by(bytes.len() / 16 + 1) {
                run_named(&seed, &bytes[..end], *run);
            }
        }
    }
}

/// A target that is in one list and not in the other would never run.
#[test]
fn targets_have_a_binary_and_seeds_and_nothing_else_has() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for folder in ["fuzz_targets", "seeds"] {
        let found: BTreeSet<String> = fs::read_dir(fuzz.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(found, names, "{folder}");
    }
}
