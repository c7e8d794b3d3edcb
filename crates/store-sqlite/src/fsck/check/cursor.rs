//! Reading several tables side by side, each in the order of its key.

use rusqlite::{Row, Rows, Statement};
use tarbox_store::Result;

use crate::sql::engine;

type Read<'s, T> = Box<dyn Fn(&Row<'_>) -> rusqlite::Result<T> + 's>;

/// The rows of a statement, with a look at the next one.
pub(super) struct Cursor<'s, T> {
    rows: Rows<'s>,
    read: Read<'s, T>,
    next: Option<T>,
}

/// What a row is sorted by.
pub(super) trait Keyed {
    fn key(&self) -> i64;
}

impl<'s, T: Keyed> Cursor<'s, T> {
    /// The rows of a statement that takes a range of keys.
    pub(super) fn new(
        statement: &'s mut Statement<'_>,
        keys: [i64; 2],
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T> + 's,
    ) -> Result<Self> {
        let mut cursor = Self {
            rows: statement.query(keys).map_err(engine)?,
            read: Box::new(read),
            next: None,
        };
        cursor.advance()?;
        Ok(cursor)
    }

    /// The key of the next row.
    pub(super) fn key(&self) -> Option<i64> {
        self.next.as_ref().map(Keyed::key)
    }

    /// The next row, if it has this key.
    pub(super) fn next_of(&mut self, key: i64) -> Result<Option<T>> {
        if self.key() != Some(key) {
            return Ok(None);
        }
        let row = self.next.take();
        self.advance()?;
        Ok(row)
    }

    /// All rows of this key.
    pub(super) fn all_of(&mut self, key: i64) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(row) = self.next_of(key)? {
            all.push(row);
        }
        Ok(all)
    }

    fn advance(&mut self) -> Result<()> {
        self.next = match self.rows.next().map_err(engine)? {
            Some(row) => Some((self.read)(row).map_err(engine)?),
            None => None,
        };
        Ok(())
    }
}
