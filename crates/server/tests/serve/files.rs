//! The content of files.

use reqwest::Method;
use tarbox_server::Backend;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_read() {
    round_trips(&world().await).await;
}

/// Small and large files, whatever they are called.
pub(crate) async fn round_trips<D: Backend>(w: &World<D>) {
    let large = bytes(5 << 20 | 12345);
    for (name, content) in [
        ("a", &b"hello"[..]),
        ("empty", b""),
        ("%FF%fe", b"not UTF-8"),
        ("a%20b%2Bc%26d%3D%23%3F", b"signs"),
        ("%E2%82%AC", b"euro"),
        ("large", &large),
    ] {
        let target = format!("files/default?path=/{name}");
        let made = w.put(&target, content.to_vec()).await;
        assert_status(&made, 201);
        let read = w.get(&target).await;
        assert_eq!(read.headers()["etag"], made.headers()["etag"], "{name}");
        assert_eq!(
            read.headers()["content-length"],
            content.len().to_string().as_str()
        );
        assert!(read.bytes().await.unwrap() == content, "{name}");
        assert_status(&w.put(&target, "other").await, 204);
        assert_eq!(w.read(&format!("/{name}")).await, b"other");
        assert_status(&w.put(&target, content.to_vec()).await, 204);
        assert!(w.read(&format!("/{name}")).await == content, "{name}");
    }
    // Nothing is left of what they were made of.
    let page = w.json("directories/default").await;
    assert_eq!(page["entries"].as_array().unwrap().len(), 6, "{page}");
    let strange = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["size"] == 9)
        .unwrap();
    assert_eq!(strange["name"]["base64"], "//4=");
    assert_status(&w.delete("files/default?path=/%FF%FE").await, 204);
    problem(w.get("files/default?path=/%FF%FE").await, 404, "ENOENT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_what_was_there() {
    let w = world().await;
    w.put("files/default?path=/f", "old").await;
    for path in ["/f", "/new"] {
        let pieces = futures_util::stream::iter((0..5).map(|i| match i {
            4 => Err(std::io::Error::other("gone")),
            _ => Ok(bytes(1 << 20)),
        }));
        let sent = w
            .ask(Method::PUT, &format!("files/default?path={path}"))
            .body(reqwest::Body::wrap_stream(pieces))
            .send()
            .await;
        assert!(sent.is_err());
    }
    // A part that never comes is not waited for.
    let slow = futures_util::StreamExt::chain(
        futures_util::stream::iter([Ok::<_, std::io::Error>(bytes(3 << 20))]),
        futures_util::stream::pending(),
    );
    let sent = w
        .ask(Method::PUT, "files/default?path=/slow")
        .body(reqwest::Body::wrap_stream(slow))
        .send();
    if let Ok(answer) = tokio::time::timeout(PATIENCE, sent).await.unwrap() {
        assert_status(&answer, 408);
    }
    assert_eq!(w.read("/f").await, b"old");
    // What they had brought goes soon after.
    let gone = async { while w.names("/").await != ["f"] {} };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_read() {
    let w = world().await;
    let content = bytes(300_000);
    w.put("files/default?path=/f", content.clone()).await;
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199999", 100, 200_000),
        ("bytes=299990-", 299_990, 300_000),
        ("bytes=-10", 299_990, 300_000),
        ("bytes=5-999999999999999999999", 5, 300_000),
    ] {
        let part = w
            .ask(Method::GET, "files/default?path=/f")
            .header("range", range)
            .send()
            .await
            .unwrap();
        assert_status(&part, 206);
        assert_eq!(
            part.headers()["content-range"],
            format!("bytes {from}-{}/300000", to - 1).as_str()
        );
        assert!(part.bytes().await.unwrap() == content[from..to], "{range}");
    }
    for range in ["bytes=0-1,3-4", "lines=1-2", "bytes=9-3", "bytes=x"] {
        let all = w
            .ask(Method::GET, "files/default?path=/f")
            .header("range", range)
            .send()
            .await
            .unwrap();
        assert_status(&all, 200);
    }
    for range in ["bytes=300000-", "bytes=-0"] {
        let none = w
            .ask(Method::GET, "files/default?path=/f")
            .header("range", range)
            .send()
            .await
            .unwrap();
        assert_eq!(none.headers()["content-range"], "bytes */300000");
        problem(none, 416, "RANGE").await;
    }
    let stale = w
        .ask(Method::GET, "files/default?path=/f")
        .header("range", "bytes=0-1")
        .header("if-range", "\"x\"");
    assert_status(&stale.send().await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_tells_what_is_there() {
    let w = world().await;
    w.put("files/default?path=/f&mode=0640", "12345").await;
    let head = w.ask(Method::HEAD, "files/default?path=/f").send().await.unwrap();
    assert_status(&head, 200);
    for (name, value) in [
        ("content-length", "5"),
        ("tarbox-kind", "file"),
        ("tarbox-mode", "0640"),
        ("tarbox-owner", "0:0"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(head.headers()[name], value, "{name}");
    }
    let head = w.ask(Method::HEAD, "files/default?path=/").send().await.unwrap();
    assert_eq!(head.headers()["tarbox-kind"], "directory");
    assert_status(
        &w.ask(Method::HEAD, "files/default?path=/none")
            .send()
            .await
            .unwrap(),
        404,
    );
    problem(w.get("files/default?path=/").await, 409, "EISDIR").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_written() {
    let w = world().await;
    let patch = |target: &'static str, body: &'static str| w.ask(Method::PATCH, target).body(body).send();
    assert_status(&patch("files/default?path=/f", "one").await.unwrap(), 201);
    let second = patch("files/default?path=/f", "two").await.unwrap();
    assert_status(&second, 204);
    assert_eq!(second.headers()["tarbox-offset"], "3");
    patch("files/default?path=/f&offset=2", "XX").await.unwrap();
    assert_eq!(w.read("/f").await, b"onXXwo");
    patch("files/default?path=/f&offset=8", "end").await.unwrap();
    assert_eq!(w.read("/f").await, b"onXXwo\0\0end");
    let too_far = patch("files/default?path=/f&offset=9223372036854775807", "xx")
        .await
        .unwrap();
    problem(too_far, 413, "EFBIG").await;
    problem(
        patch("files/default?path=/f&offset=-1", "x").await.unwrap(),
        400,
        "BAD_REQUEST",
    )
    .await;
    let large = w
        .ask(Method::PATCH, "files/default?path=/f")
        .body(bytes((16 << 20) + 1))
        .send()
        .await;
    // A server that has seen enough may close before all is sent.
    if let Ok(answer) = large {
        problem(answer, 413, "TOO_LARGE").await;
    }
    assert!(w.read("/f").await.len() < 16 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_file_keeps_what_it_is() {
    let w = world().await;
    w.put("files/default?path=/f", "long content").await;
    w.ask(Method::PATCH, "attributes/default?path=/f")
        .json(&serde_json::json!({"mode": "0600", "uid": 5, "gid": 6}))
        .send()
        .await
        .unwrap();
    assert_status(&w.put("xattrs/default?path=/f&name=user.note", "kept").await, 204);
    assert_status(&w.put("files/default?path=/f", "short").await, 204);
    let attributes = w.json("attributes/default?path=/f").await;
    assert_eq!(
        (&attributes["mode"], &attributes["uid"], &attributes["gid"]),
        (&"0600".into(), &5.into(), &6.into())
    );
    let note = w.get("xattrs/default?path=/f&name=user.note").await;
    assert_eq!(note.text().await.unwrap(), "kept");
    // Another name sees the same content.
    w.post(
        "links/default",
        serde_json::json!({"path": "/g", "existing": "/f"}),
    )
    .await;
    w.put("files/default?path=/f", "x").await;
    assert_eq!(w.read("/g").await, b"x");
    // And so does what a symbolic link leads to.
    w.post("links/default", serde_json::json!({"path": "/l", "target": "f"}))
        .await;
    w.put("files/default?path=/l", "through").await;
    assert_eq!(w.read("/g").await, b"through");
    w.post(
        "links/default",
        serde_json::json!({"path": "/dangling", "target": "made"}),
    )
    .await;
    w.put("files/default?path=/dangling", "new").await;
    assert_eq!(w.read("/made").await, b"new");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_read_and_write() {
    let w = world().await;
    let written = w
        .post(
            "files/default/write",
            serde_json::json!({"path": "/f", "data": "aGVsbG8="}),
        )
        .await;
    let written = json(written).await;
    assert_eq!((&written["offset"], &written["size"]), (&0.into(), &5.into()));
    let inode = &written["inode"];
    w.post(
        "files/default/write",
        serde_json::json!({"inode": inode, "offset": 1, "data": "RQ=="}),
    )
    .await;
    let read = w
        .post(
            "files/default/read",
            serde_json::json!({"inode": inode, "offset": 1, "length": 3}),
        )
        .await;
    assert_eq!(read.text().await.unwrap(), "Ell");
    let read = w
        .post(
            "files/default/read",
            serde_json::json!({"path": "/f", "offset": 99}),
        )
        .await;
    assert_eq!(read.text().await.unwrap(), "");
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({"path": "/f", "inode": inode}),
        serde_json::json!({"path": "/f", "length": 1 << 30}),
        serde_json::json!({"path": "/f", "unknown": 1}),
        serde_json::json!([1]),
    ] {
        problem(w.post("files/default/read", wrong).await, 400, "BAD_REQUEST").await;
    }
    problem(
        w.post("files/default/read", serde_json::json!({"inode": 4711}))
            .await,
        404,
        "ENOENT",
    )
    .await;
    let by_number = w.json(&format!("inodes/default/{inode}")).await;
    assert_eq!(
        (&by_number["path"], &by_number["size"]),
        (&"/f".into(), &5.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_holds_and_leaves_the_old_content() {
    let w = world().await;
    use tarbox_store::Database;
    w.put("files/default?path=/f", "old").await;
    let quota = tarbox_store::Quota {
        bytes: Some(2 << 20),
        ..Default::default()
    };
    w.database.set_quota("default", quota).await.unwrap();
    problem(
        w.put("files/default?path=/f", bytes(8 << 20)).await,
        507,
        "EDQUOT",
    )
    .await;
    problem(
        w.put("files/default?path=/g", bytes(8 << 20)).await,
        507,
        "EDQUOT",
    )
    .await;
    assert_eq!(w.read("/f").await, b"old");
    assert_eq!(w.names("/").await, ["f"]);
}
