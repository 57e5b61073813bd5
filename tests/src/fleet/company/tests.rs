//! A small company for the tests around, and what always holds of one.

use super::*;

/// A small company of two departments, with more of a story file put in.
pub(in crate::fleet) fn company(more: &str) -> Company {
    let at = more.find('[').unwrap_or(more.len());
    let (top, tables) = more.split_at(at);
    let text = format!(
        r#"{top}
        [[service]]
        id = "sharepoint-online"
        status = "sanctioned"
        [[department]]
        name = "Marketing"
        share = 1
        [[department]]
        name = "Sales/North"
        share = 3
        [[habit]]
        need = "store-files"
        per_workday = 0.8
        services = {{ sharepoint-online = 9, dropbox = 1 }}
        minutes = 60
        {tables}"#
    );
    let story = Story::read(&text, elsewhere_catalog::builtin()).unwrap();
    let until = story.until.unwrap_or_else(|| "2026-W46".parse().unwrap());
    Company::new(story, elsewhere_catalog::builtin(), until)
}

#[test]
fn departments_have_their_shares() {
    for customers in [7, 100, 1000] {
        let company = company(&format!("customers = {customers}\n[days]\nshared_devices = 0"));
        let marketing = company.customers.iter().filter(|customer| customer.department == 0).count();
        assert!(marketing.abs_diff(customers / 4) < 2, "{marketing} of {customers}");
    }
}

#[test]
fn a_second_device_has_its_customers_pseudonym_and_a_shared_one_is_nobodys() {
    let company = company("customers = 50\n[days]\nsecond_device = 1.0\nshared_devices = 3");
    assert_eq!((company.customers.len(), company.devices.len()), (53, 103));
    for device in &company.devices {
        let customer = &company.customers[device.customer as usize];
        assert_eq!(customer.shared, device.index >= 100);
        assert!((customer.first_device..customer.first_device + customer.devices).contains(&device.index));
    }
}

#[test]
fn weeks_are_numbered_from_the_first_told() {
    let company = company("weeks = 3\nuntil = \"2027-W01\"");
    assert_eq!(company.first.to_string(), "2026-W52");
    assert_eq!(company.dates().count(), 21);
    assert_eq!(company.week_number("2026-12-21".parse().unwrap()), 1);
    assert_eq!(company.week_number("2027-01-10".parse().unwrap()), 3);
    assert_eq!(company.iso_week(2).to_string(), "2026-W53");
}

/// Rows of use of a service, or of any, with the week and the customer.
fn used(company: &Company) -> Vec<(u32, u32, v1::Usage)> {
    let mut used = Vec::new();
    for customer in &company.customers {
        for date in company.dates() {
            let days = company.device_days_of(customer, date).into_iter();
            let rows = days.flat_map(|(_, day)| day.usages);
            used.extend(rows.map(|row| (company.week_number(date), customer.index, row)));
        }
    }
    used
}

#[test]
fn what_fails_fails_in_its_weeks_and_department_only() {
    let company = company(
        "customers = 80\nweeks = 3\n[[planted]]\nkind = \"fails\"\nservice = \"sharepoint-online\"\n\
         departments = [\"Marketing\"]\nweek = 2\nuntil_week = 2\nfailed = 1.0",
    );
    let (mut tries, mut failed) = ([0; 2], [0; 2]);
    for (week, customer, row) in used(&company) {
        let in_department = company.customers[customer as usize].department == 0;
        let fails = week == 2 && in_department && row.service_id == "sharepoint-online";
        tries[usize::from(fails)] += row.tries;
        failed[usize::from(fails)] += row.failed;
    }
    assert!(tries[1] > 100 && failed[1] == tries[1], "{failed:?} of {tries:?}");
    assert!(failed[0] * 20 < tries[0], "{failed:?} of {tries:?}");
}

