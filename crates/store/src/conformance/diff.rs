//! What differs between two layers.

use super::{Fixture, assert_fails, bytes};
use crate::*;

/// The changes in one line each: a letter, the old path of a rename, the path.
async fn lines<D: Database>(t: &Fixture<D>, from: LayerId, to: LayerId) -> Vec<String> {
    let changes = t.store.diff(from, to).await.unwrap();
    let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    let lines = changes.iter().map(|c| {
        let letter = match c.kind {
            ChangeKind::Added => "A",
            ChangeKind::Modified => "M",
            ChangeKind::Deleted => "D",
            ChangeKind::Renamed => "R",
        };
        match &c.from {
            Some(from) => format!("{letter} {} {}", text(from), text(&c.path)),
            None => format!("{letter} {}", text(&c.path)),
        }
    });
    lines.collect()
}

async fn head<D: Database>(t: &Fixture<D>) -> LayerId {
    t.store.position().await.unwrap().head
}

async fn since<D: Database>(t: &Fixture<D>, layer: LayerId) -> Vec<String> {
    lines(t, layer, head(t).await).await
}

/// Added, modified and deleted, with sizes before and after.
pub async fn what_came_changed_and_went_is_told<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let kept = t.file(dir, "kept", b"same").await;
    let small = t.file(dir, "small", b"small").await;
    let large = t.file(dir, "large", &bytes(1, 400_000)).await;
    t.file(dir, "gone", &bytes(2, 200_000)).await;
    let one = t.checkpoint("one").await;
    assert!(since(t, one).await.is_empty());
    t.write(small, 5, b"er").await;
    t.write(large, 200_000, b"changed").await;
    t.unlink(dir, "gone").await.unwrap();
    t.file(dir, "new", b"new").await;
    t.dir(dir, "newdir").await;
    t.make(dir, "newlink", FileKind::Symlink).await.unwrap();
    let changes = t.store.diff(one, head(t).await).await.unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|c| {
            (
                c.kind,
                c.path.as_slice(),
                c.file,
                c.size_before,
                c.size_after,
                c.content,
            )
        })
        .collect();
    use ChangeKind::{Added, Deleted, Modified};
    use FileKind::{Directory, File, Symlink};
    assert_eq!(
        told,
        [
            (Deleted, &b"/dir/gone"[..], File, Some(200_000), None, true),
            (Modified, b"/dir/large", File, Some(400_000), Some(400_000), true),
            (Added, b"/dir/new", File, None, Some(3), true),
            (Added, b"/dir/newdir", Directory, None, Some(0), true),
            (Added, b"/dir/newlink", Symlink, None, Some(6), true),
            (Modified, b"/dir/small", File, Some(5), Some(7), true),
        ]
    );
    assert_eq!(t.content(View::Current, kept).await, b"same");
    // Read the other way round, it is undone.
    let back = t.store.diff(head(t).await, one).await.unwrap();
    assert_eq!(back.len(), 6);
    assert_eq!(
        (back[0].kind, back[0].size_before, back[0].size_after),
        (Added, None, Some(200_000))
    );
}

/// What was written as it was before, made and removed again, or only read is no change.
pub async fn what_is_as_before_is_not_told<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    let large = t.file(Ino::ROOT, "large", &bytes(1, 300_000)).await;
    let before = t.attr(file).await;
    let one = t.checkpoint("one").await;
    t.file(Ino::ROOT, "temporary", &bytes(1, 200_000)).await;
    t.unlink(Ino::ROOT, "temporary").await.unwrap();
    t.rename((Ino::ROOT, "file"), (Ino::ROOT, "x"), RenameMode::Replace)
        .await
        .unwrap();
    t.rename((Ino::ROOT, "x"), (Ino::ROOT, "file"), RenameMode::Replace)
        .await
        .unwrap();
    t.write(file, 0, b"xyz").await;
    t.write(file, 0, b"abc").await;
    let set = SetAttr {
        mtime: Some(SetTime::At(before.mtime)),
        ..SetAttr::default()
    };
    t.store.set_attr(&t.me, file, &set).await.unwrap();
    let mut buffer = [0; 10];
    t.store
        .read(View::Current, large, 0, &mut buffer, Access::Touch)
        .await
        .unwrap();
    assert!(since(t, one).await.is_empty(), "{:?}", since(t, one).await);
}

