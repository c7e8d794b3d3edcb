//! Names: looking them up, making, moving and removing them.

use fuser::{INodeNo, RenameFlags, Request};
use tarbox_fs::{Credentials, FilesystemInterface, Handle, NewNode, OpenFlags, blocking};
use tarbox_store::{ErrorKind, RenameMode, Result, Unlink};

use super::{Entry, Shared};
use crate::convert;
use crate::gate::Answering;

const O_EXCL: i32 = 0o200;

/// The answer to a question for a name.
pub(super) enum Found {
    Entry(Entry),
    /// There is none, and the kernel may remember that.
    Nothing,
}

impl<F: FilesystemInterface> Shared<F> {
    pub(super) fn look_up(
        &self,
        request: &Request,
        dir: INodeNo,
        name: &[u8],
        answering: &Answering<'_>,
    ) -> Result<Found> {
        match blocking(self.fs.lookup(&self.who(request), self.ino(dir), name)) {
            Ok(attr) => Ok(Found::Entry(self.named(dir, name, &attr, answering))),
            Err(e) if e.kind() == ErrorKind::NotFound && self.keeps_missing_names(dir, answering) => {
                Ok(Found::Nothing)
            }
            Err(e) => Err(e),
        }
    }

    pub(super) fn make(
        &self,
        request: &Request,
        dir: INodeNo,
        name: &[u8],
        node: &NewNode<'_>,
        answering: &Answering<'_>,
    ) -> Result<Entry> {
        let attr = blocking(self.fs.make(&self.who(request), self.ino(dir), name, node))
            .map_err(|e| self.stale_or(dir, e))?;
        Ok(self.named(dir, name, &attr, answering))
    }

    pub(super) fn create(
        &self,
        request: &Request,
        dir: INodeNo,
        name: &[u8],
        (mode, flags): (u32, i32),
        answering: &Answering<'_>,
    ) -> Result<(Entry, Handle)> {
        let (who, mode) = (self.who(request), mode & 0o7777);
        let open = convert::open_flags(flags);
        match blocking(self.fs.create(&who, self.ino(dir), name, mode, open)) {
            Ok((attr, handle)) => {
                let entry = self.named(dir, name, &attr, answering);
                self.nodes.open(entry.attr.ino);
                Ok((entry, handle))
            }
            // Somebody made it since the kernel looked. Told so, it looks again, and checks whether it may be opened.
            Err(e) if e.kind() == ErrorKind::Exists && flags & O_EXCL == 0 => Err(ErrorKind::Stale.into()),
            Err(e) => Err(self.stale_or(dir, e)),
        }
    }

    pub(super) fn link(
        &self,
        request: &Request,
        node: INodeNo,
        dir: INodeNo,
        name: &[u8],
        answering: &Answering<'_>,
    ) -> Result<Entry> {
        let attr = blocking(
            self.fs
                .link(&self.who(request), self.ino(node), self.ino(dir), name),
        )
        .map_err(|e| self.stale_or(node, self.stale_or(dir, e)))?;
        Ok(self.named(dir, name, &attr, answering))
    }

    pub(super) fn remove(&self, request: &Request, dir: INodeNo, name: &[u8], what: Unlink) -> Result<()> {
        let who = self.who(request);
        let held = self.hold_known(&who, dir, name);
        let removed =
            blocking(self.fs.remove(&who, self.ino(dir), name, what)).map_err(|e| self.stale_or(dir, e));
        if removed.is_ok() {
            self.nodes.remove(dir, name);
        }
        self.keep_if(removed.is_ok(), held);
        removed
    }

    pub(super) fn rename(
        &self,
        request: &Request,
        from: (INodeNo, &[u8]),
        to: (INodeNo, &[u8]),
        flags: RenameFlags,
    ) -> Result<()> {
        let mode = convert::rename_mode(flags)?;
        let who = self.who(request);
        let held = match mode {
            RenameMode::Replace => self.hold_known(&who, to.0, to.1),
            RenameMode::NoReplace | RenameMode::Exchange => None,
        };
        let (source, target) = ((self.ino(from.0), from.1), (self.ino(to.0), to.1));
        let renamed = blocking(self.fs.rename(&who, source, target, mode))
            .map_err(|e| self.stale_or(from.0, self.stale_or(to.0, e)));
        if renamed.is_ok() {
            self.nodes.rename(from, to, mode == RenameMode::Exchange);
        }
        self.keep_if(renamed.is_ok(), held);
        renamed
    }

    /// Holds what the kernel knows by a name that is about to go, so that it can still be asked about afterwards.
    fn hold_known(&self, who: &Credentials, dir: INodeNo, name: &[u8]) -> Option<(INodeNo, Handle)> {
        let node = self.nodes.unkept(dir, name)?;
        let handle = blocking(self.fs.open(who, self.ino(node), OpenFlags::PATH_ONLY));
        // What cannot be held is gone already, or cannot go: the operation itself will say so.
        handle.ok().map(|handle| (node, handle))
    }

    fn keep_if(&self, gone: bool, held: Option<(INodeNo, Handle)>) {
        let Some((node, handle)) = held else { return };
        self.let_go(match gone {
            true => self.nodes.keep(node, handle),
            false => Some(handle),
        });
    }

    pub(super) fn forget(&self, node: INodeNo, times: u64) {
        self.let_go(self.nodes.forget(node, times));
    }
}
