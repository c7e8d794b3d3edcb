//! Mending content. What does not match its checksum or its hash goes to `/lost+found`, and the place where it was says that it is
//! lost: whoever reads it gets an error, and whoever writes it again brings it back.

use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::{CHUNK, Fragment, Hash, Map};
use tokio_postgres::types::Type;

use super::Mender;
use crate::fsck::Damage;
use crate::fsck::content::hex;
use crate::sql::{self, bytes, int};
use crate::wire::Value;

/// What stands for the end of a version of the head.
const HEAD: i64 = i64::MAX;

impl Mender<'_> {
    pub(super) async fn content(&self, damage: Damage) -> Result<()> {
        match damage {
            Damage::Data { ino, died } => self.lose_data(ino, died).await,
            Damage::Length { ino, died } => self.set_length(ino, died).await,
            Damage::Cookie { dir, cookie } => self.move_entry(dir, cookie).await,
            Damage::Map { file, index, died } => self.salvage(file, index, died).await,
            Damage::Number {
                ino,
                column,
                expected,
            } => {
                let sql = match column {
                    "size" => "UPDATE tarbox.inode SET size = $3 WHERE tenant = $1 AND ino = $2",
                    _ => "UPDATE tarbox.inode SET stored = $3 WHERE tenant = $1 AND ino = $2",
                };
                self.set(sql, &[ino, expected as i64]).await
            }
            Damage::Block(hash) => self.lose_block(hash).await,
            Damage::Refs { hash, named: 0 } => self.give_name(hash).await,
            Damage::Refs { hash, named } => {
                let sql = "UPDATE tarbox.block SET refs = $3 WHERE tenant = $1 AND hash = $2";
                let values = vec![hash[..].into(), named.into()];
                self.rows(sql, &[Type::BYTEA, Type::INT8], values).await.map(drop)
            }
            Damage::Beyond(hash) => self.cut_off(hash).await,
            Damage::Missing { hash, len } => self.put_lost(&hash, len).await,
        }
    }

    async fn set(&self, sql: &'static str, values: &[i64]) -> Result<()> {
        let types = vec![Type::INT8; values.len()];
        let values = values.iter().map(|n| Value::Int(*n)).collect();
        self.rows(sql, &types, values).await.map(drop)
    }

    /// A block whose bytes are lost, or one that is not there, of so many bytes.
    async fn put_lost(&self, hash: &Hash, len: u32) -> Result<()> {
        let sql = "INSERT INTO tarbox.block(tenant, hash, len, refs, bytes) VALUES ($1, $2, $3, 0, '') \
                   ON CONFLICT (tenant, hash) DO UPDATE SET bytes = '', len = greatest(block.len, 1)";
        let len = i64::from(len.clamp(1, CHUNK as u32));
        let values = vec![hash[..].into(), Value::Int(len)];
        self.rows(sql, &[Type::BYTEA, Type::INT4], values).await.map(drop)
    }

    /// Content that nobody can read.
    async fn lost(&self, of: [i64; 4], start: u32, end: u32) -> Result<Fragment> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"tarbox lost content");
        for number in of {
            hasher.update(&number.to_le_bytes());
        }
        let hash = *hasher.finalize().as_bytes();
        self.put_lost(&hash, end - start).await?;
        Ok(Fragment {
            start,
            len: end - start,
            skip: 0,
            hash,
        })
    }

    async fn lose_data(&self, ino: i64, died: i64) -> Result<()> {
        let sql = match died {
            HEAD => {
                "SELECT data, size, born FROM tarbox.inode WHERE tenant = $1 AND ino = $2 AND $3::bigint = $3"
            }
            _ => {
                "SELECT data, size, born FROM tarbox.inode_past WHERE tenant = $1 AND ino = $2 AND died = $3"
            }
        };
        let rows = self
            .rows(sql, &[Type::INT8; 2], vec![Value::Int(ino), Value::Int(died)])
            .await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let (data, size, born) = (bytes(row, 0)?, int(row, 1)?, int(row, 2)?);
        let name = format!("#{ino}-data");
        self.note(format!(
            "the data of inode {ino} is damaged; what is left of it is in {name}"
        ));
        self.put_bytes(&name, data).await?;
        let len = size.clamp(0, CHUNK as i64) as u32;
        let columns = "data = NULL, sum = NULL, stored = $4, size = $4";
        let sql = match died {
            HEAD => format!(
                "UPDATE tarbox.inode SET {columns} WHERE tenant = $1 AND ino = $2 AND $3::bigint = $3"
            ),
            _ => {
                format!("UPDATE tarbox.inode_past SET {columns} WHERE tenant = $1 AND ino = $2 AND died = $3")
            }
        };
        let request = self.sql().request(
            if died == HEAD {
                "lose data"
            } else {
                "lose past data"
            },
            vec![Value::Int(ino), Value::Int(died), len.into()],
            || (sql, vec![Type::INT8; 3]),
        );
        self.fly(vec![request.into()]).await?;
        if len == 0 {
            return Ok(());
        }
        let map = Map {
            fragments: vec![self.lost([ino, 0, died, 0], 0, len).await?],
            born: LayerId(born as u64),
        };
        self.put_map(ino, 0, died, &map).await
    }

    async fn put_map(&self, file: i64, index: i64, died: i64, map: &Map) -> Result<()> {
        let bytes = sql::encode_map(self.row().id, Ino(file as u64), index as u64, map);
        let sql = match died {
            HEAD => {
                "INSERT INTO tarbox.chunk(tenant, file, idx, born, map) SELECT $1, $2, $3, $5, $6 WHERE $4::bigint = $4 \
                 ON CONFLICT (tenant, file, idx) DO UPDATE SET map = excluded.map"
            }
            _ => {
                "INSERT INTO tarbox.chunk_past(tenant, file, idx, died, born, map) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (tenant, file, idx, died) DO UPDATE SET map = excluded.map"
            }
        };
        let types = [Type::INT8, Type::INT8, Type::INT8, Type::INT8, Type::BYTEA];
        let values = vec![
            Value::Int(file),
            Value::Int(index),
            Value::Int(died),
            map.born.0.into(),
            bytes.into(),
        ];
        self.rows(sql, &types, values).await.map(drop)
    }

    async fn set_length(&self, ino: i64, died: i64) -> Result<()> {
        let sql = match died {
            HEAD => {
                "UPDATE tarbox.inode SET size = length(data) WHERE tenant = $1 AND ino = $2 AND $3::bigint = $3"
            }
            _ => {
                "UPDATE tarbox.inode_past SET size = length(data) WHERE tenant = $1 AND ino = $2 AND died = $3"
            }
        };
        self.set(sql, &[ino, died]).await
    }

    /// Gives an entry the place that belongs to its name.
    async fn move_entry(&self, dir: i64, cookie: i64) -> Result<()> {
        let name = "SELECT name FROM tarbox.dentry WHERE tenant = $1 AND dir = $2 AND cookie = $3";
        let place = vec![Value::Int(dir), Value::Int(cookie)];
        let Some(name) = self.first_bytes(name, &[Type::INT8; 2], place).await? else {
            return Ok(());
        };
        let Some(free) = self.free_cookie(dir, &name).await? else {
            return Ok(());
        };
        let inodes = "UPDATE tarbox.inode i SET cookie = $4 FROM tarbox.dentry d WHERE i.tenant = $1 AND d.tenant = $1 \
                      AND d.dir = $2 AND d.cookie = $3 AND i.ino = d.ino AND i.parent = $2 AND i.cookie = $3";
        let entry = "UPDATE tarbox.dentry SET cookie = $4 WHERE tenant = $1 AND dir = $2 AND cookie = $3";
        for sql in [inodes, entry] {
            self.set(sql, &[dir, cookie, free as i64]).await?;
        }
        Ok(())
    }

    /// Keeps the fragments of a map that can be read; what lies between them is lost, since nobody knows whether it was a hole.
    async fn salvage(&self, file: i64, index: i64, died: i64) -> Result<()> {
        let sql = match died {
            HEAD => {
                "SELECT c.map, c.born, coalesce(i.size, 0) FROM tarbox.chunk c LEFT JOIN tarbox.inode i ON i.tenant = $1 \
                 AND i.ino = c.file WHERE c.tenant = $1 AND c.file = $2 AND c.idx = $3 AND $4::bigint = $4"
            }
            _ => {
                "SELECT map, born, 0::bigint FROM tarbox.chunk_past WHERE tenant = $1 AND file = $2 AND idx = $3 AND died = $4"
            }
        };
        let values = vec![Value::Int(file), Value::Int(index), Value::Int(died)];
        let rows = self.rows(sql, &[Type::INT8; 3], values).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let (old, born, size) = (bytes(row, 0)?, LayerId(int(row, 1)? as u64), int(row, 2)?);
        let all: String = old.iter().map(|byte| format!("{byte:02x}")).collect();
        self.note(format!(
            "the map of chunk {index} of inode {file} was damaged: {all}"
        ));
        let end = size.saturating_sub(index * CHUNK as i64).clamp(0, CHUNK as i64) as u32;
        let mut map = Map {
            fragments: Vec::new(),
            born,
        };
        let mut at = 0;
        for fragment in Map::salvage(old) {
            if at < fragment.start {
                let lost = self
                    .lost([file, index, died, at.into()], at, fragment.start)
                    .await?;
                map.fragments.push(lost);
            }
            at = fragment.end();
            map.fragments.push(fragment);
        }
        if at < end {
            let lost = self.lost([file, index, died, at.into()], at, end).await?;
            map.fragments.push(lost);
        }
        self.put_map(file, index, died, &map).await
    }

    async fn block(&self, hash: &Hash) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT bytes FROM tarbox.block WHERE tenant = $1 AND hash = $2";
        self.first_bytes(sql, &[Type::BYTEA], vec![hash[..].into()]).await
    }

    async fn lose_block(&self, hash: Hash) -> Result<()> {
        let Some(bytes) = self.block(&hash).await? else {
            return Ok(());
        };
        if *blake3::hash(&bytes).as_bytes() == hash {
            // Its length alone is wrong.
            let sql = "UPDATE tarbox.block SET len = length(bytes) WHERE tenant = $1 AND hash = $2";
            return self
                .rows(sql, &[Type::BYTEA], vec![hash[..].into()])
                .await
                .map(drop);
        }
        let name = format!("block-{}", hex(&hash));
        self.note(format!(
            "the bytes of block {} are damaged; what is left of them is in {name}",
            hex(&hash)
        ));
        self.put_bytes(&name, &bytes).await?;
        self.put_lost(&hash, bytes.len() as u32).await
    }

    /// A block that nothing names may be what is left of a file: it becomes one.
    async fn give_name(&self, hash: Hash) -> Result<()> {
        let bytes = self.block(&hash).await?.unwrap_or_default();
        if bytes.is_empty() || *blake3::hash(&bytes).as_bytes() != hash {
            let sql = "DELETE FROM tarbox.block WHERE tenant = $1 AND hash = $2 AND bytes = ''";
            return self
                .rows(sql, &[Type::BYTEA], vec![hash[..].into()])
                .await
                .map(drop);
        }
        let name = format!("block-{}", hex(&hash));
        self.note(format!("nothing refers to block {}; it is in {name}", hex(&hash)));
        self.put_block(&name, hash, bytes.len() as u32).await?;
        let sql = "UPDATE tarbox.block SET refs = 1 WHERE tenant = $1 AND hash = $2";
        self.rows(sql, &[Type::BYTEA], vec![hash[..].into()])
            .await
            .map(drop)
    }

    /// Fragments that reach behind a block are lost.
    async fn cut_off(&self, hash: Hash) -> Result<()> {
        let len = "SELECT len, length(bytes) FROM tarbox.block WHERE tenant = $1 AND hash = $2";
        let rows = self.rows(len, &[Type::BYTEA], vec![hash[..].into()]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let (len, held) = (int(row, 0)?, int(row, 1)?);
        let sql = "SELECT file, idx, 9223372036854775807, born, map FROM tarbox.chunk WHERE tenant = $1 AND position($2 IN map) > 0 \
                   UNION ALL SELECT file, idx, died, born, map FROM tarbox.chunk_past WHERE tenant = $1 AND position($2 IN map) > 0";
        for row in self.rows(sql, &[Type::BYTEA], vec![hash[..].into()]).await? {
            let (file, index, died) = (int(&row, 0)?, int(&row, 1)?, int(&row, 2)?);
            let born = LayerId(int(&row, 3)? as u64);
            let map = sql::chunk_map(
                bytes(&row, 4)?,
                self.row().id,
                Ino(file as u64),
                index as u64,
                born,
            );
            let Ok(mut map) = map else { continue };
            for fragment in &mut map.fragments {
                let end = i64::from(fragment.skip + fragment.len);
                if fragment.hash != hash || end <= len {
                    continue;
                }
                if held == 0 {
                    // It is lost already, and longer than was thought.
                    let sql =
                        "UPDATE tarbox.block SET len = greatest(len, $3) WHERE tenant = $1 AND hash = $2";
                    let values = vec![hash[..].into(), Value::Int(end)];
                    self.rows(sql, &[Type::BYTEA, Type::INT4], values).await?;
                    continue;
                }
                let of = [file, index, died, fragment.start.into()];
                *fragment = self.lost(of, fragment.start, fragment.end()).await?;
            }
            self.put_map(file, index, died, &map).await?;
        }
        Ok(())
    }
}