#[test]
fn the_front_door_has_its_steps_and_elsewhere_has_one() {
    let company = company(
        "customers = 40\nweeks = 1\n[[planted]]\nkind = \"front_door\"\nservice = \"sharepoint-online\"\nsteps = 4",
    );
    for (_, _, row) in used(&company) {
        let steps = if row.service_id == "sharepoint-online" { 4 } else { 1 };
        assert!([steps, steps + 1].contains(&row.sign_in_hops), "{} of {steps}", row.sign_in_hops);
    }
}

#[test]
fn who_can_not_reach_ours_is_elsewhere_away_from_the_office() {
    let company = company(
        "customers = 80\nweeks = 2\n[[planted]]\nkind = \"reach\"\ndepartment = \"Marketing\"\n\
         from = \"sharepoint-online\"\nto = \"dropbox\"\ncustomers = 1.0",
    );
    let of_story = |customer: u32| !company.customers[customer as usize].away.is_empty();
    let rows = used(&company);
    let ours = |place: v1::Place| {
        let is_it = |(_, customer, row): &&(u32, u32, v1::Usage)| {
            of_story(*customer) && row.service_id == "sharepoint-online" && row.place() == place
        };
        rows.iter().filter(is_it).count()
    };
    assert!(ours(v1::Place::Office) > 50);
    // A second service now and then is no matter of place.
    assert!(ours(v1::Place::Away) < 10, "{}", ours(v1::Place::Away));
}

#[test]
fn a_fling_ends_and_an_onboarding_begins() {
    let company = company(
        "customers = 80\nweeks = 5\n[[planted]]\nkind = \"fling\"\ndepartment = \"Marketing\"\nservice = \"onedrive\"\n\
         week = 2\nweeks = 2\ncustomers = 1.0\nper_workday = 0.9\n\
         [[planted]]\nkind = \"onboarding\"\nweek = 4\ncustomers = 0.5",
    );
    let rows = used(&company);
    let in_fling = rows.iter().filter(|(_, _, row)| row.service_id == "onedrive");
    let weeks: std::collections::BTreeSet<u32> = in_fling.map(|(week, ..)| *week).collect();
    assert_eq!(weeks.into_iter().collect::<Vec<_>>(), [2, 3]);
    let at_work = |week: u32| {
        let customers = rows.iter().filter(|row| row.0 == week).map(|row| row.1);
        customers.collect::<std::collections::BTreeSet<u32>>().len()
    };
    assert!(at_work(3) < 60 && at_work(4) > 65, "{} and {}", at_work(3), at_work(4));
}

#[test]
fn a_service_is_told_of_once_devices_know_it_and_partners_tenants_are_guests() {
    let company = company(
        "customers = 80\nweeks = 2\nuntil = \"2026-W46\"\n[[planted]]\nkind = \"catalog_update\"\nservice = \"dropbox\"\nweek = 2\n\
         [[planted]]\nkind = \"partners\"\nservices = [\"sharepoint-online\"]\ncustomers = 1.0\nper_workday = 0.5",
    );
    let wednesday = day_number("2026-11-11".parse().unwrap());
    let days: Vec<v1::DeviceDay> = company.device_days().map(|(_, day)| day).collect();
    let told = |day: &&v1::DeviceDay| day.usages.iter().any(|row| row.service_id == "dropbox");
    let first = days.iter().filter(told).map(|day| day.day).min();
    assert_eq!(first, Some(wednesday));
    let rows = || days.iter().flat_map(|day| &day.usages);
    let guests = rows().filter(|row| row.tenant() == v1::Tenant::Guest).count();
    assert!(guests > 100 && guests < rows().count() / 2, "{guests}");
}

#[test]
fn a_reorganisation_moves_customers_from_its_week_on() {
    let company = company(
        "customers = 80\nweeks = 3\n[[planted]]\nkind = \"reorganisation\"\nfrom = \"Marketing\"\nto = \"Sales/North\"\n\
         week = 2\ncustomers = 1.0",
    );
    for customer in company.customers.iter().filter(|customer| customer.department == 0) {
        let named = |week| customer.segments_in(week).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            (named(1), named(2)),
            (vec!["department:Marketing".into()], vec!["department:Sales/North".into()])
        );
    }
}
