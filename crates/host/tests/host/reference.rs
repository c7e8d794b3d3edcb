//! The same programs on Wasmtime's own WASI and a directory of this machine.

use std::path::Path;

use wasmtime::component::{Component, Linker as ComponentLinker, ResourceTable};
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::guests::Target;

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

/// Runs a program with a directory as `/`, and answers what it printed and its status.
pub(crate) fn run(path: &Path, target: Target, dir: &Path, args: &[&str]) -> (String, i32) {
    let engine = Engine::default();
    let (mut wasi, out) = wasi(path, dir, args);
    let ended = match target {
        Target::P1 => module(&engine, path, &mut wasi),
        Target::P2 => Component::from_file(&engine, path)
            .and_then(|component| run_component(&engine, &component, &mut wasi, None)),
        Target::P3 => {
            Component::from_file(&engine, path).and_then(|component| run_p3(&engine, &component, &mut wasi))
        }
    };
    let status = match ended {
        Ok(()) => 0,
        Err(error) => error.downcast_ref::<I32Exit>().expect("an exit").0,
    };
    (text(&out), status)
}

/// A component on Wasmtime's own WASI, compiled once for many runs, each of which may be ended anywhere.
pub(crate) struct Metered {
    engine: Engine,
    component: Component,
}

impl Metered {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).unwrap();
        let component = Component::from_binary(&engine, bytes).unwrap();
        Self { engine, component }
    }

    /// What it printed, and how it ended, with so many instructions.
    pub(crate) fn run(&self, dir: &Path, args: &[&str], fuel: u64) -> (String, wasmtime::Result<()>) {
        let (mut wasi, out) = wasi(Path::new("composed.wasm"), dir, args);
        let ended = run_component(&self.engine, &self.component, &mut wasi, Some(fuel));
        (text(&out), ended)
    }
}

fn wasi(path: &Path, dir: &Path, args: &[&str]) -> (WasiCtxBuilder, MemoryOutputPipe) {
    let out = MemoryOutputPipe::new(1 << 20);
    let mut wasi = WasiCtx::builder();
    wasi.arg(path.file_name().unwrap().to_str().unwrap()).args(args);
    wasi.preopened_dir(dir, "/", FsPerms::ReadWrite).unwrap();
    wasi.stdout(out.clone());
    (wasi, out)
}

fn text(out: &MemoryOutputPipe) -> String {
    String::from_utf8(out.contents().to_vec()).unwrap()
}

fn module(engine: &Engine, path: &Path, wasi: &mut WasiCtxBuilder) -> wasmtime::Result<()> {
    let mut linker = Linker::<WasiP1Ctx>::new(engine);
    p1::add_to_linker_sync(&mut linker, |state| state)?;
    let mut store = Store::new(engine, wasi.build_p1());
    let instance = linker.instantiate(&mut store, &Module::from_file(engine, path)?)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    start.call(&mut store, ())
}

fn run_component(
    engine: &Engine,
    component: &Component,
    wasi: &mut WasiCtxBuilder,
    fuel: Option<u64>,
) -> wasmtime::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut linker = ComponentLinker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let state = State {
        wasi: wasi.build(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(engine, state);
    if let Some(fuel) = fuel {
        store.set_fuel(fuel)?;
    }
    runtime.block_on(async {
        let command = Command::instantiate_async(&mut store, component, &linker).await?;
        let result = command.wasi_cli_run().call_run(&mut store).await?;
        result.map_err(|()| I32Exit(1).into())
    })
}

fn run_p3(engine: &Engine, component: &Component, wasi: &mut WasiCtxBuilder) -> wasmtime::Result<()> {
    use wasmtime_wasi::p3::bindings::Command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut linker = ComponentLinker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    let state = State {
        wasi: wasi.build(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(engine, state);
    runtime.block_on(async {
        let command = Command::instantiate_async(&mut store, component, &linker).await?;
        let ended = store
            .run_concurrent(async move |store| command.wasi_cli_run().call_run(store).await)
            .await??;
        ended.map_err(|()| I32Exit(1).into())
    })
}
