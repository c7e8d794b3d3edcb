//! One tenant sees nothing of another: not through names, inode numbers, layers, logs, counts or error texts.

use super::{Fixture, Tree, assert_fails, bytes, tree};
use crate::*;

const SECRET: &str = "xyzzy-secret";

/// A tenant beside the fixture's, with the same names, inode numbers and layers, but other content.
async fn neighbour<D: Database>(t: &Fixture<D>) -> D::Store {
    t.database.create_tenant(SECRET, Quota::default()).await.unwrap();
    let store = t.database.open_tenant(SECRET).await.unwrap();
    fill(&store, &t.me, SECRET.as_bytes(), 1).await;
    store
}

async fn fill<S: Store>(s: &S, me: &Actor, word: &[u8], seed: u64) {
    let new = |kind| NewInode {
        kind,
        mode: 0o755,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: if kind == FileKind::Symlink { word } else { b"" },
    };
    let dir = s
        .create(me, Ino::ROOT, b"dir", &new(FileKind::Directory))
        .await
        .unwrap()
        .ino;
    let small = s
        .create(me, dir, b"small", &new(FileKind::File))
        .await
        .unwrap()
        .ino;
    let large = s
        .create(me, dir, b"large", &new(FileKind::File))
        .await
        .unwrap()
        .ino;
    s.create(me, dir, b"link", &new(FileKind::Symlink)).await.unwrap();
    s.write(me, small, WriteAt::End, word, false).await.unwrap();
    s.write(me, large, WriteAt::End, &bytes(seed, 300_000), false)
        .await
        .unwrap();
    s.set_xattr(me, small, b"user.word", word, XattrMode::Any)
        .await
        .unwrap();
    s.checkpoint(me, "layer", None, LaterLayers::Keep).await.unwrap();
    let layer = s.find_layer("layer").await.unwrap().id;
    s.tag(me, "tag", Some(layer)).await.unwrap();
}

async fn state<S: Store>(s: &S) -> (Tree, TenantInfo, Vec<LayerInfo>, Vec<LogRecord>) {
    s.flush().await.unwrap();
    (
        tree(s, View::Current).await.unwrap(),
        s.tenant().await.unwrap(),
        s.layers().await.unwrap(),
        s.log(&LogQuery::default()).await.unwrap(),
    )
}

/// The same names and the same inode numbers in two tenants are two files.
pub async fn equal_names_and_numbers_do_not_meet<D: Database>(t: &Fixture<D>) {
    fill(&t.store, &t.me, b"mine", 2).await;
    let theirs = neighbour(t).await;
    let (mine, their_tree) = (
        tree(&t.store, View::Current).await.unwrap(),
        tree(&theirs, View::Current).await.unwrap(),
    );
    assert!(mine.keys().eq(their_tree.keys()));
    for (path, node) in &mine {
        let other = &their_tree[path];
        assert_eq!(
            node.attr.ino, other.attr.ino,
            "numbers tell nothing of how many tenants there are"
        );
        if matches!(node.attr.kind, FileKind::File | FileKind::Symlink) {
            assert_ne!(node.content, other.content);
        }
    }
    let layers = t.store.layers().await.unwrap();
    let other = theirs.layers().await.unwrap();
    assert!(layers.iter().map(|l| l.id).eq(other.iter().map(|l| l.id)));
    let seqs = (
        t.store.last_seq().await.unwrap(),
        theirs.last_seq().await.unwrap(),
    );
    assert_eq!(seqs.0, seqs.1, "positions tell nothing of what others do");
}

/// Nothing one tenant does changes what another sees.
pub async fn what_one_does_the_other_does_not_see<D: Database>(t: &Fixture<D>) {
    let theirs = neighbour(t).await;
    let before = state(&theirs).await;
    fill(&t.store, &t.me, b"mine", 2).await;
    let dir = t.find(Ino::ROOT, "dir").await.unwrap().ino;
    let layer = t.store.find_layer("layer").await.unwrap().id;
    t.unlink(dir, "small").await.unwrap();
    let large = t.find(dir, "large").await.unwrap().ino;
    t.write(large, 0, &bytes(1, 300_000)).await;
    t.store.switch(&t.me, layer).await.unwrap();
    t.store
        .checkpoint(&t.me, "", None, LaterLayers::Discard)
        .await
        .unwrap();
    t.checkpoint("more").await;
    t.store.drop_layer(&t.me, layer).await.unwrap();
    t.store.gc().await.unwrap();
    t.database.gc().await.unwrap();
    let quota = Quota {
        bytes: Some(0),
        inodes: Some(0),
        layers: Some(0),
        log_records: Some(1),
    };
    t.database.set_quota("default", quota).await.unwrap();
    t.store.gc().await.unwrap();
    t.database
        .set_state("default", TenantState::Suspended)
        .await
        .unwrap();
    assert!(state(&theirs).await == before);
    t.database.delete_tenant("default").await.unwrap();
    assert!(state(&theirs).await == before);
    theirs
        .checkpoint(&t.me, "still here", None, LaterLayers::Keep)
        .await
        .unwrap();
}

