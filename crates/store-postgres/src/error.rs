//! What PostgreSQL says, by POSIX's names.

use std::fmt::Write as _;

use tarbox_store::{Error, ErrorKind};
use tokio_postgres::error::SqlState;

/// Whether the same may be tried again on another connection: the server was not reached, or went away.
pub(crate) fn is_gone(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => [
            &SqlState::ADMIN_SHUTDOWN,
            &SqlState::CRASH_SHUTDOWN,
            &SqlState::CANNOT_CONNECT_NOW,
            &SqlState::TOO_MANY_CONNECTIONS,
            &SqlState::IDLE_SESSION_TIMEOUT,
            &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(&code),
        None => {
            error.is_closed()
                || std::error::Error::source(error).is_some_and(|below| below.is::<std::io::Error>())
        }
    }
}

/// Whether a transaction met another one, and may be tried again as it is.
pub(crate) fn is_conflict(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the fence refused a commit.
pub(crate) fn is_fence(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::CHECK_VIOLATION)
}

/// Whether this role may only read.
pub(crate) fn is_forbidden(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE || *code == SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// Whether a table of ours is not there.
pub(crate) fn is_missing(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::INVALID_SCHEMA_NAME)
}

/// The one translation of PostgreSQL's errors.
pub(crate) fn failed(error: tokio_postgres::Error) -> Error {
    let (kind, detail) = match error.code() {
        None if is_gone(&error) => (ErrorKind::Io, "the database server cannot be reached"),
        None => (ErrorKind::Io, "the database server cannot be talked to"),
        Some(code) => match *code {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
                ErrorKind::Access,
                "the database server refuses this user or password",
            ),
            SqlState::INVALID_CATALOG_NAME => {
                (ErrorKind::NotFound, "there is no such database on the server")
            }
            SqlState::TOO_MANY_CONNECTIONS => (
                ErrorKind::Busy,
                "the database server has no connection left: raise max_connections, or use fewer",
            ),
            SqlState::CANNOT_CONNECT_NOW | SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => {
                (ErrorKind::Io, "the database server is starting or stopping")
            }
            SqlState::INSUFFICIENT_PRIVILEGE => {
                (ErrorKind::ReadOnly, "this role may not write to the database")
            }
            SqlState::READ_ONLY_SQL_TRANSACTION => (ErrorKind::ReadOnly, "the database takes no changes"),
            SqlState::DISK_FULL => (ErrorKind::NoSpace, "the database server's disk is full"),
            SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME => (
                ErrorKind::NotFound,
                "the database holds no Tarbox tables yet; make them with 'tarbox init'",
            ),
            SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => (
                ErrorKind::Corrupt,
                "the database server found damage in its files",
            ),
            _ => (ErrorKind::Io, "the database server refused a statement"),
        },
    };
    Error::new(kind).because(detail).caused_by(said(&error))
}

/// The server's own words, with what lies below them.
fn said(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{} ({})", db.message(), db.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(below) = source {
        let _ = write!(text, ": {below}");
        source = below.source();
    }
    text
}

/// The engine's own event loop is gone: the database was closed meanwhile.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Io).because("the database was closed")
}
