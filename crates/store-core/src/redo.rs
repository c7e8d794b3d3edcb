//! A record: the rows of a memtable that holds no content of its own, and what its tenants count.
//!
//! Numbers are LEB128, signed ones as their 64 bits; texts and lists begin with their length; what may be missing begins
//! with 0 or 1. The versions of inodes come last, in a list of their own: records of format 1 end before it.

use std::sync::Arc;

use smallvec::SmallVec;
use tarbox_store::{FileKind, Ino, LayerId, Operation, Seq, Timestamp};

use crate::memtable::{Memtable, Slot, Xattr};
use crate::rows::{Content, Dentry, Inode, LogRow, Tenant, TenantId};

/// What operations change of a tenant's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    bytes: u64,
    inodes: u64,
    next_ino: u64,
    next_seq: u64,
}

impl Counters {
    pub(crate) fn of(tenant: &Tenant) -> Self {
        Self {
            bytes: tenant.bytes,
            inodes: tenant.inodes,
            next_ino: tenant.next_ino,
            next_seq: tenant.next_seq,
        }
    }

    pub(crate) fn restore(self, tenant: &mut Tenant) {
        tenant.bytes = self.bytes;
        tenant.inodes = self.inodes;
        tenant.next_ino = self.next_ino;
        tenant.next_seq = self.next_seq;
    }
}

/// An inode of a tenant.
#[derive(Debug, Clone, Copy)]
struct Key(u64);

/// Bits of an inode's number in a key; the tenant's is above.
const INO_BITS: u32 = 44;

impl Key {
    fn new(tenant: TenantId, ino: Ino) -> Self {
        Self(tenant.0 << INO_BITS | ino.0)
    }

    fn tenant(self) -> TenantId {
        TenantId(self.0 >> INO_BITS)
    }

    fn ino(self) -> Ino {
        Ino(self.0 & (Ino::LIMIT - 1))
    }
}

/// The rows of one tenant in a record, and what it counts behind them.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) tenant: TenantId,
    pub(crate) table: Memtable,
    pub(crate) counters: Option<Counters>,
}

/// A record of the rows of a memtable, which must not hold files' content.
pub(crate) fn encode(tenant: &Tenant, table: &Memtable) -> Vec<u8> {
    fn list(items: impl ExactSizeIterator<Item = impl Stored>, out: &mut Vec<u8>) {
        (items.len() as u64).put(out);
        items.for_each(|item| item.put(out));
    }
    debug_assert!(table.files.is_empty(), "content goes to blocks");
    let id = tenant.id;
    let key = |ino: &Ino| Key::new(id, *ino);
    let mut bytes = Vec::new();
    let out = &mut bytes;
    list(table.inodes.iter().map(|(ino, slot)| (key(ino), slot)), out);
    let dentries = table.dentries.iter();
    list(
        dentries.map(|((dir, cookie), slot)| ((key(dir), *cookie), slot)),
        out,
    );
    let xattrs = table.xattrs.iter();
    let xattrs: Vec<_> = xattrs
        .map(|(ino, name, slot)| ((key(&ino), name), slot))
        .collect();
    list(xattrs.into_iter(), out);
    list(table.log.iter().map(|row| (id, row)), out);
    list(
        table.orphans.iter().map(|(ino, orphaned)| (key(ino), *orphaned)),
        out,
    );
    list([(id, Counters::of(tenant))].into_iter(), out);
    let versions = table
        .inodes
        .iter()
        .filter_map(|(ino, slot)| Some((key(ino), slot.row.as_ref()?.version)));
    list(versions.collect::<Vec<_>>().into_iter(), out);
    bytes
}

/// The reverse; `None` if the bytes are something else. A record may hold rows of several tenants.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Vec<Record>> {
    fn list<K: Stored, V: Stored>(from: &mut &[u8], mut add: impl FnMut(K, V)) -> Option<()> {
        for _ in 0..u64::take(from)? {
            add(K::take(from)?, V::take(from)?);
        }
        Some(())
    }
    let from = &mut bytes;
    let mut records: Vec<Record> = Vec::new();
    fn of(records: &mut Vec<Record>, tenant: TenantId) -> &mut Record {
        let known = records.iter().position(|record| record.tenant == tenant);
        let at = known.unwrap_or_else(|| {
            records.push(Record {
                tenant,
                table: Memtable::default(),
                counters: None,
            });
            records.len() - 1
        });
        &mut records[at]
    }
    list(from, |key: Key, slot| {
        of(&mut records, key.tenant())
            .table
            .inodes
            .insert(key.ino(), slot);
    })?;
    list(from, |(dir, cookie): (Key, u64), slot| {
        let table = &mut of(&mut records, dir.tenant()).table;
        table.dentries.insert((dir.ino(), cookie), slot);
    })?;
    list(from, |(key, name): (Key, Vec<u8>), slot| {
        let table = &mut of(&mut records, key.tenant()).table;
        table.xattrs.put(key.ino(), name, slot);
    })?;
    list(from, |tenant, row| of(&mut records, tenant).table.log.push(row))?;
    list(from, |key: Key, orphaned| {
        let table = &mut of(&mut records, key.tenant()).table;
        table.orphans.insert(key.ino(), orphaned);
    })?;
    list(from, |tenant, counters| {
        of(&mut records, tenant).counters = Some(counters)
    })?;
    if !from.is_empty() {
        list(from, |key: Key, version| {
            let slot = of(&mut records, key.tenant()).table.inodes.get_mut(&key.ino());
            if let Some(row) = slot.and_then(|slot| slot.row.as_mut()) {
                row.version = version;
            }
        })?;
    }
    from.is_empty().then_some(records)
}

