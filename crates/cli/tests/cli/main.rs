//! Runs the real command on real databases: every command, its JSON, its exit codes, and what it says when things go
//! wrong.

mod attributes;
mod audit;
#[cfg(feature = "transfer")]
mod backup;
mod bad_input;
mod documents;
#[cfg(feature = "js")]
mod fetch;
mod files;
#[cfg(feature = "graph")]
mod graph;
mod help;
#[cfg(feature = "serve")]
mod histories;
#[cfg(feature = "serve")]
mod http;
#[cfg(feature = "js")]
mod js;
#[cfg(all(feature = "http", feature = "serve"))]
mod kills;
mod layers;
mod listing;
#[cfg(feature = "serve")]
mod mcp;
#[cfg(all(feature = "mount", target_os = "linux"))]
mod mount;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(all(feature = "http", feature = "serve"))]
mod remote;
#[cfg(feature = "serve")]
mod serve;
mod snapshot;
mod support;
#[cfg(all(feature = "http", feature = "serve"))]
mod sync;
mod tar;
mod tenants;
mod transfer;
