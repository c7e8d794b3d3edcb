//! Tenants: making, suspending and deleting them.

use super::{Fixture, assert_fails, bytes};
use crate::*;

/// Names of tenants have rules, and are taken once.
pub async fn tenant_names_have_rules<D: Database>(t: &Fixture<D>) {
    let long = "n".repeat(64);
    for name in ["", "A", "-a", ".a", "_a", "a b", "a/b", "ä", "a\0", long.as_str()] {
        assert_fails(
            t.database.create_tenant(name, Quota::default()).await,
            ErrorKind::Invalid,
        );
        assert_fails(t.database.open_tenant(name).await, ErrorKind::NotFound);
    }
    for name in ["a", "0", "a-b_c.d", &"n".repeat(63)] {
        let made = t.database.create_tenant(name, Quota::default()).await.unwrap();
        assert_eq!((made.name.as_str(), made.state), (name, TenantState::Active));
        assert_fails(
            t.database.create_tenant(name, Quota::default()).await,
            ErrorKind::Exists,
        );
    }
}

/// Tenants are listed by name, with what they may and do use.
pub async fn tenants_are_listed<D: Database>(t: &Fixture<D>) {
    let quota = Quota {
        bytes: Some(1_000_000),
        inodes: Some(u64::MAX),
        layers: Some(0),
        log_records: None,
    };
    t.database.create_tenant("b", quota).await.unwrap();
    t.database.create_tenant("a", Quota::default()).await.unwrap();
    t.file(Ino::ROOT, "file", b"12345").await;
    let all = t.database.tenants().await.unwrap();
    let names: Vec<&str> = all.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "default"]);
    assert_eq!(
        (all[1].quota.bytes, all[1].quota.layers),
        (quota.bytes, quota.layers)
    );
    assert!(all[1].quota.inodes.is_some_and(|n| n > 1 << 60));
    let default = &all[2];
    assert_eq!(
        (default.usage.inodes, default.usage.layers, default.usage.last_seq),
        (2, 1, 2)
    );
    assert_eq!(t.database.tenant("default").await.unwrap(), *default);
    assert_eq!(t.store.tenant().await.unwrap(), *default);
    assert_fails(t.database.tenant("c").await, ErrorKind::NotFound);
    assert_fails(t.database.open_tenant("c").await, ErrorKind::NotFound);
    assert_fails(t.database.delete_tenant("c").await, ErrorKind::NotFound);
    assert_fails(t.database.set_quota("c", quota).await, ErrorKind::NotFound);
    let suspended = t.database.set_state("c", TenantState::Suspended).await;
    assert_fails(suspended, ErrorKind::NotFound);
}

/// A suspended tenant answers nothing but that; resumed, all is as it was.
pub async fn a_suspended_tenant_answers_nothing<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", &bytes(1, 200_000)).await;
    let one = t.checkpoint("one").await;
    t.write(file, 0, b"uncommitted").await;
    let db = &t.database;
    db.set_state("default", TenantState::Suspended).await.unwrap();
    assert_eq!(db.tenant("default").await.unwrap().state, TenantState::Suspended);
    let (s, me, kind) = (&t.store, &t.me, ErrorKind::Suspended);
    let mut buffer = [0; 4];
    assert_fails(db.open_tenant("default").await, kind);
    assert_fails(t.find(Ino::ROOT, "file").await, kind);
    assert_fails(s.attr(View::Layer(one), file).await, kind);
    assert_fails(
        s.read(View::Current, file, 0, &mut buffer, Access::Touch).await,
        kind,
    );
    assert_fails(s.write(me, file, WriteAt::End, b"x", false).await, kind);
    assert_fails(t.make(Ino::ROOT, "x", FileKind::File).await, kind);
    assert_fails(s.checkpoint(me, "two", None, LaterLayers::Keep).await, kind);
    assert_fails(s.switch(me, one).await, kind);
    assert_fails(s.layers().await, kind);
    assert_fails(s.position().await, kind);
    assert_fails(s.log(&LogQuery::default()).await, kind);
    assert_fails(s.last_seq().await, kind);
    assert_fails(s.diff(one, one).await, kind);
    assert_fails(s.tenant().await, kind);
    db.set_state("default", TenantState::Active).await.unwrap();
    assert_eq!(t.read_at(View::Current, file, 0, 11).await, b"uncommitted");
    assert_eq!(t.names(View::Current, Ino::ROOT).await, ["file"]);
    t.checkpoint("two").await;
}

/// A tenant that was deleted is gone for every handle; another of its name begins empty.
pub async fn a_deleted_tenant_is_gone<D: Database>(t: &Fixture<D>) {
    t.database
        .create_tenant("doomed", Quota::default())
        .await
        .unwrap();
    let doomed = t.database.open_tenant("doomed").await.unwrap();
    let new = NewInode {
        kind: FileKind::File,
        mode: 0o600,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    let file = doomed
        .create(&t.me, Ino::ROOT, b"secret", &new)
        .await
        .unwrap()
        .ino;
    let at = WriteAt::End;
    doomed
        .write(&t.me, file, at, &bytes(1, 500_000), false)
        .await
        .unwrap();
    doomed
        .checkpoint(&t.me, "layer", None, LaterLayers::Keep)
        .await
        .unwrap();
    doomed.write(&t.me, file, at, b"x", false).await.unwrap();
    t.database.delete_tenant("doomed").await.unwrap();
    assert_fails(t.database.open_tenant("doomed").await, ErrorKind::NotFound);
    assert_fails(doomed.attr(View::Current, Ino::ROOT).await, ErrorKind::NotFound);
    assert_fails(
        doomed.create(&t.me, Ino::ROOT, b"x", &new).await,
        ErrorKind::NotFound,
    );
    t.database
        .create_tenant("doomed", Quota::default())
        .await
        .unwrap();
    let again = t.database.open_tenant("doomed").await.unwrap();
    assert_eq!(
        again.list(View::Current, Ino::ROOT, Cookie(0), 9).await.unwrap(),
        []
    );
    assert_fails(again.attr(View::Current, file).await, ErrorKind::NotFound);
    assert_eq!(again.layers().await.unwrap().len(), 1);
    assert_eq!(again.tenant().await.unwrap().usage.bytes, 0);
    assert!(
        again
            .log(&LogQuery::default())
            .await
            .unwrap()
            .iter()
            .all(|r| r.path != b"/secret")
    );
    assert_fails(doomed.attr(View::Current, Ino::ROOT).await, ErrorKind::NotFound);
    assert_eq!(t.names(View::Current, Ino::ROOT).await.len(), 0);
}
