//! Agents, with a client of the protocol's own.

use rmcp::ServiceExt as _;
use rmcp::model::{CallToolRequestParams, CallToolResult, JsonObject};
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tarbox_server::{NewKey, Options};
use tarbox_store::Scope;
use tarbox_store_sqlite::SqliteDatabase;

use crate::support::*;

type Client = RunningService<RoleClient, ()>;

async fn agents() -> World<SqliteDatabase> {
    world_with(Options {
        mcp: true,
        ..options()
    })
    .await
}

async fn client<D>(world: &World<D>, key: &str) -> Client {
    let url = format!("http://{}/mcp", world.address);
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(key);
    let transport = StreamableHttpClientTransport::from_config(config);
    ().serve(transport).await.unwrap()
}

async fn call(client: &Client, name: &'static str, arguments: Value) -> CallToolResult {
    let arguments: JsonObject = serde_json::from_value(arguments).unwrap();
    let request = CallToolRequestParams::new(name).with_arguments(arguments);
    client.call_tool(request).await.unwrap()
}

/// What a tool says, if it succeeds.
async fn said(client: &Client, name: &'static str, arguments: Value) -> Value {
    let result = call(client, name, arguments).await;
    assert_ne!(result.is_error, Some(true), "{name}: {result:?}");
    match result.structured_content {
        Some(object) => object,
        None => Value::String(result.content[0].as_text().unwrap().text.clone()),
    }
}

