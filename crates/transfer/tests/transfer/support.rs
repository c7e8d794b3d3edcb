//! Databases of both kinds, a tenant with something of everything, and all that can be seen of a tenant.

use std::path::Path;

use pollster::block_on;
use tarbox_store::conformance::{Tree, tree};
use tarbox_store::*;
use tarbox_store_core::transfer::OnCore;
use tarbox_store_postgres::PostgresDatabase;
use tarbox_store_sqlite::{Options, SqliteDatabase};
use tarbox_test_postgres::server;

pub(crate) fn sqlite(directory: &Path) -> SqliteDatabase {
    SqliteDatabase::open(directory.join("t.db"), &Options::new().create(true)).unwrap()
}

pub(crate) fn postgres() -> PostgresDatabase {
    let options = tarbox_store_postgres::Options::parse(&server().fresh_url()).unwrap();
    PostgresDatabase::open(&options.create(true)).unwrap()
}

pub(crate) fn me() -> Actor {
    Actor {
        uid: 7,
        gid: 8,
        agent: "transfer".into(),
    }
}

fn new(kind: FileKind, target: &[u8]) -> NewInode<'_> {
    NewInode {
        kind,
        mode: 0o751,
        uid: 7,
        gid: 8,
        rdev: 0,
        target,
    }
}

pub(crate) fn file() -> NewInode<'static> {
    new(FileKind::File, b"")
}

/// Bytes that are not the same in any two places.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    let mut bytes = vec![0; len];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// Fills a new tenant `ada`: layers, tags, links, holes, attributes, names that are no text, blocks that are shared, and a file that
/// is open without a name.
pub(crate) fn fill<D: Database>(db: &D) -> D::Store {
    let quota = Quota {
        bytes: Some(1 << 40),
        layers: Some(99),
        ..Quota::default()
    };
    block_on(db.create_tenant("ada", quota)).unwrap();
    let s = block_on(db.open_tenant("ada")).unwrap();
    block_on(grow(&s)).unwrap();
    s
}

async fn grow<S: Store>(s: &S) -> Result<()> {
    let by = me();
    let (dir, file) = (new(FileKind::Directory, b""), file());
    let sub = s.create(&by, Ino::ROOT, b"sub", &dir).await?.ino;
    let deep = s.create(&by, sub, b"deep", &dir).await?.ino;
    let small = s.create(&by, sub, b"small", &file).await?.ino;
    s.write(&by, small, WriteAt::End, b"inline", false).await?;
    let large = s.create(&by, deep, b"large\xff", &file).await?.ino;
    s.write(&by, large, WriteAt::Offset(300_000), &noise(1, 400_000), false)
        .await?;
    s.create(&by, deep, b"link", &new(FileKind::Symlink, b"../small"))
        .await?;
    s.create(&by, deep, b"pipe", &new(FileKind::Fifo, b"")).await?;
    s.link(&by, large, Ino::ROOT, b"again").await?;
    s.set_xattr(&by, large, b"user.note", b"value", XattrMode::Any)
        .await?;
    for i in 0..300_u64 {
        let name = format!("file {i}");
        let ino = s.create(&by, deep, name.as_bytes(), &file).await?.ino;
        let len = if i % 3 == 0 { 5_000 } else { 40 };
        s.write(&by, ino, WriteAt::End, &noise(i % 50, len), false)
            .await?;
    }
    s.checkpoint(&by, "first", Some("as it began"), LaterLayers::Keep)
        .await?;
    s.write(&by, large, WriteAt::Offset(350_000), &noise(2, 4096), false)
        .await?;
    s.write(&by, small, WriteAt::Offset(0), b"I", false).await?;
    s.set_xattr(&by, large, b"user.note", b"another", XattrMode::Any)
        .await?;
    s.unlink(&by, deep, b"pipe", Unlink::File).await?;
    for i in 0..100_u64 {
        s.unlink(&by, deep, format!("file {i}").as_bytes(), Unlink::File)
            .await?;
    }
    s.checkpoint(&by, "second", None, LaterLayers::Keep).await?;
    s.tag(&by, "stable", Some(LayerId(1))).await?;
    let open = s.create(&by, Ino::ROOT, b"open", &file).await?.ino;
    s.write(&by, open, WriteAt::End, &noise(3, 200_000), false)
        .await?;
    s.hold(open).await?;
    s.unlink(&by, Ino::ROOT, b"open", Unlink::File).await?;
    s.rename(&by, (sub, b"small"), (Ino::ROOT, b"moved"), RenameMode::Replace)
        .await?;
    s.sync().await
}

