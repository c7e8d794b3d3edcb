//! Which names a pool accepts.

use crate::error::{Error, ErrorKind, Operation, Result};

/// The longest name, in bytes.
pub const MAX_NAME_LEN: usize = 512;

/// The longest component of a name, in bytes: what file systems allow.
pub const MAX_COMPONENT_LEN: usize = 255;

/// Accepts exactly the names every pool must accept; see [`Pool`](crate::Pool).
///
/// # Errors
/// `InvalidName`, naming the rule that was broken.
pub fn check_name(operation: Operation, name: &str) -> Result<()> {
    match broken_rule(name) {
        None => Ok(()),
        Some(rule) => Err(Error::new(ErrorKind::InvalidName, operation, name).because(rule)),
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("the name is empty");
    }
    if name.len() > MAX_NAME_LEN {
        return Some("the name is longer than 512 bytes");
    }
    // A backslash separates components on some hosts, and would lead out of the pool there.
    if name.contains(['\0', '\\']) {
        return Some("the name contains a NUL or a backslash");
    }
    name.split('/').find_map(|component| match component {
        "" => Some("a component of the name is empty"),
        "." | ".." => Some("a component of the name is . or .."),
        long if long.len() > MAX_COMPONENT_LEN => Some("a component of the name is longer than 255 bytes"),
        _ => None,
    })
}

/// The directories a name lies in, innermost first: `a/b/c` gives `a/b`, `a`.
pub(crate) fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    name.rmatch_indices('/').map(move |(at, _)| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_accepted() {
        let longest = [["x"; 255].concat(), ["y"; 255].concat()].join("/");
        for name in [
            "a",
            "a/b/c",
            "db.sqlite-journal",
            "...",
            "ünï cödé",
            " ",
            longest.as_str(),
        ] {
            check_name(Operation::Open, name).unwrap();
        }
    }

    #[test]
    fn names_that_could_escape_or_mislead_are_refused() {
        let too_long = ["x/"; 256].concat() + "y";
        let long_component = "x".repeat(256);
        for name in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "a/.",
            "a\0b",
            "a\\b",
            &too_long,
            &long_component,
        ] {
            let error = check_name(Operation::Open, name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidName, "{name:?}");
        }
    }

    #[test]
    fn ancestors_come_innermost_first() {
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(ancestors("a").count(), 0);
    }
}
