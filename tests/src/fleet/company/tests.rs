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
