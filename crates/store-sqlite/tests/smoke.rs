//! The shortest way through the whole store.

mod common;

use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase};

use common::{me, new};

#[test]
fn files_written_in_one_layer_are_as_they_were_when_it_is_switched_back_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let me = me();
    pollster::block_on(async {
        let db = SqliteDatabase::open(&path, &Options::new().create(true)).unwrap();
        db.create_tenant("default", Quota::default()).await.unwrap();
        let s = db.open_tenant("default").await.unwrap();
        let d = s
            .create(&me, Ino::ROOT, b"dir", &new(FileKind::Directory))
            .await
            .unwrap();
        let small = s
            .create(&me, d.ino, b"small", &new(FileKind::File))
            .await
            .unwrap()
            .ino;
        let large = s
            .create(&me, d.ino, b"large", &new(FileKind::File))
            .await
            .unwrap()
            .ino;
        s.write(&me, small, WriteAt::End, b"hello", false).await.unwrap();
        let data: Vec<u8> = (0..1_000_000u32).map(|i| (i * 7 / 3) as u8).collect();
        s.write(&me, large, WriteAt::Offset(0), &data, false)
            .await
            .unwrap();
        let read = async |view, ino, len| {
            let mut b = vec![0; len];
            let n = s.read(view, ino, 0, &mut b, Access::Touch).await.unwrap();
            b.truncate(n);
            b
        };
        assert!(read(View::Current, large, 2_000_000).await == data);
        s.sync().await.unwrap();
        assert!(read(View::Current, large, 2_000_000).await == data);
        let one = s.checkpoint(&me, "one", None, LaterLayers::Keep).await.unwrap();
        s.write(&me, large, WriteAt::Offset(500_000), b"changed", false)
            .await
            .unwrap();
        s.unlink(&me, d.ino, b"small", Unlink::File).await.unwrap();
        s.rename(&me, (d.ino, b"large"), (Ino::ROOT, b"moved"), RenameMode::Replace)
            .await
            .unwrap();
        s.flush().await.unwrap();
        let mut changed = data.clone();
        changed[500_000..500_007].copy_from_slice(b"changed");
        assert!(read(View::Current, large, 2_000_000).await == changed);
        assert!(read(View::Layer(one.id), large, 2_000_000).await == data);
        assert_eq!(read(View::Layer(one.id), small, 100).await, b"hello");
        let diff = s.diff(one.id, s.position().await.unwrap().head).await.unwrap();
        let lines: Vec<_> = diff
            .iter()
            .map(|c| (c.kind, String::from_utf8_lossy(&c.path).into_owned(), c.content))
            .collect();
        assert_eq!(
            lines,
            [
                (ChangeKind::Deleted, "/dir/small".into(), true),
                (ChangeKind::Renamed, "/moved".into(), true)
            ]
        );
        s.switch(&me, one.id).await.unwrap();
        assert_eq!(
            s.lookup(View::Current, d.ino, b"large").await.unwrap().size,
            1_000_000
        );
        assert_eq!(
            s.unlink(&me, d.ino, b"large", Unlink::File)
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::ReadOnly
        );
        let refused = s.checkpoint(&me, "", None, LaterLayers::Keep).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Busy);
        s.checkpoint(&me, "", None, LaterLayers::Discard).await.unwrap();
        assert!(read(View::Current, large, 2_000_000).await == data);
        assert_eq!(
            s.list(View::Current, d.ino, Cookie(0), 10).await.unwrap().len(),
            2
        );
        drop(s);
        drop(db);
        let db = SqliteDatabase::open(&path, &Options::new()).unwrap();
        let s = db.open_tenant("default").await.unwrap();
        assert_eq!(
            s.lookup(View::Current, d.ino, b"large").await.unwrap().size,
            1_000_000
        );
        let log = s.log(&LogQuery::default()).await.unwrap();
        let words: Vec<_> = log.iter().map(|r| r.operation.word()).collect();
        assert_eq!(
            words.join(" "),
            "mkdir create create write write checkpoint write unlink rename switch checkpoint"
        );
    });
}
