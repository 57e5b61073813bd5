use super::*;

#[test]
fn rates_are_of_what_was_labelled() {
    let mut confusion = Confusion::default();
    for (is, judged, times) in [
        (Step::Use, Step::Use, 19),
        (Step::Use, Step::Visit, 1),
        (Step::Contact, Step::Contact, 90),
        (Step::Visit, Step::Use, 1),
        (Step::None, Step::Contact, 500),
        (Step::None, Step::Use, 2),
    ] {
        (0..times).for_each(|_| confusion.add(is, judged));
    }
    assert_eq!((confusion.used_and_found(), confusion.used()), (19, 20));
    assert_eq!((confusion.not_used_and_judged_use(), confusion.not_used()), (3, 93));
    assert_eq!((confusion.labelled_and_right(), confusion.labelled()), (109, 111));
}

#[test]
fn a_folder_is_refused_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let reason = || format!("{:#}", read(folder.path()).err().unwrap());
    assert!(reason().ends_with("no x.pcap or x.pcapng with x.labels.json below it"), "{}", reason());
    let below = folder.path().join("a");
    fs::create_dir(&below).unwrap();
    fs::write(below.join("x.labels.json"), "[]").unwrap();
    assert!(reason().contains("x.labels.json: has no "), "{}", reason());
    fs::write(below.join("x.pcapng"), "").unwrap();
    let sessions = read(folder.path()).unwrap();
    assert_eq!(sessions.iter().map(|session| session.name.as_str()).collect::<Vec<_>>(), ["a/x"]);
    fs::write(below.join("x.labels.json"), "[{").unwrap();
    assert!(reason().contains("x.labels.json: EOF while parsing"), "{}", reason());
}
