//! The attacks that are known, one test each: a company in which a publication that only hides what is under k gives it
//! away, and the floor does not.

use elsewhere_collector::portfolio::SanctionStatus::{Sanctioned, Unreviewed};

use super::{
    attack::{Outcome, Released},
    between::Between,
    company::Company,
    naive::Days,
    reading::PriceRead,
};

/// `a` is elsewhere, and there is nothing else.
fn plain() -> Company {
    Company::of(&[("files", Unreviewed)])
}

/// `a` is ours, `b` is elsewhere.
fn company() -> Company {
    Company::of(&[("files", Sanctioned), ("files", Unreviewed)])
}

fn each_week(released: &Released<'_>) -> Outcome {
    released.attack_weeks()
}

fn week_beside_week(released: &Released<'_>) -> Outcome {
    released.attack_pairs()
}

fn of_the_others(released: &Released<'_>) -> Outcome {
    released.attack_strangers_days()
}

fn harm(outcome: &Outcome) -> Vec<String> {
    outcome.leaks.iter().filter(|leak| leak.harms()).map(ToString::to_string).collect()
}

/// What is told by a publication that only hides what is under k, beside the price where the attack is on that.
struct Told {
    days: Days,
    price: PriceRead,
    /// A line of it.
    line: &'static str,
}

impl Told {
    /// Where customer-days are rounded.
    fn rounded(line: &'static str) -> Self {
        Self { days: Days::Rounded, price: PriceRead::Nothing, line }
    }

    /// Where customer-days are exact.
    fn exact(line: &'static str) -> Self {
        Self { days: Days::Exact, price: PriceRead::Nothing, line }
    }
}

