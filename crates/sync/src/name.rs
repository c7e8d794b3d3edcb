//! Names of copies.

use crate::Digest;

/// The longest name, in bytes.
const NAME_MAX: usize = 255;
/// What comes before the hash.
const MARK: &[u8] = b".conflict-";

/// `name.conflict-<hash>.ext`, and with `.2`, `.3`, … behind the hash where that is taken. The same content has the same name on every
/// side and at every attempt. A name that is one of a copy already gets another hash, not another mark.
pub(crate) fn conflict(name: &[u8], digest: Digest, attempt: u32) -> Vec<u8> {
    // A dot in front belongs to the name.
    let dot = name.iter().skip(1).rposition(|b| *b == b'.').map(|at| at + 1);
    let (stem, extension) = name.split_at(dot.unwrap_or(name.len()));
    let (stem, extension) = match is_mark(extension) {
        true => (stem, &b""[..]),
        false => (stem, extension),
    };
    let stem = without_mark(stem);
    let mut mark = [MARK, digest.short().as_bytes()].concat();
    if attempt > 1 {
        mark.extend_from_slice(format!(".{attempt}").as_bytes());
    }
    let extension = &extension[..extension.len().min(64)];
    let room = NAME_MAX - mark.len() - extension.len();
    [&stem[..stem.len().min(room)], &mark, extension].concat()
}

/// The name that a copy would have had, without its mark.
pub(crate) fn original(name: &[u8]) -> Option<Vec<u8>> {
    let at = (0..name.len()).find(|&at| is_mark(&name[at..]))?;
    let behind = &name[at + MARK.len() + 8..];
    let digits = match behind.strip_prefix(b".") {
        Some(rest) => 1 + rest.iter().take_while(|b| b.is_ascii_digit()).count(),
        None => 0,
    };
    let extension = match digits > 1 && matches!(behind.get(digits), None | Some(b'.')) {
        true => &behind[digits..],
        false => behind,
    };
    Some([&name[..at], extension].concat())
}

fn is_mark(text: &[u8]) -> bool {
    let hash = text.strip_prefix(MARK).and_then(|rest| rest.get(..8));
    let behind = text.get(MARK.len() + 8);
    hash.is_some_and(|hash| hash.iter().all(u8::is_ascii_hexdigit)) && matches!(behind, None | Some(b'.'))
}

fn without_mark(stem: &[u8]) -> &[u8] {
    let at = (0..stem.len()).find(|&at| is_mark(&stem[at..]));
    &stem[..at.unwrap_or(stem.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_its_extension() {
        let digest = Digest::of(b"x");
        let hash = digest.short();
        for (name, copy) in [
            ("notes.txt", format!("notes.conflict-{hash}.txt")),
            ("a.tar.gz", format!("a.tar.conflict-{hash}.gz")),
            ("Makefile", format!("Makefile.conflict-{hash}")),
            (".profile", format!(".profile.conflict-{hash}")),
            (
                "notes.conflict-00112233.txt",
                format!("notes.conflict-{hash}.txt"),
            ),
            ("Makefile.conflict-00112233", format!("Makefile.conflict-{hash}")),
        ] {
            let made = conflict(name.as_bytes(), digest, 1);
            assert_eq!(String::from_utf8_lossy(&made), copy);
            assert!(original(&made).is_some(), "{copy}");
        }
        assert!(
            original(b"a.conflict-xyz")
                .or(original(b"a.conflict-0011223.txt"))
                .is_none()
        );
        let again = conflict(b"a.txt", digest, 2);
        assert_eq!(again, format!("a.conflict-{hash}.2.txt").as_bytes());
        assert_eq!(original(&again).unwrap(), b"a.txt");
        assert_eq!(original(b"x.conflict-00112233.7z").unwrap(), b"x.7z");
        assert_eq!(conflict(&[b'a'; 255], digest, 1).len(), 255);
    }
}