/// Attributes and extended attributes are changes that leave the content.
pub async fn attributes_are_changes_without_content<D: Database>(t: &Fixture<D>) {
    t.dir(Ino::ROOT, "dir").await;
    let names = ["mode", "owner", "xattr", "xattr-value", "mtime"];
    for name in names {
        let file = t.file(Ino::ROOT, name, b"").await;
        let set = t.store.set_xattr(&t.me, file, b"user.a", b"1", XattrMode::Any);
        set.await.unwrap();
    }
    let one = t.checkpoint("one").await;
    let sets = [
        SetAttr {
            mode: Some(0o600),
            ..SetAttr::default()
        },
        SetAttr {
            uid: Some(3),
            ..SetAttr::default()
        },
        SetAttr::default(),
        SetAttr::default(),
        SetAttr {
            mtime: Some(SetTime::At(Timestamp(5))),
            ..SetAttr::default()
        },
    ];
    for (name, set) in names.into_iter().zip(sets) {
        let file = t.find(Ino::ROOT, name).await.unwrap().ino;
        match name {
            "xattr" => t.store.remove_xattr(&t.me, file, b"user.a").await.unwrap(),
            "xattr-value" => {
                let set = t.store.set_xattr(&t.me, file, b"user.a", b"2", XattrMode::Any);
                set.await.unwrap();
            }
            _ => drop(t.store.set_attr(&t.me, file, &set).await.unwrap()),
        }
    }
    let changes = t.store.diff(one, head(t).await).await.unwrap();
    assert_eq!(changes.len(), names.len(), "{changes:?}");
    assert!(
        changes
            .iter()
            .all(|c| c.kind == ChangeKind::Modified && !c.content)
    );
}

/// Renames are told as such; of a directory only itself, not all that is below it.
pub async fn renames_are_told<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(dir, "file", b"abc").await;
    t.file(dir, "other", b"").await;
    t.file(Ino::ROOT, "changed", b"before").await;
    let one = t.checkpoint("one").await;
    t.rename((Ino::ROOT, "dir"), (Ino::ROOT, "moved"), RenameMode::Replace)
        .await
        .unwrap();
    assert_eq!(since(t, one).await, ["R /dir /moved"]);
    t.rename((dir, "file"), (dir, "renamed"), RenameMode::Replace)
        .await
        .unwrap();
    assert_eq!(
        since(t, one).await,
        ["R /dir /moved", "R /dir/file /moved/renamed"]
    );
    let changed = t.find(Ino::ROOT, "changed").await.unwrap().ino;
    t.rename((Ino::ROOT, "changed"), (dir, "c"), RenameMode::Replace)
        .await
        .unwrap();
    t.write(changed, 0, b"AFTER!").await;
    let changes = t.store.diff(one, head(t).await).await.unwrap();
    let told: Vec<_> = changes.iter().map(|c| (c.path.as_slice(), c.content)).collect();
    assert_eq!(
        told,
        [
            (&b"/moved"[..], false),
            (b"/moved/c", true),
            (b"/moved/renamed", false)
        ]
    );
    t.unlink(dir, "renamed").await.unwrap();
    assert_eq!(
        since(t, one).await,
        ["D /dir/file", "R /dir /moved", "R /changed /moved/c"]
    );
    let _ = file;
}

