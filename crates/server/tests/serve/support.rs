//! A server with a database of its own, and a client with a key.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tarbox_server::{Backend, NewKey, Options, Server, Token};
use tarbox_store::{Quota, Scope, Timestamp};
use tarbox_store_sqlite::SqliteDatabase;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long something may take that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and who asks it.
pub(crate) struct World<D> {
    pub(crate) database: D,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    client: Client,
    end: Option<oneshot::Sender<()>>,
    pub(crate) running: JoinHandle<std::io::Result<()>>,
    _directory: Option<TempDir>,
}

pub(crate) fn options() -> Options {
    Options {
        patience: Duration::from_secs(2),
        ..Options::new("127.0.0.1:0".parse().unwrap())
    }
}

/// On SQLite.
pub(crate) async fn world() -> World<SqliteDatabase> {
    world_with(options()).await
}

pub(crate) async fn world_with(options: Options) -> World<SqliteDatabase> {
    let directory = tempfile::tempdir().unwrap();
    let create = tarbox_store_sqlite::Options::new().create(true);
    let database = SqliteDatabase::open(directory.path().join("t.db"), &create).unwrap();
    let mut world = world_on(database, options).await;
    world._directory = Some(directory);
    world
}

/// On this database, which is empty.
pub(crate) async fn world_on<D: Backend + Clone>(database: D, options: Options) -> World<D> {
    for tenant in ["default", "other"] {
        database.create_tenant(tenant, Quota::default()).await.unwrap();
    }
    let key = new_key(&database, |key| key).await;
    serve(database, options, key).await
}

/// A server for a database that is there.
pub(crate) async fn serve<D: Backend + Clone>(database: D, options: Options, key: String) -> World<D> {
    // Which provider a client takes is left open where other crates of the workspace choose one. The second time it is there.
    let _there = rustls::crypto::ring::default_provider().install_default();
    let server = Server::bind(database.clone(), options).await.unwrap();
    let address = server.address();
    let (end, ended) = oneshot::channel();
    let running = tokio::spawn(server.run(async move { drop(ended.await) }));
    World {
        database,
        address,
        key,
        client: Client::builder().no_proxy().build().unwrap(),
        end: Some(end),
        running,
        _directory: None,
    }
}

/// A key for the tenant `default` that acts as root, with something changed about it.
pub(crate) async fn new_key<D: Backend>(database: &D, change: impl FnOnce(NewKey) -> NewKey) -> String {
    let new = change(NewKey {
        name: "test".into(),
        tenant: "default".into(),
        scope: Scope::Layers,
        path: b"/".to_vec(),
        user: (0, 0),
        expires: None,
    });
    let token = Token::random().unwrap();
    let key = token.key(new, Timestamp::of_system());
    database.add_key(&key).await.unwrap();
    token.text()
}

/// The id in a token.
pub(crate) fn id_of(token: &str) -> &str {
    token.split('_').nth(1).unwrap()
}

impl<D> World<D> {
    /// A request with the key, to what is below `/api/v1/`.
    pub(crate) fn ask(&self, method: Method, target: &str) -> RequestBuilder {
        self.ask_as(&self.key, method, target)
    }

    pub(crate) fn ask_as(&self, key: &str, method: Method, target: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}/api/v1/{target}", self.address))
            .bearer_auth(key)
    }

    /// A request without a key, to anything.
    pub(crate) fn plain(&self, method: Method, target: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{target}", self.address))
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        self.ask(Method::GET, target).send().await.unwrap()
    }

    pub(crate) async fn put(&self, target: &str, body: impl Into<reqwest::Body>) -> Response {
        self.ask(Method::PUT, target).body(body).send().await.unwrap()
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Response {
        self.ask(Method::POST, target).json(&body).send().await.unwrap()
    }

    pub(crate) async fn delete(&self, target: &str) -> Response {
        self.ask(Method::DELETE, target).send().await.unwrap()
    }

    /// What a successful GET answers, as JSON.
    pub(crate) async fn json(&self, target: &str) -> Value {
        json(self.get(target).await).await
    }

    /// The content of a file.
    pub(crate) async fn read(&self, path: &str) -> Vec<u8> {
        let response = self.get(&format!("files/default?path={path}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.bytes().await.unwrap().to_vec()
    }

    /// The names in a directory.
    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        let page = self.json(&format!("directories/default?path={path}")).await;
        let entries = page["entries"].as_array().unwrap();
        let mut names: Vec<String> = entries
            .iter()
            .map(|e| e["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// Tells the server to end, and waits until it has.
    pub(crate) async fn end(&mut self) {
        self.end.take().unwrap().send(()).unwrap();
        let ended = tokio::time::timeout(PATIENCE, &mut self.running).await;
        ended.expect("the server ends").unwrap().unwrap();
    }
}

#[track_caller]
pub(crate) fn assert_status(response: &Response, status: u16) {
    assert_eq!(response.status().as_u16(), status, "{response:?}");
}

/// The body of what succeeded.
pub(crate) async fn json(response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// The problem that a request failed with.
pub(crate) async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_status(&response, status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let value: Value = response.json().await.unwrap();
    assert_eq!(value["code"], code, "{value}");
    assert_eq!(value["status"], status);
    assert_eq!(value["request"], id.as_str());
    value
}

/// Bytes that do not repeat soon.
pub(crate) fn bytes(len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}
