//! A host that embeds Wasmtime: it runs a module of preview 1 on a workspace, and lets it import a function of the host's own.
//!
//! `tarbox-example-wasmtime DATABASE PROGRAM.wasm [ARGUMENTS…]`

use std::process::ExitCode;
use std::sync::Arc;

use tarbox_fs::{Credentials, Fs, blocking};
use tarbox_host::{Exit, Preview1, RunOptions, add_to_linker};
use tarbox_store_sqlite::{Options, SqliteDatabase};
use wasmtime::{Config, Engine, Linker, Module, Store};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// More instructions than any honest program needs.
const FUEL: u64 = 100_000_000_000;

/// The data of the store: a part for preview 1, and whatever else the host needs.
struct State {
    files: Preview1,
    steps: u32,
}

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(status) => ExitCode::from(status.clamp(0, 255) as u8),
        Err(error) => {
            eprintln!("tarbox-example-wasmtime: {error}");
            ExitCode::from(125)
        }
    }
}

fn run(mut args: impl Iterator<Item = String>) -> Result<i32> {
    let usage = "usage: tarbox-example-wasmtime DATABASE PROGRAM.wasm [ARGUMENTS...]";
    let (database, program) = (args.next().ok_or(usage)?, args.next().ok_or(usage)?);

    // The workspace, which the program finds as `/`.
    let database = SqliteDatabase::open(&database, &Options::new())?;
    let fs = Arc::new(blocking(Fs::open_tenant(&database, "default"))?);
    let mut options = RunOptions::on(fs, Credentials::root("example"));
    options.args = args.collect();

    // Preview 1 beside a function of our own.
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |state: &mut State| &mut state.files)?;
    linker.func_wrap("host", "step", |mut caller: wasmtime::Caller<'_, State>| {
        caller.data_mut().steps += 1;
    })?;

    let files = Preview1::new(&program, options)?;
    let mut store = Store::new(&engine, State { files, steps: 0 });
    store.set_fuel(FUEL)?;
    let instance = linker.instantiate(&mut store, &Module::from_file(&engine, &program)?)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    let ended = start.call(&mut store, ());
    eprintln!("{} steps", store.data().steps);
    match ended {
        Ok(()) => Ok(0),
        Err(error) => match error.downcast_ref::<Exit>() {
            Some(exit) => Ok(exit.0),
            None => Err(format!("{error:#}").into()),
        },
    }
}
