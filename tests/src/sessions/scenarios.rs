//! What is played: each scenario is a function of a session's dice.

mod code;
mod desk;
mod idle;
mod look;
mod meet;
mod native;
mod pages;
mod pulls;
mod quick;
mod reader;
mod shared;
mod sync;
mod tools;
mod video;
mod work;

use super::play::Play;

/// Something that happens at a desk.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name, of the files too.
    pub name: &'static str,
    /// In a line.
    pub about: &'static str,
    /// Whether somebody works with a service in it.
    pub is_use: bool,
    pub(super) play: fn(&mut Play) -> anyhow::Result<()>,
}

/// All there are, those without use first.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    [
        pages::SCENARIOS,
        quick::SCENARIOS,
        video::SCENARIOS,
        look::SCENARIOS,
        shared::VIEWED,
        tools::INSTALLS,
        pulls::SCENARIOS,
        idle::SCENARIOS,
        native::SCENARIOS,
        desk::AT_REST,
    ]
    .into_iter()
    .chain([
        work::SCENARIOS,
        shared::FETCHED,
        sync::SCENARIOS,
        meet::SCENARIOS,
        tools::DEPLOYS,
        code::SCENARIOS,
        desk::AT_WORK,
    ])
    .flatten()
}
