//! Two clients of one tenant, with caches that only the feed empties.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tarbox_fs::blocking;
use tarbox_ops_server::Ops;
use tarbox_store::conformance::{assert_fails, bytes};
use tarbox_store::*;
use tarbox_store_http::{HttpDatabase, HttpStore, Options};

use crate::faults::{Fate, Faulty};
use crate::server::{InProcess, address, me, new, routes, sqlite};

/// A client whose requests are counted, and whose network can be cut.
struct Client {
    store: HttpStore<Faulty>,
    asked: Arc<AtomicU64>,
    cut: Arc<AtomicBool>,
    _database: HttpDatabase<Faulty>,
}

/// Long enough for any machine: what is waited for comes, or the test fails.
const LIMIT: Duration = Duration::from_secs(120);

impl Client {
    /// Requests that `f` makes; those of the feed wait meanwhile and are none.
    fn requests<T>(&self, f: impl FnOnce() -> T) -> (u64, T) {
        let before = self.asked.load(Ordering::SeqCst);
        let result = f();
        (self.asked.load(Ordering::SeqCst) - before, result)
    }

    /// Waits until something holds.
    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let limit = Instant::now() + LIMIT;
        while Instant::now() < limit {
            if holds() {
                return;
            }
            blocking(self.store.changed(Seq(u64::MAX - 1), Duration::from_millis(2))).ok();
        }
        panic!("never: {what}");
    }

    /// Waits until a look is answered from memory.
    fn until_cached(&self, look: impl Fn()) {
        self.until("it is cached", || {
            look();
            self.requests(&look).0 == 0
        });
    }

    fn content(&self, ino: Ino) -> Vec<u8> {
        let mut buffer = vec![0; 1 << 20];
        let n = blocking(self.store.read(View::Current, ino, 0, &mut buffer, Access::Quiet)).unwrap();
        buffer.truncate(n);
        buffer
    }

    fn find(&self, name: &[u8]) -> Result<Attr> {
        blocking(self.store.lookup(View::Current, Ino::ROOT, name))
    }

    fn write(&self, ino: Ino, data: &[u8]) {
        blocking(self.store.write(&me(), ino, WriteAt::Offset(0), data, false)).unwrap();
    }

    fn make(&self, name: &[u8]) -> Ino {
        blocking(self.store.create(&me(), Ino::ROOT, name, &new(FileKind::File)))
            .unwrap()
            .ino
    }
}

fn two() -> [Client; 2] {
    let here = Arc::new(sqlite());
    blocking(here.create_tenant("test", Quota::default())).unwrap();
    let ops = Ops::new(here, tarbox_ops_server::Options::default());
    std::array::from_fn(|_| {
        let (asked, cut) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counts, is_cut) = (asked.clone(), cut.clone());
        let faulty = Faulty::new(InProcess::new(routes(&ops)), move |request| {
            // The feed's requests are those that wait.
            if !is_feed(&request.body) {
                counts.fetch_add(1, Ordering::SeqCst);
            }
            match is_cut.load(Ordering::SeqCst) {
                true => Fate::IsLost,
                false => Fate::Passes,
            }
        });
        let options = Options {
            cache_ttl: Duration::from_secs(86_400),
            patience: Duration::from_millis(300),
            ..Options::default()
        };
        let database = HttpDatabase::new(faulty, address().base(), options);
        let store = blocking(database.open_tenant("test")).unwrap();
        Client {
            store,
            asked,
            cut,
            _database: database,
        }
    })
}

fn is_feed(body: &[u8]) -> bool {
    use tarbox_protocol::{Batch, Call, Format};
    let batch = Batch::decode(body, Format::Compact).unwrap();
    matches!(
        batch.calls[..],
        [Call::Changed { .. }, Call::Log { .. }] | [Call::LastSeq {}]
    )
}

