//! WebDAV, as people's own tools speak it.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tarbox_store::Scope;

use crate::support::*;

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

impl<D> World<D> {
    fn dav(&self, name: &str, path: &str) -> RequestBuilder {
        self.plain(method(name), &format!("/dav{path}"))
            .basic_auth("anybody", Some(&self.key))
    }

    async fn dav_status(&self, name: &str, path: &str) -> u16 {
        self.dav(name, path).send().await.unwrap().status().as_u16()
    }

    async fn dav_put(&self, path: &str, body: &'static str) -> Response {
        self.dav("PUT", path).body(body).send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_and_go() {
    let world = world().await;
    assert_status(&world.dav_put("/a.txt", "first").await, 201);
    assert_status(&world.dav_put("/a.txt", "second").await, 204);
    assert_eq!(world.read("/a.txt").await, b"second");
    assert_eq!(world.dav_status("MKCOL", "/d").await, 201);
    assert_eq!(world.dav_status("MKCOL", "/d").await, 405);
    assert_eq!(world.dav_status("MKCOL", "/none/d").await, 409);
    assert_status(&world.dav_put("/none/f", "x").await, 409);
    let moved = world.dav("MOVE", "/a.txt").header("destination", "/dav/d/b.txt");
    assert_status(&moved.send().await.unwrap(), 201);
    let copied = world.dav("COPY", "/d").header("destination", "/dav/e");
    assert_status(&copied.send().await.unwrap(), 201);
    assert_eq!(world.read("/e/b.txt").await, b"second");
    let got = world
        .dav("GET", "/e/b.txt")
        .header("range", "bytes=1-3")
        .send()
        .await
        .unwrap();
    assert_status(&got, 206);
    assert_eq!(got.text().await.unwrap(), "eco");
    assert_eq!(world.dav_status("DELETE", "/d").await, 204);
    assert_eq!(world.dav_status("GET", "/d/b.txt").await, 404);
    // The tag is the one that the other ways in give.
    let head = world.dav("HEAD", "/e/b.txt").send().await.unwrap();
    let other = world
        .ask(Method::HEAD, "files/default?path=/e/b.txt")
        .send()
        .await
        .unwrap();
    assert_eq!(head.headers()["etag"], other.headers()["etag"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_content_is_whole_or_absent() {
    let world = world().await;
    let large = bytes(5 << 20);
    let put = world
        .dav("PUT", "/large")
        .body(large.clone())
        .send()
        .await
        .unwrap();
    assert_status(&put, 201);
    assert_eq!(world.read("/large").await, large);
    let got = world
        .dav("GET", "/large")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(got, large);
    // One that breaks off leaves what was there, and nothing beside it.
    use tokio::io::AsyncWriteExt as _;
    let mut socket = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "PUT /dav/large HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: 9000000\r\n\r\n",
        world.key
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&bytes(4 << 20)).await.unwrap();
    drop(socket);
    tokio::time::timeout(PATIENCE, async {
        while world.names("/").await != ["large"] {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("what was begun is removed");
    assert_eq!(world.read("/large").await, large);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_and_locks_hold() {
    let world = world().await;
    world.dav_put("/f", "one").await;
    let tag = world.dav("HEAD", "/f").send().await.unwrap().headers()["etag"].clone();
    world.dav_put("/f", "two").await;
    let late = world
        .dav("PUT", "/f")
        .header("if-match", tag)
        .body("three")
        .send()
        .await
        .unwrap();
    assert_status(&late, 412);
    let new = world
        .dav("PUT", "/f")
        .header("if-none-match", "*")
        .body("x")
        .send()
        .await
        .unwrap();
    assert_status(&new, 412);
    let lock = "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>";
    let locked = world.dav("LOCK", "/f").body(lock).send().await.unwrap();
    assert_status(&locked, 200);
    let token = locked.headers()["lock-token"].to_str().unwrap().to_owned();
    assert_status(&world.dav_put("/f", "four").await, 423);
    assert_eq!(world.dav_status("DELETE", "/f").await, 423);
    let held = world
        .dav("PUT", "/f")
        .header("if", format!("({token})"))
        .body("five")
        .send()
        .await
        .unwrap();
    assert_status(&held, 204);
    let unlocked = world
        .dav("UNLOCK", "/f")
        .header("lock-token", token)
        .send()
        .await
        .unwrap();
    assert_status(&unlocked, 204);
    assert_status(&world.dav_put("/f", "six").await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_listed_one_level_at_a_time() {
    let world = world().await;
    world.dav_status("MKCOL", "/d").await;
    world.dav_put("/d/caf%C3%A9", "x").await;
    let listed = world
        .dav("PROPFIND", "/d/")
        .header("depth", "1")
        .send()
        .await
        .unwrap();
    assert_status(&listed, 207);
    let text = listed.text().await.unwrap();
    assert!(text.contains("/dav/d/caf%C3%A9"), "{text}");
    for lifted in [None, Some("x-litmus")] {
        let request = world.dav("PROPFIND", "/").header("depth", "infinity");
        let request = match lifted {
            Some(name) => request.header(name, "propfind: 1 (options)"),
            None => request,
        };
        assert_status(&request.send().await.unwrap(), 403);
    }
    let quota = "<D:propfind xmlns:D='DAV:'><D:prop><D:quota-used-bytes/></D:prop></D:propfind>";
    let asked = world
        .dav("PROPFIND", "/")
        .header("depth", "0")
        .body(quota)
        .send()
        .await
        .unwrap();
    assert!(asked.text().await.unwrap().contains("quota-used-bytes>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_are_kept_with_the_file() {
    let world = world().await;
    world.dav_put("/f", "x").await;
    let set = "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><c:colour xmlns:c='urn:c'>blue</c:colour></D:prop></D:set></D:propertyupdate>";
    let patched = world.dav("PROPPATCH", "/f").body(set).send().await.unwrap();
    assert_status(&patched, 207);
    let copied = world.dav("COPY", "/f").header("destination", "/dav/g");
    assert_status(&copied.send().await.unwrap(), 201);
    for path in ["/f", "/g"] {
        let ask = "<D:propfind xmlns:D='DAV:'><D:prop><c:colour xmlns:c='urn:c'/></D:prop></D:propfind>";
        let asked = world
            .dav("PROPFIND", path)
            .header("depth", "0")
            .body(ask)
            .send()
            .await
            .unwrap();
        assert!(asked.text().await.unwrap().contains(">blue<"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_bounds_what_is_shown() {
    let world = world().await;
    world.put("files/default?path=/secret", "secret").await;
    world
        .post("directories/default", serde_json::json!({"path": "/site"}))
        .await;
    world.put("files/default?path=/site/page", "page").await;
    let site = new_key(&world.database, |key| tarbox_server::NewKey {
        path: b"/site".to_vec(),
        scope: Scope::Write,
        ..key
    })
    .await;
    let reader = new_key(&world.database, |key| tarbox_server::NewKey {
        scope: Scope::Read,
        ..key
    })
    .await;
    let ask = |key: &str, name: &str, path: &str| {
        world
            .plain(method(name), &format!("/dav{path}"))
            .basic_auth("x", Some(key))
            .send()
    };
    assert_eq!(
        ask(&site, "GET", "/page").await.unwrap().text().await.unwrap(),
        "page"
    );
    for path in [
        "/secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "/x/%2e%2e/%2e%2e/secret",
    ] {
        let response = ask(&site, "GET", path).await.unwrap();
        assert!(
            response.status().is_client_error(),
            "{path}: {}",
            response.status()
        );
    }
    for name in ["PUT", "MKCOL", "DELETE", "LOCK", "PROPPATCH"] {
        let response = ask(&reader, name, "/page").await.unwrap();
        assert!(
            response.status().is_client_error(),
            "{name}: {}",
            response.status()
        );
    }
    let tag = ask(&site, "DELETE", "/.tarbox/tags/x").await.unwrap();
    assert!(tag.status().is_client_error());
    // A password opens WebDAV and nothing else.
    let rest = world
        .plain(Method::GET, "/api/v1/files/default?path=/secret")
        .basic_auth("x", Some(&world.key));
    problem(rest.send().await.unwrap(), 401, "UNAUTHORIZED").await;
    let nobody = world.plain(method("PROPFIND"), "/dav/").send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert!(
        nobody.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Basic")
    );
}

/// What a judge of WebDAV servers finds. Where it only warns: it is shown a whole collection deleted by a URL with a fragment,
/// which a request cannot have (what reads it takes that away), and properties that are not there.
#[tokio::test(flavor = "multi_thread")]
async fn litmus_has_nothing_against_it() {
    let world = world().await;
    let url = format!("http://{}/dav/", world.address);
    let directory = tempfile::tempdir().unwrap();
    let judged = tokio::process::Command::new("litmus")
        .args(["-k", &url, "x", &world.key])
        .current_dir(directory.path())
        .output()
        .await
        .expect("litmus is installed: cargo xtask setup tests");
    let said = String::from_utf8_lossy(&judged.stdout);
    let failed: Vec<_> = said.lines().filter(|line| line.contains("FAIL")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let summaries = said.lines().filter(|line| line.contains("0 failed. 100.0%"));
    assert_eq!(summaries.count(), 5, "{said}");
}