/// What a record is made of.
pub(crate) trait Stored: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut &[u8]) -> Option<Self>;
}

impl Stored for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = from.split_first()?;
            *from = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

impl Stored for Vec<u8> {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(self, out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        take_bytes(from).map(<[u8]>::to_vec)
    }
}

pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).put(out);
    out.extend_from_slice(bytes);
}

pub(crate) fn take_bytes<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(u64::take(from)?).ok()?;
    let (bytes, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(bytes)
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match bool::take(from)? {
            true => T::take(from).map(Some),
            false => Some(None),
        }
    }
}

impl<One: Stored, Two: Stored> Stored for (One, Two) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some((One::take(from)?, Two::take(from)?))
    }
}

/// What is only looked at is stored as what it is.
impl<T: Stored> Stored for &T {
    fn put(&self, out: &mut Vec<u8>) {
        (*self).put(out);
    }

    fn take(_: &mut &[u8]) -> Option<Self> {
        None
    }
}

/// What is stored as another thing: there, and back.
macro_rules! stored_as {
    ($($what:ty: $put:expr, $take:expr;)*) => {$(
        impl Stored for $what {
            fn put(&self, out: &mut Vec<u8>) {
                let put: fn(&Self, &mut Vec<u8>) = $put;
                put(self, out);
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let take: fn(&mut &[u8]) -> Option<Self> = $take;
                take(from)
            }
        }
    )*};
}

stored_as! {
    u32: |n, out| u64::from(*n).put(out), |from| u64::take(from)?.try_into().ok();
    i32: |n, out| (*n as u32).put(out), |from| Some(u32::take(from)? as i32);
    bool: |is, out| out.push(u8::from(*is)), |from| match u64::take(from)? { 0 => Some(false), 1 => Some(true), _ => None };
    Key: |key, out| key.0.put(out), |from| Some(Key(u64::take(from)?));
    TenantId: |id, out| id.0.put(out), |from| Some(TenantId(u64::take(from)?));
    Ino: |ino, out| ino.0.put(out), |from| Some(Ino(u64::take(from)?));
    Seq: |seq, out| seq.0.put(out), |from| Some(Seq(u64::take(from)?));
    LayerId: |layer, out| layer.0.put(out), |from| Some(LayerId(u64::take(from)?));
    Timestamp: |time, out| (time.0 as u64).put(out), |from| Some(Timestamp(u64::take(from)? as i64));
    FileKind: |kind, out| out.push(*kind as u8), |from| FileKind::from_number(u64::take(from)?.try_into().ok()?);
    Operation: |one, out| out.push(*one as u8), |from| Operation::from_number(u64::take(from)?.try_into().ok()?);
    Arc<str>: |text, out| put_bytes(text.as_bytes(), out), |from| Some(std::str::from_utf8(take_bytes(from)?).ok()?.into());
    SmallVec<[u8; 24]>: |name, out| put_bytes(name, out), |from| take_bytes(from).map(Self::from_slice);
    Content: |content, out| match content {
        Content::Inline(bytes) => {
            out.push(0);
            bytes.put(out);
        }
        Content::Stored => out.push(1),
        Content::Chunked => out.push(2),
    }, |from| match u64::take(from)? {
        0 => Vec::take(from).map(Content::Inline),
        1 => Some(Content::Stored),
        2 => Some(Content::Chunked),
        _ => None,
    };
}

/// Rows are stored field by field; what is not stored here follows from the rest.
macro_rules! stored_fields {
    ($($row:ident $(<$of:ident>)? { $($field:ident),* $(,)? } $(=> { $($other:ident: $from:expr),* })?)*) => {$(
        impl $(<$of: Stored>)? Stored for $row $(<$of>)? {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* $($(, $other: _)*)? } = self;
                $($field.put(out);)*
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                $(let $field = Stored::take(from)?;)*
                Some(Self { $($($other: $from,)*)? $($field),* })
            }
        }
    )*};
}

