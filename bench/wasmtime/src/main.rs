//! The rival of `tarbox run`: the same Wasmtime with its own WASI on a directory of the host, as its documentation
//! embeds it.
//!
//! `tarbox-bench-wasmtime compile FILE.wasm FILE.cwasm`, then
//! `tarbox-bench-wasmtime hop|stay DIR FILE.cwasm [ARGS]`: with `hop` each file operation goes to a thread that may
//! block, which is the library's default; with `stay` it is done where it was called, as its command line does. `component` runs a component, also
//! where it was called: a guest that carries its workspace. If its file is not compiled (`.wasm`), it is now.
//!
//! # Unsafe code
//!
//! Two functions load what this program compiled before.
#![deny(unsafe_code)]

mod component;

use std::path::Path;
use std::process::ExitCode;

use wasmtime::{Engine, Linker, Module, Result, Store, bail};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match command(&args) {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            eprintln!("tarbox-bench-wasmtime: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(args: &[String]) -> Result<u8> {
    match args {
        [how, file, compiled] if how == "compile" => {
            compile(Path::new(file), Path::new(compiled)).map(|()| 0)
        }
        [how, dir, file, args @ ..] if how == "hop" || how == "stay" => {
            run(how == "stay", Path::new(dir), Path::new(file), args)
        }
        [how, dir, file, args @ ..] if how == "component" => {
            component::run(Path::new(dir), Path::new(file), args)
        }
        _ => bail!(
            "usage: tarbox-bench-wasmtime compile FILE COMPILED | hop|stay|component DIR COMPILED [ARGS]"
        ),
    }
}

fn compile(file: &Path, compiled: &Path) -> Result<()> {
    let (engine, bytes) = (Engine::default(), std::fs::read(file)?);
    // The layer of a component is the seventh byte.
    let code = match bytes.get(6) {
        Some(1) => engine.precompile_component(&bytes)?,
        _ => engine.precompile_module(&bytes)?,
    };
    Ok(std::fs::write(compiled, code)?)
}

fn run(stay: bool, dir: &Path, file: &Path, args: &[String]) -> Result<u8> {
    let engine = Engine::default();
    let module = load(&engine, file)?;
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
    let mut builder = WasiCtxBuilder::new();
    builder
        .arg("guest")
        .args(args)
        .inherit_stdio()
        .allow_blocking_current_thread(stay);
    builder.preopened_dir(dir, "/", FsPerms::ReadWrite)?;
    let mut store = Store::new(&engine, builder.build_p1());
    let instance = linker.instantiate(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    match start.call(&mut store, ()) {
        Ok(()) => Ok(0),
        Err(e) => match e.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0 as u8),
            None => Err(e),
        },
    }
}

/// Maps a module that `compile` wrote.
#[allow(unsafe_code)]
fn load(engine: &Engine, file: &Path) -> Result<Module> {
    // SAFETY: the benchmark names a file in a directory of its own, which this program wrote with this engine's settings.
    unsafe { Module::deserialize_file(engine, file) }
}
