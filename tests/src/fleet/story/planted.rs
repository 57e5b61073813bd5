//! What may happen in a story.

use serde::Serialize;

/// Something that happens in the company, and that the product should find or see through.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Planted {
    /// A department leaves a service of ours after it got slow.
    Leaves {
        /// Who.
        department: String,
        /// What of ours.
        from: &'static str,
        /// Where to.
        to: &'static str,
        /// Slow from this week on; the first leave in it.
        week: u32,
        /// The last have left so many weeks later.
        over_weeks: u32,
        /// Share of those who used it that leaves.
        customers: f64,
        /// How many times as long everything takes.
        slower: f64,
        /// Chance that a day with ours has a try given up and taken there.
        spills: f64,
    },
    /// A department comes back to a service of ours.
    ComesBack {
        /// Who.
        department: String,
        /// From where.
        from: &'static str,
        /// To what of ours.
        to: &'static str,
        /// The first come back in this week.
        week: u32,
        /// The last have come back so many weeks later.
        over_weeks: u32,
        /// Share of those elsewhere that comes back.
        customers: f64,
    },
    /// A need for which IT offers nothing.
    Unserved {
        /// The need.
        need: &'static str,
        /// Who has it; empty is everybody.
        departments: Vec<String>,
        /// Share of them that has it.
        customers: f64,
        /// Chance that one of them meets it on a workday.
        per_workday: f64,
        /// Where, with weights.
        services: Vec<(&'static str, f64)>,
        /// The first have it from this week on.
        week: u32,
        /// The last have it so many weeks later.
        over_weeks: u32,
    },
    /// A service goes from one department to the next.
    Spreads {
        /// The service.
        service: &'static str,
        /// In this order.
        departments: Vec<String>,
        /// The first department begins.
        week: u32,
        /// Weeks from one department to the next.
        every_weeks: u32,
        /// Weeks until a department's last customer has begun.
        over_weeks: u32,
        /// Share of each department that takes it up.
        customers: f64,
        /// Chance that one of them uses it on a workday.
        per_workday: f64,
    },
    /// A client that runs all day by itself and is hardly used.
    IdleClient {
        /// The service.
        service: &'static str,
        /// Share of customers who have it installed.
        customers: f64,
        /// Share of those who ever use it.
        used: f64,
        /// Chance that one of these uses it on a workday.
        per_workday: f64,
    },
    /// A chat suite that also does meetings, which cannot be told from chat.
    ChatSuiteMeetings {
        /// The suite.
        service: &'static str,
        /// The need that cannot be seen.
        need: &'static str,
        /// Share of customers who meet there.
        customers: f64,
        /// Chance that one of them meets there on a workday.
        per_workday: f64,
    },
    /// Services embedded in other people's pages: contacts and visits that never leave the device.
    EmbeddedNoise {
        /// The services.
        services: Vec<&'static str>,
        /// Chance for each of them, customer and workday.
        per_workday: f64,
    },
    /// Services that hardly anybody uses.
    RareServices {
        /// The services.
        services: Vec<&'static str>,
        /// Share of customers who use each.
        customers: f64,
        /// Chance that one of them uses it on a workday.
        per_workday: f64,
    },
    /// Tries at a service of ours fail; for everybody and one week it is an outage.
    Fails {
        /// The service.
        service: &'static str,
        /// For whom; empty is everybody.
        departments: Vec<String>,
        /// From this week on.
        week: u32,
        /// The last week of it.
        until_week: u32,
        /// Share of tries that fail.
        failed: f64,
    },
    /// Signing in to a service of ours takes more steps than elsewhere.
    FrontDoor {
        /// The service.
        service: &'static str,
        /// For whom; empty is everybody.
        departments: Vec<String>,
        /// Steps; elsewhere it is one.
        steps: u32,
    },
    /// A department goes elsewhere where it is not at the office.
    Reach {
        /// Who.
        department: String,
        /// What of ours, at the office.
        from: &'static str,
        /// Where to, away from it.
        to: &'static str,
        /// Share of those who use it.
        customers: f64,
    },
    /// The company's own filter turns tries at services elsewhere away, now and then.
    TurnedAway {
        /// The services.
        services: Vec<&'static str>,
        /// Whom; empty is everybody.
        departments: Vec<String>,
        /// Share of those who use them whom it meets in a week.
        customers: f64,
    },
    /// A department tries a service, and is done with it weeks later.
    Fling {
        /// Who.
        department: String,
        /// With what.
        service: &'static str,
        /// From this week on.
        week: u32,
        /// For so many weeks.
        weeks: u32,
        /// Share of the department.
        customers: f64,
        /// Chance that one of them uses it on a workday.
        per_workday: f64,
    },
    /// A department has long been elsewhere.
    Relies {
        /// Who.
        department: String,
        /// What of ours they would use.
        from: &'static str,
        /// Where they are.
        to: &'static str,
        /// Share of those who would.
        customers: f64,
    },
    /// A department goes many ways for one need.
    Scattered {
        /// Who.
        department: String,
        /// For what.
        need: &'static str,
        /// Where, with weights.
        services: Vec<(&'static str, f64)>,
        /// Share of the department.
        customers: f64,
        /// Chance that one of them meets it on a workday.
        per_workday: f64,
    },
    /// IT decides something about a need of a department, writes it into the journal, and some come back, or nobody.
    Decision {
        /// About whom.
        department: String,
        /// From where.
        from: &'static str,
        /// To what of ours.
        to: &'static str,
        /// Decided on the Monday of this week.
        week: u32,
        /// The last have come back so many weeks later.
        over_weeks: u32,
        /// Share of those elsewhere that comes back.
        customers: f64,
    },
    /// Many begin to work here in one week.
    Onboarding {
        /// Where; empty is everywhere.
        departments: Vec<String>,
        /// The week.
        week: u32,
        /// Share of those who are there in the end.
        customers: f64,
    },
    /// Customers of a department belong to another one from a week on.
    Reorganisation {
        /// Which they leave.
        from: String,
        /// Which they are in then.
        to: String,
        /// The week.
        week: u32,
        /// Share of them.
        customers: f64,
    },
    /// Devices deliver a week after it was frozen.
    Late {
        /// The week.
        week: u32,
        /// Share of customers whose devices do.
        customers: f64,
    },
    /// Devices know a service only from the Wednesday of a week on.
    CatalogUpdate {
        /// The service.
        service: &'static str,
        /// The week.
        week: u32,
    },
    /// Customers work in partners' tenants of services.
    Partners {
        /// The services.
        services: Vec<&'static str>,
        /// Share of customers who do.
        customers: f64,
        /// Chance that one of them does on a workday.
        per_workday: f64,
    },
}

impl Planted {
    /// The week in which it begins, where it begins in the story at all.
    pub fn begins(&self) -> Option<u32> {
        match self {
            Self::Leaves { week, .. }
            | Self::ComesBack { week, .. }
            | Self::Spreads { week, .. }
            | Self::Unserved { week, .. }
            | Self::Fails { week, .. }
            | Self::Fling { week, .. }
            | Self::Decision { week, .. }
            | Self::Onboarding { week, .. }
            | Self::Reorganisation { week, .. }
            | Self::Late { week, .. }
            | Self::CatalogUpdate { week, .. } => Some(*week).filter(|week| *week > 1),
            _ => None,
        }
    }

    /// One line about it.
    pub fn in_words(&self) -> String {
        match self {
            Self::Leaves { department, from, to, .. } => format!("{department} leaves {from} for {to}"),
            Self::ComesBack { department, from, to, .. } => {
                format!("{department} comes back from {from} to {to}")
            }
            Self::Unserved { need, .. } => format!("nothing of ours for {need}"),
            Self::Spreads { service, departments, .. } => {
                format!("{service} spreads through {}", departments.join(", "))
            }
            Self::IdleClient { service, .. } => format!("{service} runs by itself and is hardly used"),
            Self::ChatSuiteMeetings { service, need, .. } => format!("{service} hides {need}"),
            Self::EmbeddedNoise { services, .. } => format!("{} are embedded in pages", services.join(", ")),
            Self::RareServices { services, .. } => format!("{} are hardly used at all", services.join(", ")),
            Self::Fails { service, departments, .. } => format!("{service} fails for {}", named(departments)),
            Self::FrontDoor { service, departments, steps } => {
                format!("{service} takes {steps} steps to sign in for {}", named(departments))
            }
            Self::Reach { department, from, to, .. } => {
                format!("{department} has {from} at the office and {to} away from it")
            }
            Self::TurnedAway { services, departments, .. } => {
                format!("our filter turns {} away from {}", named(departments), services.join(", "))
            }
            Self::Fling { department, service, .. } => format!("{department} tries {service}"),
            Self::Relies { department, to, .. } => format!("{department} has long been with {to}"),
            Self::Scattered { department, need, .. } => format!("{department} goes many ways for {need}"),
            Self::Decision { department, from, to, customers, .. } => {
                let came = if *customers > 0.0 { "some came" } else { "nobody came" };
                format!("decided about {department}, and {came} back from {from} to {to}")
            }
            Self::Onboarding { departments, .. } => format!("many begin in {}", named(departments)),
            Self::Reorganisation { from, to, .. } => format!("some of {from} belong to {to}"),
            Self::Late { .. } => "devices deliver late".to_owned(),
            Self::CatalogUpdate { service, .. } => format!("devices learn to know {service}"),
            Self::Partners { services, .. } => format!("partners call us to {}", services.join(", ")),
        }
    }
}

fn named(departments: &[String]) -> String {
    if departments.is_empty() { "everybody".to_owned() } else { departments.join(", ") }
}
