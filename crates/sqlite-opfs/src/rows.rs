//! Reading rows: one, or as many as fit into a page.

use std::cell::RefCell;
use std::ffi::c_int;

use sqlite_wasm_rs as ffi;

use crate::value::Value;

/// Bytes of texts and blobs in a page.
const ARENA: usize = 64 * 1024;
/// Values in a page.
const VALUES: usize = 8 * 1024;

/// A page: the values of its rows one after the other, and the bytes they point to.
#[derive(Debug)]
struct Page {
    values: Vec<Value>,
    arena: Vec<u8>,
    /// What the last step returned.
    status: c_int,
}

thread_local! {
    static PAGE: RefCell<Page> = const {
        RefCell::new(Page { values: Vec::new(), arena: Vec::new(), status: 0 })
    };
}

/// The row that a statement is at: a value whose tag is how many columns there are, then those. Their bytes are valid until the statement moves on.
#[unsafe(no_mangle)]
unsafe extern "C" fn row(statement: *mut ffi::sqlite3_stmt) -> *const Value {
    PAGE.with_borrow_mut(|page| {
        page.values.clear();
        // SAFETY: the statement is one that the TypeScript has prepared; without a row there are no columns.
        let columns = unsafe { ffi::sqlite3_data_count(statement) };
        page.values.push(Value::count(columns));
        // SAFETY: those are the columns there are.
        let values = (0..columns).map(|column| unsafe { Value::of_column(statement, column) });
        page.values.extend(values);
        page.values.as_ptr()
    })
}

/// Steps until the page is full or the statement ends, and returns how many rows it made; `rows_status` then tells what
/// the last step returned, and `rows_values` where the values are.
#[unsafe(no_mangle)]
unsafe extern "C" fn rows(statement: *mut ffi::sqlite3_stmt) -> c_int {
    // The page is not borrowed while SQLite runs: a function of the page's user may read rows, too.
    let mut page = PAGE.with(|page| {
        page.replace(Page {
            values: Vec::new(),
            arena: Vec::new(),
            status: 0,
        })
    });
    page.values.clear();
    page.arena.clear();
    page.arena.reserve_exact(ARENA);
    let mut count = 0;
    loop {
        // SAFETY: the statement is one that the TypeScript has prepared.
        page.status = unsafe { ffi::sqlite3_step(statement) };
        if page.status != ffi::SQLITE_ROW {
            break;
        }
        count += 1;
        // SAFETY: the statement is at a row.
        if unsafe { !page.take(statement) } {
            break;
        }
    }
    PAGE.with(|slot| slot.replace(page));
    count
}

#[unsafe(no_mangle)]
extern "C" fn rows_status() -> c_int {
    PAGE.with_borrow(|page| page.status)
}

#[unsafe(no_mangle)]
extern "C" fn rows_values() -> *const Value {
    PAGE.with_borrow(|page| page.values.as_ptr())
}

impl Page {
    /// Adds a row, and says whether there is room for more. Bytes that do not fit stay where SQLite has them, valid until
    /// the next step; so such a row is the last.
    ///
    /// # Safety
    /// The statement is at a row.
    unsafe fn take(&mut self, statement: *mut ffi::sqlite3_stmt) -> bool {
        let mut room = true;
        // SAFETY: by the caller's promise.
        let columns = unsafe { ffi::sqlite3_data_count(statement) };
        for column in 0..columns {
            // SAFETY: the row has that column.
            let mut value = unsafe { Value::of_column(statement, column) };
            let len = value.len as usize;
            if value.has_bytes() && len > 0 {
                if len <= self.arena.capacity() - self.arena.len() {
                    let start = self.arena.len();
                    // SAFETY: SQLite gave that many bytes; they stay until the next step.
                    let bytes = unsafe { std::slice::from_raw_parts(value.place(), len) };
                    self.arena.extend_from_slice(bytes);
                    value.bits = self.arena[start..].as_ptr() as usize as u64;
                } else {
                    room = false;
                }
            }
            self.values.push(value);
        }
        room && self.values.len() + columns as usize <= VALUES
    }
}
