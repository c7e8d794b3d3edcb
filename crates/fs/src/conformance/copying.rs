//! Copies that share blocks.

use tarbox_store::ErrorKind;

use super::user::{User, fails};
use crate::ext::FilesystemExt;
use crate::interface::{FilesystemInterface, OpenFlags, blocking};

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i / 251 + i) as u8).collect()
}

/// Whole files, of every size that is kept differently.
pub fn copies_equal_their_source<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    for size in [0, 1, 3_000, 100_000, 3_000_000] {
        let data = pattern(size);
        root.write("/from", &data).unwrap();
        root.write("/to", b"something longer than nothing").unwrap();
        assert_eq!(blocking(fs.copy(&root.who, "/from", "/to")).unwrap(), size as u64);
        assert!(root.read("/to").unwrap() == data, "size {size}");
        // They are two files: changing one leaves the other.
        let handle = root.open("/to", OpenFlags::WRITE).unwrap();
        root.pwrite(handle, 0, b"X").unwrap();
        root.close(handle);
        assert!(root.read("/from").unwrap() == data);
    }
    root.chmod("/from", 0o750).unwrap();
    blocking(fs.copy(&root.who, "/from", "/new")).unwrap();
    assert_eq!(root.stat("/new").unwrap().mode, 0o750);
    fails(blocking(fs.copy(&root.who, "/from", "/from")), ErrorKind::Invalid);
    assert_eq!(root.stat("/from").unwrap().size, 3_000_000);
    root.mkdir("/d").unwrap();
    fails(blocking(fs.copy(&root.who, "/d", "/x")), ErrorKind::IsDirectory);
    fails(
        blocking(fs.copy(&root.who, "/from", "/d")),
        ErrorKind::IsDirectory,
    );
    root.missing("/x");
}

/// `copy_file_range`.
pub fn ranges_are_copied_between_and_within_files<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let mut expected = pattern(500_000);
    root.write("/a", &expected).unwrap();
    root.write("/b", &[]).unwrap();
    let a = root.open("/a", OpenFlags::READ_WRITE).unwrap();
    let b = root.open("/b", OpenFlags::READ_WRITE).unwrap();
    let copy = |from, to, len| blocking(fs.copy_range(from, to, len));
    assert_eq!(copy((a, 1_000), (b, 77), 300_001).unwrap(), 300_001);
    let mut other = vec![0; 77];
    other.extend_from_slice(&expected[1_000..301_001]);
    assert!(root.read("/b").unwrap() == other);
    assert_eq!(
        copy((a, 499_990), (b, 0), 1_000).unwrap(),
        10,
        "short at the end of the source"
    );
    assert_eq!(copy((a, 500_000), (b, 0), 1_000).unwrap(), 0);
    assert_eq!(copy((a, 600_000), (b, 0), u64::MAX).unwrap(), 0);
    assert_eq!(copy((a, 0), (a, 250_000), 250_000).unwrap(), 250_000);
    let first = expected[..250_000].to_vec();
    expected[250_000..].copy_from_slice(&first);
    assert!(root.read("/a").unwrap() == expected);
    fails(copy((a, 0), (a, 100), 200), ErrorKind::Invalid);
    let reader = root.open("/a", OpenFlags::READ).unwrap();
    let appender = root.open("/b", OpenFlags::WRITE.appending()).unwrap();
    let directory = root.open("/", OpenFlags::READ).unwrap();
    fails(copy((a, 0), (reader, 0), 1), ErrorKind::BadHandle);
    fails(copy((appender, 0), (a, 0), 1), ErrorKind::BadHandle);
    fails(copy((a, 0), (appender, 0), 1), ErrorKind::BadHandle);
    fails(copy((directory, 0), (a, 0), 1), ErrorKind::IsDirectory);
    fails(copy((a, 0), (b, i64::MAX as u64), 1), ErrorKind::FileTooLarge);
    for handle in [a, b, reader, appender, directory] {
        root.close(handle);
    }
}
