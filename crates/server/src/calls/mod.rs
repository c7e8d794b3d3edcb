//! The operations of the npm package, for pages and programs that have no file system on their side: batches of calls, a
//! request each. What an operation means is in `tarbox-calls`.

mod batch;
mod place;
mod sessions;

pub(crate) use batch::{BATCH_MAX, Batch, Call, Does, calls};
pub(crate) use place::{Served, run, workspace};
pub(crate) use sessions::{Gone, Sessions, Shared, State, Turn};
