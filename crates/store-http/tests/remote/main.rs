//! The store on a server, as its users find it: in process and through sockets, on both engines.

mod faults;
mod server;

mod contract;
mod exactly_once;
mod histories;
mod looks;
mod network;
mod sessions;
mod shared;
