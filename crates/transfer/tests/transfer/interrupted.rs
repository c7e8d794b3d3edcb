//! Copies and restores that end anywhere, and go on.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pollster::block_on;
use tarbox_store::*;
use tarbox_store_core::transfer::OnCore;

use crate::support::*;

/// An input that fails after so many bytes.
struct Failing<'a>(&'a [u8], usize);

impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let len = into.len().min(self.1);
        if len == 0 {
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
        let read = self.0.read(&mut into[..len])?;
        self.1 -= read;
        Ok(read)
    }
}

/// Copies, and is gone after so many steps, as a process that is killed: nothing is tidied up. `None` if it came to the end.
fn copy_until<S: OnCore, T: OnCore>(from: &S, to: &T, steps: usize) -> Option<tarbox_transfer::Report> {
    let mut count = 0;
    let copied = catch_unwind(AssertUnwindSafe(|| {
        tarbox_transfer::copy(from, "ada", to, None, &mut |_| {
            count += 1;
            if count == steps {
                resume_unwind(Box::new(()));
            }
        })
    }));
    copied.ok().map(|copied| copied.unwrap())
}

#[test]
fn a_copy_that_is_killed_anywhere_goes_on() {
    let here = tempfile::tempdir().unwrap();
    let (first, second) = (sqlite(here.path()), postgres());
    drop(fill_large(&first));
    let original = picture(&first, "ada");
    let mut resumed = 0;
    for steps in [1, 2, 9, 12, 15, 18, 20, 22, 25, usize::MAX] {
        match copy_until(&first, &second, steps) {
            Some(report) => resumed = report.resumed,
            None => assert_eq!(states(&second), [("ada".into(), TenantState::Restoring)]),
        }
    }
    assert!(resumed > 0, "the last attempt went on where others ended");
    assert_same(&picture(&second, "ada"), &original);
    assert_sound(&second);
}

#[test]
fn a_tenant_that_was_changed_meanwhile_is_copied_as_it_is_then() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (sqlite(here.path()), sqlite(there.path()));
    let s = fill_large(&first);
    assert!(copy_until(&first, &second, 20).is_none());
    block_on(async {
        s.unlink(&me(), Ino::ROOT, b"large 0", Unlink::File).await?;
        s.create(&me(), Ino::ROOT, b"new", &file()).await?;
        s.sync().await
    })
    .unwrap();
    let original = picture(&first, "ada");
    copy_until(&first, &second, usize::MAX).unwrap();
    assert_same(&picture(&second, "ada"), &original);
    // Blocks that only the earlier attempt needed are gone.
    assert_sound(&second);
    let usage =
        |db: &tarbox_store_sqlite::SqliteDatabase| block_on(Database::tenant(db, "ada")).unwrap().usage;
    // But for the one that is open without a name.
    assert_eq!(usage(&first).inodes, usage(&second).inodes + 1);
}

#[test]
fn a_restore_goes_on_where_its_input_ended() {
    let here = tempfile::tempdir().unwrap();
    let (first, second) = (sqlite(here.path()), postgres());
    drop(fill_large(&first));
    let original = picture(&first, "ada");
    let bytes = dump(&first, "ada");
    for part in [1, 3, 5, 8, 9] {
        let input = Failing(&bytes, bytes.len() * part / 10);
        let error = tarbox_transfer::restore(&second, input, None, &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(
            error.to_string().contains("do the same again to go on"),
            "{error}"
        );
    }
    let report = restore(&second, &bytes, None).unwrap();
    assert!(report.resumed > 0);
    assert_same(&picture(&second, "ada"), &original);
    assert_sound(&second);
}

#[test]
fn another_dump_of_the_same_name_begins_anew() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (sqlite(here.path()), sqlite(there.path()));
    let s = fill_large(&first);
    let old = dump(&first, "ada");
    restore(&second, &old[..old.len() * 2 / 3], None).unwrap_err();
    block_on(async {
        s.unlink(&me(), Ino::ROOT, b"large 1", Unlink::File).await?;
        s.sync().await
    })
    .unwrap();
    let original = picture(&first, "ada");
    restore(&second, &dump(&first, "ada"), None).unwrap();
    assert_same(&picture(&second, "ada"), &original);
    assert_sound(&second);
    // And one of another tenant.
    let third_dir = tempfile::tempdir().unwrap();
    let third = sqlite(third_dir.path());
    drop(fill(&third));
    restore(&second, &old[..old.len() * 2 / 3], Some("eve")).unwrap_err();
    restore(&second, &dump(&third, "ada"), Some("eve")).unwrap();
    assert_same(&picture(&second, "eve"), &picture(&third, "ada"));
    assert_sound(&second);
}

#[test]
fn who_is_overtaken_stops() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (sqlite(here.path()), sqlite(there.path()));
    drop(fill_large(&first));
    let bytes = dump(&first, "ada");
    let (mut steps, mut other) = (0, None);
    let error = tarbox_transfer::restore(&second, &bytes[..], None, &mut |_| {
        steps += 1;
        if steps == 12 {
            other = Some(restore(&second, &bytes, None));
        }
    })
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    other.expect("it was begun").unwrap();
    assert_same(&picture(&second, "ada"), &picture(&first, "ada"));
    assert_sound(&second);
}

#[test]
fn what_is_being_restored_can_only_be_deleted() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = sqlite(here.path());
    drop(fill_large(&first));
    let bytes = dump(&first, "ada");
    let on_file = sqlite(there.path());
    let on_server = postgres();
    check_hidden(&on_file, &bytes);
    check_hidden(&on_server, &bytes);
}

fn check_hidden<D: Database + OnCore>(db: &D, bytes: &[u8]) {
    restore(db, &bytes[..bytes.len() / 2], None).unwrap_err();
    let refused = [
        block_on(db.open_tenant("ada")).map(drop),
        block_on(db.set_quota("ada", Quota::default())),
        block_on(db.set_state("ada", TenantState::Active)),
        block_on(db.create_tenant("ada", Quota::default())).map(drop),
        tarbox_transfer::dump(db, "ada", Vec::new(), &mut |_| {}).map(drop),
    ];
    for refused in refused {
        let kind = refused.unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::Busy | ErrorKind::Exists), "{kind:?}");
    }
    block_on(db.gc()).unwrap();
    assert_sound(db);
    block_on(db.delete_tenant("ada")).unwrap();
    assert_eq!(states(db), []);
    restore(db, bytes, None).unwrap();
    assert_sound(db);
}
