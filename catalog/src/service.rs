//! What the catalog speaks of: needs, services, and what a name can turn out to be.

use crate::attribute::AttributeName;

/// A job that customers hire a service for.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// Stable id, such as `send-once`.
    pub id: &'static str,
    /// What people read, such as "Send something once".
    pub name: &'static str,
    /// The job to be done, in a few words.
    pub job: &'static str,
}

/// A cloud service: one thing that is used for one need.
///
/// A suite is several services where its hosts tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service<'c> {
    /// Stable id, kebab-case: `google-drive`.
    pub id: &'c str,
    /// What people read: "Google Drive".
    pub name: &'c str,
    /// Who offers it: "Google".
    pub vendor: &'c str,
    /// Host of the home page: `drive.google.com`.
    pub home: &'c str,
    /// Id of the [`Need`] it serves.
    pub need: &'c str,
    /// As often private as work (webmail, messengers, social networks): in no figure by default.
    pub as_often_private: bool,
}

/// One publicly known fact about a service, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'c> {
    /// What it is about.
    pub name: AttributeName,
    /// In words: "2 GB", "yes". [`AttributeName::read`] tells what they say.
    pub value: &'c str,
    /// Address of the page that says so.
    pub source: &'c str,
    /// The last month in which that page is known to have said so, `2026-11`.
    pub month: &'c str,
}

/// What a host does for its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The service itself, where the work is done.
    App,
    /// Where one signs in to it.
    Login,
    /// Where it is administered or built upon.
    Console,
    /// The service itself under a host of one organisation: `acme.sharepoint.com`.
    Tenant,
    /// What its programs and other people's programs call.
    Api,
    /// Files, images and streams of the service, also fetched by pages and mails of others.
    Content,
    /// What other people's pages load: widgets, players, scripts.
    Embed,
    /// Something its customers publish there for the world: a contact says nothing about the service.
    Hosted,
    /// Its own domain: presentation, help and often the service too.
    Site,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 9] = [
        Role::App,
        Role::Login,
        Role::Console,
        Role::Tenant,
        Role::Api,
        Role::Content,
        Role::Embed,
        Role::Hosted,
        Role::Site,
    ];

    /// The word for it in the catalog's files and in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::App => "app",
            Role::Login => "login",
            Role::Console => "console",
            Role::Tenant => "tenant",
            Role::Api => "api",
            Role::Content => "content",
            Role::Embed => "embed",
            Role::Hosted => "hosted",
            Role::Site => "site",
        }
    }
}

/// Why a name is contacted without anybody wanting a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlumbingKind {
    /// Advertising and its trackers.
    AdTracker,
    /// Measurement of pages and programs.
    Analytics,
    /// Checks that a visitor is no robot.
    Captcha,
    /// Shared delivery networks.
    Cdn,
    /// Revocation lists and OCSP.
    Certificates,
    /// Captive portal checks and "what is my address".
    Connectivity,
    /// Cookie banners.
    Consent,
    /// Printers, phones, watches, home devices, consoles.
    DeviceCloud,
    /// Name resolution by encrypted DNS.
    Dns,
    /// Fonts, maps, players and scripts that pages of others load, of no service in the catalog.
    Embedded,
    /// Names of the local network: `.local`, reverse lookups, the router at home.
    LocalNetwork,
    /// Push notification channels.
    Push,
    /// Lists of dangerous sites that browsers ask.
    SafeBrowsing,
    /// What the operating system and programs report about themselves.
    Telemetry,
    /// Network time.
    TimeSync,
    /// Updates of the operating system and of programs.
    Update,
    /// What is left of a big vendor's own domain once its services are told apart: search, home pages, downloads,
    /// background calls.
    Vendor,
}

impl PlumbingKind {
    /// All kinds.
    pub const ALL: [PlumbingKind; 17] = [
        PlumbingKind::AdTracker,
        PlumbingKind::Analytics,
        PlumbingKind::Captcha,
        PlumbingKind::Cdn,
        PlumbingKind::Certificates,
        PlumbingKind::Connectivity,
        PlumbingKind::Consent,
        PlumbingKind::DeviceCloud,
        PlumbingKind::Dns,
        PlumbingKind::Embedded,
        PlumbingKind::LocalNetwork,
        PlumbingKind::Push,
        PlumbingKind::SafeBrowsing,
        PlumbingKind::Telemetry,
        PlumbingKind::TimeSync,
        PlumbingKind::Update,
        PlumbingKind::Vendor,
    ];

    /// The word for it in the catalog's files and in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            PlumbingKind::AdTracker => "ad-tracker",
            PlumbingKind::Analytics => "analytics",
            PlumbingKind::Captcha => "captcha",
            PlumbingKind::Cdn => "cdn",
            PlumbingKind::Certificates => "certificates",
            PlumbingKind::Connectivity => "connectivity",
            PlumbingKind::Consent => "consent",
            PlumbingKind::DeviceCloud => "device-cloud",
            PlumbingKind::Dns => "dns",
            PlumbingKind::Embedded => "embedded",
            PlumbingKind::LocalNetwork => "local-network",
            PlumbingKind::Push => "push",
            PlumbingKind::SafeBrowsing => "safe-browsing",
            PlumbingKind::Telemetry => "telemetry",
            PlumbingKind::TimeSync => "time-sync",
            PlumbingKind::Update => "update",
            PlumbingKind::Vendor => "vendor",
        }
    }
}

/// One rule of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'c> {
    /// The name that it is about.
    pub name: &'c str,
    /// Stands for this very name, not for those below it.
    pub exact: bool,
    /// What the name is.
    pub verdict: Verdict<'c>,
}

/// What a name turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'c> {
    /// A host of a service.
    Service {
        /// Which one.
        service: Service<'c>,
        /// What this host does for it.
        role: Role,
        /// The host is the service's own, but pages of others load from it too: a contact alone is weak.
        often_embedded: bool,
    },
    /// Contacted by machines for themselves; only ever counted.
    Plumbing(PlumbingKind),
    /// Private life: to be dropped before anything is kept.
    Personal,
    /// Not in the catalog.
    Unknown,
}

impl Verdict<'_> {
    /// The word for it in what the programs print.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Service { .. } => "service",
            Verdict::Plumbing(_) => "plumbing",
            Verdict::Personal => "personal",
            Verdict::Unknown => "unknown",
        }
    }
}
