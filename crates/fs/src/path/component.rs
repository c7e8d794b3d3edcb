//! The components of a path.

use super::NAME_MAX;
use tarbox_store::{Error, ErrorKind, Result};

/// The longest path, bytes.
pub const PATH_MAX: usize = 4096;

/// Symbolic links followed on the way before it is a `Loop`.
pub const SYMLINKS_MAX: u32 = 40;

/// What stands in the last place of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastComponent {
    /// A name.
    Name,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// Nothing: the path is `/`.
    Root,
}

/// The next component of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component<'p> {
    Dot,
    DotDot,
    Name(&'p [u8]),
}

/// The component that begins at or behind `*position`, which moves behind it. `None` at the end.
pub(super) fn next<'p>(path: &'p [u8], position: &mut usize) -> Option<Component<'p>> {
    let start = *position + path[*position..].iter().position(|b| *b != b'/')?;
    let len = path[start..]
        .iter()
        .position(|b| *b == b'/')
        .unwrap_or(path.len() - start);
    *position = start + len;
    Some(match &path[start..start + len] {
        b"." => Component::Dot,
        b".." => Component::DotDot,
        name => Component::Name(name),
    })
}

/// Refuses what is no path at all.
pub(super) fn check(path: &[u8]) -> Result<()> {
    if path.is_empty() {
        return Err(Error::new(ErrorKind::NotFound)
            .about("")
            .because("the path is empty"));
    }
    if path.len() > PATH_MAX {
        return Err(Error::new(ErrorKind::NameTooLong).because("a path can have at most 4096 bytes"));
    }
    if path.contains(&0) {
        return Err(Error::new(ErrorKind::Invalid)
            .about(path)
            .because("a path cannot contain NUL"));
    }
    Ok(())
}

/// Refuses a name that is longer than names can be.
pub(super) fn check_name(name: &[u8]) -> Result<()> {
    if name.len() > NAME_MAX {
        return Err(Error::new(ErrorKind::NameTooLong).because("a name can have at most 255 bytes"));
    }
    Ok(())
}

/// The path before its last component, that component, and whether a `/` follows it.
pub(super) fn split_last(path: &[u8]) -> (&[u8], &[u8], bool) {
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |i| i + 1);
    let start = path[..end].iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
    (&path[..start], &path[start..end], end < path.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_what_is_between_slashes() {
        let path = b"//a/./.././b.c//";
        let (mut at, mut seen) = (0, Vec::new());
        while let Some(component) = next(path, &mut at) {
            seen.push(component);
        }
        use Component::*;
        assert_eq!(seen, [Name(b"a"), Dot, DotDot, Dot, Name(b"b.c")]);
    }

    #[test]
    fn the_last_component_is_split_off() {
        let split = |p: &'static str| split_last(p.as_bytes());
        assert_eq!(split("a"), (&b""[..], &b"a"[..], false));
        assert_eq!(split("/a"), (&b"/"[..], &b"a"[..], false));
        assert_eq!(split("a/b//"), (&b"a/"[..], &b"b"[..], true));
        assert_eq!(split("//"), (&b""[..], &b""[..], true));
    }
}
