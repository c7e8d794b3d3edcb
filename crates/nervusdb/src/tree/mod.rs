//! One LSM tree: sorted runs in memory above levels of tables.

mod compaction;
mod levels;
mod merge;
mod source;
mod view;

pub(crate) use compaction::{Choice, Job, L0_LIMIT, choose, pressure};
pub(crate) use levels::Levels;
pub(crate) use merge::Merge;
pub(crate) use source::Source;
pub(crate) use view::{TreeView, get};
