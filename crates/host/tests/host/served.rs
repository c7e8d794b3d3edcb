//! `tarbox-http.component.wasm` on Wasmtime's own WASI, as `wasmtime serve` runs it: an instance for each request, or one for many.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame};
use hyper::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tarbox_fs::{FilesystemExt as _, Fs, blocking};
use tarbox_pool::DirectoryPool;
use tarbox_store::{Database as _, LaterLayers, Store as _};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tempfile::TempDir;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::{Error, WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::bytes::Bytes;

use crate::artifact;

/// The key of writers.
const KEY: &str = "a key";
const FILES: &str = "/api/v1/files/default";

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    memory: Memory,
}

/// Counts the bytes of linear memory.
#[derive(Default)]
struct Memory(usize);

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.0 += desired - current;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
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

/// The component, compiled once.
fn component() -> &'static ProxyPre<State> {
    static COMPILED: OnceLock<ProxyPre<State>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let engine = Engine::default();
        let path = artifact::path("TARBOX_HTTP_COMPONENT", "tarbox-http");
        let component = Component::from_file(&engine, path).unwrap();
        let mut linker = Linker::<State>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        ProxyPre::new(linker.instantiate_pre(&component).unwrap()).unwrap()
    })
}

/// A directory that is served, and the environment of whoever serves it.
struct Served {
    dir: TempDir,
    env: Vec<(&'static str, String)>,
}

/// A running instance.
struct Instance {
    store: Store<State>,
    proxy: Proxy,
}

/// An answer.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    /// `None` if it broke off.
    body: Option<Bytes>,
}

impl Served {
    fn new(env: &[(&'static str, &str)]) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            env: env
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        }
    }

    fn with_key() -> Self {
        Self::new(&[("TARBOX_API_KEY", KEY)])
    }

    async fn instance(&self) -> Instance {
        let mut wasi = WasiCtx::builder();
        wasi.envs(&self.env).inherit_stderr();
        wasi.preopened_dir(self.dir.path(), "/data", FsPerms::ReadWrite)
            .unwrap();
        let state = State {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            memory: Memory::default(),
        };
        let mut store = Store::new(component().engine(), state);
        store.limiter(|state| &mut state.memory);
        let proxy = component().instantiate_async(&mut store).await.unwrap();
        Instance { store, proxy }
    }

    /// Asks an instance of its own.
    fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        run(async {
            let request = request(method, target, headers, Full::new(Bytes::copy_from_slice(body)));
            self.instance().await.ask(request).await
        })
    }

