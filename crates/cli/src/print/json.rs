//! The JSON members that several commands share. Their names are stable.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use tarbox_store::{Attr, FileKind, Ino};

use crate::parse::time;

/// A path as JSON can hold it: text, and beside it the bytes in hexadecimal where they are not UTF-8.
#[derive(Debug, Serialize)]
pub(crate) struct PathText<'a> {
    /// The path; bytes that are not UTF-8 are U+FFFD here.
    path: Cow<'a, str>,
    /// Every byte of the path in hexadecimal, only where `path` does not say it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
}

impl<'a> PathText<'a> {
    pub(crate) fn new(path: &'a [u8]) -> Self {
        let text = String::from_utf8_lossy(path);
        let path_hex = matches!(text, Cow::Owned(_)).then(|| hex(path));
        Self { path: text, path_hex }
    }
}

/// A file with its attributes.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    #[serde(flatten)]
    path: PathText<'a>,
    kind: FileKind,
    ino: Ino,
    /// Four octal digits.
    mode: String,
    uid: u32,
    gid: u32,
    nlink: u32,
    size: u64,
    /// Bytes that are stored; holes count nothing.
    allocated: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rdev: Option<u64>,
    /// All times are RFC 3339 in UTC with nine digits.
    atime: String,
    mtime: String,
    ctime: String,
    btime: String,
    /// Where a symbolic link leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(path: &'a [u8], attr: &Attr) -> Self {
        let device = matches!(attr.kind, FileKind::CharDevice | FileKind::BlockDevice);
        Self {
            path: PathText::new(path),
            kind: attr.kind,
            ino: attr.ino,
            mode: format!("{:04o}", attr.mode),
            uid: attr.uid,
            gid: attr.gid,
            nlink: attr.nlink,
            size: attr.size,
            allocated: attr.blocks.saturating_mul(512),
            rdev: device.then_some(attr.rdev),
            atime: time::rfc3339(attr.atime),
            mtime: time::rfc3339(attr.mtime),
            ctime: time::rfc3339(attr.ctime),
            btime: time::rfc3339(attr.btime),
            target: None,
        }
    }

    /// Says where the symbolic link leads.
    #[must_use]
    pub(crate) fn with_target(mut self, target: Option<&'a [u8]>) -> Self {
        self.target = target.map(String::from_utf8_lossy);
        self
    }
}

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_come_in_hexadecimal_too() {
        let json = |p| serde_json::to_string(&PathText::new(p)).unwrap();
        assert_eq!(json(b"/a"), r#"{"path":"/a"}"#);
        assert_eq!(json(b"/\xff"), "{\"path\":\"/\u{fffd}\",\"path_hex\":\"2fff\"}");
    }
}
