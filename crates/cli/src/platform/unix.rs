//! The host where there are users: Linux and its relatives.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use uzers::{Groups, Users, UsersCache};

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
pub(crate) fn user_name(uid: u32) -> Option<String> {
    accounts().get_user_by_uid(uid).map(|user| text(user.name()))
}

/// The number of a user of the host.
pub(crate) fn user_id(name: &str) -> Option<u32> {
    accounts().get_user_by_name(name).map(|user| user.uid())
}

/// The name of a group of the host.
pub(crate) fn group_name(gid: u32) -> Option<String> {
    accounts().get_group_by_gid(gid).map(|group| text(group.name()))
}

/// The number of a group of the host.
pub(crate) fn group_id(name: &str) -> Option<u32> {
    accounts().get_group_by_name(name).map(|group| group.gid())
}

/// The group that a user of the host logs in with.
pub(crate) fn login_group(uid: u32) -> Option<u32> {
    accounts()
        .get_user_by_uid(uid)
        .map(|user| user.primary_group_id())
}

/// Every group of a user of the host.
pub(crate) fn groups_of(uid: u32) -> Vec<u32> {
    let user = accounts().get_user_by_uid(uid);
    let groups = user.and_then(|user| uzers::get_user_groups(user.name(), user.primary_group_id()));
    groups.unwrap_or_default().iter().map(uzers::Group::gid).collect()
}

/// The system's users and groups; what was looked up once is remembered.
fn accounts() -> MutexGuard<'static, UsersCache> {
    static ACCOUNTS: LazyLock<Mutex<UsersCache>> = LazyLock::new(Mutex::default);
    ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}
