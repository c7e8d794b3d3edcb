//! SQLite's five-level locks, between the connections of one process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much of a database a connection holds. The order is SQLite's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    None,
    /// Reads.
    Shared,
    /// Reads, and will write.
    Reserved,
    /// Waits for readers to go, and lets no new ones in.
    Pending,
    /// Writes; nobody else holds anything.
    Exclusive,
}

/// Another connection is in the way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// Who holds what of one database.
#[derive(Debug, Default)]
struct Holders {
    /// Connections at [`Level::Shared`] or above.
    readers: usize,
    /// The level of the one connection above [`Level::Shared`], or [`Level::None`].
    writer: Level,
}

/// The locks of all databases of a VFS, by name.
#[derive(Debug, Default)]
pub(crate) struct LockTable {
    databases: Mutex<HashMap<String, Holders>>,
}

impl LockTable {
    /// Raises a connection's lock from `held` to `wanted`, which is never `Pending`. A connection that waits
    /// for readers is left at `Pending`.
    pub(crate) fn raise(&self, name: &str, held: &mut Level, wanted: Level) -> Result<(), Busy> {
        if *held >= wanted {
            return Ok(());
        }
        let mut databases = self.databases();
        let holders = databases.entry(name.to_owned()).or_default();
        let another_writes = holders.writer != Level::None && *held <= Level::Shared;
        if *held == Level::None {
            if another_writes && holders.writer >= Level::Pending {
                return Err(Busy);
            }
            holders.readers += 1;
            *held = Level::Shared;
        }
        if wanted == Level::Shared {
            return Ok(());
        }
        if another_writes {
            return Err(Busy);
        }
        let waits = wanted == Level::Exclusive && holders.readers > 1;
        *held = if waits { Level::Pending } else { wanted };
        holders.writer = *held;
        if waits { Err(Busy) } else { Ok(()) }
    }

    /// Lowers a connection's lock to `Shared` or `None`.
    pub(crate) fn lower(&self, name: &str, held: &mut Level, wanted: Level) {
        if *held <= wanted {
            return;
        }
        let mut databases = self.databases();
        let Some(holders) = databases.get_mut(name) else {
            return;
        };
        if *held > Level::Shared {
            holders.writer = Level::None;
        }
        *held = wanted;
        if wanted == Level::None {
            holders.readers -= 1;
            if holders.readers == 0 {
                databases.remove(name);
            }
        }
    }

    /// Whether a connection writes, or is about to.
    pub(crate) fn is_reserved(&self, name: &str) -> bool {
        self.databases()
            .get(name)
            .is_some_and(|holders| holders.writer >= Level::Reserved)
    }

    fn databases(&self) -> MutexGuard<'_, HashMap<String, Holders>> {
        // No method panics while the table is inconsistent.
        self.databases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Level::{Exclusive, None, Pending, Reserved, Shared};
    use super::*;

    #[test]
    fn one_writer_goes_beside_readers_until_it_is_exclusive() {
        let table = LockTable::default();
        let (mut reader, mut writer, mut third) = (None, None, None);
        table.raise("a", &mut reader, Shared).unwrap();
        table.raise("a", &mut writer, Shared).unwrap();
        table.raise("a", &mut writer, Reserved).unwrap();
        assert!(table.is_reserved("a") && !table.is_reserved("b"));
        assert_eq!(table.raise("a", &mut reader, Reserved), Err(Busy));
        assert_eq!(table.raise("a", &mut writer, Exclusive), Err(Busy));
        assert_eq!(writer, Pending);
        assert_eq!(
            table.raise("a", &mut third, Shared),
            Err(Busy),
            "no new reader while a writer waits"
        );
        table.lower("a", &mut reader, None);
        table.raise("a", &mut writer, Exclusive).unwrap();
        assert_eq!(table.raise("a", &mut reader, Shared), Err(Busy));
        table.lower("a", &mut writer, Shared);
        table.raise("a", &mut reader, Shared).unwrap();
        assert!(!table.is_reserved("a"));
    }

    #[test]
    fn nothing_is_remembered_once_all_have_let_go() {
        let table = LockTable::default();
        let mut held = None;
        table.raise("a", &mut held, Exclusive).unwrap();
        table.lower("a", &mut held, None);
        assert!(table.databases().is_empty());
    }

    #[test]
    fn databases_do_not_lock_each_other() {
        let table = LockTable::default();
        let (mut one, mut other) = (None, None);
        table.raise("a", &mut one, Exclusive).unwrap();
        table.raise("b", &mut other, Exclusive).unwrap();
    }
}
