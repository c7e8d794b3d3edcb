//! What names of an archive may mean.

use tarbox_fs::PATH_MAX;
use tarbox_store::{Error, ErrorKind, Result};

/// How much is shown of a longer one.
const SHOWN: usize = 60;

/// The names of a path; what begins with a slash is taken to begin here, and what leads up is refused.
pub(super) fn components(path: &[u8]) -> Result<Vec<&[u8]>> {
    if path.len() > PATH_MAX {
        let what = format!("{} bytes; {PATH_MAX} is the limit; skipped", path.len());
        return Err(Error::new(ErrorKind::NameTooLong).because(what));
    }
    let names: Vec<&[u8]> = path
        .split(|b| *b == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .collect();
    if names.contains(&&b".."[..]) {
        return Err(Error::new(ErrorKind::NotPermitted).because("'..' leads out of the archive; skipped"));
    }
    Ok(names)
}

/// A path below `root` as it is shown: of one that nothing can have, the beginning.
pub(super) fn shown(root: &[u8], path: &[u8]) -> Vec<u8> {
    let mut shown = root.to_vec();
    let most = if path.len() > PATH_MAX { SHOWN } else { path.len() };
    for name in path[..most]
        .split(|b| *b == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
    {
        shown.push(b'/');
        shown.extend_from_slice(name);
    }
    if most < path.len() {
        shown.extend_from_slice(b"...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere() {
        assert_eq!(components(b"/a//./b/").unwrap(), [b"a", b"b"]);
        assert!(components(b"./").unwrap().is_empty());
        for path in [&b"a/../b"[..], b"..", b"/../../etc/passwd"] {
            assert_eq!(components(path).unwrap_err().kind(), ErrorKind::NotPermitted);
        }
        assert_eq!(
            components(&[b'a'; 5000]).unwrap_err().kind(),
            ErrorKind::NameTooLong
        );
    }

    #[test]
    fn a_path_that_nothing_can_have_is_not_shown_in_full() {
        assert_eq!(shown(b"/t", b"./a//b"), b"/t/a/b");
        assert_eq!(shown(b"", &b"d/".repeat(20_000)).len(), 63);
    }
}
