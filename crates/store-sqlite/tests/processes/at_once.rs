//! The end of a process is seen at once where the kernel tells of it.

use tarbox_store::conformance::bytes;
use tarbox_store::*;

use crate::child::Process;
use crate::{block, check, database, me, new, open};

#[test]
fn a_quota_does_not_count_what_a_killed_process_had_open() {
    let (_dir, path) = database();
    let (database, s) = open(&path);
    let quota = Quota {
        bytes: Some(500_000),
        ..Quota::default()
    };
    block(database.set_quota("default", quota)).unwrap();
    let write = |name: &[u8]| {
        let content = bytes(u64::from(name[0]), 300_000);
        let file = block(s.create(&me(), Ino::ROOT, name, &new(FileKind::File)))?.ino;
        block(s.write(&me(), file, WriteAt::End, &content, false))?;
        block(s.flush())
    };
    write(b"file").unwrap();
    let mut other = Process::start("hold", &path);
    other.expect("held");
    block(s.unlink(&me(), Ino::ROOT, b"file", Unlink::File)).unwrap();
    block(s.flush()).unwrap();
    assert_eq!(write(b"second").unwrap_err().kind(), ErrorKind::QuotaExceeded);
    other.kill();
    write(b"third").unwrap();
    check(&database);
}

#[test]
fn a_tenant_is_not_deleted_while_another_process_is_there() {
    let (_dir, path) = database();
    let (database, _s) = open(&path);
    let mut other = Process::start("serve", &path);
    other.expect("ready");
    let refused = block(database.delete_tenant("default"));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Busy);
    other.finish();
    block(database.delete_tenant("default")).unwrap();
}
