//! A connection: open until it is closed, within the limits of its script.

#![allow(unsafe_code)] // SQLite's own interface

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::rc::{Rc, Weak};

use libsqlite3_sys as ffi;
use rquickjs::{Array, Ctx};

use super::function::{Callees, Function};
use super::statement::Statement;
use crate::limits::{Death, Watch};

/// SQLite asks about this often, in steps of its machine: the same distance that the engine has between its own questions.
const STEPS_BETWEEN_LOOKS: c_int = 10_000;
/// The longest text or blob, where there is memory for more.
const LENGTH_MAX: u64 = 1_000_000_000;
/// The part of a script's memory that one text or blob may have.
const LENGTH_PART: u64 = 8;

/// Settings of the whole process, and what starts threads.
const REFUSED_PRAGMAS: [&str; 5] = [
    "data_store_directory",
    "hard_heap_limit",
    "soft_heap_limit",
    "temp_store_directory",
    "threads",
];

/// What SQLite reports.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The extended code.
    pub(crate) code: c_int,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: c_int, message: &str) -> Self {
        Self {
            code,
            message: message.to_owned(),
        }
    }

    /// What SQLite says of the code in general.
    pub(crate) fn text(&self) -> String {
        // SAFETY: any number is allowed; the answer is a constant of SQLite.
        text(unsafe { ffi::sqlite3_errstr(self.code) })
    }
}

pub(crate) struct Connection {
    raw: Cell<Option<NonNull<ffi::sqlite3>>>,
    watch: Rc<Watch>,
    /// What it was last counted to hold, in bytes.
    counted: Cell<usize>,
    pub(super) callees: Callees,
    statements: RefCell<Vec<Weak<Statement>>>,
}

impl Connection {
    pub(super) fn open(path: &str, vfs: &str, flags: c_int, watch: &Rc<Watch>) -> Result<Rc<Self>, Failure> {
        let (path, vfs) = (c_string(path)?, c_string(vfs)?);
        let mut raw = null_mut();
        // SAFETY: both texts end with NUL, and there is a place for the answer.
        let code = unsafe { ffi::sqlite3_open_v2(path.as_ptr(), &raw mut raw, flags, vfs.as_ptr()) };
        let Some(open) = NonNull::new(raw) else {
            return Err(Failure::new(ffi::SQLITE_NOMEM, "out of memory"));
        };
        let connection = Rc::new(Self {
            raw: Cell::new(Some(open)),
            watch: Rc::clone(watch),
            counted: Cell::new(0),
            callees: Callees::default(),
            statements: RefCell::default(),
        });
        if code != ffi::SQLITE_OK {
            return Err(connection.failure(open));
        }
        let longest = (watch.memory() / LENGTH_PART).clamp(1 << 20, LENGTH_MAX) as c_int;
        let looks = Rc::as_ptr(&connection).cast_mut().cast::<c_void>();
        // SAFETY: the connection is open. The handlers get a pointer to `connection`, which closes it before it is gone.
        unsafe {
            ffi::sqlite3_extended_result_codes(raw, 1);
            ffi::sqlite3_limit(raw, ffi::SQLITE_LIMIT_LENGTH, longest);
            ffi::sqlite3_limit(raw, ffi::SQLITE_LIMIT_WORKER_THREADS, 0);
            ffi::sqlite3_progress_handler(raw, STEPS_BETWEEN_LOOKS, Some(look), looks);
            ffi::sqlite3_set_authorizer(raw, Some(authorize), null_mut());
        }
        Ok(connection)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.raw.get().is_some()
    }

    /// Whether a function of the script runs inside a statement.
    pub(crate) fn is_busy(&self) -> bool {
        self.callees.depth() > 0
    }

    /// Closes it and ends its statements; what is not committed is taken back.
    pub(crate) fn close(&self) {
        for statement in self.statements.borrow_mut().drain(..) {
            if let Some(statement) = statement.upgrade() {
                statement.finalize();
            }
        }
        if let Some(raw) = self.raw.take() {
            // SAFETY: it was open, is closed once, and all its statements are gone.
            unsafe { ffi::sqlite3_close(raw.as_ptr()) };
        }
        self.count(0);
    }

