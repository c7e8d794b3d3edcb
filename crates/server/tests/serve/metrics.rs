//! What `/metrics` tells is what the documentation and the dashboard ask for.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::support::*;

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c| !is_part(c));
    let words = words.filter(|word| word.starts_with("tarbox_"));
    words
        .map(|word| {
            let ends = ["_bucket", "_sum", "_count"];
            ends.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_asks_for_what_there_is() {
    let w = world().await;
    w.put("files/default?path=/f", bytes(300_000)).await;
    w.read("/f").await;
    let told = w.plain(Method::GET, "/metrics").send().await.unwrap();
    assert_status(&told, 200);
    let told = told.text().await.unwrap();
    let samples: String = told.lines().filter(|line| !line.starts_with('#')).collect();
    let told = names(&samples);
    let dashboard = include_str!("../../../../examples/server/grafana.json");
    let _whole: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    let shown = names(dashboard);
    assert!(shown.len() > 5, "{shown:?}");
    assert_eq!(shown.difference(&told).collect::<Vec<_>>(), Vec::<&&str>::new());
    let page = include_str!("../../../../docs/server.md");
    let (_, watched) = page.split_once("## What to watch").unwrap();
    assert_eq!(names(watched), told);
}
