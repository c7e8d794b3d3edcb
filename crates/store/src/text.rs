//! Paths are bytes; JSON has text. Bytes that are not UTF-8 become U+FFFD in JSON output only.

use serde::Serializer;

pub(crate) fn path<S: Serializer>(path: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(path))
}

pub(crate) fn optional_path<S: Serializer>(path: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(bytes) => self::path(bytes, serializer),
        None => serializer.serialize_none(),
    }
}
