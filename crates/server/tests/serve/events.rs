//! Changes as they happen.

use futures_util::StreamExt as _;
use reqwest::{Method, Response};
use tarbox_server::Backend;

use crate::support::*;

/// Events of a stream.
pub(crate) struct Events {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<axum::body::Bytes>>,
    text: String,
}

impl Events {
    pub(crate) fn of(response: Response) -> Self {
        assert_status(&response, 200);
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self {
            body: response.bytes_stream().boxed(),
            text: String::new(),
        }
    }

    /// The next event, as its fields; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<(String, String, serde_json::Value)> {
        let next = async {
            loop {
                if let Some((event, rest)) = self.text.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    self.text = rest;
                    let field = |name: &str| {
                        let line = event
                            .lines()
                            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
                        line.unwrap_or_default().to_owned()
                    };
                    if event.contains("data: ") {
                        return Some((
                            field("event"),
                            field("id"),
                            serde_json::from_str(&field("data")).unwrap(),
                        ));
                    }
                    continue;
                }
                match self.body.next().await {
                    Some(Ok(piece)) => self.text.push_str(std::str::from_utf8(&piece).unwrap()),
                    _ => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.unwrap()
    }

    /// The position of the event that tells of this path.
    pub(crate) async fn until(&mut self, path: &str) -> String {
        loop {
            let (event, id, data) = self.next().await.expect("the stream goes on");
            if event == "change" && data["path"] == path {
                return id;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_arrive_and_go_on_where_they_were_left() {
    watching(&world().await).await;
}

pub(crate) async fn watching<D: Backend>(w: &World<D>) {
    let mut all = Events::of(w.get("watch/default").await);
    let mut below = Events::of(w.get("watch/default?path=/d").await);
    w.post("directories/default", serde_json::json!({"path": "/d"}))
        .await;
    w.put("files/default?path=/other", "x").await;
    w.put("files/default?path=/d/f", "x").await;
    all.until("/other").await;
    let id = below.until("/d/f").await;
    drop((all, below));
    w.put("files/default?path=/d/g", "x").await;
    let again = w
        .ask(Method::GET, "watch/default?path=/d")
        .header("last-event-id", &id)
        .send()
        .await
        .unwrap();
    let mut again = Events::of(again);
    again.until("/d/g").await;
    // A position that is not of this log.
    let ahead = w
        .ask(Method::GET, "watch/default")
        .header("last-event-id", "999999")
        .send()
        .await
        .unwrap();
    let (event, _, _) = Events::of(ahead).next().await.unwrap();
    assert_eq!(event, "reset");
    let wrong = w
        .ask(Method::GET, "watch/default")
        .header("last-event-id", "x")
        .send()
        .await
        .unwrap();
    problem(wrong, 400, "BAD_REQUEST").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_server() {
    let mut w = world().await;
    let mut events = Events::of(w.get("watch/default").await);
    w.put("files/default?path=/f", "x").await;
    events.until("/f").await;
    w.end().await;
    while let Some((event, ..)) = events.next().await {
        assert_eq!(event, "change");
    }
}
