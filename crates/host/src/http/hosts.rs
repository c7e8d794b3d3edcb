//! Names of hosts that a program may send requests to.
//!
//! A name is compared in its canonical form (lower case, punycode, without the dot of the root, addresses as numbers), and
//! the request is sent to exactly that form: what was compared is what is connected to.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// Hosts that a program may send requests to: one name or address, or all names below a domain; at one port, or at the port
/// of the scheme (80 or 443).
///
/// As text `HOST`, `HOST:PORT`, `*.DOMAIN` or `*.DOMAIN:PORT`; an IPv6 address is in brackets. `*.DOMAIN` is not `DOMAIN`
/// itself, and a domain has at least two labels, so that nothing stands for all hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    name: Name,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Exact(Host),
    Below(String),
}

/// Why a text names no host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongHost(&'static str);

impl fmt::Display for WrongHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for WrongHost {}

impl FromStr for AllowedHost {
    type Err = WrongHost;

    fn from_str(text: &str) -> Result<Self, WrongHost> {
        if text.contains('/') {
            return Err(WrongHost("a host is HOST[:PORT], without a scheme or a path"));
        }
        let (host, port) = split(text).ok_or(WrongHost(
            "a host is HOST[:PORT], with a port from 1 to 65535 and an IPv6 address in brackets",
        ))?;
        let name = match host.strip_prefix("*.") {
            Some(domain) => match canonical(domain) {
                Some(Host::Domain(domain)) if domain.contains('.') => Name::Below(domain),
                _ => return Err(WrongHost("'*.' stands before a domain of two labels or more")),
            },
            None if host.contains('*') => {
                return Err(WrongHost("'*' can only stand first, before '.' and a domain"));
            }
            None => Name::Exact(canonical(host).ok_or(WrongHost("not the name or address of a host"))?),
        };
        Ok(Self { name, port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Exact(host) => host.fmt(f)?,
            Name::Below(domain) => write!(f, "*.{domain}")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl AllowedHost {
    /// Whether these are the host and port of a request.
    pub(super) fn is(&self, target: &Target) -> bool {
        let host = match (&self.name, &target.host) {
            (Name::Exact(host), asked) => host == asked,
            (Name::Below(domain), Host::Domain(asked)) => asked
                .strip_suffix(domain)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            (Name::Below(_), _) => false,
        };
        host && target.port == self.port.unwrap_or(target.usual)
    }
}

/// Where a request is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    host: Host,
    port: u16,
    /// The port of the scheme.
    usual: u16,
}

impl Target {
    /// What an authority names; `None` if it names nothing, or also a user.
    pub(super) fn parse(authority: &str, usual: u16) -> Option<Self> {
        let (host, port) = split(authority)?;
        Some(Self {
            host: canonical(host)?,
            port: port.unwrap_or(usual),
            usual,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port == self.usual {
            true => self.host.fmt(f),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// A host and a port, if there is one; `None` if it is no port.
fn split(text: &str) -> Option<(&str, Option<u16>)> {
    let end = match text.starts_with('[') {
        true => text.find(']')? + 1,
        false => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(end);
    if rest.is_empty() {
        return Some((host, None));
    }
    let digits = rest.strip_prefix(':')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let port = is_number.then(|| digits.parse().ok()).flatten();
    Some((host, Some(port.filter(|port| *port != 0)?)))
}

/// The one form of a name. Escapes and empty labels, which resolvers take in different ways, are in none.
fn canonical(text: &str) -> Option<Host> {
    if text.contains(['%', '*']) {
        return None;
    }
    match Host::parse(text).ok()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            let is_whole = name.split('.').all(|label| !label.is_empty());
            is_whole.then(|| Host::Domain(name.to_owned()))
        }
        address => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(hosts: &str, authority: &str, usual: u16) -> bool {
        let host: AllowedHost = hosts.parse().unwrap();
        Target::parse(authority, usual).is_some_and(|target| host.is(&target))
    }

    #[test]
    fn a_name_is_itself_in_every_spelling_and_nothing_else() {
        for (host, same, others) in [
            (
                "example.org",
                &[
                    "example.org",
                    "EXAMPLE.org",
                    "example.org.",
                    "example.org:443",
                    "ｅxample.org",
                ][..],
                &[
                    "example.org:80",
                    "example.org:8443",
                    "sub.example.org",
                    "example.org.evil",
                    "notexample.org",
                    "example.org..",
                    "example.org@evil",
                    "user@example.org",
                    "example.org:",
                    "example.org:+443",
                    "example.org:65979",
                    "ex%61mple.org",
                    "example.org%00",
                    "",
                    ".",
                ][..],
            ),
            (
                "Bücher.example:8443",
                &["xn--bcher-kva.example:8443", "BÜCHER.example.:8443"],
                &["xn--bcher-kva.example", "bucher.example:8443"],
            ),
            (
                "*.example.org",
                &["a.example.org", "a.b.EXAMPLE.org.", "xn--bcher-kva.example.org"],
                &[
                    "example.org",
                    ".example.org",
                    "aexample.org",
                    "a.example.org:8443",
                    "a..example.org",
                ],
            ),
            (
                "127.0.0.1:80",
                &["127.0.0.1:80", "0x7f.1:80", "2130706433:80", "127.0.0.1.:80"],
                &[
                    "localhost:80",
                    "127.0.0.2:80",
                    "[::ffff:127.0.0.1]:80",
                    "127.0.0.1",
                ],
            ),
            (
                "[::1]:81",
                &["[::1]:81", "[0:0::1]:81"],
                &["[::1]", "::1", "[::1%251]:81", "[::1]x:81", "127.0.0.1:81"],
            ),
        ] {
            for authority in same {
                assert!(allowed(host, authority, 443), "{host} is {authority}");
            }
            for authority in others {
                assert!(!allowed(host, authority, 443), "{host} is not {authority}");
            }
        }
        assert!(allowed("example.org", "example.org:80", 80));
    }

    #[test]
    fn nothing_stands_for_all_hosts() {
        for wrong in [
            "",
            "*",
            "*.",
            "*.*",
            "*.org",
            "*.com.",
            "**.example.org",
            "a.*.org",
            "ex*mple.org",
            "*:80",
            "https://example.org",
            "example.org/",
            "example.org:0",
            "example.org:65536",
            "example.org:",
            "::1",
            "[::1",
            "*.127.0.0.1",
            "*.[::1]",
            "a b.org",
            "user@example.org",
            "a..org",
        ] {
            assert!(wrong.parse::<AllowedHost>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn requests_go_to_the_canonical_form() {
        for (authority, canonical) in [
            ("EXAMPLE.org.:443", "example.org"),
            ("example.org:80", "example.org:80"),
            ("0x7f.1", "127.0.0.1"),
            ("[0::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(Target::parse(authority, 443).unwrap().to_string(), canonical);
        }
    }
}