/// The attack breaks the naive publication as told, and not the floor's.
fn stands(company: &Company, told: &Told, attack: fn(&Released<'_>) -> Outcome) {
    let broken = harm(&attack(&Released::naively(company, told.days, told.price)));
    assert!(broken.iter().any(|line| line.contains(told.line)), "of\n{company}it tells {broken:#?}");
    let outcome = attack(&Released::by_floor(company));
    assert!(outcome.unsettled.is_empty());
    let leaks: Vec<String> = (outcome.leaks.iter().filter(|leak| leak.harms()))
        .map(|leak| format!("{leak}\n    {}", leak.because().join("\n    ")))
        .collect();
    assert!(leaks.is_empty(), "of the company\n{company}it leaks\n{}", leaks.join("\n"));
}

const ONCE: &str = "a . . . . . .";
const NEVER: &str = ". . . . . . .";

/// Rounded to 15, A has at most 17; a week later one has joined it, and rounded to 20 it has at least 18.
#[test]
fn differencing_over_weeks() {
    let company = plain()
        .with(17, "department:A", &[ONCE, ONCE])
        .with(12, "department:A", &[NEVER, NEVER])
        .with(3, "department:C", &[ONCE, ONCE])
        .with(5, "department:C", &[NEVER, NEVER])
        .with(1, "department:A", &["-", ONCE]);
    assert_eq!(
        harm(&each_week(&Released::naively(&company, Days::Rounded, PriceRead::Nothing))),
        Vec::<String>::new()
    );
    stands(
        &company,
        &Told::rounded("W40, department:C, files, Customers: 1 to 4, it is 3"),
        week_beside_week,
    );
}

/// Site X is the departments A and C together.
#[test]
fn differencing_over_dimensions() {
    let company = plain()
        .with(17, "department:A, site:X", &[ONCE])
        .with(12, "department:A, site:X", &[NEVER])
        .with(3, "department:C, site:X", &[ONCE])
        .with(1, "department:C, site:X", &[NEVER])
        .with(20, "department:B, site:Y", &[ONCE])
        .with(15, "department:B, site:Y", &[NEVER]);
    stands(&company, &Told::rounded("department:C, files, Customers: 1 to 4, it is 3"), each_week);
}

/// The share of all days elsewhere that is shown tells the days of the need that is not.
#[test]
fn differencing_over_needs() {
    let company = Company::of(&[("files", Sanctioned), ("files", Unreviewed), ("notes", Unreviewed)])
        .with(20, "", &["b b b . . . ."])
        .with(6, "", &["ab . . . . . ."])
        .with(20, "", &["a a . . . . ."])
        .with(3, "", &["c . . . . . ."])
        .with(10, "", &[NEVER]);
    stands(
        &company,
        &Told { price: PriceRead::OfAllExactly, ..Told::rounded("all, notes, Customers: 1 to 3, it is 3") },
        each_week,
    );
}

/// 36 is published as 35 and is at most 37; 18 is published as 20 and is at least 18, twice.
#[test]
fn windows_off_their_middle() {
    for few in [0, 1] {
        let company = plain()
            .with(18, "department:A", &[ONCE])
            .with(12, "department:A", &[NEVER])
            .with(18, "department:B", &[ONCE])
            .with(12, "department:B", &[NEVER])
            .with(few, "department:C", &[ONCE])
            .with(6, "department:C", &[NEVER]);
        stands(&company, &Told::rounded("department:C, files, Customers: 0 to 1"), each_week);
    }
}

/// All of A and B are in our tenant of the service, 18 each, and 36 in all: of C there is one at most.
#[test]
fn differencing_of_our_tenants() {
    let company = plain()
        .with(18, "department:A", &[ONCE])
        .with(12, "department:A", &[NEVER])
        .with(18, "department:B", &[ONCE])
        .with(12, "department:B", &[NEVER])
        .with(6, "department:C", &[NEVER]);
    stands(&company, &Told::rounded("department:C, files, InOurTenant(0): 0 to 1, it is 0"), each_week);
}

/// A small department with one team that is withheld.
#[test]
fn small_parents() {
    let company = plain()
        .with(1, "department:A", &[ONCE])
        .with(1, "department:A", &[NEVER])
        .with(4, "department:A/North", &[ONCE])
        .with(20, "department:B", &[ONCE])
        .with(15, "department:B", &[NEVER]);
    stands(&company, &Told::rounded("department:A/North, files, Customers: 3 to 4, it is 4"), each_week);
}

/// 42 days are published as 40 and are at most 42, 48 as 50 and are at least 48.
#[test]
fn one_device_joining() {
    let company = plain()
        .with(21, "", &["a a . . . . .", "a a . . . . ."])
        .with(9, "", &[NEVER, NEVER])
        .with(1, "", &["-", "a a a a a a ."]);
    stands(
        &company,
        &Told::rounded("files, days of the one who joined or left: 6 to 7, it is 6"),
        week_beside_week,
    );
}

#[test]
fn one_device_leaving() {
    let company = plain()
        .with(21, "", &["a a . . . . .", "a a . . . . ."])
        .with(9, "", &[NEVER, NEVER])
        .with(1, "", &["a a a a a a .", "-"]);
    stands(
        &company,
        &Told::rounded("files, days of the one who joined or left: 6 to 7, it is 6"),
        week_beside_week,
    );
}

/// Four of C are known; the others of C are nobody's business.
#[test]
fn an_insider_who_knows_all_but_one_of_a_withheld_cell() {
    let company = plain()
        .with(18, "department:A", &[ONCE])
        .with(12, "department:A", &[NEVER])
        .with_known(4, "department:C", &[ONCE])
        .with(4, "department:C", &[NEVER]);
    stands(&company, &Told::rounded("department:C, files, Customers: 4 to 4, it is 4"), each_week);
}

/// Five were elsewhere, four of them are known: what is said of the five is said of the fifth.
#[test]
fn an_insider_who_knows_all_but_one_of_a_cell_of_k() {
    let company = company()
        .with_known(4, "", &["a a b . . . ."])
        .with(1, "", &["a a b b b . ."])
        .with(12, "", &["a a . . . . ."])
        .with(8, "", &[NEVER]);
    stands(
        &company,
        &Told::exact("days elsewhere of whom the reader does not know: 3 to 3, it is 3"),
        of_the_others,
    );
}

/// Nobody of C goes elsewhere, which A, B and the whole tell.
#[test]
fn nobody_is_told_from_the_siblings() {
    let company = company()
        .with(15, "department:A", &["b a . . . . ."])
        .with(10, "department:A", &[ONCE])
        .with(15, "department:B", &["b a . . . . ."])
        .with(10, "department:B", &[ONCE])
        .with(12, "department:C", &[ONCE]);
    stands(&company, &Told::exact("department:C, files, Elsewhere: 0 to 0, it is 0"), each_week);
}

/// Everybody with the need meets it elsewhere.
#[test]
fn all_of_them() {
    let company = company().with(20, "", &["b b . . . . ."]).with(10, "", &[NEVER]);
    stands(&company, &Told::exact("all, files, NeverElsewhere: 0 to 0, it is 0"), each_week);
}

/// The days of the one service of ours are those with ours alone and with both.
#[test]
fn a_single_service_of_ours() {
    let company = company()
        .with(20, "", &["a a . . . . ."])
        .with(3, "", &["ab . . . . . ."])
        .with(6, "", &["b . . . . . ."])
        .with(10, "", &[NEVER]);
    stands(&company, &Told::exact("all, files, Part(Both): 2 to 3, it is 3"), each_week);
}

/// Those who were only away are 14, rounded to 15, so 13 at least; in A they are 12, rounded to 10, so 12 at most: in C
/// somebody was.
#[test]
fn differencing_of_facets() {
    let company = plain().with(36, "department:A", &[ONCE]).with(4, "department:C", &[ONCE]).with(
        12,
        "department:A",
        &[NEVER],
    );
    let told = Told::rounded("department:C, files, Facet(OnlyAway): 1 to");
    stands(&company, &Told { days: Days::RoundedWithFacets, ..told }, each_week);
}

/// All seen are 38, in A 20 and in B 15: each of these is rounded, and the share of devices is not.
#[test]
fn differencing_of_reporting_devices() {
    let company = plain().with(20, "department:A", &[ONCE]).with(15, "department:B", &[ONCE]).with(
        3,
        "department:C",
        &[ONCE],
    );
    let told = Told::rounded("department:C, customers seen: 3 to 3, it is 3");
    stands(&company, &Told { days: Days::RoundedWithTrust, ..told }, each_week);
}

/// Of five whose tries at ours and elsewhere are compared four are known: the mean of the five tells the fifth's.
#[test]
fn an_insider_who_knows_all_but_one_behind_a_mean() {
    let company = company()
        .with_known(4, "", &["ab ab . . . . ."])
        .with(1, "", &["ab ab . . . . ."])
        .with(12, "", &["b b . . . . ."])
        .with(8, "", &[NEVER]);
    let naive = Released::naively(&company, Days::RoundedWithFacets, PriceRead::Nothing).attack_effects();
    let line = "all, files, Failing: a mean of 5, of whom 1 are not known";
    assert!(naive.leaks.iter().any(|leak| leak.contains(line)), "it tells {:#?}", naive.leaks);
    let floor = Released::by_floor(&company).attack_effects();
    assert_eq!((floor.shown, floor.leaks), (0, Vec::new()));
}

/// Ten are compared in A, and twelve in all: the two means tell that of the two.
#[test]
fn differencing_of_means() {
    let company = company()
        .with(10, "department:A", &["ab ab . . . . ."])
        .with(2, "department:C", &["ab ab . . . . ."])
        .with(12, "department:A", &["b b . . . . ."])
        .with(12, "department:C", &["b b . . . . ."])
        .with(12, "department:A", &["a a . . . . ."])
        .with(12, "department:C", &["a a . . . . ."]);
    let naive = Released::naively(&company, Days::RoundedWithFacets, PriceRead::Nothing).attack_effects();
    let line = "all, files, Failing: beyond what is shown below a mean of 2, of whom 2 are not known";
    assert!(naive.leaks.iter().any(|leak| leak.contains(line)), "it tells {:#?}", naive.leaks);
    let floor = Released::by_floor(&company).attack_effects();
    assert_eq!(floor.leaks, Vec::<String>::new());
    assert!(floor.shown > 0, "the mean of all is shown");
}

/// All of twelve waited for ours as long as for the others' server: an error of nothing says so of each.
#[test]
fn means_of_customers_who_are_alike() {
    let company = company().with(20, "", &["ab ab . . . . ."]).with(12, "", &["b b . . . . ."]).with(
        12,
        "",
        &["a a . . . . ."],
    );
    let naive = Released::naively(&company, Days::RoundedWithFacets, PriceRead::Nothing).attack_effects();
    let line = "all, files, ServerWait: an error of 0 hundredths";
    assert!(naive.leaks.iter().any(|leak| leak.contains(line)), "it tells {:#?}", naive.leaks);
    let floor = Released::by_floor(&company).attack_effects();
    assert_eq!(floor.leaks, Vec::<String>::new());
    assert!(floor.shown > 0, "the mean is shown");
}

/// By Wednesday sites X and Y had five each and were shown, and A was not; at the end A is, and the sites can't be: then five of Y
/// are more than those of it who are in A.
#[test]
fn a_night_that_shows_what_the_freeze_withholds() {
    let company = plain()
        .with(5, "department:A, site:X", &[ONCE])
        .with(2, "department:A, site:X", &[". . . . a . ."])
        .with(15, "department:A, site:X", &[NEVER])
        .with(3, "department:A, site:Y", &[ONCE])
        .with(1, "department:A, site:Y", &[NEVER])
        .with(2, "department:B, site:Y", &[ONCE])
        .with(2, "department:B, site:Y", &[NEVER])
        .with(4, "department:B, site:X", &[NEVER]);
    let nights = Released { between: Between::as_if_frozen(&company), ..Released::frozen_by_floor(&company) };
    let broken = harm(&each_week(&nights));
    let line = "department:B, files, Customers: 1 to 4, it is 2";
    assert!(broken.iter().any(|told| told.contains(line)), "it tells {broken:#?}");
    assert_eq!(harm(&each_week(&Released::by_floor(&company))), Vec::<String>::new());
}

/// All five of A are told as five, so the three of its team are three.
#[test]
fn a_signal_of_what_the_week_withholds() {
    let company = plain()
        .with(2, "department:A", &[ONCE])
        .with(3, "department:A/North", &[ONCE])
        .with(20, "department:B", &[ONCE])
        .with(15, "department:B", &[NEVER]);
    let signals =
        Released { between: Between::of_naive_signals(&company), ..Released::frozen_by_floor(&company) };
    let broken = harm(&each_week(&signals));
    let line = "department:A/North, files, Service(0): 3 to 3, it is 3";
    assert!(broken.iter().any(|told| told.contains(line)), "it tells {broken:#?}");
    assert_eq!(harm(&each_week(&Released::by_floor(&company))), Vec::<String>::new());
}

/// Five of A's eight had not used it before, so no more than three had.
#[test]
fn a_signal_of_those_who_began() {
    let company = plain()
        .with(2, "department:A", &[ONCE, NEVER])
        .with(5, "department:A", &[NEVER, ONCE])
        .with(1, "department:A", &[NEVER, NEVER])
        .with(20, "department:B", &[ONCE, ONCE])
        .with(15, "department:B", &[NEVER, NEVER]);
    let signals =
        Released { between: Between::of_naive_signals(&company), ..Released::frozen_by_floor(&company) };
    let broken = harm(&each_week(&signals));
    let line = "department:A, files, Service(0): 0 to 3, it is 2";
    assert!(broken.iter().any(|told| told.contains(line)), "it tells {broken:#?}");
    assert_eq!(harm(&each_week(&Released::by_floor(&company))), Vec::<String>::new());
}
