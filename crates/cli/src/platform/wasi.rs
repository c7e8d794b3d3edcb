//! The host inside WebAssembly: one user, no names, no terminal.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::wasi::ffi::{OsStrExt, OsStringExt};

use super::Caller;

/// WASI knows no users: whoever was given the database may do everything with it.
pub(crate) fn caller() -> Caller {
    Caller {
        uid: 0,
        gid: 0,
        groups: Vec::new(),
        umask: 0o022,
    }
}

/// The bytes of an argument.
pub(crate) fn bytes_of(text: &OsStr) -> Cow<'_, [u8]> {
    Cow::Borrowed(text.as_bytes())
}

/// A name of the host from its bytes.
pub(crate) fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

/// No terminal has a known width.
pub(crate) fn terminal_width() -> Option<usize> {
    None
}

/// There is no limit to raise.
pub(crate) fn allow_many_open_files() {}

/// No user has a name.
pub(crate) fn user_name(_uid: u32) -> Option<String> {
    None
}

/// No user has a name.
pub(crate) fn user_id(_name: &str) -> Option<u32> {
    None
}

/// No group has a name.
pub(crate) fn group_name(_gid: u32) -> Option<String> {
    None
}

/// No group has a name.
pub(crate) fn group_id(_name: &str) -> Option<u32> {
    None
}

/// No user logs in.
pub(crate) fn login_group(_uid: u32) -> Option<u32> {
    None
}

/// No user has groups.
pub(crate) fn groups_of(_uid: u32) -> Vec<u32> {
    Vec::new()
}
