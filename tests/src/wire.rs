//! The numbers of the agent's eyes: what they see beside other tools, what they cost, and that they do not grow.

mod bulk;
mod cost;
mod explain;
mod flows;
pub mod growth;
pub mod live;
mod mixed;
pub mod names;
pub mod offline;
mod packet;
mod pcap;
mod seen;
mod tls;
mod truth;
mod world;
