//! The operations of a tenant, each a few steps on rows under the state's lock.

mod accounts;
mod attrs;
mod audit;
mod copy;
mod diff;
mod guard;
mod history;
mod holds;
mod list;
mod names;
mod paths;
mod ranges;
mod read;
mod rename;
mod rows;
mod space;
mod write;
mod xattrs;

pub(crate) use copy::{Copied, CopyRange};
