//! Watching: the log, told as changes of a path and of what is below it.

mod events;
mod watcher;

pub(crate) use events::changes;
pub use watcher::Watch;
