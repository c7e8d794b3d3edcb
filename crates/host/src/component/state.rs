//! What a running component has on the host's side.

use std::sync::Arc;

use tarbox_wasi::Dir;
use tarbox_wasi::p2::Descriptor;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_io::IoView;

use super::http::Http;
use super::network;
use crate::limiter::Limiter;
use crate::options::agent;
use crate::{Preopen, RunError, RunOptions, Sink, Source};

pub(crate) struct State {
    pub(super) table: ResourceTable,
    preopens: Vec<(String, Arc<Dir>)>,
    pub(super) http: Http,
    wasi: WasiCtx,
    limiter: Limiter,
}

impl State {
    pub(super) fn new(program: &str, mut options: RunOptions) -> Result<Self, RunError> {
        options.who.actor.agent = agent(program);
        let preopens = Preopen::open_all(&options.preopens, &options.who)?;
        Ok(Self {
            table: ResourceTable::new(),
            preopens: preopens
                .into_iter()
                .map(|(name, dir)| (name, Arc::new(dir)))
                .collect(),
            limiter: Limiter::new(options.limits.memory),
            http: Http::new(options.http.clone()),
            wasi: wasi(program, options),
        })
    }

    /// What the program finds, by name.
    pub(super) fn directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let table = &mut self.table;
        let preopens = self.preopens.iter();
        preopens
            .map(|(name, dir)| Ok((table.push(Descriptor::Dir(Arc::clone(dir)))?, name.clone())))
            .collect()
    }

    pub(super) fn limiter(&mut self) -> &mut Limiter {
        &mut self.limiter
    }
}

/// Everything that is no file system.
fn wasi(program: &str, options: RunOptions) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.arg(program).args(&options.args).envs(&options.env);
    match options.stdin {
        Source::Empty => {}
        Source::Inherit => drop(wasi.inherit_stdin()),
        Source::Bytes(bytes) => {
            wasi.stdin(wasmtime_wasi::p2::pipe::MemoryInputPipe::new(bytes.to_vec()));
        }
    }
    match options.stdout {
        Sink::Inherit => drop(wasi.inherit_stdout()),
        Sink::Discard => drop(wasi.stdout(tokio::io::empty())),
        Sink::Capture(capture) => drop(wasi.stdout(capture)),
    }
    match options.stderr {
        Sink::Inherit => drop(wasi.inherit_stderr()),
        Sink::Discard => drop(wasi.stderr(tokio::io::empty())),
        Sink::Capture(capture) => drop(wasi.stderr(capture)),
    }
    network::allow(&mut wasi, options.endpoints);
    wasi.build()
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl IoView for State {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}