    fn raw(&self) -> Result<NonNull<ffi::sqlite3>, Failure> {
        let closed = || Failure::new(ffi::SQLITE_MISUSE, "database is not open");
        self.raw.get().ok_or_else(closed)
    }

    /// What went wrong in the last call.
    pub(super) fn error(&self) -> Failure {
        match self.raw() {
            Ok(raw) => self.failure(raw),
            Err(closed) => closed,
        }
    }

    fn failure(&self, raw: NonNull<ffi::sqlite3>) -> Failure {
        // SAFETY: the connection is open, if only to tell why it failed; the text is copied at once.
        unsafe {
            Failure {
                code: ffi::sqlite3_extended_errcode(raw.as_ptr()),
                message: text(ffi::sqlite3_errmsg(raw.as_ptr())),
            }
        }
    }

    /// Runs all statements of a text. `functions` are those that [`create_function`](Self::create_function) numbers.
    pub(crate) fn execute<'js>(
        &self,
        ctx: &Ctx<'js>,
        functions: &Array<'js>,
        sql: &str,
    ) -> Result<(), Failure> {
        let (raw, sql) = (self.raw()?, c_string_to_nul(sql));
        let code = self.callees.during(ctx, functions, || {
            // SAFETY: the connection is open, and the text ends with NUL.
            unsafe { ffi::sqlite3_exec(raw.as_ptr(), sql.as_ptr(), None, null_mut(), null_mut()) }
        });
        self.recount();
        match code {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(self.error()),
        }
    }

    /// Compiles the first statement of a text; `None` if there is none.
    pub(crate) fn prepare(self: &Rc<Self>, sql: &str) -> Result<Option<Rc<Statement>>, Failure> {
        let (raw, sql) = (self.raw()?, c_string_to_nul(sql));
        let mut statement = null_mut();
        // SAFETY: the connection is open, the text ends with NUL, and there is a place for the answer.
        let code = unsafe {
            ffi::sqlite3_prepare_v2(raw.as_ptr(), sql.as_ptr(), -1, &raw mut statement, null_mut())
        };
        if code != ffi::SQLITE_OK {
            return Err(self.error());
        }
        let Some(statement) = NonNull::new(statement) else {
            return Ok(None);
        };
        let statement = Rc::new(Statement::new(Rc::clone(self), statement));
        let mut all = self.statements.borrow_mut();
        if all.len() == all.capacity() {
            all.retain(|statement| statement.strong_count() > 0);
        }
        all.push(Rc::downgrade(&statement));
        Ok(Some(statement))
    }

    /// Defines a function of SQL.
    pub(crate) fn create_function(
        self: &Rc<Self>,
        name: &str,
        function: Function,
        flags: c_int,
    ) -> Result<(), Failure> {
        let (raw, name) = (self.raw()?, c_string(name)?);
        match function.define(raw, self, &name, flags) {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(self.error()),
        }
    }

    /// How many rows the last statement has changed, and the last key that was given.
    pub(crate) fn changes(&self) -> Result<(i64, i64), Failure> {
        let raw = self.raw()?.as_ptr();
        // SAFETY: the connection is open.
        Ok(unsafe { (ffi::sqlite3_changes64(raw), ffi::sqlite3_last_insert_rowid(raw)) })
    }

    pub(crate) fn is_in_transaction(&self) -> Result<bool, Failure> {
        // SAFETY: the connection is open.
        Ok(unsafe { ffi::sqlite3_get_autocommit(self.raw()?.as_ptr()) } == 0)
    }

    /// The path of a database; none of one in memory.
    pub(crate) fn location(&self, schema: &str) -> Result<Option<String>, Failure> {
        let (raw, schema) = (self.raw()?, c_string(schema)?);
        // SAFETY: the connection is open, the name ends with NUL, and the answer is copied at once.
        let path = text(unsafe { ffi::sqlite3_db_filename(raw.as_ptr(), schema.as_ptr()) });
        Ok((!path.is_empty()).then(|| format!("/{path}")))
    }

    /// Switches one of the settings that are on or off.
    pub(crate) fn configure(&self, setting: c_int, on: bool) -> Result<(), Failure> {
        let raw = self.raw()?.as_ptr();
        // SAFETY: the connection is open; settings of this kind take a number and a place for an answer, which may be null.
        let code = unsafe { ffi::sqlite3_db_config(raw, setting, c_int::from(on), null_mut::<c_int>()) };
        match code {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(self.error()),
        }
    }

    /// Counts what it holds as memory of the script.
    pub(crate) fn recount(&self) {
        let Some(raw) = self.raw.get() else { return };
        let held = |what| {
            let (mut now, mut most) = (0, 0);
            // SAFETY: the connection is open, and there are places for both numbers.
            unsafe { ffi::sqlite3_db_status(raw.as_ptr(), what, &raw mut now, &raw mut most, 0) };
            usize::try_from(now).unwrap_or(0)
        };
        self.count(held(ffi::SQLITE_DBSTATUS_CACHE_USED) + held(ffi::SQLITE_DBSTATUS_STMT_USED));
        if self.watch.memory_left() == 0 {
            self.watch.die(Death::Memory);
        }
    }

    fn count(&self, now: usize) {
        let used = &self.watch.used;
        used.set((used.get() + now).saturating_sub(self.counted.replace(now)));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

/// Whether what runs is to be ended.
unsafe extern "C" fn look(connection: *mut c_void) -> c_int {
    // SAFETY: it is the pointer that was registered, to a connection that is open.
    let connection = unsafe { &*connection.cast_const().cast::<Connection>() };
    connection.recount();
    c_int::from(connection.watch.work())
}

/// Decides what may be compiled. Databases are named by paths alone: an address (`file:`) could name another VFS.
unsafe extern "C" fn authorize(
    _: *mut c_void,
    action: c_int,
    what: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    // SAFETY: SQLite passes texts that end with NUL, or null.
    let what = (!what.is_null()).then(|| unsafe { CStr::from_ptr(what) }.to_bytes());
    let is_refused = match (action, what) {
        (ffi::SQLITE_ATTACH, Some(path)) => is_address(path),
        (ffi::SQLITE_ATTACH, None) => true,
        (ffi::SQLITE_PRAGMA, Some(name)) => REFUSED_PRAGMAS
            .iter()
            .any(|refused| name.eq_ignore_ascii_case(refused.as_bytes())),
        _ => false,
    };
    if is_refused {
        ffi::SQLITE_DENY
    } else {
        ffi::SQLITE_OK
    }
}

fn is_address(path: &[u8]) -> bool {
    path.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"file:"))
}

