//! Real sockets that are cut, stall, and lose their server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tarbox_fs::blocking;
use tarbox_ops_server::Ops;
use tarbox_store::conformance::bytes;
use tarbox_store::*;
use tarbox_store_http::{Address, HttpDatabase, HttpStore, Native, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{listen, me, new, routes, runtime, sqlite};

/// What a proxy does to answers.
struct Network {
    /// Bytes of answers that pass on a connection before it is cut; at [`STALLED`] nothing does, and it stays open.
    allowed: AtomicUsize,
    /// Connections to cut until the network is mended.
    cuts: AtomicUsize,
}

const STALLED: usize = 0;
const WHOLE: usize = usize::MAX;

impl Network {
    fn set(&self, allowed: usize) {
        self.allowed.store(allowed, Ordering::SeqCst);
    }

    fn cut_after(&self, allowed: usize, times: usize) {
        self.cuts.store(times, Ordering::SeqCst);
        self.set(allowed);
    }

    fn count_cut(&self) {
        if self.cuts.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.set(WHOLE);
        }
    }
}

/// A proxy before a server.
fn proxy(server: &Address, network: &Arc<Network>) -> Address {
    let target = server.origin().trim_start_matches("http://").to_owned();
    let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let network = network.clone();
    runtime().spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (target, network) = (target.clone(), network.clone());
            runtime().spawn(async move {
                let server = TcpStream::connect(target).await.unwrap();
                pass(client, server, &network).await;
            });
        }
    });
    Address::parse(&format!("http://{address}"), false).unwrap()
}

async fn pass(client: TcpStream, server: TcpStream, network: &Arc<Network>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async { tokio::io::copy(&mut from_client, &mut to_server).await };
    let down = async {
        let (mut buffer, mut passed) = (vec![0; 16 << 10], 0);
        loop {
            let n = from_server.read(&mut buffer).await?;
            let left = match network.allowed.load(Ordering::SeqCst) {
                STALLED => return std::future::pending().await,
                allowed => allowed.saturating_sub(passed),
            };
            to_client.write_all(&buffer[..n.min(left)]).await?;
            passed += n;
            if n > left {
                network.count_cut();
            }
            if n == 0 || n > left {
                return std::io::Result::Ok(());
            }
        }
    };
    tokio::select! {
        _ = up => {}
        _ = down => {}
    }
}

struct Bench {
    store: HttpStore<Native>,
    network: Arc<Network>,
    _database: HttpDatabase<Native>,
}

fn bench(options: Options) -> Bench {
    let here = Arc::new(sqlite());
    blocking(here.create_tenant("test", Quota::default())).unwrap();
    let ops = Ops::new(here, tarbox_ops_server::Options::default());
    let network = Arc::new(Network {
        allowed: AtomicUsize::new(WHOLE),
        cuts: AtomicUsize::new(0),
    });
    let address = proxy(&listen(routes(&ops)), &network);
    let database = HttpDatabase::new(Native::new(&address, None).unwrap(), address.base(), options);
    let store = blocking(database.open_tenant("test")).unwrap();
    Bench {
        store,
        network,
        _database: database,
    }
}

fn without_cache() -> Options {
    Options {
        cache_bytes: 0,
        ..Options::default()
    }
}

/// Connections that are cut after a few bytes, in the middle of a head or a body: everything is done once in the end.
#[test]
fn cut_connections_lose_and_repeat_nothing() {
    let bench = bench(without_cache());
    let (store, by) = (&bench.store, &me());
    let file = blocking(store.create(by, Ino::ROOT, b"file", &new(FileKind::File)))
        .unwrap()
        .ino;
    let data = bytes(7, 200_000);
    blocking(store.write(by, file, WriteAt::End, &data, false)).unwrap();
    for allowed in [1, 10, 60, 120, 150, 199, 250, 40_000, 150_000] {
        bench.network.cut_after(allowed, 3);
        let size = blocking(store.attr(View::Current, file)).unwrap().size;
        let written = blocking(store.write(by, file, WriteAt::End, b"more", false)).unwrap();
        assert_eq!((written.offset, written.size), (size, size + 4), "{allowed}");
        let mut buffer = vec![0; data.len()];
        let n = blocking(store.read(View::Current, file, 0, &mut buffer, Access::Quiet)).unwrap();
        assert!(n == data.len() && buffer == data, "{allowed}");
        bench.network.set(WHOLE);
    }
}