stored_fields! {
    Slot<R> { row, base }
    Inode {
        kind, mode, uid, gid, nlink, size, stored, rdev, xattrs, atime, mtime, ctime, btime, parent, cookie, content, born,
    } => { version: Inode::unversioned(born) }
    Dentry { cookie, name, ino, kind, born }
    Xattr { value, born }
    LogRow { seq, time, uid, agent, operation, ino, path, from, bytes, layer, errno }
    Counters { bytes, inodes, next_ino, next_seq }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Tenant, Memtable) {
        let inode = Inode {
            kind: FileKind::File,
            mode: 0o644,
            uid: 1,
            gid: u32::MAX,
            nlink: 1,
            size: 5,
            stored: 0,
            rdev: 7,
            xattrs: 1,
            atime: Timestamp(-1),
            mtime: Timestamp(i64::MAX),
            ctime: Timestamp(i64::MIN),
            btime: Timestamp(0),
            parent: Ino::ROOT,
            cookie: u64::MAX >> 1,
            content: Content::Inline(b"hello".to_vec()),
            born: LayerId(3),
            version: Seq(4),
        };
        let (file, dir) = (Ino(9), Ino::ROOT);
        let mut table = Memtable::default();
        let slot = |row: &Inode, content| Slot {
            row: Some(Inode {
                content,
                ..row.clone()
            }),
            base: Some(LayerId(1)),
        };
        table.inodes.insert(dir, slot(&inode, Content::Stored));
        table.inodes.insert(Ino(10), slot(&inode, Content::Chunked));
        table.inodes.insert(
            Ino(11),
            Slot {
                row: None,
                base: None,
            },
        );
        let born = inode.born;
        table.inodes.insert(
            file,
            Slot {
                row: Some(inode),
                base: None,
            },
        );
        let entry = Dentry {
            cookie: 256,
            name: SmallVec::from_slice(b"a name that does not stand in the row itself"),
            ino: Ino(9),
            kind: FileKind::File,
            born,
        };
        table.dentries.insert(
            (dir, 256),
            Slot {
                row: Some(entry),
                base: None,
            },
        );
        table.dentries.insert(
            (dir, 512),
            Slot {
                row: None,
                base: Some(born),
            },
        );
        let value = vec![0, 255];
        table.xattrs.put(
            file,
            b"user.a".to_vec(),
            Slot {
                row: Some(Xattr { value, born }),
                base: None,
            },
        );
        let row = LogRow {
            seq: 4,
            time: Timestamp(5),
            uid: 6,
            agent: "agent".into(),
            operation: Operation::Rename,
            ino: Ino(9),
            path: b"/a".to_vec(),
            from: Some(b"/b".to_vec()),
            bytes: 5,
            layer: born,
            errno: -3,
        };
        table.log.push(row);
        table.orphans.insert(file, true);
        let tenant = Tenant {
            id: TenantId(2),
            name: "t".into(),
            state: tarbox_store::TenantState::Active,
            created: Timestamp(0),
            quota: tarbox_store::Quota::default(),
            bytes: 1,
            inodes: 2,
            layers: 0,
            head: born,
            current: born,
            next_ino: 12,
            next_seq: 5,
            secret: [0; 16],
            segment: 1,
            segment_len: 0,
        };
        (tenant, table)
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let (tenant, table) = sample();
        let [again]: [Record; 1] = decode(&encode(&tenant, &table)).unwrap().try_into().unwrap();
        assert_eq!(again.tenant, tenant.id);
        assert_eq!(again.counters, Some(Counters::of(&tenant)));
        let again = again.table;
        let show = |table: &Memtable| {
            let mut inodes: Vec<_> = table.inodes.iter().collect();
            inodes.sort_by_key(|(key, _)| **key);
            format!(
                "{inodes:?} {:?} {:?} {:?} {:?}",
                table.dentries, table.xattrs, table.log, table.orphans
            )
        };
        assert_eq!(show(&again), show(&table));
    }

    /// A record as format 1 had it: without the list of versions, which is a count and a key and a version of each.
    fn first_format<'b>(record: &'b [u8], table: &Memtable) -> &'b [u8] {
        let mut versions = Vec::new();
        let there = table.inodes.iter().filter(|(_, slot)| slot.row.is_some());
        for (ino, _) in there.clone() {
            (Key::new(TenantId(2), *ino), Seq(4)).put(&mut versions);
        }
        let count = u8::try_from(there.count()).unwrap();
        let (first, rest) = record.split_at(record.len() - versions.len() - 1);
        assert_eq!((rest[0], rest.len()), (count, versions.len() + 1));
        first
    }

    #[test]
    fn a_record_without_versions_is_read() {
        let (tenant, table) = sample();
        let bytes = encode(&tenant, &table);
        let records = decode(first_format(&bytes, &table)).unwrap();
        let row = records[0].table.inodes[&Ino(9)].row.as_ref().unwrap();
        assert_eq!(row.version, Inode::unversioned(LayerId(3)));
        assert_eq!(records[0].counters, Some(Counters::of(&tenant)));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let (tenant, table) = sample();
        let mut bytes = encode(&tenant, &table);
        let first = first_format(&bytes, &table);
        for len in (0..bytes.len()).filter(|len| *len != first.len()) {
            assert!(decode(&bytes[..len]).is_none(), "cut at {len}");
        }
        bytes.push(0);
        assert!(decode(&bytes).is_none());
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                drop(decode(&other));
            }
        }
    }
}
