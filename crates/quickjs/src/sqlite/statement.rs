//! A compiled statement.

#![allow(unsafe_code)] // SQLite's own interface

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr::NonNull;
use std::rc::Rc;

use libsqlite3_sys as ffi;
use rquickjs::{Array, Ctx};

use super::connection::{Connection, Failure, address, lent, text, transient};

/// A value for a parameter.
#[derive(Debug)]
pub(crate) enum Bound<'a> {
    Null,
    Real(f64),
    Integer(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

/// A value of a row, lent for a moment.
#[derive(Debug)]
pub(crate) enum Column<'a> {
    Null,
    Real(f64),
    Integer(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

pub(crate) struct Statement {
    connection: Rc<Connection>,
    raw: Cell<Option<NonNull<ffi::sqlite3_stmt>>>,
    /// Whether it runs at this moment: a function that it calls may not run it again.
    runs: Cell<bool>,
}

impl Statement {
    pub(super) fn new(connection: Rc<Connection>, raw: NonNull<ffi::sqlite3_stmt>) -> Self {
        Self {
            connection,
            raw: Cell::new(Some(raw)),
            runs: Cell::new(false),
        }
    }

    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// The end of it. Never called while it runs.
    pub(super) fn finalize(&self) {
        if let Some(raw) = self.raw.take() {
            // SAFETY: it is live, does not run, and is finalized once.
            unsafe { ffi::sqlite3_finalize(raw.as_ptr()) };
        }
    }

    /// # Errors
    /// `SQLITE_MISUSE` once it has ended, and inside itself.
    fn raw(&self) -> Result<*mut ffi::sqlite3_stmt, Failure> {
        if self.runs.get() {
            return Err(Failure::new(ffi::SQLITE_MISUSE, "statement is running"));
        }
        let ended = || Failure::new(ffi::SQLITE_MISUSE, "statement has been finalized");
        self.raw.get().map(NonNull::as_ptr).ok_or_else(ended)
    }

    fn check(&self, code: c_int) -> Result<(), Failure> {
        match code {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(self.connection.error()),
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.raw.get().is_none()
    }

    /// The names of the parameters, with their first character; empty for those without a name.
    pub(crate) fn parameters(&self) -> Result<Vec<String>, Failure> {
        let raw = self.raw()?;
        // SAFETY: the statement is live; the names are copied at once.
        unsafe {
            let count = ffi::sqlite3_bind_parameter_count(raw);
            Ok((1..=count)
                .map(|index| text(ffi::sqlite3_bind_parameter_name(raw, index)))
                .collect())
        }
    }

    /// Back to the beginning. What the last run failed with has been reported.
    pub(crate) fn reset(&self) -> Result<(), Failure> {
        // SAFETY: the statement is live.
        unsafe { ffi::sqlite3_reset(self.raw()?) };
        Ok(())
    }

    pub(crate) fn clear(&self) -> Result<(), Failure> {
        // SAFETY: the statement is live.
        self.check(unsafe { ffi::sqlite3_clear_bindings(self.raw()?) })
    }

    /// Sets a parameter, counted from 1.
    pub(crate) fn bind(&self, index: c_int, value: &Bound<'_>) -> Result<(), Failure> {
        let raw = self.raw()?;
        // SAFETY: the statement is live, and SQLite copies the bytes before it returns.
        let code = unsafe {
            match value {
                Bound::Null => ffi::sqlite3_bind_null(raw, index),
                Bound::Real(number) => ffi::sqlite3_bind_double(raw, index, *number),
                Bound::Integer(number) => ffi::sqlite3_bind_int64(raw, index, *number),
                Bound::Text(bytes) => {
                    let (from, length) = (address(bytes).cast(), bytes.len() as u64);
                    ffi::sqlite3_bind_text64(raw, index, from, length, transient(), ffi::SQLITE_UTF8 as u8)
                }
                Bound::Blob(bytes) => {
                    ffi::sqlite3_bind_blob64(raw, index, address(bytes), bytes.len() as u64, transient())
                }
            }
        };
        self.check(code)
    }

    /// Goes on to the next row; false if there is none.
    pub(crate) fn step<'js>(&self, ctx: &Ctx<'js>, functions: &Array<'js>) -> Result<bool, Failure> {
        let raw = self.raw()?;
        self.runs.set(true);
        let code = self.connection.callees.during(ctx, functions, || {
            // SAFETY: the statement is live, and stays so: what would end it is refused while it runs.
            unsafe { ffi::sqlite3_step(raw) }
        });
        self.runs.set(false);
        match code {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            _ => Err(self.connection.error()),
        }
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Result<Vec<String>, Failure> {
        let raw = self.raw()?;
        // SAFETY: the statement is live; the names are copied at once.
        unsafe {
            let count = ffi::sqlite3_column_count(raw);
            Ok((0..count)
                .map(|at| text(ffi::sqlite3_column_name(raw, at)))
                .collect())
        }
    }

    /// Of each column: its own name, its database, its name in the result, its table and its declared type; empty where there is none.
    pub(crate) fn columns(&self) -> Result<Vec<[String; 5]>, Failure> {
        let raw = self.raw()?;
        // SAFETY: the statement is live; the texts are copied at once.
        unsafe {
            let count = ffi::sqlite3_column_count(raw);
            let column = |at| {
                [
                    text(ffi::sqlite3_column_origin_name(raw, at)),
                    text(ffi::sqlite3_column_database_name(raw, at)),
                    text(ffi::sqlite3_column_name(raw, at)),
                    text(ffi::sqlite3_column_table_name(raw, at)),
                    text(ffi::sqlite3_column_decltype(raw, at)),
                ]
            };
            Ok((0..count).map(column).collect())
        }
    }

    /// Lends a value of the row that the last step found; null where there is no such row or column.
    pub(crate) fn value<R>(&self, at: usize, with: impl FnOnce(Column<'_>) -> R) -> Result<R, Failure> {
        let (raw, at) = (self.raw()?, at as c_int);
        // SAFETY: the statement is live; SQLite answers NULL outside a row. The bytes live until the next call of it, and `with`
        // makes none: it gets no statement.
        unsafe {
            Ok(with(match ffi::sqlite3_column_type(raw, at) {
                ffi::SQLITE_INTEGER => Column::Integer(ffi::sqlite3_column_int64(raw, at)),
                ffi::SQLITE_FLOAT => Column::Real(ffi::sqlite3_column_double(raw, at)),
                ffi::SQLITE_TEXT => {
                    let from = ffi::sqlite3_column_text(raw, at);
                    Column::Text(lent(from.cast(), ffi::sqlite3_column_bytes(raw, at)))
                }
                ffi::SQLITE_BLOB => {
                    let from = ffi::sqlite3_column_blob(raw, at);
                    Column::Blob(lent(from, ffi::sqlite3_column_bytes(raw, at)))
                }
                _ => Column::Null,
            }))
        }
    }

    /// The text with the values of its parameters.
    pub(crate) fn expanded(&self) -> Result<Option<String>, Failure> {
        // SAFETY: the statement is live; the answer is SQLite's to free, once.
        unsafe {
            let made = ffi::sqlite3_expanded_sql(self.raw()?);
            let copy = (!made.is_null()).then(|| text(made));
            ffi::sqlite3_free(made.cast());
            Ok(copy)
        }
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        self.finalize();
    }
}
