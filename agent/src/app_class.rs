//! Which kind of program held a connection, and how that is known.
//!
//! Owns the class and its quality. `sockets` says it of what the kernel knows, `classify::judge` of all there is to
//! know. Refuses to know more than the class: no program, path or person.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of program behind a connection, never its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppClass {
    /// Nothing tells.
    #[default]
    Unknown,
    /// A web browser.
    Browser,
    /// The service vendor's own client.
    VendorClient,
    /// A developer's tool.
    DeveloperTool,
    /// The operating system.
    System,
    /// Anything else.
    Other,
}

/// How a class is known, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quality {
    /// One hello at more places than a client of one vendor goes to.
    Shape,
    /// The control group says how the program was started, not what it is: from a terminal, in a container, as a
    /// desktop program that stands in no table.
    Started,
    /// JA4 is that of a language's library, which developers' programs are written with, and others seldom.
    Library,
    /// The account is one of the system's own.
    Owner,
    /// JA4 is that of an engine that pages are shown with.
    Engine,
    /// Connections with the same hello to the same service had this control group, and no other.
    Alike,
    /// The control group names the program.
    Cgroup,
}

/// A class, and how it is known.
///
/// The better known one is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppMatch {
    /// How it is known.
    pub quality: Quality,
    /// The class; never [`AppClass::Unknown`].
    pub class: AppClass,
}

impl AppClass {
    /// The word for it in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Browser => "browser",
            Self::VendorClient => "vendor-client",
            Self::DeveloperTool => "developer-tool",
            Self::System => "system",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "shape",
            Self::Started => "started",
            Self::Library => "library",
            Self::Owner => "owner",
            Self::Engine => "engine",
            Self::Alike => "alike",
            Self::Cgroup => "cgroup",
        })
    }
}