/// A copy of a text of SQLite's; empty for null.
pub(super) fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    // SAFETY: SQLite's texts end with NUL, and live until the next call of it.
    unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned()
}

fn c_string(text: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure::new(ffi::SQLITE_MISUSE, "a name contains a NUL"))
}

/// SQL ends at the first NUL.
fn c_string_to_nul(sql: &str) -> CString {
    let end = sql.find('\0').unwrap_or(sql.len());
    CString::new(&sql[..end]).unwrap_or_default()
}

/// What SQLite does with bytes that it is given for a call: it copies them.
pub(super) fn transient() -> ffi::sqlite3_destructor_type {
    ffi::SQLITE_TRANSIENT()
}

/// An address for bytes, also where there are none: null would be SQL's NULL.
pub(super) fn address(bytes: &[u8]) -> *const c_void {
    match bytes.is_empty() {
        true => c"".as_ptr().cast(),
        false => bytes.as_ptr().cast(),
    }
}

/// Bytes that SQLite lends for a moment.
///
/// # Safety
/// `from` points to `length` bytes, or is null; they live as long as the caller says.
pub(super) unsafe fn lent<'a>(from: *const c_void, length: c_int) -> &'a [u8] {
    match usize::try_from(length) {
        Ok(length @ 1..) if !from.is_null() => {
            // SAFETY: by the caller's promise.
            unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) }
        }
        _ => &[],
    }
}
