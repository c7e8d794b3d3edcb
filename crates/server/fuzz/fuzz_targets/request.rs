#![no_main]

use std::sync::{Mutex, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tarbox_server::{NewKey, Options, Server, Token};
use tarbox_store::{Database, Keys, Quota, Scope, Timestamp};
use tarbox_store_sqlite::SqliteDatabase;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// Requests that one database gets.
const REQUESTS: u32 = 500;

/// What is asked: what there is, below the tenant `t`. Streams do not end by themselves.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "files/t"),
    ("PUT", "files/t"),
    ("PATCH", "files/t"),
    ("DELETE", "files/t"),
    ("POST", "files/t/read"),
    ("POST", "files/t/write"),
    ("GET", "blocks/t"),
    ("PUT", "blocks/t"),
    ("POST", "blocks/t/have"),
    (
        "GET",
        "blocks/t/af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    ),
    ("GET", "directories/t"),
    ("POST", "directories/t"),
    ("GET", "attributes/t"),
    ("PATCH", "attributes/t"),
    ("GET", "xattrs/t"),
    ("PUT", "xattrs/t"),
    ("POST", "links/t"),
    ("POST", "rename/t"),
    ("POST", "copy/t"),
    ("POST", "layers/t"),
    ("PUT", "layers/t/current"),
    ("GET", "layers/t/diff"),
    ("POST", "layers/t/squash"),
    ("GET", "audit/t"),
    ("POST", "workspace/t"),
    ("PUT", "archive/t"),
    ("POST", "tenants/t/ops"),
    ("PATCH", "tenants/t"),
];

const FIELDS: &[&str] = &[
    "range",
    "if-match",
    "if-none-match",
    "if-range",
    "idempotency-key",
    "content-type",
    "last-event-id",
    "authorization",
];

struct World {
    router: Router,
    key: String,
    left: u32,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("threads"))
}

async fn world() -> World {
    let options = tarbox_store_sqlite::Options::new().create(true);
    let database = SqliteDatabase::in_memory(&options).expect("memory");
    database
        .create_tenant("t", Quota::default())
        .await
        .expect("a tenant");
    let token = Token::random().expect("random bytes");
    let new = NewKey {
        name: "fuzz".into(),
        tenant: "t".into(),
        scope: Scope::Admin,
        path: b"/".to_vec(),
        user: (0, 0),
        expires: None,
    };
    let key = token.key(new, Timestamp::of_system());
    database.add_key(&key).await.expect("a key");
    let address = "127.0.0.1:0".parse().expect("an address");
    let server = Server::bind(database, Options::new(address))
        .await
        .expect("a server");
    World {
        router: server.router(),
        key: token.text(),
        left: REQUESTS,
    }
}

// Whatever is asked is answered, and never by "the server failed".
libfuzzer_sys::fuzz_target!(|input: (u8, u8, &str, &str, &[u8])| {
    static WORLD: Mutex<Option<World>> = Mutex::new(None);
    let (route, field, value, query, body) = input;
    let (method, path) = ROUTES[route as usize % ROUTES.len()];
    let request = |key: &str| {
        let uri = format!("http://localhost/api/v1/{path}?{query}");
        let mut request = Request::builder().method(method).uri(uri);
        if !value.is_empty() {
            request = request.header(FIELDS[field as usize % FIELDS.len()], value);
        }
        let request = request.header("x-api-key", key).header("host", "localhost");
        request.body(Body::from(body.to_vec())).ok()
    };
    let mut world = WORLD.lock().expect("one at a time");
    runtime().block_on(async {
        let mut here = match world.take().filter(|world| world.left > 0) {
            Some(world) => world,
            None => self::world().await,
        };
        here.left -= 1;
        if let Some(request) = request(&here.key) {
            let answer = here.router.clone().oneshot(request).await.expect("an answer");
            let (status, body) = (answer.status(), answer.into_body().collect().await);
            let text = body.map(|body| body.to_bytes()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            assert_ne!(
                status,
                StatusCode::INTERNAL_SERVER_ERROR,
                "{method} {path}: {text}"
            );
        }
        *world = Some(here);
    });
});
