//! [`CoreStore`]: the operations of a tenant as the [`Store`] trait has them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tarbox_store::*;

use crate::commit::Exclusive;
use crate::database::Core;
use crate::engine::{Engine, Target};
use crate::op::Op;
use crate::open::{Driver, Open};
use crate::ops::{Copied, CopyRange};
use crate::rows::Tenant;
use crate::step::Step;
use crate::want::Want;

/// The most a copy shares in one step, so that no operation holds the state for long.
pub(crate) const COPY_STEP: u64 = 256 * 1024 * 1024;

/// The files, layers and log of one tenant. Clones are the same store.
pub struct CoreStore<E: Engine> {
    core: Arc<Core<E>>,
    open: Arc<Open<E>>,
    /// How many losses the user of this handle knows of.
    told: AtomicU64,
}

impl<E: Engine> Clone for CoreStore<E> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            open: self.open.clone(),
            told: AtomicU64::new(self.told.load(Ordering::Relaxed)),
        }
    }
}

impl<E: Engine> fmt::Debug for CoreStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoreStore")
            .field("tenant", &self.open.tenant.0)
            .finish_non_exhaustive()
    }
}

impl<E: Engine> CoreStore<E> {
    pub(crate) fn new(core: Arc<Core<E>>, open: Arc<Open<E>>) -> Self {
        let told = AtomicU64::new(open.lock().losses.count);
        Self { core, open, told }
    }

    /// Tells once, as after a crash, of changes that had been accepted and are lost.
    fn tell(&self, result: Result<()>) -> Result<()> {
        let losses = &mut self.open.lock().losses;
        let known = self.told.swap(losses.count, Ordering::Relaxed);
        // Before anything else that went wrong: nobody tells of it again.
        losses.after(known).and(result)
    }

