//! Which database: the one place that knows the kinds there are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tarbox_store::{Error, ErrorKind};
use tarbox_store_sqlite::{Options, SqliteDatabase};

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::platform;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A SQLite file, with its blocks beside it.
    Sqlite(PathBuf),
}

/// Whether a database that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Make,
    Refuse,
}

impl Location {
    /// Parses `sqlite:PATH` or a bare path.
    ///
    /// # Errors
    /// A scheme that is not known here.
    pub(crate) fn parse(url: &OsStr) -> Result<Self> {
        let bytes = platform::bytes_of(url);
        let path = match bytes.iter().position(|b| *b == b':') {
            Some(colon) if is_scheme(&bytes[..colon]) => match &bytes[..colon] {
                b"sqlite" => bytes[colon + 1..]
                    .strip_prefix(b"//")
                    .unwrap_or(&bytes[colon + 1..]),
                scheme => {
                    let scheme = crate::print::escape(scheme).into_owned();
                    let message = format!("unsupported kind of database '{scheme}:'; use sqlite:PATH");
                    return Err(Failure::usage(message));
                }
            },
            _ => &bytes,
        };
        if path.is_empty() || path.contains(&0) {
            return Err(Failure::usage("not the path of a database; use sqlite:PATH"));
        }
        Ok(Self::Sqlite(PathBuf::from(platform::os_string(path.to_vec()))))
    }

    /// The path of the database's own file.
    pub(crate) fn path(&self) -> &Path {
        let Self::Sqlite(path) = self;
        path
    }

    /// Opens the database.
    ///
    /// # Errors
    /// One line that says what is wrong with it and what to do.
    pub(crate) fn open(&self, missing: Missing) -> Result<SqliteDatabase> {
        let options = Options::new().create(missing == Missing::Make);
        let opened = platform::open_database(self.path(), &options);
        opened.map_err(|e| explain(e, &platform::bytes_of(self.path().as_os_str())))
    }
}

/// Letters, digits, `+ - .`, more than one: `C:` is no scheme.
fn is_scheme(text: &[u8]) -> bool {
    text.len() > 1
        && text[0].is_ascii_alphabetic()
        && text
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// What is wrong with a database that does not open.
fn explain(error: Error, path: &[u8]) -> Failure {
    let shown = crate::print::escape(path).into_owned();
    match error.kind() {
        ErrorKind::NotFound => {
            let message = format!("no database at {shown}; create one with 'tarbox init'");
            Failure::new(ErrorKind::NotFound, message)
        }
        ErrorKind::Invalid | ErrorKind::Unsupported | ErrorKind::Corrupt => {
            Failure::of(error, path).ending(Exit::CORRUPT)
        }
        _ => Failure::of(error, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_paths() {
        let path = |url: &str| Location::parse(url.as_ref()).map(|l| l.path().display().to_string());
        assert_eq!(path("sqlite:./a.db").unwrap(), "./a.db");
        assert_eq!(path("sqlite:///srv/a.db").unwrap(), "/srv/a.db");
        assert_eq!(path("a.db").unwrap(), "a.db");
        assert_eq!(path("/x/a:b.db").unwrap(), "/x/a:b.db");
        for url in ["postgres://x", "sqlite:", ""] {
            assert_eq!(path(url).unwrap_err().exit(), Exit::USAGE, "{url}");
        }
    }
}
