//! The catalog's numbers: its size, what a lookup costs beside other ways to look up, how right it is on lists that
//! others made, and how right the evidence is on labelled sessions.
//!
//! Nothing here learns from what it scores: every list, name and label is only compared.

mod alike;
pub mod cost;
mod csv;
pub mod known;
mod made_up;
mod mix;
pub mod sessions;
pub mod size;
pub mod unwanted;
