//! The functions of preview 1 for a module to import.

use tarbox_wasi::p1::{self, Context, Failure};
use tarbox_wasi::preview1_functions;
use wasmtime::{Caller, Engine, Extern, Linker, Memory};

use super::state::State;
use crate::outcome;
use crate::outcome::{BadAddress, Exit};

const MODULE: &str = "wasi_snapshot_preview1";

macro_rules! link_one {
    // The one function without a result: it does not return.
    ($linker:ident, proc_exit, $($arg:ident: $ty:ty),*) => {
        $linker.func_wrap(
            MODULE,
            "proc_exit",
            |mut caller: Caller<'_, State>, $($arg: $ty),*| -> wasmtime::Result<()> {
                call(&mut caller, "proc_exit", |context, memory| context.proc_exit(memory, $($arg),*)).map(drop)
            },
        )?;
    };
    ($linker:ident, $name:ident, $($arg:ident: $ty:ty),*) => {
        $linker.func_wrap(
            MODULE,
            stringify!($name),
            |mut caller: Caller<'_, State>, $($arg: $ty),*| -> wasmtime::Result<u32> {
                call(&mut caller, stringify!($name), |context, memory| context.$name(memory, $($arg),*))
            },
        )?;
    };
}

macro_rules! link_all {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        /// A linker with all of them.
        pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
            let mut linker = Linker::new(engine);
            $(link_one!(linker, $name, $($arg: $ty),*);)*
            Ok(linker)
        }

        /// Whether one of them goes by this name.
        pub(super) fn provides(module: &str, name: &str) -> bool {
            module == MODULE && matches!(name, $(stringify!($name))|*)
        }
    };
}

preview1_functions!(link_all);

/// One call of the guest: 0 or an errno, or the error that ends it.
fn call(
    caller: &mut Caller<'_, State>,
    function: &'static str,
    body: impl FnOnce(&mut Context, &mut p1::Memory<'_>) -> p1::Result,
) -> wasmtime::Result<u32> {
    let memory = match caller.data().memory {
        Some(memory) => memory,
        None => find_memory(caller)?,
    };
    let (bytes, state) = memory.data_and_store_mut(&mut *caller);
    match body(&mut state.context, &mut p1::Memory::new(bytes)) {
        Ok(()) => Ok(0),
        Err(Failure::Errno(errno)) => Ok(u32::from(errno as u16)),
        Err(failure) => Err(end(failure, function, state)),
    }
}

#[cold]
fn end(failure: Failure, function: &'static str, state: &State) -> wasmtime::Error {
    match failure {
        Failure::Exit(status) => Exit(status).into(),
        Failure::Fault(fault) => BadAddress { function, fault }.into(),
        Failure::Interrupted => match state.deadline.limit() {
            Some(limit) => limit.into(),
            None => outcome::interrupted(),
        },
        Failure::Errno(errno) => wasmtime::Error::msg(errno.name()),
    }
}

#[cold]
fn find_memory(caller: &mut Caller<'_, State>) -> wasmtime::Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            caller.data_mut().memory = Some(memory);
            Ok(memory)
        }
        _ => Err(wasmtime::Error::msg(
            "it called preview 1 without exporting a memory",
        )),
    }
}
