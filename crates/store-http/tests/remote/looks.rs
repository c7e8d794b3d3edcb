//! Looks that come while others are under way share a request, and are answered each for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tarbox_fs::blocking;
use tarbox_ops_server::Ops;
use tarbox_store::*;
use tarbox_store_http::{HttpDatabase, HttpStore, Lost, Options, Request, Response, Transport};
use tokio::sync::watch;
use tokio::task::{JoinHandle, yield_now};

use crate::server::{InProcess, address, me, new, routes, sqlite};

/// A network that holds everything back until it is told to let it pass, and counts.
#[derive(Clone)]
struct Gate {
    inner: Arc<InProcess>,
    open: watch::Receiver<bool>,
    sent: Arc<AtomicU64>,
}

impl Transport for Gate {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.open.clone().wait_for(|open| *open).await.unwrap();
        self.inner.send(request).await
    }

    async fn pause(&self, time: Duration) {
        self.inner.pause(time).await;
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }

    /// Without a feed nothing is cached.
    fn spawn(&self, _: impl Future<Output = ()> + Send + 'static) -> bool {
        false
    }
}

struct Bench {
    store: HttpStore<Gate>,
    files: Vec<Ino>,
    open: watch::Sender<bool>,
    sent: Arc<AtomicU64>,
    _database: HttpDatabase<Gate>,
}

/// So many files, and a gate that is closed.
fn bench(count: usize) -> Bench {
    let here = Arc::new(sqlite());
    blocking(here.create_tenant("test", Quota::default())).unwrap();
    let ops = Ops::new(here, tarbox_ops_server::Options::default());
    let (open, opened) = watch::channel(true);
    let sent = Arc::new(AtomicU64::new(0));
    let gate = Gate {
        inner: Arc::new(InProcess::new(routes(&ops))),
        open: opened,
        sent: sent.clone(),
    };
    let database = HttpDatabase::new(gate, address().base(), Options::default());
    let store = blocking(database.open_tenant("test")).unwrap();
    let make = |n: usize| {
        let name = format!("file {n}");
        let file = blocking(store.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File)));
        let ino = file.unwrap().ino;
        let text = format!("content {n}");
        blocking(store.write(&me(), ino, WriteAt::End, text.as_bytes(), false)).unwrap();
        ino
    };
    let files = (0..count).map(make).collect();
    open.send(false).unwrap();
    sent.store(0, Ordering::SeqCst);
    Bench {
        store,
        files,
        open,
        sent,
        _database: database,
    }
}

/// What a task finds in a file.
fn read(store: &HttpStore<Gate>, ino: Ino) -> JoinHandle<Result<String>> {
    let store = store.clone();
    tokio::spawn(async move {
        let mut buffer = vec![0; 100];
        let n = store
            .read(View::Current, ino, 0, &mut buffer, Access::Quiet)
            .await?;
        buffer.truncate(n);
        Ok(String::from_utf8(buffer).unwrap())
    })
}

/// Runs everything that can run.
async fn settle() {
    for _ in 0..8 {
        yield_now().await;
    }
}

fn alone<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work)
}

#[test]
fn those_that_wait_go_together() {
    let bench = bench(200);
    alone(async {
        let look = |ino: Ino| {
            let store = bench.store.clone();
            tokio::spawn(async move { store.attr(View::Current, ino).await })
        };
        // One that fails is no matter of the others.
        let missing = Ino(99_999);
        let mut wanted = bench.files.clone();
        wanted.insert(100, missing);
        let tasks: Vec<_> = wanted.iter().map(|ino| look(*ino)).collect();
        settle().await;
        assert_eq!(bench.sent.load(Ordering::SeqCst), 4);
        bench.open.send(true).unwrap();
        for (ino, task) in wanted.into_iter().zip(tasks) {
            match task.await.unwrap() {
                Ok(attr) => assert_eq!(attr.ino, ino),
                Err(e) => assert_eq!((ino, e.kind()), (missing, ErrorKind::NotFound)),
            }
        }
        assert_eq!(bench.sent.load(Ordering::SeqCst), 5);
    });
}

#[test]
fn who_gives_up_leaves_nobody_waiting() {
    let bench = bench(20);
    alone(async {
        let tasks: Vec<_> = bench.files.iter().map(|ino| read(&bench.store, *ino)).collect();
        settle().await;
        // Those whose requests are under way, and then whoever sends for all the others.
        for abandoned in &tasks[..5] {
            abandoned.abort();
            settle().await;
        }
        bench.open.send(true).unwrap();
        for (at, task) in tasks.into_iter().enumerate().skip(5) {
            assert_eq!(task.await.unwrap().unwrap(), format!("content {at}"));
        }
    });
}
