//! Notes in the cache: which entry belongs to a file of the host.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use wasmtime::Engine;

use super::private;
use crate::wasm::Identity;

/// The digits of an entry's name.
const NAME: usize = 64;

/// The name of the note about a file.
pub(super) fn name(engine: &Engine, identity: &Identity) -> String {
    super::name(engine, identity.bytes()) + ".file"
}

/// The entry that the note of this name names.
pub(super) fn entry(dir: &Path, note: &str) -> Option<String> {
    let file = File::open(dir.join(note)).ok()?;
    if !private::file(&file) {
        return None;
    }
    super::renew(&file);
    let mut text = String::new();
    file.take(NAME as u64 + 1).read_to_string(&mut text).ok()?;
    let is_name = text.len() == NAME && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_name.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_an_entry_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let note = |text: &str| {
            let _ = std::fs::remove_file(dir.path().join("note"));
            super::super::write(dir.path(), "note", text.as_bytes()).unwrap();
            entry(dir.path(), "note")
        };
        let name = "0123456789abcdef".repeat(4);
        assert_eq!(note(&name), Some(name.clone()));
        for text in ["", "../../etc/passwd", &name[1..], &format!("{name}0")] {
            assert_eq!(note(text), None, "{text}");
        }
        assert_eq!(entry(dir.path(), "missing"), None);
    }
}
