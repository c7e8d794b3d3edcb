//! How a client behaves.

use std::time::Duration;

use tarbox_store::{Error, ErrorKind, Result};

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of what is cached; 0 caches nothing.
    pub cache_bytes: u64,
    /// How long something cached is used at most, however good the feed is.
    pub cache_ttl: Duration,
    /// How long one exchange may take, and a little more for much content.
    pub timeout: Duration,
    /// How long an operation is tried before its error is told.
    pub patience: Duration,
}

impl Default for Options {
    /// 64 MiB for 30 seconds; 30 seconds an exchange, 60 an operation.
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            cache_ttl: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            patience: Duration::from_secs(60),
        }
    }
}

impl Options {
    /// What the environment says: `TARBOX_CACHE_SIZE` (`64`, `64MB`, `512KB`; a bare number is MB), `TARBOX_CACHE_TTL` (seconds).
    ///
    /// # Errors
    /// `Invalid`, naming the variable.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut options = Self::default();
        if let Some(text) = lookup("TARBOX_CACHE_SIZE") {
            options.cache_bytes = size(&text).ok_or_else(|| {
                invalid("a size such as 64, 64MB or 512KB is expected").about("TARBOX_CACHE_SIZE")
            })?;
        }
        if let Some(text) = lookup("TARBOX_CACHE_TTL") {
            let seconds = text.parse::<f64>().ok().filter(|s| (0.0..=86_400.0).contains(s));
            let seconds = seconds
                .ok_or_else(|| invalid("seconds from 0 to 86400 are expected").about("TARBOX_CACHE_TTL"))?;
            options.cache_ttl = Duration::from_secs_f64(seconds);
        }
        Ok(options)
    }
}

pub(crate) fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::Invalid).because(what)
}

fn size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_uppercase();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "" | "M" | "MB" | "MIB" => 20,
        "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "G" | "GB" | "GIB" => 30,
        _ => return None,
    };
    number.checked_mul(1 << unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_strictly() {
        let with = |name: &'static str, value: &'static str| {
            Options::from_environment(move |asked| (asked == name).then(|| value.to_owned()))
        };
        for (text, bytes) in [
            ("64", 64 << 20),
            ("100MB", 100 << 20),
            ("512 kb", 512 << 10),
            ("0", 0),
        ] {
            assert_eq!(
                with("TARBOX_CACHE_SIZE", text).unwrap().cache_bytes,
                bytes,
                "{text}"
            );
        }
        for text in ["", "x", "-1", "1TB", "99999999999999999999", "9999999999999GB"] {
            let error = with("TARBOX_CACHE_SIZE", text).unwrap_err();
            assert_eq!(error.subject(), Some("TARBOX_CACHE_SIZE"), "{text}");
        }
        assert_eq!(
            with("TARBOX_CACHE_TTL", "1.5").unwrap().cache_ttl,
            Duration::from_millis(1500)
        );
        for text in ["", "x", "-1", "NaN", "inf", "1e9"] {
            let error = with("TARBOX_CACHE_TTL", text).unwrap_err();
            assert_eq!(error.subject(), Some("TARBOX_CACHE_TTL"), "{text}");
        }
    }
}
