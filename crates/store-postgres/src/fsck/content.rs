//! What only the bytes tell: data and its checksums, chunks and the blocks they name, blocks and their hashes, and names and where
//! they stand.

use std::collections::HashMap;

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{BUCKET, Hash, Map, bucket_of};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Damage, Found, Source};
use crate::sql::{self, bytes, int};
use crate::wire::Value;

/// Rows of a page.
const PAGE: i64 = 2_000;
/// Blocks of a page.
const BLOCKS: i64 = 64;

/// What becomes of the bytes of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// They are read, and compared with their hash.
    Read,
    /// They have just been written.
    Trust,
}

pub(super) async fn check(source: &Source<'_>, found: &mut Found, bytes: Bytes) -> Result<()> {
    inline(source, found).await?;
    names(source, found).await?;
    let refs = chunks(source, found).await?;
    blocks(source, found, refs, bytes).await
}

/// One page of rows behind a place.
async fn page(
    source: &Source<'_>,
    found: &Found,
    sql: &'static str,
    types: &[Type],
    after: Vec<Value>,
) -> Result<Vec<Row>> {
    let step = source.shared.sql(found.tenant.id).fixed(sql, types, after);
    let mut answers = source.fly(&[step]).await?;
    Ok(answers.pop().unwrap_or_default())
}

async fn inline(source: &Source<'_>, found: &mut Found) -> Result<()> {
    let (mut ino, mut died) = (0, 0);
    loop {
        let rows = page(
            source,
            found,
            "SELECT ino, died, data, sum, size, kind FROM (SELECT ino, 9223372036854775807 AS died, data, sum, size, kind \
             FROM tarbox.inode WHERE tenant = $1 UNION ALL SELECT ino, died, data, sum, size, kind FROM tarbox.inode_past \
             WHERE tenant = $1) i WHERE data IS NOT NULL AND (ino, died) > ($2, $3) ORDER BY ino, died LIMIT $4",
            &[Type::INT8, Type::INT8, Type::INT8],
            vec![Value::Int(ino), Value::Int(died), Value::Int(PAGE)],
        )
        .await?;
        for row in &rows {
            (ino, died) = (int(row, 0)?, int(row, 1)?);
            let number = Ino(ino as u64);
            match sql::inline(row, found.tenant.id, number, 2) {
                Ok(Some(data)) if int(row, 5)? == 2 || data.len() as i64 == int(row, 4)? => {}
                Ok(_) => found.damaged(
                    Damage::Length { ino, died },
                    "size",
                    format!("inode {number} is not as long as its data"),
                ),
                Err(_) => found.damaged(
                    Damage::Data { ino, died },
                    "checksum",
                    format!("the data of inode {number} does not match its checksum"),
                ),
            }
        }
        if (rows.len() as i64) < PAGE {
            return Ok(());
        }
    }
}

async fn names(source: &Source<'_>, found: &mut Found) -> Result<()> {
    let (mut dir, mut cookie) = (0, 0);
    loop {
        let rows = page(
            source,
            found,
            "SELECT dir, cookie, name FROM tarbox.dentry WHERE tenant = $1 AND (dir, cookie) > ($2, $3) \
             ORDER BY dir, cookie LIMIT $4",
            &[Type::INT8, Type::INT8, Type::INT8],
            vec![Value::Int(dir), Value::Int(cookie), Value::Int(PAGE)],
        )
        .await?;
        for row in &rows {
            (dir, cookie) = (int(row, 0)?, int(row, 1)?);
            let at = cookie as u64;
            if bucket_of(&found.tenant.secret, bytes(row, 2)?) != at - at % BUCKET {
                found.damaged(
                    Damage::Cookie { dir, cookie },
                    "cookie",
                    format!("an entry of directory {dir} is not where its name belongs"),
                );
            }
        }
        if (rows.len() as i64) < PAGE {
            return Ok(());
        }
    }
}

/// How many chunk versions name each block, and how much of it.
type Refs = HashMap<Hash, (u64, u32)>;

async fn chunks(source: &Source<'_>, found: &mut Found) -> Result<Refs> {
    let mut refs = Refs::new();
    // What the chunks of a file of the head hold, and the end of the last fragment.
    let mut held: HashMap<i64, (u64, u64)> = HashMap::new();
    let (mut file, mut index, mut died) = (0, -1, 0);
    loop {
        let rows = page(
            source,
            found,
            "SELECT file, idx, died, born, map FROM (SELECT file, idx, 9223372036854775807 AS died, born, map FROM tarbox.chunk \
             WHERE tenant = $1 UNION ALL SELECT file, idx, died, born, map FROM tarbox.chunk_past WHERE tenant = $1) c \
             WHERE (file, idx, died) > ($2, $3, $4) ORDER BY file, idx, died LIMIT $5",
            &[Type::INT8, Type::INT8, Type::INT8, Type::INT8],
            vec![Value::Int(file), Value::Int(index), Value::Int(died), Value::Int(PAGE)],
        )
        .await?;
        for row in &rows {
            (file, index, died) = (int(row, 0)?, int(row, 1)?, int(row, 2)?);
            let (ino, born) = (Ino(file as u64), LayerId(int(row, 3)? as u64));
            let Ok(map) = sql::chunk_map(bytes(row, 4)?, found.tenant.id, ino, index as u64, born) else {
                found.damaged(
                    Damage::Map { file, index, died },
                    "map",
                    format!("the map of chunk {index} of inode {ino} breaks its format"),
                );
                continue;
            };
            count(&map, &mut refs);
            if died == i64::MAX {
                let end = map.fragments.last().map_or(0, |f| u64::from(f.end()));
                let entry = held.entry(file).or_default();
                entry.0 += map.stored();
                entry.1 = entry.1.max(index as u64 * tarbox_store_core::CHUNK + end);
            }
        }
        if (rows.len() as i64) < PAGE {
            break;
        }
    }
    stored(source, found, held).await?;
    Ok(refs)
}

