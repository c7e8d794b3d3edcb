//! The statements that change rows with versions, many rows each.
//!
//! A statement has a fixed number of rows, a power of two: so there are few of them, each prepared once, and any number of
//! rows goes in a few statements.

use tokio_postgres::types::Type;

use super::{Sql, types_of_rows};
use crate::wire::{Step, Value};

/// The most rows of a statement.
const ROWS: usize = 256;

/// A table of the head with its table of the past.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Names of its statements.
    pub(super) upsert: &'static str,
    pub(super) preserve: &'static str,
    pub(super) delete: &'static str,
    /// What finds a row in a tenant.
    pub(super) keys: &'static [(&'static str, Type)],
    pub(super) columns: &'static [(&'static str, Type)],
}

pub(super) const INODE: Table = Table {
    name: "inode",
    upsert: "inode upsert",
    preserve: "inode preserve",
    delete: "inode delete",
    keys: &[("ino", Type::INT8)],
    columns: &[
        ("born", Type::INT8),
        ("kind", Type::INT2),
        ("mode", Type::INT4),
        ("uid", Type::INT8),
        ("gid", Type::INT8),
        ("nlink", Type::INT8),
        ("size", Type::INT8),
        ("stored", Type::INT8),
        ("rdev", Type::INT8),
        ("atime", Type::INT8),
        ("mtime", Type::INT8),
        ("ctime", Type::INT8),
        ("btime", Type::INT8),
        ("parent", Type::INT8),
        ("cookie", Type::INT8),
        ("xattrs", Type::INT8),
        ("version", Type::INT8),
        ("data", Type::BYTEA),
        ("sum", Type::INT8),
    ],
};

pub(super) const DENTRY: Table = Table {
    name: "dentry",
    upsert: "dentry upsert",
    preserve: "dentry preserve",
    delete: "dentry delete",
    keys: &[("dir", Type::INT8), ("cookie", Type::INT8)],
    columns: &[
        ("born", Type::INT8),
        ("ino", Type::INT8),
        ("kind", Type::INT2),
        ("name", Type::BYTEA),
    ],
};

pub(super) const CHUNK: Table = Table {
    name: "chunk",
    upsert: "chunk upsert",
    preserve: "chunk preserve",
    delete: "chunk delete",
    keys: &[("file", Type::INT8), ("idx", Type::INT8)],
    columns: &[("born", Type::INT8), ("map", Type::BYTEA)],
};

pub(super) const XATTR: Table = Table {
    name: "xattr",
    upsert: "xattr upsert",
    preserve: "xattr preserve",
    delete: "xattr delete",
    keys: &[("ino", Type::INT8), ("name", Type::BYTEA)],
    columns: &[("born", Type::INT8), ("value", Type::BYTEA)],
};

pub(super) const ALL: [&Table; 4] = [&INODE, &DENTRY, &CHUNK, &XATTR];

impl Table {
    pub(super) fn key_names(&self) -> String {
        names(self.keys)
    }

    pub(super) fn column_names(&self) -> String {
        names(self.columns)
    }
}

fn names(columns: &[(&str, Type)]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// `($2, $3), ($4, $5)` for two rows of two, with the parameters from `first` on; `lead` begins each row.
pub(super) fn values(lead: &str, rows: usize, width: usize, first: usize) -> String {
    let mut text = String::new();
    let mut next = first;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        text.push_str(lead);
        for column in 0..width {
            let comma = if column > 0 || !lead.is_empty() { ", " } else { "" };
            text.push_str(&format!("{comma}${next}"));
            next += 1;
        }
        text.push(')');
    }
    text
}

/// `a.x = b.x AND a.y = b.y`.
fn equal(a: &str, b: &str, columns: &[(&str, Type)]) -> String {
    let parts: Vec<String> = columns
        .iter()
        .map(|(c, _)| format!("{a}.{c} = {b}.{c}"))
        .collect();
    parts.join(" AND ")
}

fn types(columns: &[&[(&str, Type)]], rows: usize) -> Vec<Type> {
    let row: Vec<Type> = columns
        .iter()
        .flat_map(|c| c.iter())
        .map(|(_, ty)| ty.clone())
        .collect();
    types_of_rows(&row, rows)
}

