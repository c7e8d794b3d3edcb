//! Instead of [`repair`](super::repair) in a browser: a page downloads the checks, and whoever has to mend a workspace
//! exports it and does that with the command line.

use rusqlite::Connection;
use tarbox_store::{Error, ErrorKind, Result};

use super::Left;
use super::finding::Finding;
use crate::engine::SqliteEngine;

pub(super) fn is_there() -> Result<()> {
    Err(Error::new(ErrorKind::Unsupported).because(
        "a workspace cannot be repaired in a browser: export what can be read, and import it into a new one",
    ))
}

pub(super) fn run(_: &Connection, _: &SqliteEngine, _: &[Finding]) -> Result<Left> {
    is_there().map(|()| Left::default())
}