fn count(map: &Map, refs: &mut Refs) {
    for hash in map.hashes() {
        refs.entry(hash).or_default().0 += 1;
    }
    for fragment in &map.fragments {
        let end = &mut refs.entry(fragment.hash).or_default().1;
        *end = (*end).max(fragment.skip + fragment.len);
    }
}

async fn stored(source: &Source<'_>, found: &mut Found, mut held: HashMap<i64, (u64, u64)>) -> Result<()> {
    let mut ino = 0;
    loop {
        let rows = page(
            source,
            found,
            "SELECT ino, stored, size FROM tarbox.inode WHERE tenant = $1 AND data IS NULL AND ino > $2 ORDER BY ino LIMIT $3",
            &[Type::INT8, Type::INT8],
            vec![Value::Int(ino), Value::Int(PAGE)],
        )
        .await?;
        for row in &rows {
            ino = int(row, 0)?;
            let (stored, size) = (int(row, 1)? as u64, int(row, 2)? as u64);
            let (holds, end) = held.remove(&ino).unwrap_or_default();
            if holds != stored {
                found.damaged(
                    Damage::Number {
                        ino,
                        column: "stored",
                        expected: holds,
                    },
                    "stored",
                    format!("inode {ino} counts {stored} bytes in chunks, which hold {holds}"),
                );
            }
            if end > size {
                found.damaged(
                    Damage::Number {
                        ino,
                        column: "size",
                        expected: end,
                    },
                    "size",
                    format!("inode {ino} is {size} bytes long, and its chunks reach to {end}"),
                );
            }
        }
        if (rows.len() as i64) < PAGE {
            return Ok(());
        }
    }
}

async fn blocks(source: &Source<'_>, found: &mut Found, mut refs: Refs, read: Bytes) -> Result<()> {
    let mut after = Value::from(&[][..]);
    let (text, limit) = match read {
        Bytes::Read => (
            "SELECT hash, len, refs, bytes FROM tarbox.block WHERE tenant = $1 AND hash > $2 ORDER BY hash LIMIT $3",
            BLOCKS,
        ),
        Bytes::Trust => (
            "SELECT hash, len, refs FROM tarbox.block WHERE tenant = $1 AND hash > $2 ORDER BY hash LIMIT $3",
            PAGE,
        ),
    };
    loop {
        let rows = page(
            source,
            found,
            text,
            &[Type::BYTEA, Type::INT8],
            vec![after, Value::Int(limit)],
        )
        .await?;
        for row in &rows {
            let hash = bytes(row, 0)?;
            let (len, counted) = (int(row, 1)?, int(row, 2)?);
            let Ok(key) = Hash::try_from(hash) else {
                found.add("block-hash", format!("a block is named by {} bytes", hash.len()));
                continue;
            };
            let (named, end) = refs.remove(&key).unwrap_or_default();
            if read == Bytes::Read {
                let content = bytes(row, 3)?;
                let name = blake3::hash(content);
                found.report.blocks += 1;
                found.report.bytes += content.len() as u64;
                if content.is_empty() && len > 0 {
                    found.add("lost", format!("the bytes of block {} are lost", hex(hash)));
                } else if *name.as_bytes() != key || content.len() as i64 != len {
                    found.damaged(
                        Damage::Block(key),
                        "block-hash",
                        format!("block {} holds other bytes", hex(hash)),
                    );
                }
            }
            if named as i64 != counted {
                found.damaged(
                    Damage::Refs { hash: key, named },
                    "refs",
                    format!("block {} counts {counted} references and has {named}", hex(hash)),
                );
            }
            if i64::from(end) > len {
                found.damaged(
                    Damage::Beyond(key),
                    "map",
                    format!(
                        "a chunk names {end} bytes of block {}, which has {len}",
                        hex(hash)
                    ),
                );
            }
        }
        let Some(last) = rows.last().filter(|_| rows.len() as i64 == limit) else {
            break;
        };
        after = bytes(last, 0)?.into();
    }
    for (hash, (_, end)) in &refs {
        found.damaged(
            Damage::Missing {
                hash: *hash,
                len: *end,
            },
            "reference",
            format!("block {} is named and not there", hex(hash)),
        );
    }
    Ok(())
}

pub(super) fn hex(hash: &[u8]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