impl Sql<'_> {
    /// Statements over all these rows of values, each with as many as fit; `lead` comes behind the tenant in each.
    pub(super) fn in_rows(
        &self,
        steps: &mut Vec<Step>,
        name: &'static str,
        lead: &[Value],
        rows: Vec<Vec<Value>>,
        make: impl Fn(usize) -> (String, Vec<Type>),
    ) {
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let count = ROWS.min(1 << rows.len().ilog2());
            let mut bound = lead.to_vec();
            bound.extend(rows.by_ref().take(count).flatten());
            steps.push(self.request_rows(name, count, bound, || make(count)).into());
        }
    }

    /// Writes the head's versions.
    pub(super) fn upsert(&self, steps: &mut Vec<Step>, table: &Table, rows: Vec<Vec<Value>>) {
        self.in_rows(steps, table.upsert, &[], rows, |count| {
            let (name, keys, columns) = (table.name, table.key_names(), table.column_names());
            let set: Vec<String> = table
                .columns
                .iter()
                .map(|(c, _)| format!("{c} = excluded.{c}"))
                .collect();
            let values = values("$1", count, table.keys.len() + table.columns.len(), 2);
            let sql = format!(
                "INSERT INTO tarbox.{name}(tenant, {keys}, {columns}) VALUES {values} \
                 ON CONFLICT (tenant, {keys}) DO UPDATE SET {}",
                set.join(", ")
            );
            (sql, types(&[table.keys, table.columns], count))
        });
    }

    /// Writes the head's versions of inodes, but for their content.
    pub(super) fn update_attributes(&self, steps: &mut Vec<Step>, rows: Vec<Vec<Value>>) {
        self.in_rows(steps, "inode update", &[], rows, |count| {
            let columns = &INODE.columns[..INODE.columns.len() - 2];
            let set: Vec<String> = columns.iter().map(|(c, _)| format!("{c} = v.{c}")).collect();
            let values = values("", count, 1 + columns.len(), 2);
            let sql = format!(
                "UPDATE tarbox.inode AS t SET {} FROM (VALUES {values}) AS v(ino, {}) WHERE t.tenant = $1 AND t.ino = v.ino",
                set.join(", "),
                names(columns)
            );
            (sql, types(&[INODE.keys, columns], count))
        });
    }

    /// Copies the head's versions to the past: they end with the layer before `died`.
    pub(super) fn preserve(&self, steps: &mut Vec<Step>, table: &Table, died: u64, rows: Vec<Vec<Value>>) {
        self.in_rows(steps, table.preserve, &[died.into()], rows, |count| {
            let (name, keys, columns) = (table.name, table.key_names(), table.column_names());
            let own: Vec<String> = table.keys.iter().chain(table.columns).map(|(c, _)| format!("t.{c}")).collect();
            let (own_keys, own_columns) = own.split_at(table.keys.len());
            let sql = format!(
                "INSERT INTO tarbox.{name}_past(tenant, {keys}, died, {columns}) \
                 SELECT t.tenant, {}, $2, {} FROM tarbox.{name} AS t JOIN (VALUES {}) AS v({keys}) ON {} WHERE t.tenant = $1",
                own_keys.join(", "),
                own_columns.join(", "),
                values("", count, table.keys.len(), 3),
                equal("t", "v", table.keys)
            );
            (sql, [vec![Type::INT8], types(&[table.keys], count)].concat())
        });
    }

    /// Removes the head's versions.
    pub(super) fn delete(&self, steps: &mut Vec<Step>, table: &Table, rows: Vec<Vec<Value>>) {
        self.in_rows(steps, table.delete, &[], rows, |count| {
            let sql = format!(
                "DELETE FROM tarbox.{} AS t USING (VALUES {}) AS v({}) WHERE t.tenant = $1 AND {}",
                table.name,
                values("", count, table.keys.len(), 2),
                table.key_names(),
                equal("t", "v", table.keys)
            );
            (sql, types(&[table.keys], count))
        });
    }
}
