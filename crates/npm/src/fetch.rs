//! Tarballs from the network or the cache, many at once, checked and unpacked on the way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use reqwest::StatusCode;
use tarbox_store::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use url::Url;

use crate::Options;
use crate::cache::Cache;
use crate::integrity::Integrity;
use crate::tarball::{File, unpack};

/// How long a connection may take to come about, and how long nothing may come on it.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(60);
/// A request that failed for a reason that may pass is made so often, after pauses that double.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);
/// The largest tarball, in bytes.
const TARBALL_MAX: usize = 512 << 20;
/// Packages that were unpacked and wait for their place.
const WAITING: usize = 4;

/// A tarball that has come: the places in the list that it is for, its files, and whether the network was asked.
pub(crate) struct Come {
    pub(crate) indices: Vec<usize>,
    pub(crate) files: Result<Vec<File>>,
    pub(crate) fetched: bool,
}

/// Fetches until it is dropped.
pub(crate) struct Fetcher {
    /// Always there until this goes.
    runtime: Option<Runtime>,
    client: reqwest::Client,
    options: Arc<Settings>,
}

struct Settings {
    cache: Option<Cache>,
    offline: bool,
}

impl Fetcher {
    /// # Errors
    /// If there are no threads or no roots of trust to be had.
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let failed = |what: &str| Error::new(ErrorKind::Io).because(what.to_owned());
        // Another part of the process may have chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("tarbox/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(|e| failed("the client cannot be set up").caused_by(e))?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tarbox-npm")
            .enable_all()
            .build()
            .map_err(|e| failed("there are no threads for the network").caused_by(e))?;
        Ok(Self {
            runtime: Some(runtime),
            client,
            options: Arc::new(Settings {
                cache: options.cache.as_deref().map(Cache::new),
                offline: options.offline,
            }),
        })
    }

    /// Begins to fetch all of these, each once and at most so many at a time; they arrive in any order.
    pub(crate) fn begin(&self, wanted: Vec<(usize, Url, Integrity)>, parallel: usize) -> Receiver<Come> {
        let (sender, receiver) = sync_channel(WAITING);
        let Some(runtime) = &self.runtime else {
            return receiver;
        };
        let mut tarballs: BTreeMap<_, (Vec<usize>, Integrity)> = BTreeMap::new();
        for (index, url, integrity) in wanted {
            let tarball = tarballs.entry((url, integrity.place()));
            tarball.or_insert((Vec::new(), integrity)).0.push(index);
        }
        let room = Arc::new(Semaphore::new(parallel.max(1)));
        for ((url, _), (indices, integrity)) in tarballs {
            let (room, sender, settings, client) = (
                Arc::clone(&room),
                sender.clone(),
                Arc::clone(&self.options),
                self.client.clone(),
            );
            runtime.spawn(async move {
                let _one = room.acquire_owned().await;
                let (got, fetched) = get(&client, &settings, &url, &integrity).await;
                // Hashing, unpacking, and waiting for whoever writes are no work for an event loop.
                let rest = tokio::task::spawn_blocking(move || {
                    let files = got.and_then(|bytes| checked(&settings, &url, &integrity, &bytes, fetched));
                    // Who has given up takes nothing any more.
                    let _ = sender.send(Come {
                        indices,
                        files,
                        fetched,
                    });
                });
                let _ = rest.await;
            });
        }
        receiver
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A tarball, from the cache if it is there; and whether it was fetched.
async fn get(
    client: &reqwest::Client,
    settings: &Arc<Settings>,
    url: &Url,
    integrity: &Integrity,
) -> (Result<Vec<u8>>, bool) {
    let (of, what) = (Arc::clone(settings), integrity.clone());
    let kept = tokio::task::spawn_blocking(move || of.cache.as_ref()?.get(&what)).await;
    if let Ok(Some(bytes)) = kept {
        return (Ok(bytes), false);
    }
    if settings.offline {
        return (
            Err(Error::new(ErrorKind::NotFound)
                .because("it is not in the cache, and --offline forbids to fetch it")),
            false,
        );
    }
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match request(client, url).await {
            Err(failed) if failed.may_pass => tokio::time::sleep(pause).await,
            done => return (done.map_err(|failed| failed.error), true),
        }
        pause *= 2;
    }
    (request(client, url).await.map_err(|failed| failed.error), true)
}

struct Failed {
    error: Error,
    may_pass: bool,
}

async fn request(client: &reqwest::Client, url: &Url) -> Result<Vec<u8>, Failed> {
    let failed = |kind: ErrorKind, why: String, may_pass: bool| Failed {
        error: Error::new(kind).because(format!("{}: {why}", shown(url))),
        may_pass,
    };
    let lost = |error: reqwest::Error| {
        let may_pass = !error.is_builder() && !error.is_redirect();
        failed(ErrorKind::Io, chain(&error.without_url()), may_pass)
    };
    let mut response = client.get(url.clone()).send().await.map_err(lost)?;
    let status = response.status();
    if !status.is_success() {
        let kind = match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Access,
            _ => ErrorKind::Io,
        };
        let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        return Err(failed(kind, format!("the registry answers {status}"), may_pass));
    }
    let mut body = Vec::with_capacity(response.content_length().unwrap_or(0).min(1 << 20) as usize);
    while let Some(piece) = response.chunk().await.map_err(lost)? {
        if body.len() + piece.len() > TARBALL_MAX {
            return Err(failed(
                ErrorKind::Invalid,
                "a tarball of over 512 MiB".into(),
                false,
            ));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// An error with what is underneath: reqwest's own says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// An address as it may be printed: without a password and what comes behind `?`.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}://{}{port}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path()
    )
}

/// The files of a tarball that is the one that was wanted, which is kept.
fn checked(
    settings: &Settings,
    url: &Url,
    integrity: &Integrity,
    bytes: &[u8],
    fetched: bool,
) -> Result<Vec<File>> {
    if !integrity.fits(bytes) {
        return Err(Error::new(ErrorKind::Corrupt).because(format!(
            "what {} answers is not what the lock says: its hash is another",
            shown(url)
        )));
    }
    let files = unpack(bytes)?;
    if let Some(cache) = settings.cache.as_ref().filter(|_| fetched) {
        // A cache that takes nothing costs time, and nothing else.
        let _ = cache.put(integrity, bytes);
    }
    Ok(files)
}
