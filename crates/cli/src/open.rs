//! Which database: the one place that knows the kinds there are.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tarbox_store::{Database, Error, ErrorKind};
#[cfg(feature = "http")]
use tarbox_store_http::{Address, HttpDatabase, Native, Options as HttpOptions};
use tarbox_store_sqlite::{Options, SqliteDatabase};

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::platform;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A SQLite file, with its blocks beside it.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its URL.
    #[cfg(feature = "postgres")]
    Postgres(String),
    /// A Tarbox server.
    #[cfg(feature = "http")]
    Http(Address),
    /// A SQLite file that is a replica of a workspace at a Tarbox server.
    #[cfg(feature = "http")]
    Replica(PathBuf, Address),
}

/// Whether a database that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Make,
    Refuse,
}

impl Location {
    /// Parses `sqlite:PATH`, a bare path, `postgres://USER@HOST/NAME`, or `https://HOST/?tenant=NAME`.
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
                #[cfg(feature = "postgres")]
                b"postgres" | b"postgresql" => return Self::postgres(&bytes),
                #[cfg(feature = "http")]
                b"https" | b"http" => return Ok(Self::Http(address(&bytes)?)),
                scheme => {
                    let scheme = crate::print::escape(scheme).into_owned();
                    let message = format!("unsupported kind of database '{scheme}:'; use {KINDS}");
                    return Err(Failure::usage(message));
                }
            },
            _ => &bytes,
        };
        #[cfg(feature = "http")]
        let (path, server) = split_server(path);
        if path.is_empty() || path.contains(&0) {
            return Err(Failure::usage(format!("not the path of a database; use {KINDS}")));
        }
        let path = PathBuf::from(platform::os_string(path.to_vec()));
        #[cfg(feature = "http")]
        if let Some(server) = server {
            return Ok(Self::Replica(path, address(server)?));
        }
        Ok(Self::Sqlite(path))
    }

    /// Where the database is: as the command line and `TARBOX_DB` say, or by `TARBOX_DB_MODE` where neither says anything.
    ///
    /// # Errors
    /// A scheme or a mode that is not known here, and a variable that is missing.
    pub(crate) fn choose(url: &OsStr) -> Result<Self> {
        let said = std::env::var("TARBOX_DB_MODE")
            .ok()
            .filter(|mode| !mode.is_empty());
        let Some(mode) = said.filter(|_| url == DEFAULT_DB) else {
            return Self::parse(url);
        };
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let path = || variable("TARBOX_SQLITE_PATH").map_or_else(|| "./tarbox.db".into(), PathBuf::from);
        #[cfg(feature = "http")]
        let server = || {
            let url = variable("TARBOX_API_URL");
            let missing = || {
                Failure::usage(format!(
                    "TARBOX_DB_MODE={mode} needs TARBOX_API_URL=https://HOST/?tenant=NAME"
                ))
            };
            address(&platform::bytes_of(&url.ok_or_else(missing)?))
        };
        match mode.as_str() {
            "sqlite" => Ok(Self::Sqlite(path())),
            #[cfg(feature = "http")]
            "http" => Ok(Self::Http(server()?)),
            #[cfg(feature = "http")]
            "hybrid" => Ok(Self::Replica(path(), server()?)),
            _ => Err(Failure::usage(format!(
                "TARBOX_DB_MODE is sqlite, http or hybrid, not '{}'",
                crate::print::escape(mode.as_bytes())
            ))),
        }
    }

    #[cfg(feature = "postgres")]
    fn postgres(url: &[u8]) -> Result<Self> {
        let url =
            str::from_utf8(url).map_err(|_| Failure::usage("the URL of a database is UTF-8".to_owned()))?;
        Ok(Self::Postgres(url.to_owned()))
    }

    /// The tenant that the URL names; `given` is the one that the command line or the environment does, or the default.
    ///
    /// # Errors
    /// Both are named, and differ.
    #[cfg(feature = "http")]
    pub(crate) fn tenant(&self, given: &str) -> Result<Option<String>> {
        let Self::Http(address) = self else {
            return Ok(None);
        };
        match address.tenant() {
            Some(named) if given != named && given != DEFAULT_TENANT => Err(Failure::usage(format!(
                "the URL names the tenant '{}', and --tenant or TARBOX_TENANT '{}'",
                crate::print::escape(named.as_bytes()),
                crate::print::escape(given.as_bytes()),
            ))),
            named => Ok(named.map(str::to_owned)),
        }
    }

    /// Whether every operation is a request to a server, which does by itself what an engine in this process is told to.
    pub(crate) fn is_remote(&self) -> bool {
        #[cfg(feature = "http")]
        if let Self::Http(_) = self {
            return true;
        }
        false
    }

    /// The path of the database's own file, where it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            #[cfg(feature = "http")]
            Self::Replica(path, _) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
            #[cfg(feature = "http")]
            Self::Http(_) => None,
        }
    }

    /// What it is called in messages: without a password.
    pub(crate) fn shown(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Sqlite(path) => platform::bytes_of(path.as_os_str()),
            #[cfg(feature = "http")]
            Self::Replica(path, _) => platform::bytes_of(path.as_os_str()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Cow::Owned(without_password(url).into_bytes()),
            #[cfg(feature = "http")]
            Self::Http(address) => Cow::Owned(address.to_string().into_bytes()),
        }
    }
}

