//! What a command works with: one tenant's files, who asks, and where to say what.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};

use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Follow, PATH_MAX, blocking};
use tarbox_store::{Attr, ErrorKind};

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::parse::owner::User;
use crate::platform;
use crate::print::Printer;
use crate::progress::{Audience, Progress};

/// One tenant's files for one command.
pub(crate) struct Workspace<'a, F> {
    pub(crate) fs: &'a F,
    pub(crate) who: Credentials,
    pub(crate) out: &'a Printer,
    /// Where the database is, for those that must not touch it.
    pub(crate) database: Option<&'a std::path::Path>,
    /// What the first operand that failed failed with.
    failed: Cell<Option<Exit>>,
}

impl<'a, F: FilesystemInterface> Workspace<'a, F> {
    pub(crate) fn new(
        fs: &'a F,
        who: Credentials,
        out: &'a Printer,
        database: Option<&'a std::path::Path>,
    ) -> Self {
        Self {
            fs,
            who,
            out,
            database,
            failed: Cell::new(None),
        }
    }

    /// What the command ends with: the first failure that was reported on the way, if any.
    pub(crate) fn exit(&self) -> Exit {
        self.failed.get().unwrap_or(Exit::DONE)
    }

    /// Reports a failure and goes on; the command will end with its code.
    ///
    /// # Errors
    /// The failure itself where going on makes no sense.
    pub(crate) fn report(&self, failure: Failure) -> Result<()> {
        if failure.is_hopeless() {
            return Err(failure);
        }
        self.out.complain(&failure);
        self.failed.set(self.failed.get().or(Some(failure.exit())));
        Ok(())
    }

    /// Does the same for every operand; one that fails is reported, and the others are done.
    pub(crate) fn each(&self, operands: &[OsString], mut one: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        operands.iter().try_for_each(|operand| {
            self.path(operand)
                .and_then(|path| one(&path))
                .or_else(|failure| self.report(failure))
        })
    }

    /// A path of the workspace as it was written, from the root: there is no current directory.
    pub(crate) fn path(&self, text: &OsStr) -> Result<Vec<u8>> {
        let bytes = platform::bytes_of(text);
        if bytes.is_empty() {
            return Err(Failure::new(
                ErrorKind::NotFound,
                "the path is empty; the root is /",
            ));
        }
        let path = if bytes[0] == b'/' {
            bytes.into_owned()
        } else {
            [b"/", &*bytes].concat()
        };
        if path.len() > PATH_MAX {
            let message = format!("path too long ({} bytes; {PATH_MAX} is the limit)", path.len());
            return Err(Failure::new(ErrorKind::NameTooLong, message).about([&path[..60], b"..."].concat()));
        }
        Ok(path)
    }

    /// The attributes of what is at a path.
    pub(crate) fn attr(&self, path: &[u8], follow: Follow) -> Result<Attr> {
        blocking(self.fs.resolve(&self.who, path, follow)).map_err(|e| Failure::of(e, path))
    }

    /// The attributes of what is at a path, `None` where nothing is.
    pub(crate) fn attr_if_any(&self, path: &[u8], follow: Follow) -> Result<Option<Attr>> {
        match blocking(self.fs.resolve(&self.who, path, follow)) {
            Ok(attr) => Ok(Some(attr)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Failure::of(e, path)),
        }
    }

    /// Counts what a long command does, for whoever looks.
    pub(crate) fn progress(&self, verb: &'static str) -> Progress {
        Progress::new(verb, self.out.audience())
    }
}

/// The last name of a path; empty for the root.
pub(crate) fn last_name(path: &[u8]) -> &[u8] {
    let trimmed = trim_slashes(path);
    trimmed.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// The path without the slashes at its end.
pub(crate) fn trim_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |i| i + 1);
    &path[..end]
}

/// The path of an entry of a directory.
pub(crate) fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    [trim_slashes(dir), b"/", name].concat()
}

/// Marks who asks in the audit.
pub(crate) const AGENT: &str = "cli";

/// Who a command acts as: the user asked for, else the caller.
pub(crate) fn credentials(user: Option<&User>) -> Credentials {
    let caller = platform::caller();
    match user {
        Some(user) => Credentials::new(user.uid, user.gid, AGENT).with_groups(&*user.groups),
        None => Credentials::new(caller.uid, caller.gid, AGENT).with_groups(caller.groups),
    }
    .with_umask(caller.umask)
}

impl Printer {
    /// Whether somebody looks at progress.
    pub(crate) fn audience(&self) -> Audience {
        use std::io::IsTerminal;
        if !self.is_json() && std::io::stderr().is_terminal() {
            Audience::Person
        } else {
            Audience::Nobody
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_joints() {
        assert_eq!(last_name(b"/a/b/"), b"b");
        assert_eq!(last_name(b"/"), b"");
        assert_eq!(join(b"/", b"a"), b"/a");
        assert_eq!(join(b"/x//", b"a"), b"/x/a");
        assert_eq!(trim_slashes(b"//"), b"");
    }
}
