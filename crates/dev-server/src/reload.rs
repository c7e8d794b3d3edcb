//! Pages that reload when a file changes: a script in each page listens to events.

use std::convert::Infallible;
use std::path::{Component, Path};
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream::{self, Stream};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::broadcast::{self, Sender, error::RecvError};

pub(crate) const SCRIPT_PATH: &str = "/.tarbox-dev/reload.js";
pub(crate) const EVENTS_PATH: &str = "/.tarbox-dev/events";

/// How long more changes are waited for, so that a build that writes many files reloads once.
const QUIET: Duration = Duration::from_millis(60);

/// What is told when nobody knows which file has changed: the directory that is served.
const EVERYTHING: &str = "/";

/// What stands for itself in a path of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Styles are exchanged in place, everything else reloads the page; so does a server that was started anew.
const SCRIPT: &str = r#"let lost = false
const events = new EventSource('/.tarbox-dev/events')
events.onopen = () => lost && location.reload()
events.onerror = () => { lost = true }
events.onmessage = ({ data }) => {
  if (!data.endsWith('.css')) return location.reload()
  for (const link of document.querySelectorAll('link[rel=stylesheet]')) {
    const url = new URL(link.href)
    url.searchParams.set('changed', Date.now())
    link.href = url.href
  }
}
"#;

/// Tells of changes below a directory by their paths in URLs, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Changes {
    sender: Sender<String>,
    _watcher: RecommendedWatcher,
}

impl Changes {
    pub(crate) fn of(root: &Path) -> notify::Result<Self> {
        let sender = Sender::new(64);
        let tell = sender.clone();
        let below = root.to_owned();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            if let Some(path) = event.paths.last() {
                // Nobody may be listening.
                let _ = tell.send(url_path(&below, path));
            }
        })?;
        watcher.watch(root, RecursiveMode::Recursive)?;
        Ok(Self {
            sender,
            _watcher: watcher,
        })
    }

    pub(crate) fn sender(&self) -> Sender<String> {
        self.sender.clone()
    }
}

/// Where a file below `root` is in URLs. Nothing above `root` is told, whatever the system says has changed.
fn url_path(root: &Path, file: &Path) -> String {
    let Ok(below) = file.strip_prefix(root) else {
        return EVERYTHING.to_owned();
    };
    let names = below.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    let path: String = names
        .map(|name| format!("/{}", utf8_percent_encode(&name, ESCAPED)))
        .collect();
    if path.is_empty() {
        EVERYTHING.to_owned()
    } else {
        path
    }
}

pub(crate) async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

pub(crate) async fn events(
    State(sender): State<Sender<String>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = stream::unfold(sender.subscribe(), |mut changes| async move {
        let last = last_of_a_run(&mut changes).await?;
        Some((Ok(Event::default().data(last)), changes))
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}

/// Waits for a change and for quiet after it. If anything but a style has changed, it is that which is told.
async fn last_of_a_run(changes: &mut broadcast::Receiver<String>) -> Option<String> {
    let mut told = receive(changes).await?;
    while let Ok(next) = tokio::time::timeout(QUIET, receive(changes)).await {
        let next = next?;
        if told.ends_with(".css") {
            told = next;
        }
    }
    Some(told)
}

async fn receive(changes: &mut broadcast::Receiver<String>) -> Option<String> {
    match changes.recv().await {
        Ok(path) => Some(path),
        // More changed than was kept: enough to know.
        Err(RecvError::Lagged(_)) => Some(EVERYTHING.to_owned()),
        Err(RecvError::Closed) => None,
    }
}

/// A page with the script at its end.
pub(crate) fn page(mut page: Vec<u8>) -> Response {
    page.extend_from_slice(format!("\n<script type=\"module\" src=\"{SCRIPT_PATH}\"></script>\n").as_bytes());
    Html(page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_urls_below_the_directory() {
        let root = Path::new("/home/me/site");
        for (file, url) in [
            ("/home/me/site/sub dir/ü#?%.css", "/sub%20dir/%C3%BC%23%3F%25.css"),
            ("/home/me/site/a\nb.js", "/a%0Ab.js"),
            ("/home/me/site", "/"),
            ("/home/me/other.js", "/"),
        ] {
            assert_eq!(url_path(root, Path::new(file)), url);
        }
    }

    #[tokio::test]
    async fn more_changes_than_are_kept_tell_of_all() {
        let sender = Sender::new(1);
        let mut changes = sender.subscribe();
        for _ in 0..4 {
            sender.send("/style.css".to_owned()).unwrap();
        }
        assert_eq!(last_of_a_run(&mut changes).await.as_deref(), Some("/"));
    }
}
