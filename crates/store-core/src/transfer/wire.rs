//! The encoding of rows in a dump, in one place. Numbers are LEB128, signed ones as their 64 bits; bytes and texts begin with their
//! length; what may be missing begins with 0 or 1. A row is its fields, in the order in which they stand here.
//!
//! A new field goes behind the others, under the next [`WIRE`]: `take` reads it only from dumps of that version on, and says what it is
//! in older ones.

use std::sync::Arc;

use tarbox_store::{FileKind, Ino, LayerId, Quota, TenantState, Timestamp};

use super::versions::{ChunkVersion, DentryVersion, InodeVersion, Version, XattrVersion};
use crate::memtable::Xattr;
use crate::redo::{Stored, put_bytes, take_bytes};
use crate::rows::{Content, Dentry, Fragment, Hash, Inode, Layer, LogRow, Map, Tenant, TenantId};

/// The version of the encoding that is written. All versions from 1 on are read.
pub const WIRE: u32 = 1;

/// A block as a dump lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHead {
    /// Its name.
    pub hash: Hash,
    /// How many bytes it has.
    pub len: u32,
    /// How many chunk versions name it.
    pub refs: u64,
}

/// A row of a dump.
pub trait Wire: Sized {
    /// Appends it, in version [`WIRE`].
    fn put(&self, out: &mut Vec<u8>);
    /// Takes one of this version off the front; `None` if the bytes are something else.
    fn take(from: &mut &[u8], version: u32) -> Option<Self>;
}

/// Rows behind each other.
pub fn encode<R: Wire>(rows: &[R]) -> Vec<u8> {
    let mut bytes = Vec::new();
    rows.iter().for_each(|row| row.put(&mut bytes));
    bytes
}

/// The reverse: so many rows, and nothing behind them. On an error it answers how many were read before.
///
/// # Errors
/// The number of the first row that is none.
pub fn decode<R: Wire>(mut bytes: &[u8], count: usize, version: u32) -> Result<Vec<R>, usize> {
    // No row has less than two bytes, so a count that lies reserves nothing.
    let mut rows = Vec::with_capacity(count.min(bytes.len() / 2));
    for _ in 0..count {
        match R::take(&mut bytes, version) {
            Some(row) => rows.push(row),
            None => return Err(rows.len()),
        }
    }
    match bytes.is_empty() {
        true => Ok(rows),
        false => Err(count),
    }
}

fn put_all(numbers: &[u64], out: &mut Vec<u8>) {
    numbers.iter().for_each(|n| n.put(out));
}

fn take<T: Stored>(from: &mut &[u8]) -> Option<T> {
    T::take(from)
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_bytes(text.as_bytes(), out);
}

fn take_text(from: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_bytes(from)?.to_vec()).ok()
}

/// Hashes are what they are, without a length.
fn take_hash(from: &mut &[u8]) -> Option<Hash> {
    let (hash, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*hash)
}

impl Wire for Tenant {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(&self.name, out);
        u64::from(self.state.number()).put(out);
        self.created.put(out);
        let Quota {
            bytes,
            inodes,
            layers,
            log_records,
        } = self.quota;
        [bytes, inodes, layers, log_records]
            .iter()
            .for_each(|limit| limit.put(out));
        put_all(
            &[
                self.bytes,
                self.inodes,
                self.layers,
                self.head.0,
                self.current.0,
                self.next_ino,
                self.next_seq,
            ],
            out,
        );
        out.extend_from_slice(&self.secret);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        let name = take_text(from)?;
        let state: u64 = take(from)?;
        Some(Self {
            id: TenantId(0),
            name: name.into(),
            state: match state {
                0 => TenantState::Active,
                1 => TenantState::Suspended,
                _ => return None,
            },
            created: take(from)?,
            quota: Quota {
                bytes: take(from)?,
                inodes: take(from)?,
                layers: take(from)?,
                log_records: take(from)?,
            },
            bytes: take(from)?,
            inodes: take(from)?,
            layers: take(from)?,
            head: take(from)?,
            current: take(from)?,
            next_ino: take(from)?,
            next_seq: take(from)?,
            secret: {
                let (secret, rest) = from.split_first_chunk()?;
                *from = rest;
                *secret
            },
            // What follows is the engine's own.
            segment: 1,
            segment_len: 0,
        })
    }
}

impl Wire for Layer {
    fn put(&self, out: &mut Vec<u8>) {
        self.id.put(out);
        put_text(&self.name, out);
        self.description
            .as_ref()
            .map(|text| text.as_bytes().to_vec())
            .put(out);
        self.sealed.put(out);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        Some(Self {
            id: take(from)?,
            name: take_text(from)?,
            description: match take::<Option<Vec<u8>>>(from)? {
                Some(text) => Some(String::from_utf8(text).ok()?),
                None => None,
            },
            sealed: take(from)?,
        })
    }
}

/// A tag.
impl Wire for (String, LayerId) {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(&self.0, out);
        self.1.put(out);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        Some((take_text(from)?, take(from)?))
    }
}