    /// What is in the directory, as native programs see it.
    fn native(&self) -> (SqliteDatabase, Fs<SqliteStore>) {
        let pool = Arc::new(DirectoryPool::open(self.dir.path()).unwrap());
        let options = Options::new().background(false);
        let database = SqliteDatabase::on_pool(pool, "tarbox.db", &options).unwrap();
        let report = blocking(database.fsck(false, &|_, _| {})).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let fs = blocking(Fs::open_tenant(&database, "default")).unwrap();
        (database, fs)
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// A request with the key, unless another is among the headers.
fn request<B>(method: &str, target: &str, headers: &[(&str, &str)], body: B) -> Request<B> {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", "files.example");
    if headers.iter().all(|(name, _)| *name != "authorization") {
        request = request.header("authorization", format!("Bearer {KEY}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

impl Instance {
    async fn ask<B>(&mut self, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut http = self.store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request).unwrap();
        let out = http.new_response_outparam(sender).unwrap();
        let handler = self.proxy.wasi_http_incoming_handler();
        let answer = async {
            let response = receiver.await.expect("an answer").expect("no error");
            let (head, body) = response.into_parts();
            let body = body.collect().await.ok();
            Reply {
                status: head.status,
                headers: head.headers,
                body: body.map(|body| body.to_bytes()),
            }
        };
        let (handled, reply) = tokio::join!(handler.call_handle(&mut self.store, request, out), answer);
        handled.unwrap();
        reply
    }
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn body(&self) -> &[u8] {
        self.body.as_deref().expect("all of it")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap()
    }

    /// The status, and the code of a problem.
    fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        (
            self.status.as_u16(),
            self.json()["code"].as_str().unwrap().to_owned(),
        )
    }
}

#[test]
fn files_come_and_go() {
    let served = Served::with_key();
    let path = format!("{FILES}?path=/a%20file");
    let made = served.ask("PUT", &path, &[], b"0123456789");
    assert_eq!(made.status, 201);
    let whole = served.ask("GET", &path, &[], b"");
    assert_eq!((whole.status.as_u16(), whole.body()), (200, &b"0123456789"[..]));
    assert_eq!(whole.header("content-length"), "10");
    let tag = whole.header("etag").to_owned();
    assert_eq!(tag, made.header("etag"));
    let part = served.ask("GET", &path, &[("range", "bytes=2-4")], b"");
    assert_eq!((part.status.as_u16(), part.body()), (206, &b"234"[..]));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    let beyond = served.ask("GET", &path, &[("range", "bytes=10-")], b"");
    assert_eq!(beyond.problem(), (416, "RANGE".to_owned()));
    let known = served.ask("GET", &path, &[("if-none-match", &tag)], b"");
    assert_eq!((known.status.as_u16(), known.body()), (304, &b""[..]));
    let head = served.ask("HEAD", &path, &[], b"");
    assert_eq!(
        (head.status.as_u16(), head.body(), head.header("content-length")),
        (200, &b""[..], "10")
    );

    let stale = served.ask("PUT", &path, &[("if-match", "\"1-2\"")], b"lost");
    assert_eq!(stale.problem(), (412, "PRECONDITION_FAILED".to_owned()));
    let replaced = served.ask("PUT", &path, &[("if-match", &tag)], b"new");
    assert_eq!(replaced.status, 204);
    let appended = served.ask("PATCH", &path, &[], b"er");
    assert_eq!(
        (appended.status.as_u16(), appended.header("tarbox-offset")),
        (204, "3")
    );
    assert_eq!(served.ask("GET", &path, &[], b"").body(), b"newer");

    let dir = r#"{"path": "/d/e", "parents": true}"#;
    let made = served.ask(
        "POST",
        "/mounted/here/api/v1/directories/default",
        &[],
        dir.as_bytes(),
    );
    assert_eq!(
        (made.status.as_u16(), made.json()["kind"].as_str()),
        (201, Some("directory"))
    );
    let list = served
        .ask("GET", "/api/v1/directories/default?limit=1", &[], b"")
        .json();
    assert_eq!(list["entries"].as_array().unwrap().len(), 1);
    let rest = format!("/api/v1/directories/default?after={}", list["next"]);
    let rest = served.ask("GET", &rest, &[], b"").json();
    let mut names = vec![
        list["entries"][0]["name"].clone(),
        rest["entries"][0]["name"].clone(),
    ];
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["a file", "d"]);

    let full = served.ask("DELETE", &format!("{FILES}?path=/d"), &[], b"");
    assert_eq!(full.problem(), (409, "ENOTEMPTY".to_owned()));
    assert_eq!(
        served
            .ask("DELETE", &format!("{FILES}?path=/d&recursive"), &[], b"")
            .status,
        204
    );
    assert_eq!(served.ask("DELETE", &path, &[], b"").status, 204);
    assert_eq!(
        served.ask("GET", &path, &[], b"").problem(),
        (404, "ENOENT".to_owned())
    );
    served.native();
}

#[test]
fn layers_are_read() {
    let served = Served::with_key();
    let path = format!("{FILES}?path=/f");
    served.ask("PUT", &path, &[], b"before");
    let (database, fs) = served.native();
    let actor = crate::run::root().actor;
    blocking(fs.store().checkpoint(&actor, "one", None, LaterLayers::Keep)).unwrap();
    blocking(fs.store().sync()).unwrap();
    drop((fs, database));
    served.ask("PUT", &path, &[], b"after");
    assert_eq!(served.ask("GET", &path, &[], b"").body(), b"after");
    assert_eq!(
        served.ask("GET", &format!("{path}&layer=one"), &[], b"").body(),
        b"before"
    );
    let layers = served.ask("GET", "/api/v1/layers/default", &[], b"").json();
    assert_eq!(layers["layers"][0]["name"], "one");
    let layer = served.ask("GET", "/api/v1/layers/default/one", &[], b"").json();
    assert_eq!(layer["name"], "one");
    let missing = served.ask("GET", &format!("{path}&layer=two"), &[], b"");
    assert_eq!(missing.status, 404, "{missing:?}");
}

#[test]
fn who_has_no_key_changes_nothing() {
    let served = Served::with_key();
    let path = format!("{FILES}?path=/f");
    for key in ["Bearer another", "Bearer ", "Basic YTpi", "a key"] {
        for method in ["GET", "PUT"] {
            let reply = served.ask(method, &path, &[("authorization", key)], b"x");
            assert_eq!(reply.problem(), (401, "UNAUTHORIZED".to_owned()), "{key}");
        }
    }
    // Nobody was let in, so nothing was made.
    assert_eq!(std::fs::read_dir(served.dir.path()).unwrap().count(), 0);
    let open = Served::new(&[]);
    assert_eq!(
        open.ask("PUT", &path, &[], b"x").problem(),
        (403, "FORBIDDEN".to_owned())
    );
    assert_eq!(
        open.ask("GET", &path, &[], b"").problem(),
        (404, "ENOENT".to_owned())
    );
}

#[test]
fn what_makes_no_sense_is_a_problem() {
    let served = Served::with_key();
    for (method, target, problem) in [
        ("GET", "/", (404, "NO_ROUTE")),
        ("GET", "/api/v1/files/default/more", (404, "NO_ROUTE")),
        ("GET", "/api/v1/files/other?path=/", (404, "NO_TENANT")),
        ("GET", "/api/v1/files/default", (400, "BAD_REQUEST")),
        ("GET", "/api/v1/files/default?path=/&path=/", (400, "BAD_REQUEST")),
        (
            "GET",
            "/api/v1/files/default?path=/&wrong=1",
            (400, "BAD_REQUEST"),
        ),
        ("GET", "/api/v1/files/default?path=/", (409, "EISDIR")),
        ("PUT", "/api/v1/files/default?path=/", (409, "EISDIR")),
        ("PUT", "/api/v1/files/default?path=/a/b", (404, "ENOENT")),
        ("POST", "/api/v1/files/default?path=/a", (405, "METHOD")),
        ("POST", "/api/v1/directories/default", (400, "BAD_REQUEST")),
        ("DELETE", "/api/v1/layers/default/one", (405, "METHOD")),
    ] {
        let (status, code) = problem;
        assert_eq!(
            served.ask(method, target, &[], b"x").problem(),
            (status, code.to_owned()),
            "{method} {target}"
        );
    }
    let wrong = Served::new(&[("TARBOX_CACHE_MB", "much")]);
    let reply = wrong.ask("GET", "/api/v1/files/default?path=/", &[], b"");
    assert_eq!(reply.problem(), (500, "CONFIGURATION".to_owned()));
    assert!(
        reply.json()["detail"]
            .as_str()
            .unwrap()
            .contains("TARBOX_CACHE_MB")
    );
}

/// A body that breaks off.
struct Broken(Option<Bytes>);

impl Body for Broken {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(bytes) => Ok(Frame::data(bytes)),
            None => Err(Error::ConnectionTerminated),
        }))
    }
}

