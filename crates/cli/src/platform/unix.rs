//! The host where there are users: Linux and its relatives.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::OnceLock;

use tarbox_store_sqlite::{Options, SqliteDatabase};

use super::Caller;

/// Who runs this process.
pub(crate) fn caller() -> Caller {
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(umask);
    Caller {
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        groups: rustix::process::getgroups()
            .map(|groups| groups.into_iter().map(|g| g.as_raw()).collect())
            .unwrap_or_default(),
        umask: umask.as_raw_mode(),
    }
}

/// Opens a database file, which other processes may have open too.
pub(crate) fn open_database(path: &Path, options: &Options) -> tarbox_store::Result<SqliteDatabase> {
    SqliteDatabase::open(path, options)
}

/// The bytes of an argument.
pub(crate) fn bytes_of(text: &OsStr) -> Cow<'_, [u8]> {
    Cow::Borrowed(text.as_bytes())
}

/// A name of the host from its bytes.
pub(crate) fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

/// The width of the terminal behind standard output.
pub(crate) fn terminal_width() -> Option<usize> {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|width| *width > 0)
}

/// Lets the process hold as many files open as it may: a deep tree needs one for each level.
pub(crate) fn allow_many_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // With the old limit only very deep trees fail, and say so.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// The name of a user of the host.
pub(crate) fn user_name(uid: u32) -> Option<&'static str> {
    users().by_id.get(&uid).map(String::as_str)
}

/// The number of a user of the host.
pub(crate) fn user_id(name: &str) -> Option<u32> {
    users().by_name.get(name).copied()
}

/// The name of a group of the host.
pub(crate) fn group_name(gid: u32) -> Option<&'static str> {
    groups().by_id.get(&gid).map(String::as_str)
}

/// The number of a group of the host.
pub(crate) fn group_id(name: &str) -> Option<u32> {
    groups().by_name.get(name).copied()
}

#[derive(Default)]
struct Names {
    by_id: HashMap<u32, String>,
    by_name: HashMap<String, u32>,
}

fn users() -> &'static Names {
    static USERS: OnceLock<Names> = OnceLock::new();
    USERS.get_or_init(|| names("/etc/passwd"))
}

fn groups() -> &'static Names {
    static GROUPS: OnceLock<Names> = OnceLock::new();
    GROUPS.get_or_init(|| names("/etc/group"))
}

/// Reads `name:password:number:…` lines. Where the file cannot be read, nobody has a name.
fn names(path: &str) -> Names {
    let mut names = Names::default();
    let text = std::fs::read(path).unwrap_or_default();
    for line in String::from_utf8_lossy(&text).lines() {
        let mut fields = line.split(':');
        let (Some(name), Some(_), Some(number)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if let Ok(number) = number.parse() {
            // The first line wins, as in the system's own lookup.
            names.by_id.entry(number).or_insert_with(|| name.to_owned());
            names.by_name.entry(name.to_owned()).or_insert(number);
        }
    }
    names
}
