//! A server for tests, and clients of it.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Incoming;
use axum::middleware::{self, Next};
use http_body_util::BodyExt;
use tarbox_ops_server::{Caller, Ops};
use tarbox_store::*;
use tarbox_store_http::{Address, HttpDatabase, HttpStore, Lost, Options, Request, Response, Transport};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The event loop of all servers of this process.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    })
}

/// The routes of a server at which everybody may do everything in the tenant that they name.
pub(crate) fn routes<D>(ops: &Arc<Ops<D>>) -> Router
where
    D: Database + 'static,
    D::Store: 'static,
{
    ops.router().layer(middleware::from_fn(trust))
}

async fn trust(mut request: Incoming, next: Next) -> axum::response::Response {
    let tenant = request
        .uri()
        .path()
        .split('/')
        .nth(4)
        .unwrap_or_default()
        .to_owned();
    request.extensions_mut().insert(Caller::trusted(tenant));
    next.run(request).await
}

/// Reaches a server of the same process without a socket.
pub(crate) struct InProcess {
    routes: Arc<Mutex<Router>>,
    start: Instant,
}

impl InProcess {
    pub(crate) fn new(routes: Router) -> Self {
        Self {
            routes: Arc::new(Mutex::new(routes)),
            start: Instant::now(),
        }
    }

    /// Where another server can be put in the place of this one.
    pub(crate) fn place(&self) -> Arc<Mutex<Router>> {
        self.routes.clone()
    }
}

impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let routes = self.routes.lock().unwrap().clone();
        let exchange = async move {
            let incoming = Incoming::post(request.path)
                .header("content-type", request.media_type)
                .body(Body::from(request.body))
                .unwrap();
            let response = routes.oneshot(incoming).await.unwrap();
            let status = response.status().as_u16();
            let retry_after = response.headers().get("retry-after").cloned();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            Response {
                status,
                retry_after: retry_after
                    .map(|value| Duration::from_secs(value.to_str().unwrap().parse().unwrap())),
                body: body.into(),
            }
        };
        Ok(runtime().spawn(exchange).await.unwrap())
    }

    async fn pause(&self, time: Duration) {
        runtime()
            .spawn(async move { tokio::time::sleep(time).await })
            .await
            .unwrap();
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        drop(runtime().spawn(task));
        true
    }
}

/// A database whose tenants are administered at the server and used from afar.
pub(crate) struct Remote<D: Database, T> {
    pub(crate) here: Arc<D>,
    pub(crate) afar: HttpDatabase<T>,
}

pub(crate) fn address() -> Address {
    Address::parse("http://localhost", false).unwrap()
}

impl<D> Remote<D, InProcess>
where
    D: Database + 'static,
    D::Store: 'static,
{
    pub(crate) fn in_process(here: D, options: Options) -> Self {
        let here = Arc::new(here);
        let ops = Ops::new(here.clone(), tarbox_ops_server::Options::default());
        let afar = HttpDatabase::new(InProcess::new(routes(&ops)), address().base(), options);
        Self { here, afar }
    }
}

impl<D> Remote<D, tarbox_store_http::Native>
where
    D: Database + 'static,
    D::Store: 'static,
{
    pub(crate) fn on_socket(here: D, options: Options) -> Self {
        let here = Arc::new(here);
        let ops = Ops::new(here.clone(), tarbox_ops_server::Options::default());
        let address = listen(routes(&ops));
        let native = tarbox_store_http::Native::new(&address, None).unwrap();
        Self {
            here,
            afar: HttpDatabase::new(native, address.base(), options),
        }
    }
}

/// Serves on a port of this machine until the process ends.
pub(crate) fn listen(routes: Router) -> Address {
    let listener = runtime()
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    runtime().spawn(async move { axum::serve(listener, routes).await.unwrap() });
    Address::parse(&format!("http://{address}"), false).unwrap()
}

impl<D: Database, T: Transport> Database for Remote<D, T> {
    type Store = HttpStore<T>;

    async fn open_tenant(&self, name: &str) -> Result<Self::Store> {
        self.afar.open_tenant(name).await
    }

    async fn create_tenant(&self, name: &str, quota: Quota) -> Result<TenantInfo> {
        self.here.create_tenant(name, quota).await
    }

    async fn tenants(&self) -> Result<Vec<TenantInfo>> {
        self.here.tenants().await
    }

    async fn tenant(&self, name: &str) -> Result<TenantInfo> {
        self.here.tenant(name).await
    }

    async fn set_quota(&self, name: &str, quota: Quota) -> Result<()> {
        self.here.set_quota(name, quota).await
    }

    async fn set_state(&self, name: &str, state: TenantState) -> Result<()> {
        self.here.set_state(name, state).await
    }

    async fn delete_tenant(&self, name: &str) -> Result<()> {
        self.here.delete_tenant(name).await
    }

    async fn fsck(&self, repair: bool, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        self.here.fsck(repair, progress).await
    }

    async fn gc(&self) -> Result<GcReport> {
        self.here.gc().await
    }
}

pub(crate) fn sqlite() -> tarbox_store_sqlite::SqliteDatabase {
    let options = tarbox_store_sqlite::Options::new().create(true);
    tarbox_store_sqlite::SqliteDatabase::in_memory(&options).unwrap()
}

pub(crate) fn me() -> Actor {
    Actor {
        uid: 1000,
        gid: 100,
        agent: "test".into(),
    }
}

pub(crate) fn new(kind: FileKind) -> NewInode<'static> {
    NewInode {
        kind,
        mode: 0o755,
        uid: 1000,
        gid: 100,
        rdev: 0,
        target: b"",
    }
}
