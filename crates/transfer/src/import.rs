//! Storing what arrives, in a tenant that nobody sees.

use std::collections::HashMap;

use tarbox_store::{Error, ErrorKind, TenantState};
use tarbox_store_core::transfer::{BlockHead, Blocks, Point, Transfer, Version};
use tarbox_store_core::{
    Appender, Applied, Batch, Block, Change, CoreDatabase, Durability, Found, Hash, HistoryOp, Tenant,
    TenantId, Want,
};

use crate::check::Rows;
use crate::fault::{Fault, Result};
use crate::file::{Header, random};
use crate::frame::Chain;

/// Bytes after which what has arrived is committed.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
/// Rows after which it is.
const BATCH_ROWS: usize = 20_000;

/// A restore in progress.
#[derive(Debug)]
pub(crate) struct Import<'a, E: Transfer> {
    core: &'a CoreDatabase<E>,
    /// As it will be.
    tenant: Tenant,
    /// As it is in the database.
    row: Tenant,
    /// As stored; frames up to here are there already.
    point: Point,
    /// Frames that were there in the beginning, and the chain behind them.
    there: (u64, [u8; 32]),
    /// Frames that came.
    taken: u64,
    batch: Batch,
    bodies: Vec<(BlockHead, Vec<u8>)>,
    /// The last block that arrived; kept ones in front of it are settled.
    last_block: Option<Hash>,
    blocks_ended: bool,
    rows: usize,
    bytes: u64,
}

impl<'a, E: Transfer> Import<'a, E> {
    /// Begins to restore this tenant under its name, or goes on where an earlier attempt ended.
    pub(crate) async fn begin(
        core: &'a CoreDatabase<E>,
        tenant: &Tenant,
        header: Header,
        earlier: Earlier,
    ) -> Result<Self> {
        let engine = core.engine();
        let found = engine.find(&tenant.name).await?;
        let is_hidden = |there: &Tenant| there.state == TenantState::Restoring;
        if found.as_ref().is_some_and(|there| !is_hidden(there)) {
            let taken = Error::new(ErrorKind::Exists).about(&*tenant.name);
            return Err(taken.because("a tenant of this name already exists").into());
        }
        let hidden = Tenant {
            state: TenantState::Restoring,
            ..tenant.clone()
        };
        let nothing = Point {
            attempt: 0,
            dump: header.id,
            frames: 0,
            chain: [0; 32],
            has_kept: false,
        };
        let is_same = |there: &Tenant| there.secret == tenant.secret && there.created == tenant.created;
        let (row, point) = match found {
            Some(there) if is_same(&there) => match point(engine, there.id).await? {
                Some(point) if point.dump == header.id && earlier == Earlier::GoOn => (there, point),
                _ => {
                    engine.wipe(there.id, Blocks::Keep).await?;
                    let point = Point {
                        has_kept: true,
                        ..nothing
                    };
                    (there, point)
                }
            },
            Some(other) => {
                engine.discard(other.id).await?;
                (engine.begin(&hidden).await?, nothing)
            }
            None => (engine.begin(&hidden).await?, nothing),
        };
        // The layers and counters that rows are checked against.
        let row = Tenant {
            id: row.id,
            segment: row.segment,
            segment_len: row.segment_len,
            ..hidden
        };
        let mut import = Self {
            core,
            tenant: tenant.clone(),
            batch: Batch::new(row.id),
            row,
            there: (point.frames, point.chain),
            taken: 0,
            point,
            bodies: Vec::new(),
            last_block: None,
            blocks_ended: false,
            rows: 0,
            bytes: 0,
        };
        let mine = Point {
            attempt: random(),
            ..import.point
        };
        import.commit(mine, Takeover::Yes).await?;
        Ok(import)
    }

    pub(crate) fn id(&self) -> TenantId {
        self.row.id
    }

    /// Frames that an earlier attempt stored.
    pub(crate) fn resumed(&self) -> u64 {
        self.there.0
    }

