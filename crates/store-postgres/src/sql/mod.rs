//! Rows in and out of SQL.

mod apply;
mod chunk;
mod dentry;
mod history;
mod inode;
mod load;
mod log;
pub(crate) mod past;
mod put;
mod table;
mod tenant;
mod xattr;

use tarbox_store::{FileKind, Result};
use tarbox_store_core::{TenantId, damaged};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub(crate) use apply::{Fence, apply, fence};
pub(crate) use chunk::map as chunk_map;
pub(crate) use inode::data as inline;
pub(crate) use load::plan;
pub(crate) use log::{query as log_query, records as log_records, row as log_row};
pub(crate) use put::{
    chunk as put_chunk, dentry as put_dentry, inode as put_inode, log as put_log, map as encode_map,
    preserve_inode,
};
pub(crate) use tenant::{
    COLUMNS as TENANT, Seen, begin as begin_tenant, create as create_tenant, decode as decode_tenant, taken,
};

use crate::error::failed;
use crate::wire::{Request, Step, Template, Templates, Value};

/// A number of any width.
pub(crate) fn int(row: &Row, i: usize) -> Result<i64> {
    let column = row.columns().get(i).map(|column| column.type_());
    match column {
        Some(&Type::INT2) => row.try_get::<_, i16>(i).map(Into::into).map_err(failed),
        Some(&Type::INT4) => row.try_get::<_, i32>(i).map(Into::into).map_err(failed),
        _ => row.try_get(i).map_err(failed),
    }
}

pub(crate) fn optional_int(row: &Row, i: usize) -> Result<Option<i64>> {
    row.try_get(i).map_err(failed)
}

pub(crate) fn bytes(row: &Row, i: usize) -> Result<&[u8]> {
    row.try_get(i).map_err(failed)
}

pub(crate) fn kind(row: &Row, i: usize) -> Result<FileKind> {
    let number = u8::try_from(int(row, i)?).ok();
    number
        .and_then(FileKind::from_number)
        .ok_or_else(|| damaged("an inode or a name is of no known kind"))
}

/// What a checksum covers beside the bytes: whose they are.
fn key(tenant: TenantId, ino: u64) -> u64 {
    tenant.0 << 44 ^ ino
}

/// Statements of the engine for a tenant.
#[derive(Clone, Copy)]
pub(crate) struct Sql<'a> {
    pub(crate) templates: &'a Templates,
    pub(crate) tenant: TenantId,
}

impl Sql<'_> {
    /// A statement whose first parameter is the tenant.
    pub(crate) fn request(
        &self,
        name: &'static str,
        values: Vec<Value>,
        make: impl FnOnce() -> (String, Vec<Type>),
    ) -> Request {
        self.request_rows(name, 0, values, make)
    }

    fn request_rows(
        &self,
        name: &'static str,
        rows: usize,
        values: Vec<Value>,
        make: impl FnOnce() -> (String, Vec<Type>),
    ) -> Request {
        let template = self.templates.get(name, rows, || {
            let (sql, types) = make();
            Template::new(sql, [vec![Type::INT8], types].concat())
        });
        let mut all = Vec::with_capacity(values.len() + 1);
        all.push(Value::from(self.tenant.0));
        all.extend(values);
        Request {
            template,
            values: all,
        }
    }

    /// The same with a fixed text.
    pub(crate) fn fixed(&self, sql: &'static str, types: &[Type], values: Vec<Value>) -> Step {
        self.request(sql, values, || (sql.to_owned(), types.to_vec()))
            .into()
    }
}

/// The types of so many rows of parameters.
fn types_of_rows(row: &[Type], rows: usize) -> Vec<Type> {
    row.iter().cycle().take(row.len() * rows).cloned().collect()
}
