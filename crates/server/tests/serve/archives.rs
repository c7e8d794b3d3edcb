//! Tar archives.

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_goes_out_and_comes_back() {
    let w = world().await;
    w.post(
        "directories/default",
        serde_json::json!({"path": "/d/e", "parents": true}),
    )
    .await;
    let large = bytes(3 << 20);
    w.put("files/default?path=/d/large", large.clone()).await;
    w.put("files/default?path=/d/e/%FF", "strange").await;
    w.post(
        "links/default",
        serde_json::json!({"path": "/d/link", "existing": "/d/e/x"}),
    )
    .await;
    w.post(
        "links/default",
        serde_json::json!({"path": "/d/sym", "target": "large"}),
    )
    .await;
    let archive = w.get("archive/default?path=/d").await;
    assert_eq!(archive.headers()["content-type"], "application/x-tar");
    let archive = archive.bytes().await.unwrap();
    let unpacked = json(w.put("archive/default?path=/copy", archive.clone()).await).await;
    assert_eq!(
        (&unpacked["files"], &unpacked["links"], &unpacked["failed"]),
        (&2.into(), &1.into(), &0.into()),
        "{unpacked}"
    );
    assert!(w.read("/copy/large").await == large);
    assert_eq!(w.read("/copy/e/%FF").await, b"strange");
    // What is there stays, unless it is to be replaced.
    let again = json(w.put("archive/default?path=/copy", archive.clone()).await).await;
    assert!(again["failed"].as_u64().unwrap() > 0, "{again}");
    let again = json(
        w.put("archive/default?path=/copy&replace=true", archive.clone())
            .await,
    )
    .await;
    assert_eq!(again["failed"], 0, "{again}");
    // One that breaks off is an error; nonsense, too.
    let part = w
        .put("archive/default?path=/part", archive.slice(..archive.len() / 2))
        .await;
    problem(part, 400, "BAD_REQUEST").await;
    let nonsense = w.put("archive/default?path=/nonsense", bytes(4096)).await;
    problem(nonsense, 400, "BAD_REQUEST").await;
    problem(w.get("archive/default?path=/none").await, 404, "ENOENT").await;
    let one = w
        .get("archive/default?path=/d/e/%FF")
        .await
        .bytes()
        .await
        .unwrap();
    assert!(one.starts_with(b"./") || one.len() > 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_stops_at_the_quota() {
    use tarbox_store::Database;
    use tarbox_tar::{Kind, Member, Writer};
    let w = world().await;
    let quota = tarbox_store::Quota {
        inodes: Some(50),
        ..Default::default()
    };
    w.database.set_quota("default", quota).await.unwrap();
    let mut writer = Writer::new(Vec::new(), None);
    for i in 0..500 {
        let mut member = Member::hard_link(format!("f{i}").into_bytes(), Vec::new());
        member.kind = Kind::File;
        writer.member(&member, None).unwrap();
        writer.end_file().unwrap();
    }
    let bomb = writer.finish().unwrap();
    problem(w.put("archive/default?path=/bomb", bomb).await, 507, "EDQUOT").await;
    // Nothing outside of its directory, whatever it says.
    let mut writer = Writer::new(Vec::new(), None);
    for path in ["../../escaped", "/absolute"] {
        let mut member = Member::hard_link(path.as_bytes().to_vec(), Vec::new());
        member.kind = Kind::Directory;
        writer.member(&member, None).unwrap();
    }
    w.delete("files/default?path=/bomb&recursive=true").await;
    json(w.put("archive/default?path=/in", writer.finish().unwrap()).await).await;
    assert_eq!(w.names("/").await, ["in"]);
}