/// Why a tool fails.
async fn refusal(client: &Client, name: &'static str, arguments: Value) -> String {
    let result = call(client, name, arguments).await;
    assert_eq!(result.is_error, Some(true), "{name}: {result:?}");
    result.content[0].as_text().unwrap().text.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_works_and_goes_back() {
    let world = agents().await;
    let agent = client(&world, &world.key).await;
    let tools = agent.list_all_tools().await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    for name in [
        "read",
        "write",
        "edit",
        "list",
        "search",
        "stat",
        "checkpoint",
        "diff",
        "switch",
        "audit",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let written = said(
        &agent,
        "write",
        json!({"path": "/src/a.rs", "content": "fn one() {}\nfn two() {}\n"}),
    )
    .await;
    let stat = said(&agent, "stat", json!({"path": "/src/a.rs"})).await;
    assert_eq!(written["version"], stat["version"]);
    said(&agent, "checkpoint", json!({"name": "before"})).await;
    said(
        &agent,
        "edit",
        json!({"path": "/src/a.rs", "old": "two", "new": "three"}),
    )
    .await;
    assert_eq!(world.read("/src/a.rs").await, b"fn one() {}\nfn three() {}\n");
    assert_eq!(
        said(
            &agent,
            "read",
            json!({"path": "/src/a.rs", "line": 2, "lines": 1})
        )
        .await,
        "fn three() {}\n"
    );
    let found = said(&agent, "search", json!({"pattern": "fn t\\w+", "suffix": ".rs"})).await;
    assert_eq!(found["matches"][0]["path"], "/src/a.rs");
    assert_eq!(found["matches"][0]["line"], 2);
    let listed = said(&agent, "list", json!({"path": "/", "depth": 2})).await;
    assert_eq!(listed["entries"][1]["path"], "src/a.rs");
    let diff = said(&agent, "diff", json!({"from": "before"})).await;
    assert_eq!(diff["changes"][0]["path"], "/src/a.rs");
    said(&agent, "switch", json!({"layer": "before"})).await;
    let past = said(&agent, "read", json!({"path": "/src/a.rs"})).await;
    assert!(past.as_str().unwrap().contains("two"));
    assert!(
        refusal(&agent, "write", json!({"path": "/x", "content": ""}))
            .await
            .starts_with("EROFS")
    );
    said(&agent, "switch", json!({"layer": "head"})).await;
    let audit = said(&agent, "audit", json!({"path": "/src", "limit": 1})).await;
    let agent_name = audit["records"][0]["agent"].as_str().unwrap().to_owned();
    assert_eq!(agent_name, format!("key:{}:mcp", id_of(&world.key)));
    agent.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_exact() {
    let world = agents().await;
    let agent = client(&world, &world.key).await;
    said(&agent, "write", json!({"path": "/f", "content": "a a"})).await;
    for (old, why) in [("a", "2 times"), ("b", "not in it"), ("", "empty")] {
        let refused = refusal(&agent, "edit", json!({"path": "/f", "old": old, "new": "x"})).await;
        assert!(refused.contains(why), "{refused}");
    }
    said(
        &agent,
        "edit",
        json!({"path": "/f", "old": "a", "new": "b", "all": true}),
    )
    .await;
    assert_eq!(world.read("/f").await, b"b b");
    let stale = json!({"path": "/f", "content": "x", "if_version": "1-1"});
    assert!(refusal(&agent, "write", stale).await.starts_with("ESTALE"));
    assert!(
        refusal(
            &agent,
            "write",
            json!({"path": "/f", "content": "x", "create": true})
        )
        .await
        .starts_with("EEXIST")
    );
    assert!(
        refusal(&agent, "search", json!({"pattern": "("}))
            .await
            .starts_with("EINVAL")
    );
    assert!(
        refusal(&agent, "read", json!({"path": "/f", "nonsense": 1}))
            .await
            .starts_with("EINVAL")
    );
    assert!(
        refusal(&agent, "read", json!({"path": "/none"}))
            .await
            .starts_with("ENOENT")
    );
    let bytes = json!({"path": "/bytes", "content": "AP8=", "base64": true});
    said(&agent, "write", bytes).await;
    assert_eq!(
        said(&agent, "read", json!({"path": "/bytes"})).await["base64"],
        "AP8="
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_bounds_an_agent() {
    let world = agents().await;
    world.put("files/default?path=/secret", "secret").await;
    world.post("directories/default", json!({"path": "/site"})).await;
    world.put("files/default?path=/site/page", "page").await;
    let reader = new_key(&world.database, |key| NewKey {
        scope: Scope::Read,
        ..key
    })
    .await;
    let site = new_key(&world.database, |key| NewKey {
        scope: Scope::Write,
        path: b"/site".to_vec(),
        ..key
    })
    .await;
    let agent = client(&world, &reader).await;
    for (name, arguments) in [
        ("write", json!({"path": "/x", "content": ""})),
        ("remove", json!({"path": "/secret"})),
        ("checkpoint", json!({"name": "x"})),
        ("switch", json!({"layer": "head"})),
    ] {
        assert!(
            refusal(&agent, name, arguments).await.starts_with("EACCES"),
            "{name}"
        );
    }
    let agent = client(&world, &site).await;
    assert_eq!(said(&agent, "read", json!({"path": "/page"})).await, "page");
    for path in ["/secret", "/../secret", "../secret"] {
        refusal(&agent, "read", json!({ "path": path })).await;
    }
    let found = said(&agent, "search", json!({"pattern": "."})).await;
    assert_eq!(found["matches"].as_array().unwrap().len(), 1);
    assert_eq!(found["matches"][0]["path"], "/page");
    let audit = said(&agent, "audit", json!({"limit": 100})).await.to_string();
    assert!(!audit.contains("secret"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_or_the_option_there_are_no_tools() {
    let world = agents().await;
    let ask = |world: &World<SqliteDatabase>| {
        world
            .plain(reqwest::Method::POST, "/mcp")
            .header("accept", "application/json, text/event-stream")
            .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))
    };
    problem(ask(&world).send().await.unwrap(), 401, "UNAUTHORIZED").await;
    let plain = crate::support::world().await;
    let answer = ask(&plain).bearer_auth(&plain.key).send().await.unwrap();
    problem(answer, 404, "NO_ROUTE").await;
}
