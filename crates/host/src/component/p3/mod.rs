//! WASI 0.3: the same capabilities, by functions that may wait and streams that are values.

mod bindings;
mod descriptor;
mod filesystem;
mod streams;

use wasmtime::Store;
use wasmtime::component::{Instance, Linker};
use wasmtime_wasi::p3;
use wasmtime_wasi::p3::bindings::Command;

use super::state::State;
use bindings::{preopens, types};
use filesystem::Files;

/// Adds its interfaces.
pub(super) fn add_to_linker(l: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<State, Files>(l, |state| state)?;
    preopens::add_to_linker::<State, Files>(l, |state| state)?;
    p3::cli::add_to_linker(l)?;
    p3::clocks::add_to_linker(l)?;
    p3::random::add_to_linker(l)?;
    p3::sockets::add_to_linker(l)
}

/// Runs a program, and answers whether it says that it succeeded.
pub(super) async fn run(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Result<(), ()>> {
    let command = Command::new(&mut *store, instance)?;
    store
        .run_concurrent(async move |store| command.wasi_cli_run().call_run(store).await)
        .await?
}
