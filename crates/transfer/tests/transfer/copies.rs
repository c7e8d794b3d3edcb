//! What arrives is what there was.

use pollster::block_on;
use tarbox_store::*;

use crate::support::*;

#[test]
fn a_copy_reads_as_the_original_in_every_layer() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second, third) = (sqlite(here.path()), postgres(), sqlite(there.path()));
    // Open without a name as long as this is there.
    let _open = fill(&first);
    let original = picture(&first, "ada");
    copy(&first, &second, "ada").unwrap();
    assert_same(&picture(&second, "ada"), &original);
    assert_sound(&second);
    copy(&second, &third, "eve").unwrap();
    assert_same(&picture(&third, "eve"), &original);
    assert_sound(&third);
    assert_sound(&first);
    // What was left out counts nowhere.
    let usage = |db: &dyn Fn() -> TenantInfo| db().usage;
    let on_server = usage(&|| block_on(second.tenant("ada")).unwrap());
    assert_eq!(on_server, usage(&|| block_on(third.tenant("eve")).unwrap()));
}

/// Switches to a layer, goes on from there, and writes.
fn use_it<D: Database>(db: &D) {
    block_on(async {
        let (s, by) = (db.open_tenant("ada").await?, me());
        s.switch(&by, LayerId(1)).await?;
        s.checkpoint(&by, "from the past", None, LaterLayers::Discard)
            .await?;
        let made = s.create(&by, Ino::ROOT, b"made", &file()).await?;
        s.write(&by, made.ino, WriteAt::End, &noise(9, 100_000), false)
            .await?;
        s.sync().await
    })
    .unwrap();
}

#[test]
fn a_copy_goes_on_as_the_original_does() {
    let here = tempfile::tempdir().unwrap();
    let (first, second) = (sqlite(here.path()), postgres());
    drop(fill(&first));
    copy(&first, &second, "ada").unwrap();
    use_it(&first);
    use_it(&second);
    // Numbers, names and cookies are those of the original, and only the clock went on.
    assert_eq!(
        numbers(&picture(&first, "ada")),
        numbers(&picture(&second, "ada"))
    );
    assert_sound(&first);
    assert_sound(&second);
}

#[test]
fn a_dump_restores_into_either_kind_of_database() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = sqlite(here.path());
    drop(fill(&first));
    let original = picture(&first, "ada");
    let bytes = dump(&first, "ada");
    let checked = tarbox_transfer::verify(&bytes[..], &mut |_| {}).unwrap();
    assert_eq!(checked.tenant, "ada");
    let (second, third) = (postgres(), sqlite(there.path()));
    for report in [restore(&second, &bytes, None), restore(&third, &bytes, None)] {
        assert_eq!(report.unwrap().counts, checked.counts);
    }
    assert_same(&picture(&second, "ada"), &original);
    assert_same(&picture(&third, "ada"), &original);
    restore(&third, &bytes, Some("ada-2")).unwrap();
    assert_same(&picture(&third, "ada-2"), &original);
    assert_sound(&second);
    assert_sound(&third);
    // The same of both kinds, but for what tells dumps apart.
    assert_eq!(dump(&second, "ada")[32..].len(), dump(&third, "ada")[32..].len());
}

#[test]
fn writers_do_not_wait_and_are_not_seen() {
    let here = tempfile::tempdir().unwrap();
    let first = sqlite(here.path());
    let s = fill(&first);
    let original = picture(&first, "ada");
    let mut out = Vec::new();
    let mut count = 0;
    let written = tarbox_transfer::dump(&first, "ada", &mut out, &mut |_| {
        // While it is being read, everything is removed, and a collection takes what was freed.
        if count == 0 {
            let by = me();
            block_on(async {
                s.switch(&by, s.position().await?.head).await?;
                s.rename(
                    &by,
                    (Ino::ROOT, b"again"),
                    (Ino::ROOT, b"renamed"),
                    RenameMode::Replace,
                )
                .await?;
                s.drop_layer(&by, LayerId(1)).await?;
                s.drop_layer(&by, LayerId(2)).await?;
                s.sync().await?;
                first.gc().await
            })
            .unwrap();
        }
        count += 1;
    });
    written.unwrap();
    assert!(count > 1);
    let there = tempfile::tempdir().unwrap();
    let second = sqlite(there.path());
    restore(&second, &out, None).unwrap();
    assert_same(&picture(&second, "ada"), &original);
    assert_sound(&second);
}

#[test]
fn what_is_deleted_meanwhile_is_copied_whole() {
    let here = tempfile::tempdir().unwrap();
    let first = sqlite(here.path());
    drop(fill(&first));
    let original = picture(&first, "ada");
    let (mut out, mut deleted) = (Vec::new(), false);
    tarbox_transfer::dump(&first, "ada", &mut out, &mut |_| {
        if !std::mem::replace(&mut deleted, true) {
            block_on(first.delete_tenant("ada")).unwrap();
        }
    })
    .unwrap();
    assert!(states(&first).is_empty());
    restore(&first, &out, None).unwrap();
    assert_same(&picture(&first, "ada"), &original);
    assert_sound(&first);
}

#[test]
fn a_suspended_tenant_arrives_suspended() {
    let here = tempfile::tempdir().unwrap();
    let first = sqlite(here.path());
    drop(fill(&first));
    block_on(first.set_state("ada", TenantState::Suspended)).unwrap();
    copy(&first, &first, "eve").unwrap();
    assert_eq!(
        states(&first),
        [
            ("ada".into(), TenantState::Suspended),
            ("eve".into(), TenantState::Suspended)
        ]
    );
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let here = tempfile::tempdir().unwrap();
    let first = sqlite(here.path());
    drop(fill(&first));
    let bytes = dump(&first, "ada");
    for refused in [copy(&first, &first, "ada"), restore(&first, &bytes, None)] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Exists);
    }
    let odd = restore(&first, &bytes, Some("../x")).unwrap_err();
    assert_eq!(odd.kind(), ErrorKind::Invalid);
    let none = tarbox_transfer::copy(&first, "bob", &first, Some("eve"), &mut |_| {}).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
    assert_eq!(states(&first), [("ada".into(), TenantState::Active)]);
}
