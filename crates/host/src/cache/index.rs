//! Notes in the cache: which entry belongs to a file of the host.

use tarbox_user_cache::Directory;
use wasmtime::Engine;

use crate::wasm::Identity;

/// The digits of an entry's name.
const NAME: usize = 64;

/// The name of the note about a file.
pub(super) fn name(engine: &Engine, identity: &Identity) -> String {
    super::name(engine, identity.bytes()) + ".file"
}

/// The entry that the note of this name names.
pub(super) fn entry(dir: &Directory, note: &str) -> Option<String> {
    let text = String::from_utf8(dir.read(note, NAME as u64)?).ok()?;
    let is_name = text.len() == NAME && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_name.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_an_entry_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let dir = Directory::at(parent.path().join("cache"));
        let note = |text: &str| {
            dir.write("note", text.as_bytes()).unwrap();
            entry(&dir, "note")
        };
        let name = "0123456789abcdef".repeat(4);
        assert_eq!(note(&name), Some(name.clone()));
        for text in ["", "../../etc/passwd", &name[1..], &format!("{name}0")] {
            assert_eq!(note(text), None, "{text}");
        }
        assert_eq!(entry(&dir, "missing"), None);
    }
}
