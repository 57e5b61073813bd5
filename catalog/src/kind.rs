//! The closed lists that the catalog's files choose from: roles of hosts, kinds of plumbing.

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
