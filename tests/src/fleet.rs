//! A whole company, simulated: who works there, what they do each day, and the truth about it.
//!
//! `story` says what company it is and what happens in it; `company` draws its customers and devices from the
//! seed; `behaviour` says what one customer does on one date; `device_day` writes that down as an agent would;
//! `truth` counts it, so that whatever the collector publishes can be checked.
//!
//! Always: the same story and seed give the same bytes. Each customer has random streams of their own, so neither
//! the order nor the number of the others changes what one customer does. Nothing here reads a clock.

pub mod behaviour;
pub mod company;
pub mod device_day;
pub mod history;
pub mod live;
pub mod story;
pub mod truth;

pub use company::Company;
pub use history::History;
pub use story::Story;
pub use truth::Truth;