/// Inode numbers and layers that only another tenant has are as if nobody had them.
pub async fn numbers_of_others_lead_nowhere<D: Database>(t: &Fixture<D>) {
    let theirs = neighbour(t).await;
    let file = theirs
        .walk(View::Current, Ino::ROOT, &[b"dir", b"small"])
        .await
        .unwrap()[1]
        .ino;
    let layer = theirs.find_layer("layer").await.unwrap().id;
    let (s, me, kind) = (&t.store, &t.me, ErrorKind::NotFound);
    let mut buffer = [0; 64];
    let mine = t.file(Ino::ROOT, "mine", b"").await;
    let mut ours = vec![mine];
    while ours.last().unwrap().0 < file.0 {
        ours.push(t.file(Ino::ROOT, &format!("mine{}", ours.len()), b"").await);
    }
    for ino in ours {
        t.unlink(
            Ino::ROOT,
            &String::from_utf8(last(&t.store.path_of(View::Current, ino).await.unwrap())).unwrap(),
        )
        .await
        .unwrap();
    }
    let mut errors = vec![
        assert_fails(s.attr(View::Current, file).await, kind),
        assert_fails(
            s.read(View::Current, file, 0, &mut buffer, Access::Touch).await,
            kind,
        ),
        assert_fails(s.write(me, file, WriteAt::End, b"x", false).await, kind),
        assert_fails(s.set_attr(me, file, &SetAttr::default()).await, kind),
        assert_fails(s.xattr(View::Current, file, b"user.word").await, kind),
        assert_fails(s.xattrs(View::Current, file).await, kind),
        assert_fails(s.link(me, file, Ino::ROOT, b"stolen").await, kind),
        assert_fails(s.path_of(View::Current, file).await, kind),
        assert_fails(s.hold(file).await, kind),
        assert_fails(s.find_layer("layer").await, kind),
        assert_fails(s.find_layer("tag").await, kind),
        assert_fails(s.drop_layer(me, LayerId(layer.0 + 5)).await, kind),
        assert_fails(s.attr(View::Layer(LayerId(layer.0 + 5)), Ino::ROOT).await, kind),
    ];
    s.release(file).await.unwrap();
    // Keys of stores may combine the tenant and the inode: no number may reach over.
    for tenant in 0..8u64 {
        let crafted = Ino(tenant << 44 | file.0);
        if tenant > 0 {
            errors.push(assert_fails(s.attr(View::Current, crafted).await, kind));
            errors.push(assert_fails(
                s.lookup(View::Current, crafted, b"small").await,
                kind,
            ));
        }
    }
    let taken = t.database.create_tenant("default", Quota::default()).await;
    errors.push(assert_fails(taken, ErrorKind::Exists));
    for error in errors {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(SECRET) && !text.contains("small"), "{text}");
    }
    assert_eq!(
        &theirs.read_link(View::Current, Ino(5)).await.unwrap(),
        SECRET.as_bytes()
    );
}

fn last(path: &[u8]) -> Vec<u8> {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default().to_vec()
}

/// Equal content in two tenants is counted for each, so that no count tells what another has.
pub async fn counts_tell_nothing_of_others<D: Database>(t: &Fixture<D>) {
    let data = bytes(9, 400_000);
    let alone = t.usage().await.bytes;
    t.file(Ino::ROOT, "file", &data).await;
    let used = t.usage().await.bytes - alone;
    assert!(used >= 400_000);
    t.database.create_tenant("other", Quota::default()).await.unwrap();
    let other = t.database.open_tenant("other").await.unwrap();
    let new = NewInode {
        kind: FileKind::File,
        mode: 0o600,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    let file = other.create(&t.me, Ino::ROOT, b"file", &new).await.unwrap().ino;
    other
        .write(&t.me, file, WriteAt::End, &data, false)
        .await
        .unwrap();
    other.flush().await.unwrap();
    assert_eq!(other.tenant().await.unwrap().usage.bytes, used);
    // The other's copy stays when the first goes.
    t.unlink(Ino::ROOT, "file").await.unwrap();
    t.store.flush().await.unwrap();
    t.database.gc().await.unwrap();
    let mut buffer = vec![0; 400_000];
    other
        .read(View::Current, file, 0, &mut buffer, Access::Quiet)
        .await
        .unwrap();
    assert!(buffer == data);
    assert_eq!(t.usage().await.bytes, alone);
}
