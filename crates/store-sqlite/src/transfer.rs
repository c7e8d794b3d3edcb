//! Copying tenants: see [`Transfer`].

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use tarbox_pool::PoolFile;
use tarbox_store::{Error, ErrorKind, Ino, LayerId, Problem, Result};
use tarbox_store_core::CoreDatabase;
use tarbox_store_core::transfer::{
    Blocks, ChunkVersion, DentryVersion, Era, InodeVersion, Moment, OnCore, Place, Transfer, XattrVersion,
};

use crate::blocks::hex;
use crate::database::SqliteDatabase;
use crate::engine::SqliteEngine;
use crate::rows::{Block, Hash, Layer, LogRow, Numbered, Tenant, TenantId};
use crate::sql::{self, damaged, device, engine, past};

/// Orphans looked up at once.
const ORPHANS: usize = 4096;

/// A tenant as of one moment: a read transaction on a connection of its own, which ends with it, and every segment opened, so that a garbage collection
/// takes nothing away meanwhile.
#[derive(Debug)]
pub struct SqliteMoment<'a> {
    engine: &'a SqliteEngine,
    connection: Connection,
    tenant: Tenant,
    segments: HashMap<u64, Arc<dyn PoolFile>>,
}

impl SqliteMoment<'_> {
    /// Opens the segments that the snapshot knows; those that a collection has removed meanwhile are missed when a block in them is read.
    fn open_segments(&mut self) -> Result<()> {
        let id = self.tenant.id;
        let mut statement = self
            .connection
            .prepare("SELECT id FROM segment WHERE tenant = ?1 AND id > 0")
            .map_err(engine)?;
        let ids = statement
            .query_map([id.sql()], |row| row.get::<_, i64>(0))
            .map_err(engine)?;
        for segment in ids {
            let segment = segment.map_err(engine)? as u64;
            if let Ok(file) = self.engine.blocks.segment(id, segment, false) {
                self.segments.insert(segment, file);
            }
        }
        Ok(())
    }

    /// One block: from where the snapshot has it, or else from where it is now.
    fn read_one(&self, hash: Hash, block: Block) -> Result<Vec<u8>> {
        let (blocks, id) = (&self.engine.blocks, self.tenant.id);
        if block.is_lost() {
            return Err(damaged(format!(
                "block {} is lost: remove the files that 'tarbox fsck' names, and try again",
                hex(&hash)
            )));
        }
        let mut bytes = vec![0; block.len as usize];
        if let Some(file) = self.segments.get(&block.segment) {
            let read = file.read_at(&mut bytes, block.offset).map_err(device)?;
            if read == bytes.len() && *blake3::hash(&bytes).as_bytes() == hash {
                return Ok(bytes);
            }
        }
        blocks.whole(&self.engine.sql, id, hash)
    }
}

impl Moment for SqliteMoment<'_> {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    async fn layers(&mut self) -> Result<Vec<Layer>> {
        sql::tenant::layers(&self.connection, self.tenant.id)
    }

    async fn tags(&mut self) -> Result<Vec<(String, LayerId)>> {
        sql::tenant::tags(&self.connection, self.tenant.id)
    }

    async fn orphans(&mut self) -> Result<Vec<Ino>> {
        let (id, mut found) = (self.tenant.id, Vec::new());
        let (mut after, to) = (id.key(Ino(0)), id.key(Ino(Ino::LIMIT - 1)));
        loop {
            let page = sql::orphan::range(&self.connection, after, to, ORPHANS)?;
            found.extend(page.iter().map(|key| key.ino()));
            match page.last() {
                Some(last) if page.len() == ORPHANS => after = *last,
                _ => return Ok(found),
            }
        }
    }

    async fn inodes(
        &mut self,
        era: Era,
        after: Option<Place<Ino>>,
        limit: usize,
    ) -> Result<Vec<InodeVersion>> {
        past::inodes(&self.connection, self.tenant.id, era, after, limit)
    }

    async fn dentries(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, u64)>>,
        limit: usize,
    ) -> Result<Vec<DentryVersion>> {
        past::dentries(&self.connection, self.tenant.id, era, after, limit)
    }

    async fn chunks(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, u64)>>,
        limit: usize,
    ) -> Result<Vec<ChunkVersion>> {
        past::chunks(&self.connection, self.tenant.id, era, after, limit)
    }

    async fn xattrs(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, Vec<u8>)>>,
        limit: usize,
    ) -> Result<Vec<XattrVersion>> {
        past::xattrs(&self.connection, self.tenant.id, era, after, limit)
    }

    async fn blocks(&mut self, after: Option<Hash>, limit: usize) -> Result<Vec<(Hash, Block)>> {
        past::blocks(&self.connection, self.tenant.id, after, None, Some(limit))
    }

    async fn read(&mut self, blocks: &[(Hash, Block)]) -> Result<Vec<Vec<u8>>> {
        let mut all = Vec::with_capacity(blocks.len());
        for (hash, block) in blocks {
            all.push(self.read_one(*hash, *block)?);
        }
        Ok(all)
    }

    async fn log(&mut self, after: u64, limit: usize) -> Result<Vec<LogRow>> {
        past::log(&self.connection, self.tenant.id, after, limit)
    }
}

impl Transfer for SqliteEngine {
    type Moment<'a> = SqliteMoment<'a>;

    async fn moment(&self, tenant: TenantId) -> Result<SqliteMoment<'_>> {
        let connection = self.sql.beside()?;
        connection.execute_batch("BEGIN").map_err(engine)?;
        // The first look is the moment.
        let row = sql::tenant::by_id(&connection, tenant)?;
        let gone = || Error::new(ErrorKind::NotFound).because("the tenant was deleted");
        let mut moment = SqliteMoment {
            engine: self,
            connection,
            tenant: row.ok_or_else(gone)?,
            segments: HashMap::new(),
        };
        moment.open_segments()?;
        Ok(moment)
    }

    async fn begin(&self, row: &Tenant) -> Result<Tenant> {
        let row = Tenant {
            segment: 1,
            segment_len: 0,
            ..row.clone()
        };
        self.write_alone(|c| sql::admin::begin(c, &row))
    }

    async fn wipe(&self, tenant: TenantId, blocks: Blocks) -> Result<()> {
        self.write_alone(|c: &Connection| sql::admin::wipe(c, tenant, blocks))?;
        self.blocks.forget_places();
        Ok(())
    }

    async fn discard(&self, tenant: TenantId) -> Result<()> {
        self.write_alone(|c| sql::admin::delete(c, tenant))?;
        self.remove_segments(tenant)
    }

    async fn blocks_between(
        &self,
        tenant: TenantId,
        after: Option<Hash>,
        upto: Option<Hash>,
    ) -> Result<Vec<(Hash, Block)>> {
        self.sql.read(|c| past::blocks(c, tenant, after, upto, None))
    }

    async fn check(&self, tenant: TenantId) -> Result<Vec<Problem>> {
        self.inspect_rows(tenant)
    }
}

impl OnCore for SqliteDatabase {
    type Engine = SqliteEngine;

    fn core(&self) -> &CoreDatabase<SqliteEngine> {
        self.core()
    }
}