    /// Adds what was done so far to the redo log: cheaper than any commit. `false` if there is none, or a commit is needed, as
    /// for content of files.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn log_changes(&self) -> Result<bool> {
        self.driver().commit_logged_rows().await
    }

    pub(crate) fn driver(&self) -> Driver<'_, E> {
        Driver {
            inner: self.core.inner(),
            open: &self.open,
        }
    }

    /// Changes the history of a tenant that may be used.
    async fn rewrite<R: MaybeSend>(
        &self,
        mut f: impl FnMut(&mut Op<'_, '_>) -> Step<R> + MaybeSend,
    ) -> Result<R> {
        let f = |op: &mut Op<'_, '_>| {
            op.check_active()?;
            f(op)
        };
        self.driver().rewrite(f).await
    }

    async fn copy_step(&self, by: &dyn By, copy: CopyRange) -> Result<u64> {
        for _ in 0..8 {
            if let Copied::Bytes(n) = self
                .driver()
                .write(by, |op| op.copy_range(by.actor(), copy))
                .await?
            {
                return Ok(n);
            }
            self.driver().commit_visible().await?;
        }
        self.copy_bytes(by, copy).await
    }

    /// Copies through memory: the source is written so fast that it is never committed when looked at.
    async fn copy_bytes(&self, by: &dyn By, copy: CopyRange) -> Result<u64> {
        let mut buffer = vec![0; 1024 * 1024];
        let mut done = 0;
        while done < copy.len {
            let len = buffer.len().min((copy.len - done) as usize);
            let (ino, from) = copy.source;
            let part = &mut buffer[..len];
            let n = self
                .read_touching(copy.view, ino, from + done, part, Access::Quiet)
                .await?
                .0;
            if n == 0 {
                break;
            }
            let at = WriteAt::Offset(copy.target.1 + done);
            let data = &buffer[..n];
            let by: &dyn By = if done == 0 { by } else { by.actor() };
            self.driver()
                .write(by, |op| op.write(by.actor(), copy.target.0, at, data, true))
                .await?;
            done += n as u64;
        }
        Ok(done)
    }

    /// Reads, and answers how many bytes, and whether the access is to be noted.
    async fn read_touching(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> Result<(usize, bool)> {
        let mut failed: Option<Vec<Target>> = None;
        let (mut waited, mut looked) = (false, false);
        loop {
            let (plan, due) = self
                .driver()
                .read(|op| {
                    let plan = op.plan_read(view, ino, offset, buffer)?;
                    Ok((plan, access == Access::Touch && op.access_is_due(view, ino)?))
                })
                .await?;
            if plan.targets.is_empty() {
                return Ok((plan.len, due));
            }
            let engine = &self.core.inner().engine;
            match engine.fetch(self.open.tenant, &plan.targets, buffer).await {
                Ok(()) => return Ok((plan.len, due)),
                // A block that the content does not name any more may be gone by the time it is fetched.
                Err(e) if e.kind() == ErrorKind::Corrupt && failed.as_ref() != Some(&plan.targets) => {
                    failed = Some(plan.targets);
                }
                // Another process may have taken it away a moment ago.
                Err(e) if e.kind() == ErrorKind::Corrupt && !looked => {
                    looked = true;
                    engine.look(self.open.tenant).await?;
                }
                // Or the commit that takes it away is under way: memory follows when it is over.
                Err(e) if e.kind() == ErrorKind::Corrupt && !waited => {
                    waited = true;
                    self.open.turn.pass().await;
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Removes inodes without names that no process has open: a crash, or the end of another process, left them. Answers how many.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn reap_orphans(&self) -> Result<u64> {
        let reaped = self.driver().reap_orphans().await?;
        self.driver().commit_visible().await?;
        Ok(reaped)
    }

    /// Removes versions that no layer shows. A row that was written in a layer which is then dropped is kept as a version when
    /// it changes again, since dropping does not touch the head; nothing shows that version.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn prune_history(&self) -> Result<()> {
        let found = self
            .core
            .inner()
            .engine
            .load(self.open.tenant, &[Want::Hidden])
            .await?;
        let gaps = found.first().map(|found| found.gaps()).transpose()?;
        match gaps {
            Some(gaps) if !gaps.is_empty() => self.driver().rewrite(|op| op.prune()).await,
            _ => Ok(()),
        }
    }

    /// The engine below.
    pub fn engine(&self) -> &E {
        &self.core.inner().engine
    }

    /// Has the tenant to itself, with everything committed, until the answer goes.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn exclusive(&self) -> Result<Exclusive<'_, E>> {
        self.driver().exclusive().await
    }

    /// Lets the engine work on the tenant's rows, with everything committed and nobody else at them.
    ///
    /// # Errors
    /// Those of the engine, and of what it does.
    pub async fn administer<R>(&self, f: impl FnOnce(&E) -> Result<R>) -> Result<R> {
        self.driver().administer(f).await
    }

    /// The tenant's row, whether it may be used or not.
    ///
    /// # Errors
    /// `NotFound` if it was deleted.
    pub async fn row(&self) -> Result<Tenant> {
        self.driver().commit_visible().await?;
        let found = self
            .core
            .inner()
            .engine
            .load(self.open.tenant, &[Want::Tenant])
            .await?;
        let row = found
            .first()
            .map(|found| found.tenant())
            .transpose()?
            .cloned()
            .flatten();
        row.ok_or_else(|| Error::new(ErrorKind::NotFound).because("the tenant was deleted"))
    }

    /// Changes the tenant's quota or state, also of one that is suspended.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn change(&self, mut change: impl FnMut(&mut Tenant) + MaybeSend) -> Result<()> {
        self.driver()
            .rewrite(|op| {
                change(op.row_mut());
                Ok(())
            })
            .await
    }
}

impl<E: Engine> Store for CoreStore<E> {
    async fn lookup(&self, view: View, dir: Ino, name: &[u8]) -> Result<Attr> {
        self.driver().read(|op| op.lookup(view, dir, name)).await
    }

    async fn walk(&self, view: View, start: Ino, names: &[&[u8]]) -> Result<Vec<Attr>> {
        self.driver().read(|op| op.walk(view, start, names)).await
    }

    async fn list(&self, view: View, dir: Ino, after: Cookie, limit: usize) -> Result<Vec<DirEntry>> {
        self.driver().read(|op| op.list(view, dir, after, limit)).await
    }

    async fn list_names(&self, view: View, dir: Ino, after: Cookie, limit: usize) -> Result<Vec<DirName>> {
        self.driver()
            .read(|op| op.list_names(view, dir, after, limit))
            .await
    }

    async fn parent(&self, view: View, dir: Ino) -> Result<Ino> {
        self.driver().read(|op| op.parent(view, dir)).await
    }

    async fn path_of(&self, view: View, ino: Ino) -> Result<Vec<u8>> {
        self.driver().read(|op| op.path_of(view, ino)).await
    }

    async fn create(&self, by: &dyn By, dir: Ino, name: &[u8], new: &NewInode<'_>) -> Result<Attr> {
        self.driver()
            .write(by, |op| op.create(by.actor(), dir, name, new))
            .await
    }

    async fn link(&self, by: &dyn By, ino: Ino, dir: Ino, name: &[u8]) -> Result<Attr> {
        self.driver()
            .write(by, |op| op.link(by.actor(), ino, dir, name))
            .await
    }

    async fn unlink(&self, by: &dyn By, dir: Ino, name: &[u8], what: Unlink) -> Result<Attr> {
        self.driver()
            .write(by, |op| op.unlink(by.actor(), dir, name, what))
            .await
    }

    async fn rename(
        &self,
        by: &dyn By,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> Result<()> {
        self.driver()
            .write(by, |op| op.rename(by.actor(), from, to, mode))
            .await
    }

    async fn attr(&self, view: View, ino: Ino) -> Result<Attr> {
        self.driver().read(|op| op.attr(view, ino)).await
    }

    async fn set_attr(&self, by: &dyn By, ino: Ino, set: &SetAttr) -> Result<Attr> {
        let (attr, again) = self
            .driver()
            .write(by, |op| op.set_attr(by.actor(), ino, set))
            .await?;
        match again {
            true => self
                .driver()
                .read(|op| op.attr(View::Current, ino))
                .await
                .or(Ok(attr)),
            false => Ok(attr),
        }
    }

    async fn xattr(&self, view: View, ino: Ino, name: &[u8]) -> Result<Vec<u8>> {
        self.driver().read(|op| op.xattr(view, ino, name)).await
    }

    async fn xattrs(&self, view: View, ino: Ino) -> Result<Vec<Vec<u8>>> {
        self.driver().read(|op| op.xattr_names(view, ino)).await
    }

    async fn set_xattr(
        &self,
        by: &dyn By,
        ino: Ino,
        name: &[u8],
        value: &[u8],
        mode: XattrMode,
    ) -> Result<()> {
        self.driver()
            .write(by, |op| op.set_xattr(by.actor(), ino, name, value, mode))
            .await
    }

    async fn remove_xattr(&self, by: &dyn By, ino: Ino, name: &[u8]) -> Result<()> {
        self.driver()
            .write(by, |op| op.remove_xattr(by.actor(), ino, name))
            .await
    }

    async fn read(
        &self,
        view: View,
        ino: Ino,
        offset: u64,
        buffer: &mut [u8],
        access: Access,
    ) -> Result<usize> {
        let (len, due) = self.read_touching(view, ino, offset, buffer, access).await?;
        if due {
            // A reader does not fail because its access cannot be noted.
            let _noted = self.driver().touch(ino).await;
        }
        Ok(len)
    }

    async fn read_link(&self, view: View, ino: Ino) -> Result<Vec<u8>> {
        self.driver().read(|op| op.read_link(view, ino)).await
    }

    async fn write(
        &self,
        by: &dyn By,
        ino: Ino,
        at: WriteAt,
        data: &[u8],
        clear_setid: bool,
    ) -> Result<Written> {
        self.driver()
            .write(by, |op| op.write(by.actor(), ino, at, data, clear_setid))
            .await
    }

    async fn allocate(
        &self,
        by: &dyn By,
        ino: Ino,
        how: Allocate,
        offset: u64,
        len: u64,
        clear_setid: bool,
    ) -> Result<()> {
        while !self
            .driver()
            .write(by, |op| {
                op.allocate(by.actor(), ino, how, offset, len, clear_setid)
            })
            .await?
        {
            self.driver().commit_visible().await?;
        }
        Ok(())
    }

    async fn copy_range(
        &self,
        by: &dyn By,
        view: View,
        source: Ino,
        source_offset: u64,
        target: Ino,
        target_offset: u64,
        len: u64,
    ) -> Result<u64> {
        // Found once: a file that is copied behind its own end would grow for ever.
        let size = self.driver().read(|op| op.attr(view, source)).await?.size;
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
            // The first step has met the conditions, and changed what they are about.
            let by: &dyn By = if done == 0 { by } else { by.actor() };
            let n = self.copy_step(by, copy).await?;
            done += n;
            if n < step || done == len {
                return Ok(done);
            }
        }
    }

    async fn seek(&self, view: View, ino: Ino, offset: u64, to: SeekTo) -> Result<u64> {
        self.driver().read(|op| op.seek(view, ino, offset, to)).await
    }

    async fn hold(&self, ino: Ino) -> Result<()> {
        self.driver().hold(ino).await
    }

    async fn release(&self, ino: Ino) -> Result<()> {
        if self.driver().let_go(ino) {
            let nameless = self
                .driver()
                .read(|op| op.head_inode(ino, |row| row.nlink == 0))
                .await?;
            if nameless == Some(true) {
                self.driver().collect(ino).await?;
            }
        }
        Ok(())
    }

    async fn is_held(&self, ino: Ino) -> Result<bool> {
        self.driver().is_held(ino).await
    }

    async fn apply(&self, by: &dyn By, mutations: &[Mutation<'_>]) -> Result<Vec<Outcome>, Refused> {
        self.apply_all(by, mutations).await
    }

    async fn sync(&self) -> Result<()> {
        self.tell(self.driver().commit_durable().await)
    }

    async fn flush(&self) -> Result<()> {
        self.tell(self.driver().commit_visible().await)
    }

    async fn position(&self) -> Result<Position> {
        self.driver().read(|op| Ok(op.position())).await
    }

    async fn layers(&self) -> Result<Vec<LayerInfo>> {
        self.driver().read(|op| op.all_layers()).await
    }

    async fn find_layer(&self, name: &str) -> Result<LayerInfo> {
        self.driver().read(|op| op.find_layer(name)).await
    }

    async fn checkpoint(
        &self,
        by: &Actor,
        name: &str,
        description: Option<&str>,
        later: LaterLayers,
    ) -> Result<LayerInfo> {
        self.rewrite(|op| op.checkpoint(by, name, description, later))
            .await
    }

    async fn switch(&self, by: &Actor, layer: LayerId) -> Result<()> {
        self.rewrite(|op| op.switch(by, layer)).await
    }

    async fn drop_layer(&self, by: &Actor, layer: LayerId) -> Result<()> {
        self.rewrite(|op| op.drop_layer(by, layer)).await
    }

    async fn squash(&self, by: &Actor, first: LayerId, last: LayerId) -> Result<()> {
        self.rewrite(|op| op.squash(by, first, last)).await
    }

    async fn tag(&self, by: &Actor, tag: &str, layer: Option<LayerId>) -> Result<()> {
        self.rewrite(|op| op.tag(by, tag, layer)).await
    }

    async fn diff(&self, from: LayerId, to: LayerId) -> Result<Vec<Change>> {
        self.driver()
            .read_committed(|op| {
                op.check_active()?;
                op.diff(from, to)
            })
            .await
    }

    async fn last_seq(&self) -> Result<Seq> {
        self.driver().read(|op| Ok(op.last_seq())).await
    }

    async fn last_seq_by_others(&self, agent: &str) -> Result<Seq> {
        self.driver().read(|op| Ok(op.last_seq_by_others(agent))).await
    }

    async fn changed(&self, after: Seq, patience: Duration) -> Result<Seq> {
        let (engine, tenant) = (self.engine(), self.open.tenant);
        let now = engine.commits(tenant);
        let last = self.last_seq().await?;
        if last > after {
            return Ok(last);
        }
        engine.wait(tenant, now, patience).await;
        self.last_seq().await
    }

    fn wake(&self) {
        self.engine().wake(self.open.tenant);
    }

    async fn follow(&self) -> Result<Box<dyn Follower>> {
        self.engine().follow(self.open.tenant).await
    }

    fn is_followed(&self, besides: Option<&dyn Follower>) -> bool {
        self.engine()
            .is_followed(self.open.tenant, besides.map(Follower::number))
    }

    async fn settle(&self, besides: Option<&dyn Follower>) -> Result<()> {
        self.tell(self.driver().commit_visible().await)?;
        if self.is_followed(besides) {
            let (besides, last) = (besides.map(Follower::number), self.last_seq().await?);
            self.engine().settle(self.open.tenant, besides, last).await;
        }
        Ok(())
    }

    async fn log(&self, query: &LogQuery) -> Result<Vec<LogRecord>> {
        if let Some(recent) = self.driver().read(|op| Ok(op.recent_log(query))).await? {
            return Ok(recent);
        }
        self.driver().commit_visible().await?;
        self.core.inner().engine.log(self.open.tenant, query).await
    }

    async fn log_refusal(
        &self,
        by: &Actor,
        operation: Operation,
        path: &[u8],
        kind: ErrorKind,
    ) -> Result<()> {
        self.driver()
            .note(|op| {
                op.log_refusal(by, operation, path, kind);
                Ok(())
            })
            .await
    }

    async fn tenant(&self) -> Result<TenantInfo> {
        self.driver().read(|op| Ok(op.row().info())).await
    }

    async fn device_free(&self) -> Result<Option<u64>> {
        Ok(self.core.inner().engine.device_free())
    }

    async fn performance(&self) -> Result<Performance> {
        Ok(self.core.inner().performance())
    }

    async fn gc(&self) -> Result<GcReport> {
        E::collect(self).await
    }
}
