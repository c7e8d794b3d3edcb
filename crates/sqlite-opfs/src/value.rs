//! A value as it crosses the boundary: 16 bytes, little-endian.
//!
//! ```text
//!   0     4     8                16
//!   ├ tag ┼ len ┼ number | address┤
//! ```
//!
//! An integer that a double holds exactly goes as a double; only larger ones need a `BigInt` on the other side.

use std::ffi::c_int;

use sqlite_wasm_rs as ffi;

/// An integer of at most 2⁵³ − 1, as a double.
pub(crate) const INTEGER: u32 = 1;
pub(crate) const FLOAT: u32 = 2;
pub(crate) const TEXT: u32 = 3;
pub(crate) const BLOB: u32 = 4;
/// An integer of 64 bits.
pub(crate) const BIGINT: u32 = 5;

#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(8))]
pub(crate) struct Value {
    pub(crate) tag: u32,
    pub(crate) len: u32,
    pub(crate) bits: u64,
}

/// The largest integer that no other one is the same as when both are doubles.
const EXACT: u64 = (1 << 53) - 1;

impl Value {
    /// Stands in front of a row and says how long it is.
    pub(crate) fn count(columns: c_int) -> Self {
        Self {
            tag: columns as u32,
            ..Self::default()
        }
    }

    fn integer(value: i64) -> Self {
        let (tag, bits) = if value.unsigned_abs() <= EXACT {
            (INTEGER, (value as f64).to_bits())
        } else {
            (BIGINT, value as u64)
        };
        Self { tag, len: 8, bits }
    }

    fn bytes(tag: u32, place: *const u8, len: c_int) -> Self {
        Self {
            tag,
            len: len as u32,
            bits: place as usize as u64,
        }
    }

    /// Where the bytes of a text or blob are.
    pub(crate) fn place(self) -> *const u8 {
        self.bits as usize as *const u8
    }

    /// Whether the value is bytes somewhere else.
    pub(crate) fn has_bytes(self) -> bool {
        matches!(self.tag, TEXT | BLOB)
    }

    /// A column of the row that a statement is at. Bytes stay where SQLite has them.
    ///
    /// # Safety
    /// The statement is at a row, which has the column.
    pub(crate) unsafe fn of_column(statement: *mut ffi::sqlite3_stmt, column: c_int) -> Self {
        // SAFETY: by the caller's promise; a length is asked for after the bytes, as SQLite demands.
        unsafe {
            match ffi::sqlite3_column_type(statement, column) {
                ffi::SQLITE_INTEGER => Self::integer(ffi::sqlite3_column_int64(statement, column)),
                ffi::SQLITE_FLOAT => Self {
                    tag: FLOAT,
                    len: 8,
                    bits: ffi::sqlite3_column_double(statement, column).to_bits(),
                },
                ffi::SQLITE_TEXT => {
                    let text = ffi::sqlite3_column_text(statement, column);
                    Self::bytes(TEXT, text.cast(), ffi::sqlite3_column_bytes(statement, column))
                }
                ffi::SQLITE_BLOB => {
                    let blob = ffi::sqlite3_column_blob(statement, column);
                    Self::bytes(BLOB, blob.cast(), ffi::sqlite3_column_bytes(statement, column))
                }
                _ => Self::default(),
            }
        }
    }

    /// An argument of a function.
    ///
    /// # Safety
    /// The value is one that SQLite has passed to a function.
    pub(crate) unsafe fn of_argument(value: *mut ffi::sqlite3_value) -> Self {
        // SAFETY: by the caller's promise.
        unsafe {
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Self::integer(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_FLOAT => Self {
                    tag: FLOAT,
                    len: 8,
                    bits: ffi::sqlite3_value_double(value).to_bits(),
                },
                ffi::SQLITE_TEXT => {
                    let text = ffi::sqlite3_value_text(value);
                    Self::bytes(TEXT, text.cast(), ffi::sqlite3_value_bytes(value))
                }
                ffi::SQLITE_BLOB => {
                    let blob = ffi::sqlite3_value_blob(value);
                    Self::bytes(BLOB, blob.cast(), ffi::sqlite3_value_bytes(value))
                }
                _ => Self::default(),
            }
        }
    }
}
