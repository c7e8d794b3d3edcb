//! Changes that depend on what is there.

use reqwest::Method;
use tarbox_server::Backend;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_fails_changes_nothing() {
    conditions(&world().await).await;
}

pub(crate) async fn conditions<D: Backend>(w: &World<D>) {
    let put = |body: &'static str, name: &'static str, value: String| {
        w.ask(Method::PUT, "files/default?path=/f")
            .header(name, value)
            .body(body)
            .send()
    };
    let missing = put("x", "if-match", "*".into()).await.unwrap();
    problem(missing, 412, "PRECONDITION_FAILED").await;
    let made = put("one", "if-none-match", "*".into()).await.unwrap();
    assert_status(&made, 201);
    let first = made.headers()["etag"].to_str().unwrap().to_owned();
    problem(
        put("x", "if-none-match", "*".into()).await.unwrap(),
        412,
        "PRECONDITION_FAILED",
    )
    .await;
    let replaced = put("two", "if-match", first.clone()).await.unwrap();
    assert_status(&replaced, 204);
    let second = replaced.headers()["etag"].to_str().unwrap().to_owned();
    assert_ne!(first, second);
    let stale = put("x", "if-match", first.clone()).await.unwrap();
    assert_eq!(stale.headers()["etag"], second.as_str());
    problem(stale, 412, "PRECONDITION_FAILED").await;
    problem(
        put("x", "if-match", format!("W/{second}")).await.unwrap(),
        412,
        "PRECONDITION_FAILED",
    )
    .await;
    problem(
        put("x", "if-match", "unquoted".into()).await.unwrap(),
        400,
        "BAD_REQUEST",
    )
    .await;
    assert_status(
        &put("three", "if-match", format!("{first}, {second}"))
            .await
            .unwrap(),
        204,
    );
    let third = w.get("files/default?path=/f").await.headers()["etag"]
        .to_str()
        .unwrap()
        .to_owned();
    let known = w
        .ask(Method::GET, "files/default?path=/f")
        .header("if-none-match", &third)
        .send()
        .await
        .unwrap();
    assert_status(&known, 304);
    assert_eq!(known.bytes().await.unwrap().len(), 0);
    let gone = w
        .ask(Method::DELETE, "files/default?path=/f")
        .header("if-match", &second)
        .send()
        .await
        .unwrap();
    problem(gone, 412, "PRECONDITION_FAILED").await;
    assert_eq!(w.read("/f").await, b"three");
    let gone = w
        .ask(Method::DELETE, "files/default?path=/f")
        .header("if-match", &third)
        .send()
        .await
        .unwrap();
    assert_status(&gone, 204);
}

/// Of many that know the same state one wins each time.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_wins() {
    let w = world().await;
    w.put("files/default?path=/n", "0").await;
    let rounds = (0..8).map(|_| async {
        for _ in 0..10 {
            loop {
                let now = w.get("files/default?path=/n").await;
                let tag = now.headers()["etag"].clone();
                let n: u32 = now.text().await.unwrap().parse().unwrap();
                let put = w
                    .ask(Method::PUT, "files/default?path=/n")
                    .header("if-match", tag);
                match put
                    .body((n + 1).to_string())
                    .send()
                    .await
                    .unwrap()
                    .status()
                    .as_u16()
                {
                    204 => break,
                    412 => {}
                    status => panic!("{status}"),
                }
            }
        }
    });
    futures_util::future::join_all(rounds).await;
    assert_eq!(w.read("/n").await, b"80");
    let makers = (0..16).map(|i| {
        let put = w
            .ask(Method::PUT, "files/default?path=/once")
            .header("if-none-match", "*");
        async move { put.body(i.to_string()).send().await.unwrap().status().as_u16() }
    });
    let mut made = futures_util::future::join_all(makers).await;
    made.sort_unstable();
    assert_eq!(made[..2], [201, 412]);
}