#[test]
fn what_is_cached_needs_no_asking() {
    let [one, _] = two();
    let data = bytes(1, 300_000);
    let file = one.make(b"file");
    one.write(file, &data);
    one.until_cached(|| assert!(one.content(file) == data));
    one.until_cached(|| assert_eq!(one.find(b"file").unwrap().ino, file));
    one.until_cached(|| drop(assert_fails(one.find(b"missing"), ErrorKind::NotFound)));
    let walked = || blocking(one.store.walk(View::Current, Ino::ROOT, &[b"file", b"x"])).unwrap();
    one.until_cached(|| assert_eq!(walked().len(), 1));
    // Own changes are seen at once.
    one.write(file, b"new");
    assert!(one.content(file).starts_with(b"new"));
    let set = SetAttr {
        mode: Some(0o600),
        ..SetAttr::default()
    };
    blocking(one.store.set_attr(&me(), file, &set)).unwrap();
    assert_eq!(blocking(one.store.attr(View::Current, file)).unwrap().mode, 0o600);
    one.make(b"missing");
    one.find(b"missing").unwrap();
}

#[test]
fn the_feed_brings_what_others_do() {
    let [one, two] = two();
    let file = one.make(b"file");
    one.write(file, b"before");
    two.until_cached(|| assert_eq!(two.content(file), b"before"));
    one.write(file, b"after!");
    two.until("the content", || two.content(file) == b"after!");

    two.until_cached(|| drop(assert_fails(two.find(b"later"), ErrorKind::NotFound)));
    let later = one.make(b"later");
    two.until("the name", || {
        two.find(b"later").is_ok_and(|attr| attr.ino == later)
    });

    two.until_cached(|| assert_eq!(two.find(b"file").unwrap().ino, file));
    let (from, to) = ((Ino::ROOT, &b"later"[..]), (Ino::ROOT, &b"file"[..]));
    blocking(one.store.rename(&me(), from, to, RenameMode::Replace)).unwrap();
    two.until("the rename", || {
        two.find(b"file").unwrap().ino == later && two.find(b"later").is_err()
    });
    assert_fails(blocking(two.store.attr(View::Current, file)), ErrorKind::NotFound);

    let sealed = blocking(one.store.checkpoint(&me(), "one", None, LaterLayers::Keep))
        .unwrap()
        .id;
    blocking(one.store.unlink(&me(), Ino::ROOT, b"file", Unlink::File)).unwrap();
    two.until("the removal", || two.find(b"file").is_err());
    two.until_cached(|| drop(two.find(b"file").unwrap_err()));
    blocking(one.store.switch(&me(), sealed)).unwrap();
    two.until("the switch", || two.find(b"file").is_ok());
}

/// Whoever has seen one thing sees everything that was before it.
#[test]
fn nothing_cached_is_older_than_what_was_seen() {
    let [one, two] = two();
    let file = one.make(b"file");
    for round in 0..200u32 {
        let data = round.to_le_bytes();
        two.until_cached(|| drop(two.content(file)));
        one.write(file, &data);
        // A record of its own, so that there is something to see.
        let name = format!("n{round}");
        one.make(name.as_bytes());
        let last = blocking(two.store.last_seq()).unwrap();
        assert_eq!(last, blocking(one.store.last_seq()).unwrap());
        assert_eq!(two.content(file), data);
    }
}

/// A feed that is silent is no word that nothing changed.
#[test]
fn without_the_network_nothing_cached_is_used_for_long() {
    let [one, two] = two();
    let file = one.make(b"file");
    one.write(file, b"before");
    // It has a session, so that a change can be sent at all.
    two.make(b"own");
    two.until_cached(|| assert_eq!(two.content(file), b"before"));
    two.cut.store(true, Ordering::SeqCst);
    let mut buffer = [0; 16];
    let mut read = || blocking(two.store.read(View::Current, file, 0, &mut buffer, Access::Quiet));
    two.until("the cache is given up", || read().is_err());
    let error = read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    let lost = blocking(two.store.write(&me(), file, WriteAt::End, b"x", false)).unwrap_err();
    assert!(lost.to_string().contains("may or may not"), "{lost}");
    one.write(file, b"after!");
    two.cut.store(false, Ordering::SeqCst);
    assert!(two.content(file).starts_with(b"after!"));
}
