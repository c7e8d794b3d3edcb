//! [`SqliteStore`]: the operations of a tenant as the [`Store`] trait has them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tarbox_store::*;

use crate::database::Opened;
use crate::memtable::Memtable;
use crate::ops::{Copied, CopyRange, Target};
use crate::rows::TenantId;
use crate::shared::{Op, Shared};

/// The most a copy shares in one step, so that no operation holds the lock for long.
const COPY_STEP: u64 = 256 * 1024 * 1024;

/// How often an operation is run again because another process committed meanwhile.
const TRIES: usize = 16;

/// The files, layers and log of one tenant. Clones are the same store.
#[derive(Clone)]
pub struct SqliteStore {
    opened: Arc<Opened>,
    tenant: TenantId,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("tenant", &self.tenant.0)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    pub(crate) fn new(opened: Arc<Opened>, tenant: TenantId) -> Self {
        Self { opened, tenant }
    }

    fn shared(&self) -> &Shared {
        &self.opened.shared
    }

    /// Runs an operation that reads: as often as it takes for all its rows to be of one moment.
    fn read_op<R>(&self, mut f: impl FnMut(&mut Op<'_>) -> Result<R>) -> Result<R> {
        for _ in 0..TRIES {
            let mut op = self.shared().reading(self.tenant)?;
            let result = f(&mut op);
            if op.is_current() {
                return result;
            }
        }
        // Other processes commit without pause. Nobody does while this one holds the lease.
        f(&mut self.shared().changing(self.tenant)?)
    }

    /// Runs an operation that looks at one row, and notes something in this process only.
    fn note_op<R>(&self, f: impl FnOnce(&mut Op<'_>) -> Result<R>) -> Result<R> {
        f(&mut self.shared().reading(self.tenant)?)
    }

    /// Runs an operation that changes files; over a quota, once more after a commit, which knows what blocks are shared
    /// and which nothing names any more, and without what processes that died had open.
    fn write_op<R>(&self, mut f: impl FnMut(&mut Op<'_>) -> Result<R>) -> Result<R> {
        let mut op = self.shared().writing(self.tenant)?;
        if op.state.is_full() {
            // Before it changes anything: an operation whose commit finds no room has not happened.
            drop(op);
            self.shared().relieve()?;
            op = self.shared().writing(self.tenant)?;
        }
        let result = op.step(&mut f);
        match result {
            Err(e) if e.kind() == ErrorKind::QuotaExceeded => {
                let waiting = op.commit_may_make_room();
                drop(op);
                if self.opened.reap_orphans(self.tenant)? == 0 && !waiting {
                    return Err(e);
                }
                self.shared().commit_visible()?;
                self.shared().writing(self.tenant)?.step(&mut f)
            }
            other => {
                drop(op);
                other
            }
        }
    }

    /// Reads what only committed rows tell, with nothing else to be seen.
    fn committed<R>(&self, mut f: impl FnMut(&mut Op<'_>) -> Result<R>) -> Result<R> {
        loop {
            self.shared().commit_visible()?;
            let mut op = self.shared().reading(self.tenant)?;
            if op.state.tables().all(Memtable::is_empty) {
                let result = f(&mut op);
                if op.is_current() {
                    return result;
                }
            }
        }
    }

    fn copy_step(&self, by: &Actor, copy: CopyRange) -> Result<u64> {
        for _ in 0..8 {
            if let Copied::Bytes(n) = self.write_op(|op| op.copy_range(by, copy))? {
                return Ok(n);
            }
            self.shared().commit_visible()?;
        }
        self.copy_bytes(by, copy)
    }

    /// Copies through memory: the source is written so fast that it is never committed when looked at.
    fn copy_bytes(&self, by: &Actor, copy: CopyRange) -> Result<u64> {
        let mut buffer = vec![0; 1024 * 1024];
        let mut done = 0;
        while done < copy.len {
            let part = buffer.len().min((copy.len - done) as usize);
            let n = self.read_now(
                copy.view,
                copy.source.0,
                copy.source.1 + done,
                &mut buffer[..part],
            )?;
            if n == 0 {
                break;
            }
            let at = WriteAt::Offset(copy.target.1 + done);
            self.write_op(|op| op.write(by, copy.target.0, at, &buffer[..n], true))?;
            done += n as u64;
        }
        Ok(done)
    }

    fn read_now(&self, view: View, ino: Ino, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.read_touching(view, ino, offset, buffer, Access::Quiet)
            .map(|(len, _)| len)
    }

    /// Reads, and answers how many bytes, and whether the access is to be noted.
    fn read_touching(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> Result<(usize, bool)> {
        let mut failed: Option<Vec<Target>> = None;
        let mut waited = false;
        loop {
            let (plan, due) = self.read_op(|op| {
                let plan = op.plan_read(view, ino, offset, buffer)?;
                Ok((plan, access == Access::Touch && op.access_is_due(view, ino)?))
            })?;
            let shared = self.shared();
            let fetched = shared
                .blocks
                .fetch(&shared.engine, self.tenant, &plan.targets, buffer);
            match fetched {
                Ok(()) => return Ok((plan.len, due)),
                // A block that the content does not name any more may be gone by the time it is fetched.
                Err(e) if e.kind() == ErrorKind::Corrupt && failed.as_ref() != Some(&plan.targets) => {
                    failed = Some(plan.targets);
                }
                // Or the commit that takes it away is under way: memory follows when it is over.
                Err(e) if e.kind() == ErrorKind::Corrupt && !waited => {
                    waited = true;
                    shared.wait_for_commit();
                }
                Err(e) => return Err(e),
            }
        }
    }
}

impl Store for SqliteStore {
    async fn lookup(&self, view: View, dir: Ino, name: &[u8]) -> Result<Attr> {
        self.read_op(|op| op.lookup(view, dir, name))
    }

    async fn walk(&self, view: View, start: Ino, names: &[&[u8]]) -> Result<Vec<Attr>> {
        self.read_op(|op| op.walk(view, start, names))
    }

    async fn list(&self, view: View, dir: Ino, after: Cookie, limit: usize) -> Result<Vec<DirEntry>> {
        self.read_op(|op| op.list(view, dir, after, limit))
    }

    async fn list_names(&self, view: View, dir: Ino, after: Cookie, limit: usize) -> Result<Vec<DirName>> {
        self.read_op(|op| op.list_names(view, dir, after, limit))
    }

    async fn parent(&self, view: View, dir: Ino) -> Result<Ino> {
        self.read_op(|op| op.parent(view, dir))
    }

    async fn path_of(&self, view: View, ino: Ino) -> Result<Vec<u8>> {
        self.read_op(|op| op.path_of(view, ino))
    }

    async fn create(&self, by: &Actor, dir: Ino, name: &[u8], new: &NewInode<'_>) -> Result<Attr> {
        self.write_op(|op| op.create(by, dir, name, new))
    }

    async fn link(&self, by: &Actor, ino: Ino, dir: Ino, name: &[u8]) -> Result<Attr> {
        self.write_op(|op| op.link(by, ino, dir, name))
    }

    async fn unlink(&self, by: &Actor, dir: Ino, name: &[u8], what: Unlink) -> Result<Attr> {
        self.write_op(|op| op.unlink(by, dir, name, what))
    }

    async fn rename(&self, by: &Actor, from: (Ino, &[u8]), to: (Ino, &[u8]), mode: RenameMode) -> Result<()> {
        self.write_op(|op| op.rename(by, from, to, mode))
    }

    async fn attr(&self, view: View, ino: Ino) -> Result<Attr> {
        self.read_op(|op| op.attr(view, ino))
    }

    async fn set_attr(&self, by: &Actor, ino: Ino, set: &SetAttr) -> Result<Attr> {
        self.write_op(|op| op.set_attr(by, ino, set))
    }

    async fn xattr(&self, view: View, ino: Ino, name: &[u8]) -> Result<Vec<u8>> {
        self.read_op(|op| op.xattr(view, ino, name))
    }

    async fn xattrs(&self, view: View, ino: Ino) -> Result<Vec<Vec<u8>>> {
        self.read_op(|op| op.xattr_names(view, ino))
    }

    async fn set_xattr(
        &self,
        by: &Actor,
        ino: Ino,
        name: &[u8],
        value: &[u8],
        mode: XattrMode,
    ) -> Result<()> {
        self.write_op(|op| op.set_xattr(by, ino, name, value, mode))
    }

    async fn remove_xattr(&self, by: &Actor, ino: Ino, name: &[u8]) -> Result<()> {
        self.write_op(|op| op.remove_xattr(by, ino, name))
    }

    async fn read(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> Result<usize> {
        let (len, due) = self.read_touching(view, ino, offset, buffer, access)?;
        if due {
            // A reader does not fail because its access cannot be noted.
            let _noted = self.write_op(|op| op.touch(ino));
        }
        Ok(len)
    }

    async fn read_link(&self, view: View, ino: Ino) -> Result<Vec<u8>> {
        self.read_op(|op| op.read_link(view, ino))
    }

    async fn write(
        &self,
        by: &Actor,
        ino: Ino,
        at: WriteAt,
        data: &[u8],
        clear_setid: bool,
    ) -> Result<Written> {
        self.write_op(|op| op.write(by, ino, at, data, clear_setid))
    }

    async fn allocate(
        &self,
        by: &Actor,
        ino: Ino,
        how: Allocate,
        offset: u64,
        len: u64,
        clear_setid: bool,
    ) -> Result<()> {
        while !self.write_op(|op| op.allocate(by, ino, how, offset, len, clear_setid))? {
            self.shared().commit_visible()?;
        }
        Ok(())
    }

    async fn copy_range(
        &self,
        by: &Actor,
        view: View,
        source: Ino,
        source_offset: u64,
        target: Ino,
        target_offset: u64,
        len: u64,
    ) -> Result<u64> {
        // Found once: a file that is copied behind its own end would grow for ever.
        let size = self.read_op(|op| op.attr(view, source))?.size;
        let len = len.min(size.saturating_sub(source_offset));
        let mut done = 0;
        loop {
            let step = (len - done).min(COPY_STEP);
            let overflow = || Error::new(ErrorKind::FileTooLarge);
            let copy = CopyRange {
                view,
                source: (source, source_offset.checked_add(done).ok_or_else(overflow)?),
                target: (target, target_offset.checked_add(done).ok_or_else(overflow)?),
                len: step,
                whole: len - done,
            };
            let n = self.copy_step(by, copy)?;
            done += n;
            if n < step || done == len {
                return Ok(done);
            }
        }
    }

    async fn seek(&self, view: View, ino: Ino, offset: u64, to: SeekTo) -> Result<u64> {
        self.read_op(|op| op.seek(view, ino, offset, to))
    }

    async fn hold(&self, ino: Ino) -> Result<()> {
        self.note_op(|op| op.hold(ino))
    }

    async fn release(&self, ino: Ino) -> Result<()> {
        if self.note_op(|op| op.release(ino))? {
            self.opened.reap(self.tenant, ino)?;
        }
        Ok(())
    }

    async fn sync(&self) -> Result<()> {
        self.shared().commit_durable()
    }

    async fn flush(&self) -> Result<()> {
        self.shared().commit_visible()
    }

    async fn position(&self) -> Result<Position> {
        self.read_op(|op| Ok(op.position()))
    }

    async fn layers(&self) -> Result<Vec<LayerInfo>> {
        self.read_op(|op| op.all_layers())
    }

    async fn find_layer(&self, name: &str) -> Result<LayerInfo> {
        self.read_op(|op| op.find_layer(name))
    }

    async fn checkpoint(
        &self,
        by: &Actor,
        name: &str,
        description: Option<&str>,
        later: LaterLayers,
    ) -> Result<LayerInfo> {
        self.shared().exclusively(self.tenant, |op, batch| {
            op.tenant()?;
            op.checkpoint(batch, by, name, description, later)
        })
    }

    async fn switch(&self, by: &Actor, layer: LayerId) -> Result<()> {
        self.shared().exclusively(self.tenant, |op, _| {
            op.tenant()?;
            op.switch(by, layer)
        })
    }

    async fn drop_layer(&self, by: &Actor, layer: LayerId) -> Result<()> {
        self.shared().exclusively(self.tenant, |op, batch| {
            op.tenant()?;
            op.drop_layer(batch, by, layer)
        })
    }

    async fn squash(&self, by: &Actor, first: LayerId, last: LayerId) -> Result<()> {
        self.shared().exclusively(self.tenant, |op, batch| {
            op.tenant()?;
            op.squash(batch, by, first, last)
        })
    }

    async fn tag(&self, by: &Actor, tag: &str, layer: Option<LayerId>) -> Result<()> {
        self.shared().exclusively(self.tenant, |op, batch| {
            op.tenant()?;
            op.tag(batch, by, tag, layer)
        })
    }

    async fn diff(&self, from: LayerId, to: LayerId) -> Result<Vec<Change>> {
        self.committed(|op| op.diff(from, to))
    }

    async fn last_seq(&self) -> Result<Seq> {
        self.read_op(|op| Ok(op.last_seq()))
    }

    async fn last_seq_by_others(&self, agent: &str) -> Result<Seq> {
        self.read_op(|op| Ok(op.last_seq_by_others(agent)))
    }

    async fn changed(&self, after: Seq, patience: Duration) -> Result<Seq> {
        let engine = &self.shared().engine;
        let now = engine.now();
        let last = self.last_seq().await?;
        if last > after {
            return Ok(last);
        }
        engine.wait(now, patience);
        self.last_seq().await
    }

    fn wake(&self) {
        self.shared().engine.wake();
    }

    async fn follow(&self) -> Result<Box<dyn Follower>> {
        match self.opened.followers.add(self.tenant)? {
            Some(follower) => Ok(follower),
            None => Ok(Box::new(Unheard)),
        }
    }

    fn is_followed(&self, besides: Option<&dyn Follower>) -> bool {
        self.opened
            .followers
            .are_there(self.tenant, besides.map(Follower::number))
    }

    async fn settle(&self, besides: Option<&dyn Follower>) -> Result<()> {
        self.shared().commit_visible()?;
        let others = self
            .opened
            .followers
            .others(self.tenant, besides.map(Follower::number));
        if !others.is_empty() {
            let last = self.last_seq().await?;
            others.iter().for_each(|other| other.wait(last));
        }
        Ok(())
    }

    async fn log(&self, query: &LogQuery) -> Result<Vec<LogRecord>> {
        if let Some(recent) = self.read_op(|op| Ok(op.recent_log(query)))? {
            return Ok(recent);
        }
        self.shared().commit_visible()?;
        self.read_op(|op| op.query_log(query))
    }

    async fn log_refusal(
        &self,
        by: &Actor,
        operation: Operation,
        path: &[u8],
        kind: ErrorKind,
    ) -> Result<()> {
        let mut op = self.shared().changing(self.tenant)?;
        op.step(&mut |op| {
            op.log_refusal(by, operation, path, kind);
            Ok(())
        })
    }

    async fn tenant(&self) -> Result<TenantInfo> {
        self.read_op(|op| Ok(op.row().info()))
    }

    async fn device_free(&self) -> Result<Option<u64>> {
        Ok(self.opened.device_free())
    }

    async fn performance(&self) -> Result<Performance> {
        Ok(self.shared().performance())
    }

    async fn gc(&self) -> Result<GcReport> {
        self.opened.gc(self.tenant)
    }
}