impl Wire for BlockHead {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hash);
        self.len.put(out);
        self.refs.put(out);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        Some(Self {
            hash: take_hash(from)?,
            len: take(from)?,
            refs: take(from)?,
        })
    }
}

/// The key of a version, and where it ended.
fn put_end<K, R>(version: &Version<K, R>, born: LayerId, out: &mut Vec<u8>) {
    born.put(out);
    version.died.map_or(0, |died| died.0).put(out);
}

/// Where a version began and ended: 0 is nowhere.
fn take_end(from: &mut &[u8]) -> Option<(LayerId, Option<LayerId>)> {
    let born = take(from)?;
    let died = take::<u64>(from)?;
    Some((born, (died != 0).then_some(LayerId(died))))
}

impl Wire for InodeVersion {
    fn put(&self, out: &mut Vec<u8>) {
        self.key.put(out);
        let Inode {
            kind,
            mode,
            uid,
            gid,
            nlink,
            size,
            stored,
            rdev,
            xattrs,
            atime,
            mtime,
            ctime,
            btime,
            parent,
            cookie,
            content,
            born,
            version,
        } = &self.row;
        put_end(self, *born, out);
        kind.put(out);
        [mode, uid, gid, nlink].iter().for_each(|n| n.put(out));
        put_all(&[*size, *stored, *rdev], out);
        xattrs.put(out);
        [atime, mtime, ctime, btime].iter().for_each(|time| time.put(out));
        parent.put(out);
        cookie.put(out);
        content.put(out);
        version.put(out);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        let key = take(from)?;
        let (born, died) = take_end(from)?;
        let row = Inode {
            born,
            kind: take(from)?,
            mode: take(from)?,
            uid: take(from)?,
            gid: take(from)?,
            nlink: take(from)?,
            size: take(from)?,
            stored: take(from)?,
            rdev: take(from)?,
            xattrs: take(from)?,
            atime: take(from)?,
            mtime: take(from)?,
            ctime: take(from)?,
            btime: take(from)?,
            parent: take(from)?,
            cookie: take(from)?,
            content: take(from)?,
            version: take(from)?,
        };
        // Content that is somewhere else is nowhere here.
        (row.content != Content::Stored).then_some(Self { key, died, row })
    }
}

impl Wire for DentryVersion {
    fn put(&self, out: &mut Vec<u8>) {
        self.key.0.put(out);
        let Dentry {
            cookie,
            name,
            ino,
            kind,
            born,
        } = &self.row;
        cookie.put(out);
        put_end(self, *born, out);
        ino.put(out);
        kind.put(out);
        put_bytes(name, out);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        let dir: Ino = take(from)?;
        let cookie = take(from)?;
        let (born, died) = take_end(from)?;
        let row = Dentry {
            cookie,
            born,
            ino: take(from)?,
            kind: take::<FileKind>(from)?,
            name: take_bytes(from)?.into(),
        };
        Some(Self {
            key: (dir, cookie),
            died,
            row,
        })
    }
}

impl Wire for XattrVersion {
    fn put(&self, out: &mut Vec<u8>) {
        self.key.0.put(out);
        put_bytes(&self.key.1, out);
        put_end(self, self.row.born, out);
        put_bytes(&self.row.value, out);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        let key = (take(from)?, take(from)?);
        let (born, died) = take_end(from)?;
        let value = take(from)?;
        Some(Self {
            key,
            died,
            row: Xattr { value, born },
        })
    }
}

impl Wire for ChunkVersion {
    fn put(&self, out: &mut Vec<u8>) {
        self.key.0.put(out);
        self.key.1.put(out);
        put_end(self, self.row.born, out);
        (self.row.fragments.len() as u64).put(out);
        for Fragment {
            start,
            len,
            skip,
            hash,
        } in &self.row.fragments
        {
            [start, len, skip].iter().for_each(|n| n.put(out));
            out.extend_from_slice(hash);
        }
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        let key = (take(from)?, take(from)?);
        let (born, died) = take_end(from)?;
        let count = take::<u64>(from)?;
        let mut fragments = Vec::new();
        for _ in 0..count {
            fragments.push(Fragment {
                start: take(from)?,
                len: take(from)?,
                skip: take(from)?,
                hash: take_hash(from)?,
            });
        }
        let row = Map { fragments, born };
        Some(Self { key, died, row })
    }
}

impl Wire for LogRow {
    fn put(&self, out: &mut Vec<u8>) {
        let Self {
            seq,
            time,
            uid,
            agent,
            operation,
            ino,
            path,
            from,
            bytes,
            layer,
            errno,
        } = self;
        seq.put(out);
        time.put(out);
        uid.put(out);
        put_text(agent, out);
        operation.put(out);
        ino.put(out);
        put_bytes(path, out);
        from.put(out);
        bytes.put(out);
        layer.put(out);
        errno.put(out);
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        Some(Self {
            seq: take(from)?,
            time: take::<Timestamp>(from)?,
            uid: take(from)?,
            agent: take::<Arc<str>>(from)?,
            operation: take(from)?,
            ino: take(from)?,
            path: take(from)?,
            from: take(from)?,
            bytes: take(from)?,
            layer: take(from)?,
            errno: take(from)?,
        })
    }
}
