//! Components, on the library's own WASI.

use std::path::Path;

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxView, WasiView};

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Runs a component with a directory, where its file operations were called.
pub(crate) fn run(dir: &Path, file: &Path, args: &[String]) -> Result<u8> {
    let engine = Engine::default();
    let component = load(&engine, file)?;
    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let mut builder = WasiCtx::builder();
    builder.arg("guest").args(args).inherit_stdio();
    builder.allow_blocking_current_thread(true);
    builder.preopened_dir(dir, "/", FsPerms::ReadWrite)?;
    let state = State {
        wasi: builder.build(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&engine, state);
    let command = Command::instantiate(&mut store, &component, &linker)?;
    match command.wasi_cli_run().call_run(&mut store) {
        Ok(ended) => Ok(u8::from(ended.is_err())),
        Err(e) => match e.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0 as u8),
            None => Err(e),
        },
    }
}

/// Maps a component that `compile` wrote; compiles what is a component still.
#[allow(unsafe_code)]
fn load(engine: &Engine, file: &Path) -> Result<Component> {
    if file.extension().is_some_and(|extension| extension == "wasm") {
        return Component::from_file(engine, file);
    }
    // SAFETY: As for modules.
    unsafe { Component::deserialize_file(engine, file) }
}
