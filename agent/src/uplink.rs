//! The agent visits the collector: the way there, the papers shown, what is said.

pub mod connection;
pub mod proxy;
pub mod tls;
