//! What values say, and what is refused of them.

use super::*;

#[test]
fn a_value_is_read_by_its_form() {
    let price = |cents, currency, months, per_seat| Value::Price(Price { cents, currency, months, per_seat });
    let cases = [
        (AttributeName::FreeTier, "no", Value::No),
        (AttributeName::FreeTier, "yes", Value::Yes),
        (AttributeName::FreeTier, "15 GB", Value::Words),
        (AttributeName::FreeTier, "100 participants, 40 minutes/meeting", Value::Words),
        (AttributeName::SizeLimit, "unlimited", Value::Unlimited),
        (AttributeName::SizeLimit, "3 GB", Value::Bytes(3_000_000_000)),
        (AttributeName::SizeLimit, "2.5 MB", Value::Bytes(2_500_000)),
        (AttributeName::SizeLimit, "512 KB", Value::Bytes(512_000)),
        (AttributeName::SizeLimit, "1 TB", Value::Bytes(1_000_000_000_000)),
        (AttributeName::GuestsWithoutAccount, "yes", Value::Yes),
        (AttributeName::ListPrice, "on request", Value::OnRequest),
        (AttributeName::ListPrice, "12 USD/month", price(1_200, "USD", 1, false)),
        (AttributeName::ListPrice, "12.50 EUR/year/seat", price(1_250, "EUR", 12, true)),
        (AttributeName::KeptFor, "7 days", Value::Hours(168)),
        (AttributeName::KeptFor, "1 year", Value::Hours(8_760)),
        (AttributeName::Mfa, "app-code, sms", Value::Words),
        (AttributeName::SsoPrice, "included", Value::Included),
        (AttributeName::SsoPrice, "0.50 GBP/month/seat", price(50, "GBP", 1, true)),
        (AttributeName::SelfHostable, "no", Value::No),
    ];
    for (name, text, value) in cases {
        assert_eq!(name.read(text), Ok(value), "{} {text}", name.as_str());
    }
}

#[test]
fn a_value_of_another_form_is_refused_with_its_own() {
    let cases: [(AttributeName, &[&str], &str); 8] = [
        (
            AttributeName::FreeTier,
            &[
                "",
                "maybe",
                "included",
                "15",
                "15GB",
                "many seats",
                "2 apples",
                "1.5 seats",
                "15 GB/moon",
                "15 GB,",
            ],
            "`no`, `yes` or allowances",
        ),
        (
            AttributeName::SizeLimit,
            &["no", "3GB", "3 GiB", "03 GB", "0 GB", "-3 GB", "3.0005 GB", ".5 GB", "3. GB", "99999999 TB"],
            "`unlimited` or a size",
        ),
        (AttributeName::GuestsWithoutAccount, &["Yes", "unlimited", "3 seats"], "`yes` or `no`"),
        (
            AttributeName::ListPrice,
            &[
                "no",
                "12.5 USD/month",
                "$12/month",
                "12 USD",
                "12 usd/month",
                "12 USD/day",
                "12 USD/month/user",
                "0 USD/month",
            ],
            "`on request` or a price",
        ),
        (AttributeName::KeptFor, &["yes", "7", "7 moons", "0.5 days", "a day"], "`unlimited` or a time"),
        (AttributeName::Mfa, &["totp", "sms,call", "sms, ", "SMS"], "`no`, `yes` or a list of"),
        (AttributeName::SsoPrice, &["yes", "unlimited", "12"], "`no`, `included`, `on request` or a price"),
        (AttributeName::SelfHostable, &["partly", "included"], "`yes` or `no`"),
    ];
    for (name, texts, form) in cases {
        for text in texts {
            let refused = name.read(text).expect_err(text);
            assert!(refused.starts_with(form), "{} {text}: {refused}", name.as_str());
        }
    }
}
