//! Locks between processes that use one mount.

use std::fs::File;
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::support::Mounted;

#[test]
fn flock_excludes_other_processes() {
    let mut m = Mounted::new();
    let path = m.file("lock", "");
    let mine = File::open(&path).unwrap();
    flock(&mine, FlockOperation::LockExclusive).unwrap();
    let theirs = || {
        let mut other = Command::new("flock");
        other.arg("--nonblock").arg(&path).arg("true").status().unwrap()
    };
    assert!(!theirs().success());
    let second = File::open(&path).unwrap();
    assert_eq!(
        flock(&second, FlockOperation::NonBlockingLockShared),
        Err(Errno::WOULDBLOCK)
    );
    flock(&mine, FlockOperation::LockShared).unwrap();
    flock(&second, FlockOperation::NonBlockingLockShared).unwrap();
    drop((mine, second));
    assert!(theirs().success());
    m.unmount();
}

#[test]
fn record_locks_exclude_other_processes_and_end_with_a_close() {
    let mut m = Mounted::new();
    let path = m.file("lock", "0123456789");
    let file = File::options().read(true).write(true).open(&path).unwrap();
    // The whole file, and `--fcntl` asks for the same kind.
    rustix::fs::fcntl_lock(&file, FlockOperation::LockExclusive).unwrap();
    let theirs = || {
        let script =
            "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f, fcntl.LOCK_EX|fcntl.LOCK_NB, 4, 3)";
        let mut other = Command::new("python3");
        other.args(["-c", script]).arg(&path).output().unwrap().status
    };
    assert!(!theirs().success());
    // Closing any descriptor of the file ends them, as POSIX has it.
    drop(File::open(&path).unwrap());
    assert!(theirs().success());
    drop(file);
    m.unmount();
}
