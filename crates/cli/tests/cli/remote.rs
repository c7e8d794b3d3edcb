//! The same commands on a Tarbox server.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tarbox_ops_server::{Caller, Ops, Options};
use tarbox_store_sqlite::SqliteDatabase;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::support::Workspace;

/// The only key that the server knows.
const KEY: &str = "a-key-of-the-team";

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// A server of a database, until the process ends. Answers its URL.
fn serve(database: &Path) -> String {
    let options = tarbox_store_sqlite::Options::new();
    let database = Arc::new(SqliteDatabase::open(database, &options).unwrap());
    let routes = Ops::new(database, Options::default())
        .router()
        .layer(middleware::from_fn(authenticate));
    let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime().spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

async fn authenticate(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    if given.is_none_or(|value| value != &format!("Bearer {KEY}")) {
        return (StatusCode::UNAUTHORIZED, "").into_response();
    }
    let caller = Caller {
        key: Some("laptop".into()),
        ..Caller::trusted("default")
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// A workspace, and the URL of the same one from afar.
fn both() -> (Workspace, String) {
    let here = Workspace::new();
    let url = serve(&here.host("tarbox.db"));
    (here, format!("{url}/?tenant=default"))
}

fn afar(url: &str) -> Workspace {
    Workspace::on_a_server(url.to_owned()).with("TARBOX_API_KEY", KEY)
}

#[test]
fn a_tree_goes_in_changes_and_comes_back() {
    let (here, url) = both();
    let w = afar(&url);
    let tree = w.host("tree");
    fs::create_dir_all(tree.join("a/b")).unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 / 3) as u8).collect();
    fs::write(tree.join("a/large"), &large).unwrap();
    for i in 0..50 {
        fs::write(tree.join(format!("a/b/{i}")), format!("file {i}")).unwrap();
    }
    w.ok(["import", "tree", "/tree"]);
    assert_eq!(w.ok(["cat", "/tree/a/b/17"]), "file 17");
    assert_eq!(w.ok(["ls", "/tree/a/b"]).lines().count(), 50);
    assert_eq!(here.ok(["cat", "/tree/a/b/17"]), "file 17");
    w.ok(["layer", "checkpoint", "one"]);
    w.ok(["rm", "-r", "/tree/a/b"]);
    w.feed(["write", "/tree/new"], b"new");
    assert!(w.ok(["layer", "diff", "one", "head"]).contains("/tree/new"));
    w.ok(["layer", "switch", "one"]);
    assert_eq!(w.ok(["cat", "/tree/a/b/49"]), "file 49");
    w.ok(["layer", "switch", "head"]);
    w.ok(["export", "/tree", "back"]);
    assert_eq!(fs::read(w.host("back/a/large")).unwrap(), large);
    assert!(!w.host("back/a/b").exists());
    let audit = w.ok(["audit", "--path", "/tree/new", "--json"]);
    assert!(audit.contains("http:laptop/cli"), "{audit}");
    here.check();
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let (_here, url) = both();
    let with = |name, value| afar(&url).with(name, value).run(["ls"]);
    let wrong_key = with("TARBOX_API_KEY", "wrong");
    assert!(wrong_key.err.contains("permission denied"), "{wrong_key:?}");
    let size = with("TARBOX_CACHE_SIZE", "much");
    assert!(
        size.code == 2 && size.err.contains("TARBOX_CACHE_SIZE"),
        "{size:?}"
    );
    let hosts = with("TARBOX_ALLOWED_HOSTS", "files.example");
    assert!(hosts.err.contains("not on the list"), "{hosts:?}");
    let w = afar(&url);
    assert!(
        w.fails(2, ["--tenant", "other", "ls"])
            .contains("the URL names the tenant 'default'")
    );
    let list = w.run(["tenant", "list"]);
    assert!(list.err.contains("administered at its server"), "{list:?}");
    let plain = Workspace::on_a_server("http://files.example/".into());
    assert!(plain.fails(2, ["ls"]).contains("use https://"));
}

#[cfg(all(feature = "mount", target_os = "linux"))]
#[test]
fn a_mount_shows_what_is_at_the_server() {
    let (here, url) = both();
    let w = afar(&url);
    here.feed(["write", "/there"], b"from the server");
    let dir = w.host("mnt");
    fs::create_dir(&dir).unwrap();
    let text = dir.to_str().unwrap();
    w.ok(["mount", text]);
    let there = fs::read_to_string(dir.join("there"));
    let made = fs::create_dir(dir.join("d")).and_then(|()| fs::write(dir.join("d/new"), "from the mount"));
    let moved = made.and_then(|()| fs::rename(dir.join("d/new"), dir.join("d/moved")));
    w.ok(["umount", text]);
    assert_eq!(there.unwrap(), "from the server");
    moved.unwrap();
    assert_eq!(here.ok(["cat", "/d/moved"]), "from the mount");
    here.check();
}
