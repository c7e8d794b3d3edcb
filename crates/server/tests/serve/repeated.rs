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

/// What one server has made, and nobody was told of, is not made again by another one, or after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_knows_what_was_made() {
    let mut w = world().await;
    for name in ["old", "gone"] {
        w.put(&format!("files/default?path=/{name}"), "x").await;
    }
    let json = |value: serde_json::Value| value.to_string();
    let rename = json(serde_json::json!({"from": "/old", "to": "/new"}));
    let write = json(serde_json::json!({"path": "/written", "data": "eA=="}));
    let large = "x".repeat(2 << 20);
    let requests = [
        (Method::PATCH, "files/default?path=/log", "line;"),
        (Method::PUT, "files/default?path=/small", "small"),
        (Method::PUT, "files/default?path=/large", &large),
        (Method::DELETE, "files/default?path=/gone", ""),
        (Method::POST, "rename/default", &rename),
        (Method::POST, "files/default/write", &write),
        (Method::POST, "directories/default", r#"{"path": "/dir"}"#),
        (Method::POST, "layers/default", r#"{"name": "one"}"#),
    ];
    let send = async |w: &World<_>, at: usize| {
        let (method, target, body) = &requests[at];
        let request = w.ask(method.clone(), target).body((*body).to_owned());
        let named = request.header("idempotency-key", format!("n{at}"));
        named.send().await.unwrap()
    };
    for at in 0..requests.len() {
        let answer = send(&w, at).await;
        assert!(answer.status().is_success(), "{at}: {answer:?}");
    }
    let beside = serve(w.database.clone(), options(), w.key.clone()).await;
    for at in 0..requests.len() {
        problem(send(&beside, at).await, 409, "ALREADY_MADE").await;
    }
    w.end().await;
    let next = serve(w.database.clone(), options(), w.key.clone()).await;
    for at in 0..requests.len() {
        problem(send(&next, at).await, 409, "ALREADY_MADE").await;
    }
    assert_eq!(next.read("/log").await, b"line;");
    assert_eq!(next.read("/written").await, b"x");
    // Neither what was refused nor what was only begun counts as made.
    let patch = |w: &World<_>, body: &'static str| {
        w.ask(Method::PATCH, "files/default?path=/dir")
            .header("idempotency-key", "later")
            .body(body)
            .send()
    };
    problem(patch(&beside, "x").await.unwrap(), 409, "EISDIR").await;
    next.delete("files/default?path=/dir").await;
    assert_status(&patch(&next, "x").await.unwrap(), 201);
    // And the audit finds it by its key.
    let id = id_of(&next.key).to_owned();
    let found = next
        .json(&format!(
            "audit/default?agent=key:{id}&path=/log&operation=rename"
        ))
        .await;
    assert_eq!(found["records"].as_array().unwrap().len(), 1);
    let agent = found["records"][0]["agent"].as_str().unwrap();
    assert!(agent.starts_with(&format!("key:{id}/once:")), "{agent}");
}