/// Names that were swapped are two renames.
pub async fn swapped_names_are_two_renames<D: Database>(t: &Fixture<D>) {
    let (a, b) = (t.dir(Ino::ROOT, "a").await, t.dir(Ino::ROOT, "b").await);
    t.file(a, "x", b"x").await;
    t.file(b, "y", b"y").await;
    let one = t.checkpoint("one").await;
    t.rename((a, "x"), (b, "y"), RenameMode::Exchange).await.unwrap();
    assert_eq!(since(t, one).await, ["R /b/y /a/x", "R /a/x /b/y"]);
    t.rename((Ino::ROOT, "a"), (Ino::ROOT, "b"), RenameMode::Exchange)
        .await
        .unwrap();
    // Each directory holds what it held, under its new name.
    let swapped = ["R /b /a", "R /a/x /a/y", "R /a /b", "R /b/y /b/x"];
    assert_eq!(since(t, one).await, swapped);
}

/// A file that another replaced under its name is modified, as far as the path goes.
pub async fn a_replaced_file_is_modified<D: Database>(t: &Fixture<D>) {
    t.file(Ino::ROOT, "file", b"before").await;
    t.file(Ino::ROOT, "target", b"target").await;
    let one = t.checkpoint("one").await;
    // As editors save: a new file takes the name of the old one.
    t.file(Ino::ROOT, "file.tmp", b"after!!").await;
    t.rename((Ino::ROOT, "file.tmp"), (Ino::ROOT, "file"), RenameMode::Replace)
        .await
        .unwrap();
    let changes = t.store.diff(one, head(t).await).await.unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|c| (c.kind, c.path.as_slice(), c.size_before, c.size_after, c.content))
        .collect();
    assert_eq!(
        told,
        [(ChangeKind::Modified, &b"/file"[..], Some(6), Some(7), true)]
    );
    t.unlink(Ino::ROOT, "target").await.unwrap();
    t.dir(Ino::ROOT, "target").await;
    let told = since(t, one).await;
    assert_eq!(
        told,
        ["M /file", "D /target", "A /target"],
        "another kind is another thing"
    );
}

/// Hard links come and go by name.
pub async fn links_come_and_go_by_name<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "a", b"abc").await;
    let one = t.checkpoint("one").await;
    t.link(file, Ino::ROOT, "b").await.unwrap();
    assert_eq!(since(t, one).await, ["A /b"]);
    let two = t.checkpoint("two").await;
    t.unlink(Ino::ROOT, "a").await.unwrap();
    assert_eq!(since(t, two).await, ["D /a"]);
    assert_eq!(since(t, one).await, ["R /a /b"]);
    t.write(file, 0, b"A").await;
    let changes = t.store.diff(two, head(t).await).await.unwrap();
    assert!(
        changes.iter().any(|c| c.path == b"/b" && c.content),
        "{changes:?}"
    );
}

/// Any two layers can be compared, whatever was dropped in between.
pub async fn any_two_layers_can_be_compared<D: Database>(t: &Fixture<D>) {
    let mut ids = Vec::new();
    for i in 0..5 {
        t.file(Ino::ROOT, &format!("f{i}"), &bytes(i, 10)).await;
        if i > 0 {
            t.unlink(Ino::ROOT, &format!("f{}", i - 1)).await.unwrap();
        }
        ids.push(t.checkpoint(&format!("l{i}")).await);
    }
    assert_eq!(lines(t, ids[0], ids[4]).await, ["D /f0", "A /f4"]);
    assert_eq!(lines(t, ids[1], ids[2]).await, ["D /f1", "A /f2"]);
    assert_eq!(lines(t, ids[4], ids[0]).await, ["A /f0", "D /f4"]);
    assert!(lines(t, ids[3], ids[3]).await.is_empty());
    t.store.drop_layer(&t.me, ids[2]).await.unwrap();
    assert_eq!(lines(t, ids[1], ids[3]).await, ["D /f1", "A /f3"]);
    assert_fails(t.store.diff(ids[1], ids[2]).await, ErrorKind::NotFound);
    assert_fails(t.store.diff(LayerId(99), ids[1]).await, ErrorKind::NotFound);
}