/// The address of a server.
#[cfg(feature = "http")]
fn address(url: &[u8]) -> Result<Address> {
    let shown = || crate::print::escape(url).into_owned();
    let wrong = |e: Error| Failure::usage(format!("{}: {e}", shown()));
    let text = str::from_utf8(url).map_err(|_| Failure::usage(format!("{}: a URL is UTF-8", shown())))?;
    let plain = std::env::var_os("TARBOX_ALLOW_HTTP").is_some_and(|value| value == "1");
    let address = Address::parse(text, plain).map_err(wrong)?;
    if let Ok(hosts) = std::env::var("TARBOX_ALLOWED_HOSTS") {
        let hosts: Vec<String> = hosts.split(',').map(|host| host.trim().to_owned()).collect();
        address.require_allowed(&hosts)?;
    }
    Ok(address)
}

/// A path, and the URL behind `?sync=`, if there is one.
#[cfg(feature = "http")]
fn split_server(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    const MARK: &[u8] = b"?sync=";
    match text.windows(MARK.len()).position(|window| window == MARK) {
        Some(at) => (&text[..at], Some(&text[at + MARK.len()..])),
        None => (text, None),
    }
}

/// A database of any kind.
#[cfg(feature = "transfer")]
pub(crate) trait AnyDatabase: Database + tarbox_store_core::transfer::OnCore {}
#[cfg(feature = "transfer")]
impl<D: Database + tarbox_store_core::transfer::OnCore> AnyDatabase for D {}

/// A database of any kind.
#[cfg(not(feature = "transfer"))]
pub(crate) trait AnyDatabase: Database {}
#[cfg(not(feature = "transfer"))]
impl<D: Database> AnyDatabase for D {}

/// Opens a SQLite database.
///
/// # Errors
/// One line that says what is wrong with it and what to do.
pub(crate) fn sqlite(path: &Path, missing: Missing) -> Result<SqliteDatabase> {
    let options = Options::new().create(missing == Missing::Make);
    let opened = SqliteDatabase::open(path, &options);
    opened.map_err(|e| explain(e, &platform::bytes_of(path.as_os_str())))
}

