//! The functions of preview 1 for a module to import.

use tarbox_wasi::p1::{self, Context, Failure};
use tarbox_wasi::preview1_functions;
use wasmtime::{Caller, Engine, Extern, Linker, Memory};

use super::Preview1;
use super::state::State;
use crate::outcome::{self, BadAddress, Exit};

const MODULE: &str = "wasi_snapshot_preview1";

macro_rules! link_one {
    // The one function without a result: it does not return.
    ($linker:ident, $get:ident, proc_exit, $($arg:ident: $ty:ty),*) => {
        $linker.func_wrap(
            MODULE,
            "proc_exit",
            move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> wasmtime::Result<()> {
                call(&mut caller, $get, "proc_exit", |context, memory| context.proc_exit(memory, $($arg),*)).map(drop)
            },
        )?;
    };
    ($linker:ident, $get:ident, $name:ident, $($arg:ident: $ty:ty),*) => {
        $linker.func_wrap(
            MODULE,
            stringify!($name),
            move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> wasmtime::Result<u32> {
                call(&mut caller, $get, stringify!($name), |context, memory| context.$name(memory, $($arg),*))
            },
        )?;
    };
}

macro_rules! link_all {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        /// Adds the functions of preview 1 to an embedder's own linker, beside functions of its own. `get` finds an instance's part
        /// in the data of its store.
        ///
        /// Calls run on the calling thread and wait for the store: in asynchronous code, call the module on a thread that may
        /// block. A module that ends itself by `proc_exit` does so with the error [`Exit`](crate::Exit).
        ///
        /// ```
        /// use std::sync::Arc;
        ///
        /// use tarbox_fs::{Credentials, FilesystemExt, Fs, blocking};
        /// use tarbox_host::{Preview1, RunOptions, add_to_linker};
        /// use tarbox_store::{Database, Quota};
        /// use tarbox_store_sqlite::{Options, SqliteDatabase};
        /// use wasmtime::{Engine, Linker, Module, Store};
        ///
        /// let database = SqliteDatabase::in_memory(&Options::new())?;
        /// blocking(database.create_tenant("default", Quota::default()))?;
        /// let fs = Arc::new(blocking(Fs::open_tenant(&database, "default"))?);
        /// let who = Credentials::root("example");
        ///
        /// let engine = Engine::default();
        /// let module = Module::new(&engine, wat::parse_str(r#"(module
        ///     (import "wasi_snapshot_preview1" "path_create_directory"
        ///         (func $make (param i32 i32 i32) (result i32)))
        ///     (memory (export "memory") 1)
        ///     (data (i32.const 0) "made")
        ///     (func (export "make") (result i32) (call $make (i32.const 3) (i32.const 0) (i32.const 4))))"#)?)?;
        /// let mut linker = Linker::new(&engine);
        /// add_to_linker(&mut linker, |files: &mut Preview1| files)?;
        /// let files = Preview1::new("example.wasm", RunOptions::on(fs.clone(), who.clone()))?;
        /// let mut store = Store::new(&engine, files);
        /// let instance = linker.instantiate(&mut store, &module)?;
        /// let make = instance.get_typed_func::<(), i32>(&mut store, "make")?;
        /// assert_eq!(make.call(&mut store, ())?, 0);
        /// assert!(blocking(fs.read_dir(&who, "/made"))?.is_empty());
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// # Errors
        /// One of the functions is there already.
        pub fn add_to_linker<T: 'static>(
            linker: &mut Linker<T>,
            get: impl Fn(&mut T) -> &mut Preview1 + Copy + Send + Sync + 'static,
        ) -> wasmtime::Result<()> {
            $(link_one!(linker, get, $name, $($arg: $ty),*);)*
            Ok(())
        }

        /// Whether one of them goes by this name.
        pub(super) fn provides(module: &str, name: &str) -> bool {
            module == MODULE && matches!(name, $(stringify!($name))|*)
        }
    };
}

preview1_functions!(link_all);

/// A linker with all of them.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    add_to_linker(&mut linker, |state: &mut State| &mut state.preview1)?;
    Ok(linker)
}

/// One call of the guest: 0 or an errno, or the error that ends it.
fn call<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut Preview1,
    function: &'static str,
    body: impl FnOnce(&mut Context, &mut p1::Memory<'_>) -> p1::Result,
) -> wasmtime::Result<u32> {
    let memory = match get(caller.data_mut()).memory {
        Some(memory) => memory,
        None => {
            let memory = find_memory(caller)?;
            *get(caller.data_mut()).memory.insert(memory)
        }
    };
    let (bytes, data) = memory.data_and_store_mut(&mut *caller);
    let preview1 = get(data);
    match body(&mut preview1.context, &mut p1::Memory::new(bytes)) {
        Ok(()) => Ok(0),
        Err(Failure::Errno(errno)) => Ok(u32::from(errno as u16)),
        Err(failure) => Err(end(failure, function, preview1)),
    }
}

#[cold]
fn end(failure: Failure, function: &'static str, preview1: &Preview1) -> wasmtime::Error {
    match failure {
        Failure::Exit(status) => Exit(status.cast_signed()).into(),
        Failure::Fault(fault) => BadAddress { function, fault }.into(),
        Failure::Interrupted => match preview1.deadline.limit() {
            Some(limit) => limit.into(),
            None => outcome::interrupted(),
        },
        Failure::Errno(errno) => wasmtime::Error::msg(errno.name()),
    }
}

#[cold]
fn find_memory<T: 'static>(caller: &mut Caller<'_, T>) -> wasmtime::Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(wasmtime::Error::msg(
            "it called preview 1 without exporting a memory",
        )),
    }
}