/// A server that says nothing is given up, and what is known of the change is said.
#[test]
fn a_stalled_server_is_given_up() {
    let bench = bench(Options {
        timeout: Duration::from_millis(200),
        patience: Duration::from_millis(900),
        ..without_cache()
    });
    let (store, by) = (&bench.store, &me());
    let file = blocking(store.create(by, Ino::ROOT, b"file", &new(FileKind::File)))
        .unwrap()
        .ino;
    bench.network.set(STALLED);
    let looked = blocking(store.attr(View::Current, file)).unwrap_err();
    assert_eq!(looked.kind(), ErrorKind::Io);
    assert!(!looked.to_string().contains("may or may not"), "{looked}");
    let changed = blocking(store.write(by, file, WriteAt::End, b"x", false)).unwrap_err();
    assert!(changed.to_string().contains("may or may not"), "{changed}");
    bench.network.set(WHOLE);
    let size = blocking(store.attr(View::Current, file)).unwrap().size;
    assert!(size <= 1, "once or not at all");
    let written = blocking(store.write(by, file, WriteAt::End, b"y", false)).unwrap();
    assert!(written.offset <= 1);
}

/// A server that ends and starts again on the same database and address is waited for.
#[test]
fn a_server_may_start_again() {
    let here = Arc::new(sqlite());
    blocking(here.create_tenant("test", Quota::default())).unwrap();
    let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let place = listener.local_addr().unwrap();
    let start = |listener: TcpListener| {
        let ops = Ops::new(here.clone(), tarbox_ops_server::Options::default());
        let app = routes(&ops);
        let serving = runtime().spawn(async move { axum::serve(listener, app).await });
        (ops, serving)
    };
    let (ops, serving) = start(listener);
    let address = Address::parse(&format!("http://{place}"), false).unwrap();
    let database = HttpDatabase::new(
        Native::new(&address, None).unwrap(),
        address.base(),
        Options::default(),
    );
    let store = blocking(database.open_tenant("test")).unwrap();
    let make = |name: &[u8]| blocking(store.create(&me(), Ino::ROOT, name, &new(FileKind::File)));
    let file = make(b"one").unwrap().ino;
    blocking(store.hold(file)).unwrap();
    serving.abort();
    runtime().block_on(ops.close());
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| make(b"two"));
        let listener = loop {
            match runtime().block_on(TcpListener::bind(place)) {
                Ok(listener) => break listener,
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let _again = start(listener);
        waiting.join().unwrap()
    });
    // It was not made before the server ended: that is known, or said not to be.
    if let Err(error) = waiting {
        assert!(error.to_string().contains("may or may not"), "{error}");
    }
    blocking(store.unlink(&me(), Ino::ROOT, b"one", Unlink::File)).unwrap();
    assert_eq!(
        blocking(store.attr(View::Current, file)).unwrap().nlink,
        0,
        "it is held again"
    );
}

/// Nobody listens: one clear error.
#[test]
fn no_server_is_told_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    drop(listener);
    let address = Address::parse(&format!("http://{place}"), false).unwrap();
    let options = Options {
        patience: Duration::from_millis(300),
        ..Options::default()
    };
    let database = HttpDatabase::new(Native::new(&address, None).unwrap(), address.base(), options);
    let error = blocking(database.open_tenant("test")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().contains("the server cannot be reached"),
        "{error}"
    );
}
