//! The history of a workspace.

use reqwest::Method;
use serde_json::json as object;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_past_state_is_read_and_switched_to() {
    let w = world().await;
    w.put("files/default?path=/f", "one").await;
    let made = json(
        w.post("layers/default", object!({"name": "first", "description": "d"}))
            .await,
    )
    .await;
    assert_eq!((&made["name"], &made["id"]), (&"first".into(), &1.into()));
    problem(
        w.post("layers/default", object!({"name": "first"})).await,
        409,
        "EEXIST",
    )
    .await;
    w.put("files/default?path=/f", "two").await;
    w.put("files/default?path=/new", "n").await;
    let diff = w.json("layers/default/diff").await;
    let changes: Vec<String> = diff["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            format!(
                "{} {}",
                c["change"].as_str().unwrap(),
                c["path"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(changes, ["modified /f", "added /new"]);
    for layer in ["first", "1", "tagged"] {
        w.ask(Method::PUT, "layers/default/tags/tagged")
            .json(&object!({"layer": "first"}))
            .send()
            .await
            .unwrap();
        let past = w.get(&format!("files/default?path=/f&layer={layer}")).await;
        assert_eq!(past.text().await.unwrap(), "one");
        let page = w.json(&format!("directories/default?layer={layer}")).await;
        assert_eq!(page["entries"].as_array().unwrap().len(), 1);
    }
    problem(w.get("files/default?path=/f&layer=none").await, 404, "ENOENT").await;
    problem(w.get("files/default?path=/f&layer=..").await, 404, "ENOENT").await;
    assert_status(&w.delete("layers/default/tags/tagged").await, 204);
    let switch = |layer: &'static str| {
        w.ask(Method::PUT, "layers/default/current")
            .json(&object!({"layer": layer}))
            .send()
    };
    assert_eq!(
        json(switch("first").await.unwrap()).await,
        object!({"current": 1, "head": 2})
    );
    assert_eq!(w.read("/f").await, b"one");
    problem(w.put("files/default?path=/f", "x").await, 403, "EROFS").await;
    problem(
        w.post("layers/default", object!({"name": "third"})).await,
        409,
        "EBUSY",
    )
    .await;
    assert_eq!(json(switch("head").await.unwrap()).await["current"], 2);
    w.post("layers/default", object!({"name": "second"})).await;
    assert_status(
        &w.post(
            "layers/default/squash",
            object!({"first": "first", "last": "second"}),
        )
        .await,
        204,
    );
    assert_eq!(
        w.json("layers/default").await["layers"].as_array().unwrap().len(),
        2
    );
    assert_status(&w.delete("layers/default/second").await, 204);
    problem(w.get("layers/default/second").await, 404, "ENOENT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_names_the_key() {
    let w = world().await;
    w.put("files/default?path=/d", "x").await;
    let agent = format!("key:{}", id_of(&w.key));
    let records = w.json(&format!("audit/default?agent={agent}&path=/d")).await;
    let records = records["records"].as_array().unwrap();
    assert!(!records.is_empty() && records.iter().all(|r| r["agent"] == agent.as_str()));
    problem(
        w.get("audit/default?operation=nonsense").await,
        400,
        "BAD_REQUEST",
    )
    .await;
    problem(w.get("audit/default?limit=0").await, 400, "BAD_REQUEST").await;
}