/// Opens a database on a PostgreSQL server.
///
/// # Errors
/// As [`sqlite`].
#[cfg(feature = "postgres")]
pub(crate) fn postgres(url: &str, missing: Missing) -> Result<tarbox_store_postgres::PostgresDatabase> {
    use tarbox_store_postgres::{Options, PostgresDatabase};
    let shown = without_password(url).into_bytes();
    let options = match Options::parse(url) {
        Ok(options) => options.create(missing == Missing::Make),
        Err(e) => return Err(Failure::usage(format!("{}: {e}", crate::print::escape(&shown)))),
    };
    PostgresDatabase::open(&options).map_err(|e| match e.kind() {
        ErrorKind::Unsupported | ErrorKind::Corrupt => Failure::of(e, &shown).ending(Exit::CORRUPT),
        _ => Failure::of(e, &shown),
    })
}

/// Reaches a Tarbox server.
///
/// # Errors
/// What is wrong with the key, or with what the environment says of caches.
#[cfg(feature = "http")]
pub(crate) fn http(address: &Address) -> Result<HttpDatabase<Native>> {
    let options = HttpOptions::from_environment(|name| std::env::var(name).ok());
    http_with(address, options.map_err(|e| Failure::usage(e.to_string()))?)
}

/// The same with options of one's own.
///
/// # Errors
/// What is wrong with the key.
#[cfg(feature = "http")]
pub(crate) fn http_with(address: &Address, options: HttpOptions) -> Result<HttpDatabase<Native>> {
    let key = std::env::var("TARBOX_API_KEY").ok().filter(|key| !key.is_empty());
    Ok(HttpDatabase::new(
        Native::new(address, key.as_deref())?,
        address.base(),
        options,
    ))
}

/// A URL as it may be printed.
#[cfg(feature = "postgres")]
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let rest = match rest[..end].rsplit_once('@') {
        Some((user, _)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{name}{}", &rest[user.len()..])
        }
        None => rest.to_owned(),
    };
    // What comes behind `?` says how to connect, not where.
    let place = rest.split('?').next().unwrap_or_default();
    format!("{scheme}://{place}")
}

/// What is named where nobody names anything.
pub(crate) const DEFAULT_DB: &str = "sqlite:./tarbox.db";

/// How databases are named.
const KINDS: &str = match (cfg!(feature = "postgres"), cfg!(feature = "http")) {
    (true, true) => "sqlite:PATH, postgres://USER@HOST/NAME or https://HOST/?tenant=NAME",
    (true, false) => "sqlite:PATH or postgres://USER@HOST/NAME",
    (false, true) => "sqlite:PATH or https://HOST/?tenant=NAME",
    (false, false) => "sqlite:PATH",
};
/// The tenant where none is named.
#[cfg(feature = "http")]
const DEFAULT_TENANT: &str = "default";

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
        let path = |url: &str| {
            Location::parse(url.as_ref()).map(|l| String::from_utf8(l.shown().into_owned()).unwrap())
        };
        assert_eq!(path("sqlite:./a.db").unwrap(), "./a.db");
        assert_eq!(path("sqlite:///srv/a.db").unwrap(), "/srv/a.db");
        assert_eq!(path("a.db").unwrap(), "a.db");
        assert_eq!(path("/x/a:b.db").unwrap(), "/x/a:b.db");
        #[cfg(feature = "http")]
        match Location::parse("sqlite:./a.db?sync=https://h.example/?tenant=t".as_ref()).unwrap() {
            Location::Replica(path, server) => {
                assert_eq!(path, Path::new("./a.db"));
                assert_eq!((server.host(), server.tenant()), ("h.example", Some("t")));
            }
            other => panic!("{other:?}"),
        }
        for url in [
            "mysql://x",
            "sqlite:",
            "",
            "sqlite:a.db?sync=ftp://h",
            "sqlite:?sync=https://h",
        ] {
            #[cfg(not(feature = "http"))]
            if url.contains("?sync=") {
                continue;
            }
            assert_eq!(path(url).unwrap_err().exit(), Exit::USAGE, "{url}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            (
                "postgres://me:secret@host:5432/db?sslmode=require",
                "postgres://me@host:5432/db",
            ),
            ("postgres:///db?host=/run/pg&password=secret", "postgres:///db"),
            ("postgres://me:a@b@host/db", "postgres://me@host/db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