    /// What tells which blocks are needed.
    pub(crate) fn needs(&self) -> Needs<'a, E> {
        Needs {
            engine: self.core.engine(),
            tenant: self.row.id,
            there: self.there.0,
            has_kept: self.point.has_kept,
            after: None,
        }
    }

    /// Stores the rows of a frame, unless they are there. `number` frames came before it, and `chain` is the one behind it.
    pub(crate) async fn take(&mut self, rows: Rows, number: u64, chain: Chain) -> Result<()> {
        self.taken = number + 1;
        if number < self.there.0 {
            if number + 1 == self.there.0 && chain.0 != self.there.1 {
                return Err(Fault::Changed);
            }
            if let Rows::Blocks(blocks) = &rows {
                self.last_block = blocks.last().map(|(head, _)| head.hash);
            }
            return Ok(());
        }
        if !matches!(
            rows,
            Rows::Tenant(_) | Rows::Layers(_) | Rows::Tags(_) | Rows::Blocks(_)
        ) {
            self.end_blocks().await?;
        }
        match rows {
            Rows::Tenant(_) | Rows::End => {}
            Rows::Layers(layers) => self.batch.history.extend(layers.into_iter().map(HistoryOp::Seal)),
            Rows::Tags(tags) => {
                let tags = tags
                    .into_iter()
                    .map(|(name, layer)| HistoryOp::Tag(name, Some(layer)));
                self.batch.history.extend(tags);
            }
            Rows::Blocks(blocks) => self.take_blocks(blocks).await?,
            Rows::Inodes(rows) => {
                for version in rows {
                    self.weigh(256 + version.row.inline_len());
                    match version.died {
                        Some(_) => self.batch.past.inodes.push(version),
                        None => self.batch.inodes.push((version.key, put(version.row))),
                    }
                }
            }
            Rows::Dentries(rows) => {
                for version in rows {
                    self.weigh(128);
                    match version.died {
                        Some(_) => self.batch.past.dentries.push(version),
                        None => self
                            .batch
                            .dentries
                            .push((version.key.0, version.key.1, put(version.row))),
                    }
                }
            }
            Rows::Xattrs(rows) => {
                for version in rows {
                    self.weigh(64 + version.row.value.len() as u64);
                    match version {
                        Version { died: Some(_), .. } => self.batch.past.xattrs.push(version),
                        Version {
                            key: (ino, name),
                            row,
                            ..
                        } => self.batch.xattrs.push((ino, name, put(row))),
                    }
                }
            }
            Rows::Chunks(rows) => {
                for version in rows {
                    self.weigh(64 + 44 * version.row.fragments.len() as u64);
                    match version.died {
                        Some(_) => self.batch.past.chunks.push(version),
                        None => self
                            .batch
                            .chunks
                            .push((version.key.0, version.key.1, put(version.row))),
                    }
                }
            }
            Rows::Log(rows) => {
                for row in rows {
                    self.weigh(128 + row.path.len() as u64);
                    self.batch.log.push(row);
                }
            }
        }
        let next = Point {
            frames: number + 1,
            chain: chain.0,
            ..self.point
        };
        match self.bytes >= BATCH_BYTES || self.rows >= BATCH_ROWS {
            true => self.commit(next, Takeover::No).await,
            false => {
                self.point = next;
                Ok(())
            }
        }
    }

    fn weigh(&mut self, bytes: u64) {
        self.rows += 1;
        self.bytes += bytes;
    }

    async fn take_blocks(&mut self, blocks: Vec<(BlockHead, Option<Vec<u8>>)>) -> Result<()> {
        let last = blocks.last().map(|(head, _)| head.hash);
        let mut kept = match self.point.has_kept {
            true => self.kept(last).await?,
            false => HashMap::new(),
        };
        for (head, body) in blocks {
            self.rows += 1;
            match (kept.remove(&head.hash), body) {
                (Some(there), _) if there.len == head.len => {
                    let row = Block {
                        refs: head.refs,
                        ..there
                    };
                    self.batch.blocks.push((head.hash, Some(row)));
                }
                (_, Some(body)) => {
                    self.bytes += body.len() as u64;
                    self.bodies.push((head, body));
                }
                (_, None) => {
                    return Err(Error::new(ErrorKind::Io)
                        .because("a block that was needed did not come")
                        .into());
                }
            }
        }
        self.forget(kept);
        self.last_block = last;
        Ok(())
    }

    /// Blocks that an earlier attempt left, behind the last one that arrived.
    async fn kept(&self, upto: Option<Hash>) -> Result<HashMap<Hash, Block>> {
        let engine = self.core.engine();
        let kept = engine.blocks_between(self.row.id, self.last_block, upto).await?;
        Ok(kept.into_iter().collect())
    }

    /// Removes blocks that nothing names any more.
    fn forget(&mut self, kept: HashMap<Hash, Block>) {
        for (hash, block) in kept {
            self.batch.blocks.push((hash, None));
            self.batch.live.push((block.segment, -i64::from(block.len)));
        }
    }

    async fn end_blocks(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.blocks_ended, true) && self.point.has_kept {
            let kept = self.kept(None).await?;
            self.forget(kept);
        }
        Ok(())
    }

    /// Commits what has arrived, with the point behind it. Another process that goes on with the same shows.
    async fn commit(&mut self, point: Point, takeover: Takeover) -> Result<()> {
        let engine = self.core.engine();
        let needed = self.bytes + 64 * self.rows as u64;
        if engine.room().allowance.is_some_and(|room| room < needed) {
            return Err(Error::new(ErrorKind::NoSpace)
                .because("the device of the database has no room for more")
                .into());
        }
        engine.prepare();
        engine.acquire(self.row.id).await?;
        let committed = self.commit_leased(point, takeover).await;
        let released = engine.release(self.row.id);
        engine.restore_room();
        committed?;
        Ok(released?)
    }

    async fn commit_leased(&mut self, point: Point, takeover: Takeover) -> Result<()> {
        let engine = self.core.engine();
        if takeover == Takeover::No {
            self.check_ours().await?;
        }
        let mut appender = engine.appender(&self.row);
        for (head, body) in &self.bodies {
            appender.append(head.hash, body)?;
        }
        appender.sync().await?;
        for (head, _) in std::mem::take(&mut self.bodies) {
            let block = appender
                .added(&head.hash)
                .ok_or_else(|| Error::new(ErrorKind::Io))?;
            let row = Block {
                refs: head.refs,
                ..block
            };
            self.batch.live.push((row.segment, row.len.into()));
            self.batch.blocks.push((head.hash, Some(row)));
        }
        self.batch.blocks.sort_unstable_by_key(|(hash, _)| *hash);
        (self.row.segment, self.row.segment_len) = appender.position();
        drop(appender);
        self.batch.row = Some(self.row.clone());
        Point::put(Some(&point), &mut self.batch);
        let batches = std::slice::from_mut(&mut self.batch);
        if engine.apply(batches, Durability::Visible).await? == Applied::Fenced {
            return Err(overtaken().into());
        }
        self.batch = Batch::new(self.row.id);
        self.point = point;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// Refuses to go on beside another process.
    async fn check_ours(&self) -> Result<()> {
        let stored = point(self.core.engine(), self.row.id).await?;
        match stored.is_some_and(|stored| stored.attempt == self.point.attempt) {
            true => Ok(()),
            false => Err(overtaken().into()),
        }
    }

    /// Checks what has arrived, and makes it visible.
    pub(crate) async fn finish(mut self) -> Result<()> {
        let engine = self.core.engine();
        if self.taken < self.there.0 {
            return Err(Fault::Changed);
        }
        self.commit(self.point, Takeover::No).await?;
        let problems = engine.check(self.row.id).await?;
        if let Some(first) = problems.first() {
            return Err(Fault::damaged(format!(
                "its rows contradict each other: {} ({})",
                first.what, first.invariant
            )));
        }
        engine.acquire(self.row.id).await?;
        let shown = self.show().await;
        engine.release(self.row.id)?;
        shown
    }

    async fn show(&mut self) -> Result<()> {
        self.check_ours().await?;
        let mut batch = Batch::new(self.row.id);
        batch.row = Some(Tenant {
            state: self.tenant.state,
            ..self.row.clone()
        });
        Point::put(None, &mut batch);
        let applied = self
            .core
            .engine()
            .apply(std::slice::from_mut(&mut batch), Durability::Durable)
            .await?;
        // Somebody may have tried to open it meanwhile.
        self.core.forget(self.row.id);
        match applied {
            Applied::Yes => Ok(()),
            Applied::Fenced => Err(overtaken().into()),
        }
    }
}

