//! A workspace as the tools of an agent, by the Model Context Protocol: files are read, written, edited and searched; layers are
//! sealed, compared and switched; the audit tells who did what.
//!
//! What an agent may do is what its [`Desk`] allows: a directory, a user, a [`Scope`](tarbox_store::Scope). Over HTTP each request brings the key that
//! says so ([`Desks`]); on standard input and output there is one desk from the beginning.
#![forbid(unsafe_code)]

mod desk;
mod history;
mod read;
mod search;
mod server;
mod tool;
mod write;

pub use desk::{Desk, Desks, Only};
pub use server::Agent;
