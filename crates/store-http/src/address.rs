//! Where a server is.

use std::fmt;
use std::net::IpAddr;

use tarbox_store::{Error, ErrorKind, Result};
use url::{Host, Url};

use crate::options::invalid;

/// Where a server is: its origin, and what comes before `/api` in its paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    tenant: Option<String>,
}

impl Address {
    /// Parses `https://HOST[:PORT][/PATH][?tenant=NAME]`.
    ///
    /// # Errors
    /// `Invalid`, with what is wrong. `http://` is for this machine alone, unless `plain` allows it: keys and content would
    /// pass over the network for everybody to read.
    pub fn parse(text: &str, plain: bool) -> Result<Self> {
        let mut url =
            Url::parse(text).map_err(|e| invalid("this is not the URL of a server").caused_by(e))?;
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => plain || is_loopback(&url),
            _ => return Err(invalid("the URL of a server begins with https://")),
        };
        if !is_safe {
            return Err(invalid(
                "http:// sends the key and all content unprotected: use https://, or set TARBOX_ALLOW_HTTP=1",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("a key is not part of the URL: set TARBOX_API_KEY"));
        }
        if url.fragment().is_some() {
            return Err(invalid("the URL of a server has no fragment"));
        }
        let mut tenant = None;
        for (name, value) in url.query_pairs() {
            match &*name {
                "tenant" if tenant.is_none() && !value.is_empty() => tenant = Some(value.into_owned()),
                "tenant" => return Err(invalid("the URL names one tenant")),
                _ => return Err(invalid("the URL of a server has no parameter but 'tenant'")),
            }
        }
        url.set_query(None);
        Ok(Self { url, tenant })
    }

    /// The tenant that the URL names.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// What comes before `/api` in its paths, without a slash at its end.
    pub fn base(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Refuses a host that is not on the list. An entry is a host, or `*.` and a domain.
    ///
    /// # Errors
    /// `Access`.
    pub fn require_allowed(&self, hosts: &[String]) -> Result<()> {
        let host = self.host();
        let is_allowed = |entry: &String| match entry.strip_prefix("*.") {
            Some(domain) => host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => host.eq_ignore_ascii_case(entry),
        };
        match hosts.iter().any(is_allowed) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Access)
                .about(host)
                .because("this host is not on the list of allowed ones")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.base())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for ok in [
            "https://h.example",
            "http://127.0.0.1:8787",
            "http://[::1]:1/x/",
            "http://localhost/?tenant=a",
        ] {
            Address::parse(ok, false).unwrap();
        }
        for bad in [
            "http://h.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://a:b@h",
            "https://h?key=x",
            "https://h?tenant=a&tenant=b",
            "https://h?tenant=",
            "https://h#x",
            "h",
        ] {
            assert_eq!(
                Address::parse(bad, false).unwrap_err().kind(),
                ErrorKind::Invalid,
                "{bad}"
            );
        }
        Address::parse("http://h.example", true).unwrap();
    }

    #[test]
    fn an_address_has_parts() {
        let address = Address::parse("https://H.example:8443/tarbox/?tenant=a%20b", false).unwrap();
        assert_eq!(address.to_string(), "https://h.example:8443/tarbox");
        assert_eq!(address.tenant(), Some("a b"));
    }

    #[test]
    fn only_listed_hosts_are_allowed() {
        let address = Address::parse("https://files.example.org", false).unwrap();
        for list in [["files.example.org"], ["*.example.org"], ["*.org"]] {
            address.require_allowed(&list.map(str::to_owned)).unwrap();
        }
        for list in [
            ["example.org"],
            ["*.files.example.org"],
            ["*.ple.org"],
            ["iles.example.org"],
        ] {
            let refused = address.require_allowed(&list.map(str::to_owned)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Access, "{list:?}");
        }
    }
}
