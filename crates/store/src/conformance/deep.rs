//! Directories in directories in directories.

use super::Fixture;
use crate::*;

/// Hundreds of levels have their paths, can be moved and removed.
pub async fn deep_trees_work<D: Database>(t: &Fixture<D>) {
    const DEPTH: usize = 300;
    let mut dirs = vec![Ino::ROOT];
    for _ in 0..DEPTH {
        dirs.push(t.dir(dirs[dirs.len() - 1], "d").await);
    }
    let deepest = dirs[DEPTH];
    assert_eq!(t.path(deepest).await, "/d".repeat(DEPTH));
    let names = vec![&b"d"[..]; DEPTH];
    let walked = t.store.walk(View::Current, Ino::ROOT, &names).await.unwrap();
    assert_eq!(walked.last().unwrap().ino, deepest);
    let other = t.dir(Ino::ROOT, "other").await;
    t.rename((dirs[1], "d"), (other, "moved"), RenameMode::Replace)
        .await
        .unwrap();
    assert_eq!(
        t.path(deepest).await,
        format!("/other/moved{}", "/d".repeat(DEPTH - 2))
    );
    t.rename((other, "moved"), (dirs[1], "d"), RenameMode::Replace)
        .await
        .unwrap();
    for dir in dirs[..DEPTH].iter().rev() {
        t.rmdir(*dir, "d").await.unwrap();
    }
    assert_eq!(t.usage().await.inodes, 2);
}
