//! Paths: where they begin, how far they may lead, and how they are resolved.

mod at;
mod component;
mod resolver;

pub use at::{At, Confine, Follow, PathAt};
pub use component::{LastComponent, PATH_MAX, SYMLINKS_MAX};
pub(crate) use resolver::resolve;
pub use resolver::{Parent, Resolver};

/// The longest name, bytes.
pub const NAME_MAX: usize = 255;
