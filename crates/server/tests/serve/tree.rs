//! Directories, attributes, links, moves and copies.

use reqwest::Method;
use serde_json::json as object;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_directory_comes_page_by_page() {
    let w = world().await;
    assert_status(
        &w.post("directories/default", object!({"path": "/d/e", "parents": true}))
            .await,
        201,
    );
    for i in 0..25 {
        assert_status(
            &w.put(&format!("files/default?path=/d/{i}&durability=visible"), "x")
                .await,
            201,
        );
    }
    let (mut after, mut names) = (0, Vec::new());
    loop {
        let page = w
            .json(&format!("directories/default?path=/d&limit=10&after={after}"))
            .await;
        names.extend(
            page["entries"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["name"].to_string()),
        );
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 26);
    for wrong in ["limit=0", "limit=10001", "limit=x", "after=-1", "unknown=1"] {
        problem(
            w.get(&format!("directories/default?path=/d&{wrong}")).await,
            400,
            "BAD_REQUEST",
        )
        .await;
    }
    problem(
        w.post("directories/default", object!({"path": "/d"})).await,
        409,
        "EEXIST",
    )
    .await;
    problem(w.get("directories/default?path=/d/1").await, 409, "ENOTDIR").await;
    problem(w.delete("files/default?path=/d").await, 409, "ENOTEMPTY").await;
    assert_status(&w.delete("files/default?path=/d&recursive=true").await, 204);
    assert_eq!(w.names("/").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_set() {
    let w = world().await;
    w.put("files/default?path=/f", "12345").await;
    let patch = |body: serde_json::Value| {
        w.ask(Method::PATCH, "attributes/default?path=/f")
            .json(&body)
            .send()
    };
    let set = json(
        patch(object!({"mode": "4755", "uid": 7, "size": 2, "mtime": -5, "atime": "now"}))
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (&set["mode"], &set["uid"], &set["size"], &set["mtime"]),
        (&"4755".into(), &7.into(), &2.into(), &(-5).into())
    );
    for wrong in [
        object!({}),
        object!({"mode": "9"}),
        object!({"mode": 420}),
        object!({"uid": -1}),
        object!({"x": 1}),
    ] {
        problem(patch(wrong).await.unwrap(), 400, "BAD_REQUEST").await;
    }
    assert_status(
        &w.put("xattrs/default?path=/f&name=user.%FF", vec![0, 255]).await,
        204,
    );
    let names = w.json("xattrs/default?path=/f").await;
    assert_eq!(names["names"][0]["base64"], "dXNlci7/");
    assert_eq!(
        w.get("xattrs/default?path=/f&name=user.%FF")
            .await
            .bytes()
            .await
            .unwrap()[..],
        [0, 255]
    );
    problem(
        w.put("xattrs/default?path=/f&name=user.big", vec![0; 65_537])
            .await,
        413,
        "E2BIG",
    )
    .await;
    assert_status(&w.delete("xattrs/default?path=/f&name=user.%FF").await, 204);
    problem(
        w.delete("xattrs/default?path=/f&name=user.%FF").await,
        404,
        "ENODATA",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_move_and_content_is_copied() {
    let w = world().await;
    w.put("files/default?path=/a", "a").await;
    w.put("files/default?path=/b", "b").await;
    let rename = |body| w.post("rename/default", body);
    problem(
        rename(object!({"from": "/a", "to": "/b", "mode": "no-replace"})).await,
        409,
        "EEXIST",
    )
    .await;
    assert_status(
        &rename(object!({"from": "/a", "to": "/b", "mode": "exchange"})).await,
        204,
    );
    assert_eq!(w.read("/a").await, b"b");
    assert_status(
        &rename(object!({"from": "/a", "to": {"base64": "L/8="}})).await,
        204,
    );
    assert_eq!(w.read("/%FF").await, b"b");
    w.post("directories/default", object!({"path": "/d"})).await;
    problem(
        rename(object!({"from": "/d", "to": "/d/below"})).await,
        400,
        "EINVAL",
    )
    .await;
    w.put("files/default?path=/d/f", "deep").await;
    problem(
        w.post("copy/default", object!({"from": "/d", "to": "/copy"}))
            .await,
        409,
        "EISDIR",
    )
    .await;
    let copied = json(
        w.post(
            "copy/default",
            object!({"from": "/d", "to": "/copy", "recursive": true}),
        )
        .await,
    )
    .await;
    assert_eq!(copied["bytes"], 4);
    assert_eq!(w.read("/copy/f").await, b"deep");
    w.post(
        "links/default",
        object!({"path": "/s", "target": {"base64": "/w=="}}),
    )
    .await;
    assert_eq!(w.json("links/default?path=/s").await["target"]["base64"], "/w==");
    problem(
        w.post("links/default", object!({"path": "/t"})).await,
        400,
        "BAD_REQUEST",
    )
    .await;
    assert_eq!(
        w.json("attributes/default?path=/s&follow=false").await["kind"],
        "symlink"
    );
}
