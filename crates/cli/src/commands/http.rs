//! Whom a program may ask over HTTP: `--allow-host`, and `[wasi.http]` of the file `tarbox.toml` beside the database.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use tarbox_host::{AllowedHost, HttpAccess};

use crate::failure::{Failure, Result};
use crate::platform;
use crate::print::escape;

/// The name of the file. It stands beside the database, since whoever may write there may change the database itself.
const FILE: &str = "tarbox.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    wasi: Wasi,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wasi {
    #[serde(default)]
    http: Http,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    #[serde(default)]
    allowed_hosts: Vec<String>,
    max_connections: Option<u16>,
    max_body_mb: Option<u32>,
    timeout_s: Option<u32>,
    max_duration_s: Option<u32>,
}

/// What the program may do: the hosts named on the command line and in the file, within the file's bounds.
///
/// # Errors
/// What is wrong with the file, in one line.
pub(crate) fn access(hosts: &[AllowedHost], database: Option<&Path>) -> Result<HttpAccess> {
    let file = database.map(|database| database.with_file_name(FILE));
    let mut access = match file {
        None => HttpAccess::default(),
        Some(path) => match fs::read_to_string(&path) {
            Ok(text) => parse(&text).map_err(|why| {
                let path = platform::bytes_of(path.as_os_str());
                Failure::usage(format!("{}: {}", escape(&path), escape(why.as_bytes())))
            })?,
            Err(e) if e.kind() == ErrorKind::NotFound => HttpAccess::default(),
            Err(e) => return Err(Failure::host(platform::bytes_of(path.as_os_str()), &e)),
        },
    };
    access.hosts.extend_from_slice(hosts);
    Ok(access)
}

fn parse(text: &str) -> Result<HttpAccess, String> {
    let config: Config = toml::from_str(text).map_err(|e| {
        let before = e.span().map_or("", |span| text.get(..span.start).unwrap_or(text));
        let line = 1 + before.matches('\n').count();
        let message = e.message().split_whitespace().collect::<Vec<_>>().join(" ");
        format!("line {line}: {message}")
    })?;
    let http = config.wasi.http;
    let mut access = HttpAccess::default();
    for host in &http.allowed_hosts {
        let host = host
            .parse()
            .map_err(|e| format!("[wasi.http] allowed_hosts: '{host}': {e}"))?;
        access.hosts.push(host);
    }
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    access.connections = http.max_connections.map_or(access.connections, usize::from);
    access.body = http.max_body_mb.map_or(access.body, |mb| u64::from(mb) << 20);
    access.patience = http.timeout_s.map_or(access.patience, seconds);
    access.duration = http.max_duration_s.map_or(access.duration, seconds);
    Ok(access)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_whom_and_how_much() {
        let text = "[wasi.http]\nallowed_hosts = [\"api.example.org\", \"*.example.net:8443\"]\n\
                    max_connections = 4\nmax_body_mb = 1\ntimeout_s = 2\nmax_duration_s = 3\n";
        let access = parse(text).unwrap();
        let hosts: Vec<_> = access.hosts.iter().map(ToString::to_string).collect();
        assert_eq!(hosts, ["api.example.org", "*.example.net:8443"]);
        assert_eq!((access.connections, access.body), (4, 1 << 20));
        assert_eq!(access.patience, Duration::from_secs(2));
        assert_eq!(access.duration, Duration::from_secs(3));
        for nothing in ["", "[wasi]", "[wasi.http]"] {
            assert!(parse(nothing).unwrap().hosts.is_empty());
        }
    }

    #[test]
    fn a_wrong_file_is_an_error_and_allows_nobody() {
        for (text, part) in [
            ("[wasi.http]\nallowed_hosts = [\"*\"]", "allowed_hosts: '*'"),
            ("[wasi.http]\n\nallow = []", "line 3: unknown field `allow`"),
            ("[wasi.http]\nallowed_hosts = \"*\"", "line 2"),
            ("[wasi.http]\nmax_connections = -1", "line 2"),
            ("[http", "line 1"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(part) && !why.contains('\n'), "{text}: {why}");
        }
    }
}
