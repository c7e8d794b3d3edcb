//! Every version lives in the layers `born <= layer < died`; those of one row follow each other.

use std::fmt;

use rusqlite::{Row, params_from_iter};
use tarbox_store::Result;

use crate::fsck::finding::{Fault, HEAD, Until};
use crate::fsck::scope::Scope;
use crate::rows::Key;
use crate::sql::engine;

/// The tables with versions, and the columns that name a row.
pub(in crate::fsck) const TABLES: [(&str, &[&str]); 4] = [
    ("inode", &["key"]),
    ("dentry", &["dir", "cookie"]),
    ("chunk", &["file", "idx"]),
    ("xattr", &["key", "name"]),
];

/// A version whose life cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fsck) struct IntervalFault {
    /// Which of [`TABLES`].
    pub(in crate::fsck) table: usize,
    /// The first column of the key: an inode.
    pub(in crate::fsck) key: i64,
    pub(in crate::fsck) born: i64,
    pub(in crate::fsck) died: i64,
    /// What is wrong with it.
    pub(in crate::fsck) why: Why,
}

/// What can be wrong with the life of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::fsck) enum Why {
    /// It begins before the first layer.
    BeforeTheFirst,
    /// It begins or ends behind the layer being written, which is this one.
    BehindTheHead(i64),
    /// It ends before it begins.
    Reversed,
    /// It begins before the version before it ended, in this layer.
    Overlaps(i64),
}

impl fmt::Display for IntervalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = TABLES[self.table].0;
        write!(
            f,
            "{table} of inode {}{}: a version is born in layer {} and ",
            Key(self.key as u64).ino(),
            Until(self.died),
            self.born
        )?;
        match self.died {
            HEAD => f.write_str("lives on, ")?,
            died => write!(f, "dies in layer {died}, ")?,
        }
        match self.why {
            Why::BeforeTheFirst => f.write_str("expected 1 or later"),
            Why::BehindTheHead(head) => write!(f, "expected {head}, the layer being written, or earlier"),
            Why::Reversed => f.write_str("expected it to be born before it dies"),
            Why::Overlaps(died) => {
                write!(f, "but the version before it dies in layer {died}: they overlap")
            }
        }
    }
}

pub(in crate::fsck) fn check(scope: &Scope<'_>) -> Result<()> {
    (0..TABLES.len()).try_for_each(|table| {
        heads(scope, table)?;
        past(scope, table)?;
        overlaps(scope, table)
    })
}

fn heads(scope: &Scope<'_>, table: usize) -> Result<()> {
    let (name, columns) = TABLES[table];
    let key = columns[0];
    let head = scope.tenant.head;
    let sql = format!(
        "SELECT {key}, born, {HEAD} FROM {name} WHERE {key} >= ?1 AND {key} < ?2 AND (born < 1 OR born > ?3)"
    );
    each(scope, table, &sql, |born, _| {
        if born < 1 {
            Why::BeforeTheFirst
        } else {
            Why::BehindTheHead(head)
        }
    })
}

fn past(scope: &Scope<'_>, table: usize) -> Result<()> {
    let (name, columns) = TABLES[table];
    let key = columns[0];
    let head = scope.tenant.head;
    let sql = format!(
        "SELECT {key}, born, died FROM {name}_past WHERE {key} >= ?1 AND {key} < ?2 \
         AND (born < 1 OR died > ?3 OR died <= born)"
    );
    each(scope, table, &sql, |born, died| match (born, died) {
        _ if died > head => Why::BehindTheHead(head),
        _ if died <= born => Why::Reversed,
        _ => Why::BeforeTheFirst,
    })
}

/// Every version is compared with the one before it: a probe of the table's key each.
fn overlaps(scope: &Scope<'_>, table: usize) -> Result<()> {
    let (name, columns) = TABLES[table];
    let key = columns[0];
    let same: Vec<String> = columns.iter().map(|c| format!("q.{c} = p.{c}")).collect();
    let same = same.join(" AND ");
    let before = format!("SELECT max(q.died) FROM {name}_past q WHERE {same} AND q.died < p.died");
    let queries = [
        format!(
            "SELECT p.{key}, p.born, p.died, ({before}) AS ended FROM {name}_past p \
             WHERE p.{key} >= ?1 AND p.{key} < ?2 AND ?3 = ?3 AND p.born < ended"
        ),
        // The head's version against all past ones; driven by these, which are usually fewer.
        format!(
            "SELECT p.{key}, p.born, {HEAD}, max(q.died) FROM {name}_past q CROSS JOIN {name} p ON {same} \
             WHERE q.{key} >= ?1 AND q.{key} < ?2 AND ?3 = ?3 AND p.born < q.died GROUP BY {group}",
            group = columns
                .iter()
                .map(|c| format!("q.{c}"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    ];
    for sql in queries {
        rows(scope, &sql, |row| {
            let fault = IntervalFault {
                table,
                key: row.get(0)?,
                born: row.get(1)?,
                died: row.get(2)?,
                why: Why::Overlaps(row.get(3)?),
            };
            scope.found(Fault::Interval(fault));
            Ok(())
        })?;
    }
    Ok(())
}

fn each(scope: &Scope<'_>, table: usize, sql: &str, why: impl Fn(i64, i64) -> Why) -> Result<()> {
    rows(scope, sql, |row| {
        let (key, born, died) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let fault = IntervalFault {
            table,
            key,
            born,
            died,
            why: why(born, died),
        };
        scope.found(Fault::Interval(fault));
        Ok(())
    })
}

fn rows(scope: &Scope<'_>, sql: &str, mut f: impl FnMut(&Row<'_>) -> rusqlite::Result<()>) -> Result<()> {
    let [from, to] = scope.keys();
    let mut statement = scope.c.prepare(sql).map_err(engine)?;
    let mut rows = statement
        .query(params_from_iter([from, to, scope.tenant.head]))
        .map_err(engine)?;
    while let Some(row) = rows.next().map_err(engine)? {
        f(row).map_err(engine)?;
    }
    Ok(())
}
