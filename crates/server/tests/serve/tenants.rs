//! Administration, and what is told without a key.

use reqwest::Method;
use serde_json::json as object;
use tarbox_server::NewKey;
use tarbox_store::Scope;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_makes_suspends_and_deletes_tenants() {
    let w = world().await;
    let admin = new_key(&w.database, |key| NewKey {
        scope: Scope::Admin,
        ..key
    })
    .await;
    let ask = |method, target: &str, body| w.ask_as(&admin, method, target).json(&body).send();
    let made = ask(
        Method::POST,
        "tenants",
        object!({"name": "ada", "quota": {"inodes": 10}, "owner": [5, 6]}),
    )
    .await
    .unwrap();
    assert_eq!(json(made).await["quota"]["inodes"], 10);
    let root = w
        .ask_as(&admin, Method::GET, "attributes/ada?path=/")
        .send()
        .await
        .unwrap();
    assert_eq!(json(root).await["uid"], 5);
    problem(
        ask(Method::POST, "tenants", object!({"name": "Ada"}))
            .await
            .unwrap(),
        400,
        "EINVAL",
    )
    .await;
    let changed = ask(
        Method::PATCH,
        "tenants/ada",
        object!({"quota": {"inodes": null, "bytes": 5}, "state": "suspended"}),
    );
    let changed = json(changed.await.unwrap()).await;
    assert_eq!(
        (&changed["quota"]["inodes"], &changed["quota"]["bytes"]),
        (&object!(null), &5.into())
    );
    let closed = w
        .ask_as(&admin, Method::GET, "attributes/ada?path=/")
        .send()
        .await
        .unwrap();
    problem(closed, 403, "EKEYREVOKED").await;
    assert_status(
        &ask(Method::PATCH, "tenants/ada", object!({"state": "active"}))
            .await
            .unwrap(),
        200,
    );
    assert_status(
        &w.ask_as(&admin, Method::GET, "usage/ada").send().await.unwrap(),
        200,
    );
    problem(
        ask(Method::DELETE, "tenants/ada", object!({})).await.unwrap(),
        400,
        "BAD_REQUEST",
    )
    .await;
    assert_status(
        &ask(Method::DELETE, "tenants/ada?confirm=ada", object!({}))
            .await
            .unwrap(),
        204,
    );
    problem(
        w.ask_as(&admin, Method::GET, "attributes/ada?path=/")
            .send()
            .await
            .unwrap(),
        404,
        "ENOENT",
    )
    .await;
    // Another one of its name begins empty.
    assert_status(
        &ask(Method::POST, "tenants", object!({"name": "ada"}))
            .await
            .unwrap(),
        201,
    );
    let root = w
        .ask_as(&admin, Method::GET, "attributes/ada?path=/")
        .send()
        .await
        .unwrap();
    assert_eq!(json(root).await["uid"], 0);
    let checked = ask(Method::POST, "system/fsck", object!({})).await.unwrap();
    assert_eq!(json(checked).await["problems"], object!([]));
    problem(w.post("tenants", object!({"name": "x"})).await, 403, "FORBIDDEN").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_and_the_document_need_no_key() {
    let w = world().await;
    w.put("files/default?path=/f", "x").await;
    for target in ["/healthz", "/readyz", "/docs", "/docs/docs.js", "/docs/docs.css"] {
        let answer = w.plain(Method::GET, target).send().await.unwrap();
        assert_status(&answer, 200);
        assert!(!answer.text().await.unwrap().is_empty(), "{target}");
    }
    let metrics = w
        .plain(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let line = "tarbox_http_requests_total{method=\"PUT\",route=\"/api/v1/files/{tenant}\",status=\"201\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(
        metrics.contains("tarbox_http_request_seconds_bucket") && metrics.contains("tarbox_commits_total")
    );
    let document = json(w.plain(Method::GET, "/api/v1/openapi.json").send().await.unwrap()).await;
    assert!(document["paths"]["/files/{tenant}"]["put"].is_object());
    problem(
        w.plain(Method::GET, "/nowhere").send().await.unwrap(),
        404,
        "NO_ROUTE",
    )
    .await;
    problem(w.get("nowhere").await, 404, "NO_ROUTE").await;
    problem(
        w.ask(Method::POST, "files/default").send().await.unwrap(),
        405,
        "METHOD_NOT_ALLOWED",
    )
    .await;
    let capabilities = w.json("system/capabilities").await;
    assert_eq!(capabilities["scope"], "layers");
    let given = w
        .ask(Method::GET, "system/version")
        .header("x-request-id", "mine-1")
        .send()
        .await
        .unwrap();
    assert_eq!(given.headers()["x-request-id"], "mine-1");
    assert_eq!(
        given.headers()["content-security-policy"],
        "default-src 'none'; frame-ancestors 'none'; sandbox"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_call_where_that_is_allowed() {
    let preflight = |w: &World<_>, origin: &str| {
        w.plain(Method::OPTIONS, "/api/v1/files/default?path=/f")
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,if-match")
            .send()
    };
    let closed = world().await;
    let answer = preflight(&closed, "https://a.example").await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let open = world_with(tarbox_server::Options {
        origins: vec!["https://a.example".into()],
        ..options()
    })
    .await;
    let answer = preflight(&open, "https://a.example").await.unwrap();
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://a.example"
    );
    let answer = preflight(&open, "https://b.example").await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}
