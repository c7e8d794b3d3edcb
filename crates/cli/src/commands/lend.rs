//! What a program is given: directories, environment variables, time.

use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::print::escape;

/// A time in seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|s| *s > 0.0);
    seconds
        .and_then(|s| Duration::try_from_secs_f64(s).ok())
        .ok_or_else(|| format!("'{text}' is not a time; use seconds, such as 10 or 0.5"))
}

/// The path in the workspace, and the name under which the program finds it.
pub(super) fn lent(text: &str) -> Result<(String, String)> {
    let (path, guest) = text.split_once("::").unwrap_or((text, text));
    if path.is_empty() || guest.is_empty() {
        return Err(Failure::usage(format!(
            "'{}' is not PATH[::GUEST]",
            escape(text.as_bytes())
        )));
    }
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Ok((path, guest.to_owned()))
}

/// Variables that are set, or passed on.
pub(super) fn environment(texts: &[String]) -> Result<Vec<(String, String)>> {
    let variables = texts.iter().filter_map(|text| match text.split_once('=') {
        Some((key, value)) => Some(Ok((key.to_owned(), value.to_owned()))),
        None => match std::env::var(text) {
            Ok(value) => Some(Ok((text.clone(), value))),
            Err(std::env::VarError::NotPresent) => None,
            Err(e) => Some(Err(Failure::usage(format!(
                "the variable {}: {e}",
                escape(text.as_bytes())
            )))),
        },
    });
    variables.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_lent_under_a_name() {
        assert_eq!(lent("/a::/b").unwrap(), ("/a".into(), "/b".into()));
        assert_eq!(lent("a").unwrap(), ("/a".into(), "a".into()));
        assert!(lent("::/b").is_err());
    }
}