#[test]
fn large_files_need_little_memory_and_are_whole_or_not_there() {
    let served = Served::with_key();
    let path = format!("{FILES}?path=/large");
    let content: Vec<u8> = (0..20_000_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    run(async {
        let mut instance = served.instance().await;
        let body = Full::new(Bytes::from(content.clone()));
        let made = instance.ask(request("PUT", &path, &[], body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let read = instance
            .ask(request("GET", &path, &[], Full::<Bytes>::default()))
            .await;
        assert!(read.body() == content, "the content differs");
        let memory = instance.store.data().memory.0;
        assert!(memory < 40 << 20, "{memory} bytes");
        for bytes in [100, 3_000_000] {
            let broken = Broken(Some(Bytes::from(content[1..bytes].to_vec())));
            let reply = instance.ask(request("PUT", &path, &[], broken)).await;
            assert_eq!(reply.problem(), (400, "BAD_REQUEST".to_owned()));
        }
    });
    let (_database, fs) = served.native();
    let root = crate::run::root();
    let read = blocking(fs.read_file(&root, "/large")).unwrap();
    assert!(read == content, "the content differs");
    assert_eq!(blocking(fs.read_dir(&root, "/")).unwrap().len(), 1);
}

#[test]
fn requests_at_once_wait_for_each_other() {
    let served = Served::with_key();
    run(async {
        let ask = async |number: usize| {
            let target = format!("{FILES}?path=/{number}");
            let request = request("PUT", &target, &[], Full::new(Bytes::from(vec![b'x'; number])));
            served.instance().await.ask(request).await.status
        };
        let (a, b, c, d) = tokio::join!(ask(1), ask(2), ask(3), ask(4));
        assert_eq!([a, b, c, d], [StatusCode::CREATED; 4]);
    });
    let list = served.ask("GET", "/api/v1/directories/default", &[], b"").json();
    assert_eq!(list["entries"].as_array().unwrap().len(), 4);
    served.native();
}

#[test]
fn many_requests_to_one_instance_need_no_more_memory() {
    let served = Served::with_key();
    let path = format!("{FILES}?path=/f");
    run(async {
        let mut instance = served.instance().await;
        let mut settled = 0;
        for round in 0..300 {
            let body = Full::new(Bytes::from(vec![b'x'; 100 * round]));
            let put = instance.ask(request("PUT", &path, &[], body)).await;
            assert!(put.status.is_success(), "{put:?}");
            let get = instance
                .ask(request("GET", &path, &[], Full::<Bytes>::default()))
                .await;
            assert_eq!(get.body().len(), 100 * round);
            if round == 100 {
                settled = instance.store.data().memory.0;
            }
        }
        let memory = instance.store.data().memory.0;
        assert!(memory <= settled + (1 << 20), "{settled}, then {memory} bytes");
    });
}
