//! Requests that are sent again.

use reqwest::{Method, RequestBuilder};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_repeated_is_done_once() {
    let w = world().await;
    let append = |name: &str, body: &'static str| -> RequestBuilder {
        w.ask(Method::PATCH, "files/default?path=/log")
            .header("idempotency-key", name)
            .body(body)
    };
    assert_status(&append("a", "one ").send().await.unwrap(), 201);
    let again = append("a", "one ").send().await.unwrap();
    assert_status(&again, 201);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    problem(
        append("a", "two ").send().await.unwrap(),
        422,
        "IDEMPOTENCY_KEY_REUSED",
    )
    .await;
    assert_status(&append("b", "one ").send().await.unwrap(), 204);
    assert_eq!(w.read("/log").await, b"one one ");
    // Many at once: one does it, the others wait their turn or learn what came of it.
    let many = (0..10).map(|_| async { append("c", "x").send().await.unwrap().status().as_u16() });
    for status in futures_util::future::join_all(many).await {
        assert!(matches!(status, 204 | 409), "{status}");
    }
    assert_eq!(w.read("/log").await, b"one one x");
    // Names of one key mean nothing for another.
    let other = new_key(&w.database, |key| key).await;
    let other = w
        .ask_as(&other, Method::PATCH, "files/default?path=/log")
        .header("idempotency-key", "a")
        .body("!");
    assert_status(&other.send().await.unwrap(), 204);
    assert_eq!(w.read("/log").await, b"one one x!");
    let failed = || {
        w.ask(Method::POST, "rename/default")
            .header("idempotency-key", "d")
            .json(&serde_json::json!({"from": "/no", "to": "/x"}))
    };
    for _ in 0..2 {
        problem(failed().send().await.unwrap(), 404, "ENOENT").await;
    }
}
