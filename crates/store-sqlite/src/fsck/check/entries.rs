//! Directory entries by themselves: names that can be, each once, and in the bucket of their hash.

use rusqlite::Row;

use super::cursor::Keyed;
use super::names::{NameFault, Place};
use crate::fsck::finding::{Fault, HEAD};
use crate::fsck::scope::Scope;
use crate::rows::{BUCKET, bucket_of};

/// Longest name, in bytes.
const NAME_MAX: usize = 255;

/// One version of an entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) born: i64,
    pub(super) died: i64,
    pub(super) ino: i64,
    pub(super) kind: i64,
    name: Vec<u8>,
    /// The first cookie of the bucket that the name belongs to.
    bucket: i64,
}

impl Keyed for Entry {
    fn key(&self) -> i64 {
        self.place.dir
    }
}

impl Entry {
    pub(super) fn not_in_a_directory(&self) -> Fault {
        Fault::Name(NameFault::NotInDirectory { place: self.place })
    }
}

pub(super) const ENTRIES: &str = "SELECT dir, cookie, 9223372036854775807, born, ino, kind, name FROM dentry WHERE dir >= ?1 AND dir < ?2 \
     UNION ALL SELECT dir, cookie, died, born, ino, kind, name FROM dentry_past WHERE dir >= ?1 AND dir < ?2 ORDER BY 1, 2, 3";

pub(super) fn reader<'s>(scope: &Scope<'s>) -> impl Fn(&Row<'_>) -> rusqlite::Result<Entry> + 's {
    let secret = scope.tenant.secret();
    move |row| {
        let name = row.get_ref(6)?.as_blob()?;
        let died = row.get(2)?;
        Ok(Entry {
            place: Place {
                dir: row.get(0)?,
                cookie: row.get(1)?,
                died,
            },
            born: row.get(3)?,
            died,
            ino: row.get(4)?,
            kind: row.get(5)?,
            bucket: bucket_of(&secret, name) as i64,
            name: name.to_vec(),
        })
    }
}

/// The names of one directory's bucket, which may be the same.
#[derive(Debug, Default)]
pub(super) struct Names {
    bucket: i64,
    names: Vec<Vec<u8>>,
}

impl Names {
    pub(super) fn check(&mut self, scope: &Scope<'_>, entry: &Entry) {
        let place = entry.place;
        if !is_name(&entry.name) {
            let name = entry.name.clone();
            return scope.found(Fault::Name(NameFault::Name { place, name }));
        }
        let bucket = place.cookie - place.cookie.rem_euclid(BUCKET as i64);
        if bucket != entry.bucket {
            return scope.found(Fault::Name(NameFault::Cookie {
                place,
                bucket: entry.bucket,
            }));
        }
        if entry.died != HEAD {
            return;
        }
        if self.bucket != bucket {
            (self.bucket, self.names) = (bucket, Vec::new());
        }
        if self.names.contains(&entry.name) {
            let name = entry.name.clone();
            scope.found(Fault::Name(NameFault::Twice { place, name }));
        } else {
            self.names.push(entry.name.clone());
        }
    }
}

/// Whether an entry can have this name.
pub(in crate::fsck) fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= NAME_MAX
        && name != b"."
        && name != b".."
        && !name.iter().any(|b| matches!(b, b'/' | 0))
}
