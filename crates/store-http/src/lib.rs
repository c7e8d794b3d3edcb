//! The Tarbox store on a server: [`HttpStore`] is a [`Store`](tarbox_store::Store) whose operations another machine executes.
//!
//! Each operation is one request to `POST /api/v1/tenants/{tenant}/ops` ([`tarbox_protocol`]), and what was read before is answered
//! from memory. What the promises of `Store` come to across a network, and what an error then means, is said in
//! `docs/remote.md`; in short:
//!
//! * **Every change is executed once.** It is sent again until there is an answer, in a slot of a session, so that the server
//!   knows it again. If there is none in time, or the server has forgotten its sessions meanwhile, the error says that
//!   the change may or may not have been made.
//! * **Changes are sent at once** and in order; nothing is gathered. So they are visible to everybody when they return.
//! * **Caches are never older than what this client has seen**: each reply says how far it goes, and what was cached before that
//!   is not used until the change feed has gone as far. Changes of others arrive by the feed; where it is interrupted, nothing
//!   cached is used.
//!
//! It is generic over its [`Transport`]; [`Native`] has sockets and an event loop of its own. The rest knows no runtime.
#![forbid(unsafe_code)]

#[cfg(feature = "native")]
mod address;
mod cache;
mod calls;
mod client;
mod database;
mod feed;
mod looks;
mod options;
mod retry;
mod session;
mod stamps;
mod store;
mod transport;

#[cfg(feature = "native")]
mod native;

#[cfg(feature = "native")]
pub use address::Address;
pub use database::HttpDatabase;
#[cfg(feature = "native")]
pub use native::Native;
pub use options::Options;
pub use store::HttpStore;
pub use transport::{Lost, Request, Response, Transport};
