//! From what a user calls a database to the name of a file in the pool.

use tarbox_pool::{Operation, Result, check_name};

/// The longest suffix SQLite appends to a database's name.
const LONGEST_SUFFIX: &str = "-journal";

/// The pool's name for a path: relative to the pool's root, with `.`, `..` and doubled separators resolved.
///
/// # Errors
/// `InvalidName` if what is left is no name, leads out of the pool, or leaves no room for the names of its
/// journal.
pub(crate) fn pool_name(path: &str) -> Result<String> {
    let mut components = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => (),
            // Above the root is nothing. The name is kept as it is, so that it is refused below.
            ".." if components.is_empty() => components.push(component),
            ".." => drop(components.pop()),
            _ => components.push(component),
        }
    }
    let name = components.join("/");
    check_name(Operation::Open, &name)?;
    check_name(Operation::Open, &format!("{name}{LONGEST_SUFFIX}"))?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_within_the_pool() {
        for path in ["d/a.db", "/d/a.db", "./d//a.db", "d/x/../a.db"] {
            assert_eq!(pool_name(path).unwrap(), "d/a.db");
        }
    }

    #[test]
    fn paths_without_a_usable_name_are_refused() {
        for path in [
            "",
            "/",
            "../a",
            "a/../../b",
            &"x".repeat(250),
            &["y"; 253].join("/"),
        ] {
            assert!(pool_name(path).is_err(), "{path}");
        }
    }
}