/// All that can be seen of a tenant.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    current: Tree,
    layers: Vec<(LayerInfo, Tree)>,
    position: Position,
    created: Timestamp,
    quota: Quota,
    last_seq: u64,
    log: Vec<LogRecord>,
}

pub(crate) fn picture<D: Database>(db: &D, name: &str) -> Picture {
    block_on(async {
        let s = db.open_tenant(name).await?;
        let mut layers = Vec::new();
        for layer in s.layers().await? {
            let state = tree(&s, View::Layer(layer.id)).await?;
            layers.push((layer, state));
        }
        let info = s.tenant().await?;
        let all = LogQuery {
            limit: 1_000_000,
            ..LogQuery::default()
        };
        Ok::<_, Error>(Picture {
            current: tree(&s, View::Current).await?,
            layers,
            position: s.position().await?,
            created: info.created,
            quota: info.quota,
            last_seq: info.usage.last_seq,
            log: s.log(&all).await?,
        })
    })
    .unwrap()
}

/// Every path of the head with its inode, and the numbers of layers.
pub(crate) fn numbers(picture: &Picture) -> (Vec<(Vec<u8>, Ino)>, Vec<LayerId>) {
    let names = picture
        .current
        .iter()
        .map(|(path, node)| (path.clone(), node.attr.ino));
    let layers = picture.layers.iter().map(|(layer, _)| layer.id);
    (names.collect(), layers.collect())
}

/// Says at once where two pictures differ, instead of printing both.
#[track_caller]
pub(crate) fn assert_same(one: &Picture, other: &Picture) {
    assert_eq!(one.position, other.position);
    assert_eq!(one.log, other.log);
    assert_eq!(
        (one.created, one.quota, one.last_seq),
        (other.created, other.quota, other.last_seq)
    );
    assert_eq!(
        one.current.keys().collect::<Vec<_>>(),
        other.current.keys().collect::<Vec<_>>()
    );
    for (path, node) in &one.current {
        assert!(other.current[path] == *node, "{}", path.escape_ascii());
    }
    assert!(one.layers == other.layers, "a layer differs");
}

#[track_caller]
pub(crate) fn assert_sound<D: Database>(db: &D) {
    let report = block_on(db.fsck(false, &|_, _| {})).unwrap();
    assert_eq!(report.problems, []);
}

/// What is there, by name and state.
pub(crate) fn states<D: Database>(db: &D) -> Vec<(String, TenantState)> {
    let all = block_on(db.tenants()).unwrap();
    all.into_iter().map(|info| (info.name, info.state)).collect()
}

pub(crate) fn copy<S: OnCore, T: OnCore>(
    from: &S,
    to: &T,
    new_name: &str,
) -> Result<tarbox_transfer::Report> {
    tarbox_transfer::copy(from, "ada", to, Some(new_name), &mut |_| {})
}

/// A tenant `ada` that takes several commits to restore.
pub(crate) fn fill_large<D: Database>(db: &D) -> D::Store {
    let s = fill(db);
    block_on(async {
        for i in 0..3 {
            let name = format!("large {i}");
            let ino = s.create(&me(), Ino::ROOT, name.as_bytes(), &file()).await?.ino;
            for piece in 0..12 {
                let bytes = noise(1000 + 12 * i + piece, 1 << 20);
                s.write(&me(), ino, WriteAt::End, &bytes, false).await?;
            }
        }
        s.sync().await
    })
    .unwrap();
    s
}

pub(crate) fn dump<D: OnCore>(from: &D, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    tarbox_transfer::dump(from, name, &mut out, &mut |_| {}).unwrap();
    out
}

pub(crate) fn restore<D: OnCore>(to: &D, dump: &[u8], name: Option<&str>) -> Result<tarbox_transfer::Report> {
    tarbox_transfer::restore(to, dump, name, &mut |_| {})
}
