//! When times follow.

use super::Fixture;
use crate::*;

const OLD: Timestamp = Timestamp(1_000);

async fn set_times<D: Database>(t: &Fixture<D>, ino: Ino, atime: Timestamp, mtime: Timestamp) -> Attr {
    let set = SetAttr {
        atime: Some(SetTime::At(atime)),
        mtime: Some(SetTime::At(mtime)),
        ..SetAttr::default()
    };
    t.store.set_attr(&t.me, ino, &set).await.unwrap()
}

async fn access<D: Database>(t: &Fixture<D>, ino: Ino, access: Access) -> Timestamp {
    let mut buffer = [0; 4];
    t.store
        .read(View::Current, ino, 0, &mut buffer, access)
        .await
        .unwrap();
    t.attr(ino).await.atime
}

/// A read is noted if the last one is not after the last change.
pub async fn a_read_after_a_change_is_noted<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"content").await;
    set_times(t, file, OLD, OLD).await;
    assert_eq!(access(t, file, Access::Quiet).await, OLD);
    let noted = access(t, file, Access::Touch).await;
    assert!(noted > OLD);
    t.store.flush().await.unwrap();
    assert_eq!(t.attr(file).await.atime, noted);
    let attr = t.attr(file).await;
    assert_eq!(attr.mtime, OLD, "reading is no change of the content");
    t.write(file, 0, b"x").await;
    assert!(access(t, file, Access::Touch).await >= t.attr(file).await.mtime);
}

/// A read that follows another without a change in between is not noted again.
pub async fn a_second_read_is_not_noted<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"content").await;
    // A moment after every change, and less than a day ago.
    let later = Timestamp(t.attr(file).await.ctime.0 + 3_600_000_000_000);
    set_times(t, file, later, OLD).await;
    assert_eq!(access(t, file, Access::Touch).await, later);
}

/// Reads of the past and of a past that is in view are never noted.
pub async fn reads_of_the_past_are_not_noted<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"content").await;
    set_times(t, file, OLD, OLD).await;
    let layer = t.checkpoint("one").await;
    let mut buffer = [0; 4];
    let view = View::Layer(layer);
    t.store
        .read(view, file, 0, &mut buffer, Access::Touch)
        .await
        .unwrap();
    assert_eq!(t.attr(file).await.atime, OLD);
    t.store.switch(&t.me, layer).await.unwrap();
    assert_eq!(access(t, file, Access::Touch).await, OLD);
    t.switch_to_head().await;
    assert_eq!(t.attr(file).await.atime, OLD);
}

/// What changes content changes `mtime` and `ctime`; what changes attributes changes `ctime` only.
pub async fn changes_move_the_times_they_should<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", &[7; 5_000]).await;
    let other = t.file(Ino::ROOT, "other", &[8; 5_000]).await;
    let (me, store) = (&t.me, &t.store);
    for step in 0..9 {
        let before = set_times(t, file, OLD, OLD).await;
        match step {
            0 => drop(t.write(file, 0, b"x").await),
            1 => drop(t.write(file, 9_000, b"x").await),
            2 => drop(t.truncate(file, 4_000).await),
            3 => drop(t.truncate(file, 4_000).await),
            4 => store
                .allocate(me, file, Allocate::PunchHole, 0, 100, false)
                .await
                .unwrap(),
            5 => drop(
                store
                    .copy_range(me, View::Current, other, 0, file, 0, 100)
                    .await
                    .unwrap(),
            ),
            6 => store
                .set_xattr(me, file, b"user.x", b"y", XattrMode::Any)
                .await
                .unwrap(),
            7 => drop(t.link(file, Ino::ROOT, "link").await.unwrap()),
            _ => t
                .rename((Ino::ROOT, "file"), (Ino::ROOT, "moved"), RenameMode::Replace)
                .await
                .unwrap(),
        }
        let after = t.attr(file).await;
        assert_eq!(after.mtime > OLD, step < 6, "mtime in step {step}");
        assert!(after.ctime >= before.ctime, "ctime in step {step}");
        assert_eq!(after.atime, OLD, "atime in step {step}");
        assert_eq!(after.btime, before.btime);
    }
}

/// Writing nothing changes nothing.
pub async fn writing_nothing_changes_nothing<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    let before = set_times(t, file, OLD, OLD).await;
    let seq = t.store.last_seq().await.unwrap();
    let written = t.write(file, 1_000, b"").await;
    assert_eq!(written.size, 3);
    assert_eq!(t.attr(file).await, before);
    assert_eq!(t.store.last_seq().await.unwrap(), seq);
}
