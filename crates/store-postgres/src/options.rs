//! How a database is opened.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tarbox_store::{Error, ErrorKind, Result, Timestamp};
use tarbox_store_core::Clock;
use tokio_postgres::Config;

use crate::wire::Tls;

/// Connections of a process, unless the URL says otherwise (`connections=N`). Commits of different tenants share them.
const CONNECTIONS: usize = 6;
/// How long an operation waits for a server that went away, unless the URL says otherwise (`patience=SECONDS`).
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the server may take to answer a new connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Where a database is, and how it is opened.
#[derive(Clone)]
pub struct Options {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    pub(crate) connections: usize,
    pub(crate) patience: Duration,
    pub(crate) create: bool,
    pub(crate) background: bool,
    pub(crate) cache_bytes: u64,
    pub(crate) clock: Clock,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("config", &self.config)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Parses `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. A directory of sockets is given as `?host=/DIRECTORY`, the
    /// password also by the environment (`PGPASSWORD`).
    ///
    /// # Errors
    /// `Invalid`, with what is wrong; the password is not repeated.
    pub fn parse(url: &str) -> Result<Self> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut kept = Vec::new();
        let (mut mode, mut roots) = (String::new(), None);
        let (mut connections, mut patience) = (CONNECTIONS, PATIENCE);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8_lossy();
            match key {
                "sslmode" => mode = value.into_owned(),
                "sslrootcert" => roots = Some(PathBuf::from(&*value)),
                "connections" => {
                    let number = value.parse().ok().filter(|n| (1..=1000).contains(n));
                    connections = number.ok_or_else(|| invalid("connections is a number from 1 to 1000"))?;
                }
                "patience" => {
                    let number = value.parse().ok().filter(|n| (1..=3600).contains(n));
                    let seconds =
                        number.ok_or_else(|| invalid("patience is a number of seconds from 1 to 3600"))?;
                    patience = Duration::from_secs(seconds);
                }
                _ => kept.push(pair),
            }
        }
        let (passed, tls) = match &*mode {
            "" | "prefer" | "allow" => ("prefer", Tls::Unchecked),
            "disable" => ("disable", Tls::Unchecked),
            "require" => ("require", Tls::Unchecked),
            "verify-ca" | "verify-full" => ("require", Tls::Checked(roots)),
            _ => {
                return Err(invalid(
                    "sslmode is disable, prefer, require, verify-ca or verify-full",
                ));
            }
        };
        let mode = format!("sslmode={passed}");
        kept.push(&mode);
        let parsed = Config::from_str(&format!("{base}?{}", kept.join("&")));
        let mut config = parsed.map_err(|e| invalid("this is not the URL of a database").caused_by(e))?;
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        if config.get_application_name().is_none() {
            config.application_name("tarbox");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        // A machine that is gone is noticed, and its connections do not stay for hours.
        config
            .tcp_user_timeout(Duration::from_secs(20))
            .keepalives_idle(Duration::from_secs(10));
        Ok(Self {
            config,
            tls,
            connections,
            patience,
            create: false,
            background: true,
            cache_bytes: 64 * 1024 * 1024,
            clock: Arc::new(Timestamp::of_system),
        })
    }

    /// Whether tables that are not there are made.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Whether a thread commits what nobody waits for.
    #[must_use]
    pub fn background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// Bytes of rows and blocks kept in memory.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Where the time of files comes from.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::Invalid).because(what)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::{Host, SslMode};

    use super::*;

    #[test]
    fn urls_say_where_and_how() {
        let options =
            Options::parse("postgres://me@db.example:5433/files?sslmode=verify-full&connections=3").unwrap();
        assert_eq!(options.config.get_hosts(), [Host::Tcp("db.example".into())]);
        assert_eq!(options.config.get_ports(), [5433]);
        assert_eq!(options.config.get_user(), Some("me"));
        assert_eq!(options.config.get_dbname(), Some("files"));
        assert_eq!(options.config.get_ssl_mode(), SslMode::Require);
        assert_eq!((options.tls, options.connections), (Tls::Checked(None), 3));
        let socket = Options::parse("postgres:///files?host=/run/pg").unwrap();
        assert_eq!(socket.config.get_hosts(), [Host::Unix("/run/pg".into())]);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for url in [
            "postgres://a:secret@h/d?sslmode=maybe",
            "postgres://a:secret@h:x/d",
            "postgres://a:secret@h/d?connections=0",
        ] {
            let error = Options::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
