//! The operations behind the npm package `tarbox`: one call an operation, bytes in, bytes out.
//!
//! A [`Workspace`] is what one client does, and has open, in the files of a [`Place`]: of a database in a browser
//! (`tarbox-web`), or of a tenant at a server (`tarbox-server`). What crosses the boundary is in [`Request`] and [`reply`];
//! what an operation does is in `tarbox-fs`.
//!
//! An operation is visible to the next one at once, and durable after [`Workspace::sync`]: whoever carries calls does that
//! once for all operations that arrived together.
#![forbid(unsafe_code)]

mod archive;
mod changes;
mod content;
mod entries;
mod handles;
mod history;
mod operations;
mod place;
mod replace;
pub mod reply;
mod request;
mod version;
mod workspace;

pub use operations::{CODES, Effect, OPERATIONS};
pub use place::{Bounds, Place};
pub use request::Request;
pub use version::version_of;
pub use workspace::{Limits, Workspace};
