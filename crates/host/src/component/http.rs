//! `wasi:http`, as far as the run allows it.

use wasmtime::component::Linker;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::state::State;
use crate::http::{HttpAccess, Sender};

/// What a program has of it on the host's side.
pub(super) struct Http {
    context: WasiHttpCtx,
    sender: Sender,
}

impl Http {
    pub(super) fn new(access: HttpAccess) -> Self {
        Self {
            context: WasiHttpCtx::new(),
            sender: Sender::new(access),
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.http.sender,
            table: &mut self.table,
            ctx: &mut self.http.context,
        }
    }
}

/// Adds its interfaces.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)
}
