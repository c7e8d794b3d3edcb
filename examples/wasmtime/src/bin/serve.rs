//! A server that answers requests by a component of `wasi:http`, 0.2 or 0.3: what `wasmtime serve` does, in few lines.
//!
//! `serve ADDRESS COMPONENT.wasm HOSTDIR::GUESTDIR [NAME=VALUE…]`
//!
//! It lends the component one directory and the variables that are named. A component of 0.2 answers one request and is thrown
//! away, as on platforms for functions; one of 0.3 answers many. When it is ready, it prints its address.

use std::convert::Infallible;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use tokio::net::{TcpListener, TcpStream};
use wasmtime::component::{Component, GuestTaskId, Linker, ResourceTable};
use wasmtime::{Config, Engine, Result, Store, StoreContextMut, bail, format_err};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpView, p2, p3};

/// Requests that one instance of 0.3 answers, and of them at once: `wasmtime serve` has the same numbers.
const REUSE: usize = 128;
const AT_ONCE: usize = 16;
/// How long an instance without requests is kept.
const IDLE: Duration = Duration::from_secs(1);
/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(60);

/// What an instance has on the host's side.
struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
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

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: Default::default(),
        }
    }
}

/// What every instance is given.
struct Lent {
    engine: Engine,
    component: ProxyPre<State>,
    host: String,
    guest: String,
    env: Vec<(String, String)>,
}

impl HandlerState for Lent {
    type StoreData = State;
    type WorkerExpiration = Patience;
    type WorkerState = Worker;

    async fn instantiate(&self) -> Result<Instance<State, Patience, Worker>> {
        let mut wasi = WasiCtx::builder();
        wasi.envs(&self.env).inherit_stderr();
        wasi.preopened_dir(&self.host, &self.guest, FsPerms::ReadWrite)?;
        let state = State {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, state);
        let (total, at_once) = match &self.component {
            ProxyPre::P2(_) => (1, 1),
            ProxyPre::P3(_) => (REUSE, AT_ONCE),
        };
        Ok(Instance {
            proxy: self.component.instantiate_async(&mut store).await?,
            store,
            view: WasiHttpView::http,
            expiration: Patience(Box::pin(tokio::time::sleep(IDLE))),
            state: Worker { total, at_once },
        })
    }
}

/// How many requests an instance takes.
struct Worker {
    total: usize,
    at_once: usize,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, at_once: usize, total: usize) -> ShouldAccept {
        match (total < self.total, at_once < self.at_once) {
            (false, _) => ShouldAccept::Never,
            (true, false) => ShouldAccept::No,
            (true, true) => ShouldAccept::Yes,
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(tokio::time::sleep(REQUEST))
    }

    fn drop(&self, _: Store<State>, ended: Result<()>) {
        if let Err(error) = ended {
            eprintln!("serve: an instance failed: {error:#}");
        }
    }
}

/// When an instance is thrown away.
struct Patience(Pin<Box<tokio::time::Sleep>>);

impl WorkerExpiration for Patience {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let patience = match status {
            WorkerStatus::Idle => IDLE,
            WorkerStatus::Requests | WorkerStatus::PostReturn => REQUEST,
        };
        let end = (start + patience).into();
        if self.0.deadline() != end {
            self.0.as_mut().reset(end);
        }
        self.0.as_mut().poll(cx)
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(serve(&args)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &[String]) -> Result<()> {
    let [address, component, dir, env @ ..] = args else {
        bail!("usage: serve ADDRESS COMPONENT.wasm HOSTDIR::GUESTDIR [NAME=VALUE...]");
    };
    let (host, guest) = dir
        .split_once("::")
        .ok_or_else(|| format_err!("the directory is HOSTDIR::GUESTDIR"))?;
    let env = env.iter().map(|variable| {
        let (name, value) = variable
            .split_once('=')
            .ok_or_else(|| format_err!("a variable is NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    let engine = Engine::new(Config::new().wasm_component_model_async(true))?;
    let lent = Lent {
        component: link(&engine, &Component::from_file(&engine, component)?)?,
        engine,
        host: host.to_owned(),
        guest: guest.to_owned(),
        env: env.collect::<Result<_>>()?,
    };
    let handler = ProxyHandler::new(lent);
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(answer(stream, handler.clone()));
    }
}

/// The component, with everything it may import.
fn link(engine: &Engine, component: &Component) -> Result<ProxyPre<State>> {
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    p2::add_only_http_to_linker_async(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    let ready = linker.instantiate_pre(component)?;
    p3::bindings::ServicePre::new(ready.clone())
        .map(ProxyPre::P3)
        .or_else(|_| p2::bindings::ProxyPre::new(ready).map(ProxyPre::P2))
}

/// All requests of one connection.
async fn answer(stream: TcpStream, handler: ProxyHandler<Lent>) {
    let _ = stream.set_nodelay(true);
    let one = |request: Request<Incoming>| {
        let handler = handler.clone();
        async move {
            let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
            let answered = handler.handle((), request).await;
            Ok::<_, Infallible>(answered.unwrap_or_else(|error| failed(&error)))
        }
    };
    // A client that goes away is its own affair.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(one))
        .await;
}

fn failed(error: &wasmtime::Error) -> Response<WasiBody> {
    eprintln!("serve: {error:#}");
    let body = Full::new("the component failed\n".into()).map_err(|never: Infallible| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
    response
}
