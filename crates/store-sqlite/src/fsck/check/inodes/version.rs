//! One version of an inode, and what its row alone tells.

use rusqlite::Row;
use tarbox_store::FileKind;

use super::{InodeFault, Number};
use crate::fsck::check::cursor::Keyed;
use crate::fsck::finding::Fault;
use crate::fsck::scope::Scope;
use crate::rows::Key;
use crate::sql;

/// One version of an inode, without its data.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) key: i64,
    pub(super) died: i64,
    pub(super) born: i64,
    pub(super) kind: i64,
    pub(super) mode: i64,
    pub(super) nlink: i64,
    pub(super) size: i64,
    pub(super) stored: i64,
    pub(super) parent: i64,
    pub(super) xattrs: i64,
    /// Bytes of inline data, and whether they match the checksum.
    pub(super) inline: Option<(i64, bool)>,
    pub(super) rdev: i64,
    pub(super) uid: i64,
    pub(super) gid: i64,
    pub(super) version: Option<i64>,
}

impl Keyed for Version {
    fn key(&self) -> i64 {
        self.key
    }
}

pub(in crate::fsck::check) const INODES: &str = "SELECT key, 9223372036854775807, born, kind, mode, nlink, size, stored, parent, xattrs, data, sum, rdev, uid, gid, version \
     FROM inode WHERE key >= ?1 AND key < ?2 UNION ALL \
     SELECT key, died, born, kind, mode, nlink, size, stored, parent, xattrs, data, sum, rdev, uid, gid, version \
     FROM inode_past WHERE key >= ?1 AND key < ?2 ORDER BY 1, 2";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Version> {
    let key: i64 = row.get(0)?;
    let data = row.get_ref(10)?.as_blob_or_null()?;
    let sum: Option<i64> = row.get(11)?;
    Ok(Version {
        key,
        died: row.get(1)?,
        born: row.get(2)?,
        kind: row.get(3)?,
        mode: row.get(4)?,
        nlink: row.get(5)?,
        size: row.get(6)?,
        stored: row.get(7)?,
        parent: row.get(8)?,
        xattrs: row.get(9)?,
        inline: data.map(|data| {
            (
                data.len() as i64,
                sum == Some(sql::inode::checksum(Key(key as u64), data)),
            )
        }),
        rdev: row.get(12)?,
        uid: row.get(13)?,
        gid: row.get(14)?,
        version: row.get(15)?,
    })
}

impl Version {
    pub(super) fn check(&self, scope: &Scope<'_>) {
        let fields = [
            ("kind", self.kind, (1..=7).contains(&self.kind)),
            ("mode", self.mode, (0..=0o7777).contains(&self.mode)),
            (
                "nlink",
                self.nlink,
                (0..=i64::from(u32::MAX)).contains(&self.nlink),
            ),
            ("size", self.size, self.size >= 0),
            (
                "parent",
                self.parent,
                (1..tarbox_store::Ino::LIMIT as i64).contains(&self.parent),
            ),
            ("rdev", self.rdev, self.rdev >= 0),
            ("uid", self.uid, (0..=i64::from(u32::MAX)).contains(&self.uid)),
            ("gid", self.gid, (0..=i64::from(u32::MAX)).contains(&self.gid)),
            // A position that was given out, or none.
            (
                "version",
                self.version.unwrap_or(0),
                (0..scope.tenant.next_seq.max(1)).contains(&self.version.unwrap_or(0)),
            ),
        ];
        for (field, found, _) in fields.into_iter().filter(|(.., fine)| !fine) {
            scope.found(Fault::Inode(InodeFault::Field {
                key: self.key,
                died: self.died,
                field,
                found,
            }));
        }
        self.check_content(scope);
    }

    fn check_content(&self, scope: &Scope<'_>) {
        let (key, died) = (self.key, self.died);
        let kind = u8::try_from(self.kind).ok().and_then(FileKind::from_number);
        let fine = match (kind, self.inline) {
            (_, Some((_, false))) => return scope.found(Fault::Inode(InodeFault::Sum { key, died })),
            (Some(FileKind::File), None) | (None, _) => true,
            // The target of a link that was lost is in chunks; these say what was lost.
            (Some(FileKind::Symlink), None) => self.stored > 0,
            (Some(FileKind::File | FileKind::Symlink), Some((len, _))) => {
                self.check_number(scope, Number::Size, self.size, len);
                true
            }
            (Some(FileKind::Directory), Some((len, _))) => len == 0,
            (Some(_), Some((len, _))) => {
                self.check_number(scope, Number::Size, self.size, 0);
                len == 0
            }
            (Some(_), None) => false,
        };
        if !fine {
            scope.found(Fault::Inode(InodeFault::Content { key, died }));
        }
    }

    pub(super) fn check_number(&self, scope: &Scope<'_>, number: Number, found: i64, expected: i64) {
        if found != expected {
            scope.found(Fault::Inode(InodeFault::Number {
                key: self.key,
                died: self.died,
                number,
                found,
                expected,
            }));
        }
    }
}
