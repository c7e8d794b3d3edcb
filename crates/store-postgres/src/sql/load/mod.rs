//! The rows that operations ask for: which statements bring them, and what these answered.
//!
//! All questions of one call go in one flight. Those for inodes, for their content and for blocks are gathered in one
//! statement each; a path, up or down, is one recursive statement.

mod answer;
mod ask;
mod path;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tarbox_store::{Ino, Result};
use tarbox_store_core::{Block, Found, Hash, Inode, Want, damaged};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Sql, bytes, chunk, dentry, history, inode, int, tenant, xattr};
use crate::error::failed;
use crate::wire::{Step, Value};

/// The statements of one call.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Which of them answer each want.
    places: Vec<Range<usize>>,
    inodes: Range<usize>,
    data: Range<usize>,
    blocks: Range<usize>,
}

/// Plans how these wants are answered, behind the steps that are there already.
pub(crate) fn plan(sql: Sql<'_>, wants: &[Want]) -> Plan {
    let mut plan = Plan {
        steps: Vec::new(),
        places: Vec::with_capacity(wants.len()),
        inodes: 0..0,
        data: 0..0,
        blocks: 0..0,
    };
    let (mut inodes, mut data, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
    for want in wants {
        match want {
            Want::Inode(ino) => inodes.push(ino.0 as i64),
            Want::Data(ino) => data.push(ino.0 as i64),
            Want::Block(hash) => blocks.push(Bytes::copy_from_slice(hash)),
            _ => {}
        }
        let start = plan.steps.len();
        ask::one(sql, &mut plan.steps, want);
        plan.places.push(start..plan.steps.len());
    }
    let mut add = |empty: bool, step: &dyn Fn() -> Step| {
        let start = plan.steps.len();
        if !empty {
            plan.steps.push(step());
        }
        start..plan.steps.len()
    };
    plan.inodes = add(inodes.is_empty(), &|| {
        let request = sql.request("inodes", vec![Value::Ints(inodes.clone())], || {
            let columns = inode::attributes_of("i");
            let text = format!(
                "SELECT i.ino, {columns}, i.data IS NULL FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = ANY($2)"
            );
            (text, vec![Type::INT8_ARRAY])
        });
        request.into()
    });
    plan.data = add(data.is_empty(), &|| {
        sql.fixed(
            "SELECT ino, data, sum, size, kind FROM tarbox.inode WHERE tenant = $1 AND ino = ANY($2)",
            &[Type::INT8_ARRAY],
            vec![Value::Ints(data.clone())],
        )
    });
    plan.blocks = add(blocks.is_empty(), &|| {
        sql.fixed(
            "SELECT hash, len, refs FROM tarbox.block WHERE tenant = $1 AND hash = ANY($2)",
            &[Type::BYTEA_ARRAY],
            vec![Value::Blobs(blocks.clone())],
        )
    });
    plan
}

impl Plan {
    /// What the statements answered, want by want. `seen` is the tenant's row.
    pub(crate) fn finish(
        &self,
        sql: Sql<'_>,
        wants: &[Want],
        answers: &[Vec<Row>],
        seen: Option<&tenant::Seen>,
    ) -> Result<Vec<Found>> {
        let t = sql.tenant;
        let rows = |range: &Range<usize>| answers.get(range.clone()).unwrap_or_default();
        let mut inodes: HashMap<Ino, Inode> = HashMap::new();
        for row in rows(&self.inodes).iter().flatten() {
            inodes.insert(inode::number(row, 0)?, inode::decode(row, 1)?);
        }
        let mut data: HashMap<Ino, Arc<[u8]>> = HashMap::new();
        for row in rows(&self.data).iter().flatten() {
            let ino = inode::number(row, 0)?;
            let is_dir = int(row, 4)? == tarbox_store::FileKind::Directory as i64;
            let size = int(row, 3)?;
            if let Some(bytes) =
                inode::data(row, t, ino, 1)?.filter(|bytes| is_dir || bytes.len() as i64 == size)
            {
                data.insert(ino, bytes.into());
            }
        }
        let mut blocks: HashMap<Hash, Block> = HashMap::new();
        for row in rows(&self.blocks).iter().flatten() {
            let hash = bytes(row, 0)?
                .try_into()
                .map_err(|_| damaged("a block's name has a wrong length"))?;
            blocks.insert(hash, block(int(row, 1)?, int(row, 2)?));
        }
        let mut found = Vec::with_capacity(wants.len());
        for (want, range) in wants.iter().zip(&self.places) {
            found.push(match want {
                Want::Tenant => Found::Tenant(seen.and_then(|seen| seen.tenant.clone())),
                Want::Inode(ino) => Found::Inode(inodes.get(ino).cloned()),
                Want::Data(ino) => {
                    let wrong = || damaged(format!("the data of inode {ino} does not match its size"));
                    Found::Data(data.get(ino).cloned().ok_or_else(wrong)?)
                }
                Want::Block(hash) => Found::Block(blocks.get(hash).copied()),
                want => answer::answer(sql, want, rows(range))?,
            });
        }
        Ok(found)
    }
}

/// A block as the core knows it: here it has no place.
fn block(len: i64, refs: i64) -> Block {
    Block {
        segment: 1,
        offset: 0,
        len: len as u32,
        refs: refs as u64,
    }
}
