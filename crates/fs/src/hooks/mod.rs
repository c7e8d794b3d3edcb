//! The virtual directory `/.tarbox`: layers, snapshots, audit and statistics, driven by plain reads and writes.
//! `docs/hooks.md` describes every file of it.

mod calendar;
mod command;
mod node;
mod read;
mod render;
mod session;
mod tree;
mod write;

use tarbox_store::Cookie;

pub(crate) use node::Node;
pub(crate) use session::Session;

/// The directory in the root through which a workspace is controlled. It is not made of files, so no transfer reads or makes it.
pub const CONTROL: &[u8] = b".tarbox";
/// Its path.
pub(crate) const ROOT_PATH: &str = "/.tarbox";
/// Its cookie, behind those of all real entries.
pub(crate) const ROOT_COOKIE: Cookie = Cookie(i64::MAX as u64);