/// What becomes of what an earlier attempt stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// It is gone on with, if it was of the same dump.
    GoOn,
    /// Only its blocks are of use.
    KeepBlocks,
}

/// Whether another attempt is ended by this commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takeover {
    Yes,
    No,
}

fn put<R>(row: R) -> Change<R> {
    Change {
        preserve: None,
        row: Some(row),
    }
}

fn overtaken() -> Error {
    Error::new(ErrorKind::Busy).because("another process goes on with restoring it, or has deleted it")
}

async fn point<E: Transfer>(engine: &E, tenant: TenantId) -> tarbox_store::Result<Option<Point>> {
    let found = engine.load(tenant, &[Want::Xattrs(Point::INO)]).await?;
    match found.first() {
        Some(Found::Xattrs(xattrs)) => Ok(Point::find(xattrs)),
        _ => Ok(None),
    }
}

/// Tells which blocks are not there yet, in the order in which they come.
#[derive(Debug)]
pub(crate) struct Needs<'a, E> {
    engine: &'a E,
    tenant: TenantId,
    there: u64,
    has_kept: bool,
    after: Option<Hash>,
}

impl<E: Transfer> Needs<'_, E> {
    /// Which of the blocks of a frame are needed, before which so many came.
    pub(crate) fn of(&mut self, blocks: &[BlockHead], frames: u64) -> tarbox_store::Result<Vec<bool>> {
        if frames < self.there {
            return Ok(vec![false; blocks.len()]);
        }
        if !self.has_kept {
            return Ok(vec![true; blocks.len()]);
        }
        let (first, last) = (blocks.first(), blocks.last());
        let (Some(_), Some(last)) = (first, last) else {
            return Ok(Vec::new());
        };
        let kept = pollster::block_on(
            self.engine
                .blocks_between(self.tenant, self.after, Some(last.hash)),
        )?;
        self.after = Some(last.hash);
        let kept: HashMap<Hash, Block> = kept.into_iter().collect();
        let is_kept = |head: &BlockHead| kept.get(&head.hash).is_some_and(|there| there.len == head.len);
        Ok(blocks.iter().map(|head| !is_kept(head)).collect())
    }
}
