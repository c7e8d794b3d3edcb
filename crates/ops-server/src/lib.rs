//! The server's side of a remote store: `POST /api/v1/tenants/{tenant}/ops`.
//!
//! [`serve`] takes the bytes of a [batch](tarbox_protocol::Batch) and answers those of a reply; it knows no HTTP. [`Ops`] keeps what
//! outlives a request (open tenants, sessions, who waits for changes) and has an axum router around it:
//!
//! ```ignore
//! let ops = Ops::new(database, Options::default());
//! let app = others.merge(ops.router()).layer(authenticate); // which puts a `Caller` into the request's extensions
//! ```
//!
//! **Who may call.** A [`Store`](tarbox_store::Store) has no permission checks: those are in the file system above it, which here
//! runs at the client. So a key that acts as one user, or below one directory, must not come here: a [`Caller`] says
//! whether its key is for the whole tenant, and any other is refused. Every inode number, layer and session of a request is looked up
//! within the caller's tenant alone.
//!
//! **Sessions.** What a client holds open lives as long as its session, which any request renews, and which ends when the client
//! has been silent for a lease. A batch with a [slot](tarbox_protocol::Slot) is executed once, however often it is sent: the last reply of
//! each slot is kept. Both are in the memory of this server.
#![forbid(unsafe_code)]

mod caller;
mod desk;
mod execute;
mod feed;
mod refusal;
mod router;
mod session;

pub use caller::Caller;
pub use desk::{Clock, Desk, Options, serve};
pub use refusal::Refusal;
pub use router::Ops;
