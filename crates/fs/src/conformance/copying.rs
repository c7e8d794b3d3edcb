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

/// Trees, into new directories and into some that are there.
pub fn trees_are_copied_with_all_that_is_in_them<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let copy = |from, to| blocking(fs.copy_tree(&root.who, from, to));
    for dir in ["/t", "/t/a", "/t/a/b", "/t/empty", "/into", "/into/a"] {
        root.mkdir(dir).unwrap();
    }
    let data = pattern(100_000);
    root.write("/t/f", b"top").unwrap();
    root.write("/t/a/b/deep", &data).unwrap();
    root.symlink("../f", "/t/a/link").unwrap();
    root.chmod("/t/a/b", 0o500).unwrap();
    assert_eq!(copy("/t", "/new").unwrap(), 100_003);
    assert_eq!(root.names("/new").unwrap(), ["a", "empty", "f"]);
    assert!(root.read("/new/a/b/deep").unwrap() == data);
    assert_eq!(root.stat("/new/a/b").unwrap().mode, 0o500);
    assert!(root.lstat("/new/a/link").unwrap().is_symlink());
    assert_eq!(root.read("/new/a/link").unwrap(), b"top");

    root.write("/into/f", b"another").unwrap();
    root.write("/into/a/own", b"kept").unwrap();
    root.write("/into/a/link", b"in the way").unwrap();
    root.symlink("into", "/there").unwrap();
    copy("/t", "/there").unwrap();
    assert_eq!(root.read("/into/f").unwrap(), b"top");
    assert_eq!(root.names("/into/a").unwrap(), ["b", "link", "own"]);
    assert_eq!(root.read("/into/a/link").unwrap(), b"top");

    // What is neither: as a single copy does it, but for links.
    assert_eq!(copy("/t/f", "/single").unwrap(), 3);
    copy("/t/a/link", "/t/empty/link").unwrap();
    assert!(root.lstat("/t/empty/link").unwrap().is_symlink());

    root.symlink("t/a", "/inside").unwrap();
    for to in ["/t", "/t/", "/t/a/b", "/t/a/new", "/inside", "/inside/new"] {
        fails(copy("/t", to), ErrorKind::Invalid);
    }
    fails(copy("/", "/t/a"), ErrorKind::Invalid);
    fails(copy("/t", "/single"), ErrorKind::Exists);
    fails(copy("/t", "/missing/new"), ErrorKind::NotFound);
    fails(copy("/missing", "/x"), ErrorKind::NotFound);
    root.missing("/x");
    root.missing("/t/a/new");
    copy("/t/a", "/t").unwrap();
    assert!(root.read("/t/b/deep").unwrap() == data);
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
