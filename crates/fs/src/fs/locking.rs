//! Locks through handles.

use std::sync::atomic::Ordering;

use tarbox_store::{Error, ErrorKind, Ino, Result, Store};

use super::Fs;
use crate::interface::{FlockKind, Handle, LockKind, LockOwner, LockRange, LockedRange, Wait};
use crate::locks::Span;

impl<S: Store> Fs<S> {
    pub(super) fn find_lock(
        &self,
        handle: Handle,
        owner: LockOwner,
        kind: LockKind,
        range: LockRange,
    ) -> Result<Option<LockedRange>> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        self.locks.find(open.ino, handle, owner, kind, span(range)?)
    }

    pub(super) async fn set_lock(
        &self,
        handle: Handle,
        owner: LockOwner,
        kind: Option<LockKind>,
        range: LockRange,
        wait: Wait,
    ) -> Result<()> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        match kind {
            Some(LockKind::Read) => open.require_read()?,
            Some(LockKind::Write) => open.require_write()?,
            None => {}
        }
        let span = span(range)?;
        open.locked.store(true, Ordering::Release);
        match kind {
            None => self.locks.unlock(open.ino, handle, owner, span),
            Some(kind) => self.locks.lock(open.ino, handle, owner, kind, span, wait).await?,
        }
        self.undo_if_closed(handle, open.ino, owner)
    }

    pub(super) async fn set_flock(&self, handle: Handle, kind: FlockKind, wait: Wait) -> Result<()> {
        let open = self.open_handle(handle)?;
        open.require_content()?;
        open.locked.store(true, Ordering::Release);
        self.locks.flock(open.ino, handle, kind, wait).await?;
        self.undo_if_closed(handle, open.ino, LockOwner::Handle)
    }

    /// A handle that was closed while it waited for a lock must not keep it.
    fn undo_if_closed(&self, handle: Handle, ino: Ino, owner: LockOwner) -> Result<()> {
        match self.open_handle(handle) {
            Ok(_) => Ok(()),
            Err(e) => {
                self.locks.forget_owner(ino, handle, owner);
                self.locks.forget_handle(ino, handle);
                Err(e)
            }
        }
    }
}

fn span(range: LockRange) -> Result<Span> {
    const END: u64 = 1 << 63;
    let invalid = || Error::new(ErrorKind::Invalid).because("the range is empty or goes beyond 2^63 - 1");
    let end = match range.len {
        None => END,
        Some(0) => return Err(invalid()),
        Some(len) => range.start.checked_add(len).ok_or_else(invalid)?,
    };
    match range.start < end && end <= END {
        true => Ok(Span {
            start: range.start,
            end,
        }),
        false => Err(invalid()),
    }
}
