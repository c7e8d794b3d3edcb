//! Files that are no database, not any more, or not yet; devices that are read-only: a clear error, nothing changed, no panic,
//! and never wrong bytes for right ones.

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod files;
mod read_only;

use std::path::{Path, PathBuf};

use tarbox_store::conformance::{Tree, bytes, tree};
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tempfile::TempDir;

use common::{block, me};

fn new(kind: FileKind) -> NewInode<'static> {
    NewInode {
        target: if kind as u8 == FileKind::Symlink as u8 {
            b"target"
        } else {
            b""
        },
        ..common::new(kind)
    }
}

fn open(path: &Path) -> Result<(SqliteDatabase, SqliteStore)> {
    let database = SqliteDatabase::open(path, &Options::new().background(false))?;
    let store = block(database.open_tenant("default"))?;
    Ok((database, store))
}

/// A closed database with some of everything, and what it shows: the head, and one layer.
struct Sample {
    _dir: TempDir,
    path: PathBuf,
    head: Tree,
    layer: (LayerId, Tree),
}

impl Sample {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        let database = SqliteDatabase::open(&path, &Options::new().create(true).background(false)).unwrap();
        block(database.create_tenant("default", Quota::default())).unwrap();
        let s = block(database.open_tenant("default")).unwrap();
        let (head, layer) = block(fill(&s)).unwrap();
        drop(s);
        database.close().unwrap();
        Self {
            _dir: dir,
            path,
            head,
            layer,
        }
    }

    fn segment(&self) -> PathBuf {
        self.path.with_file_name("t.db-blocks").join("t1/00000001")
    }
}

async fn fill(s: &SqliteStore) -> Result<(Tree, (LayerId, Tree))> {
    let by = me();
    let dir = s
        .create(&by, Ino::ROOT, b"dir", &new(FileKind::Directory))
        .await?
        .ino;
    for i in 0..40u64 {
        let name = format!("file{i}");
        let file = s
            .create(&by, dir, name.as_bytes(), &new(FileKind::File))
            .await?
            .ino;
        let len = if i % 8 == 0 { 200_000 } else { 50 * i as usize };
        s.write(&by, file, WriteAt::End, &bytes(i, len), false).await?;
        s.set_xattr(&by, file, b"user.i", &bytes(i, 20), XattrMode::Any)
            .await?;
    }
    s.create(&by, dir, b"link", &new(FileKind::Symlink)).await?;
    let past = tree(s, View::Current).await?;
    let layer = s.checkpoint(&by, "one", None, LaterLayers::Keep).await?.id;
    for i in 0..20u64 {
        let name = format!("file{i}");
        let file = s.lookup(View::Current, dir, name.as_bytes()).await?.ino;
        s.write(&by, file, WriteAt::Offset(100), &bytes(100 + i, 30), false)
            .await?;
    }
    s.unlink(&by, dir, b"file20", Unlink::File).await?;
    s.sync().await?;
    Ok((tree(s, View::Current).await?, (layer, past)))
}
