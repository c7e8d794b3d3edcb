//! Conveniences on paths and trees.

use tarbox_store::ErrorKind;

use super::user::{User, fails};
use crate::ext::{FilesystemExt, Step, Walk};
use crate::interface::{Credentials, FilesystemInterface, blocking};

/// `write_file`, `append_file`, `read_file`, `exists`.
pub fn whole_files_are_written_and_read<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    for size in [0usize, 1, 4096, 1_000_000] {
        let data: Vec<u8> = (0..size).map(|i| (i % 253) as u8).collect();
        root.write("/f", &data).unwrap();
        assert!(root.read("/f").unwrap() == data, "{size}");
    }
    root.write("/f", b"short").unwrap();
    blocking(fs.append_file(&root.who, "/f", b" and more")).unwrap();
    blocking(fs.append_file(&root.who, "/new", b"new")).unwrap();
    assert_eq!(root.read("/f").unwrap(), b"short and more");
    assert_eq!(root.read("/new").unwrap(), b"new");
    let exists = |path: &str| blocking(fs.exists(&root.who, path)).unwrap();
    assert!(exists("/f") && !exists("/none") && !exists("/f/x"));
    fails(root.read("/none"), ErrorKind::NotFound);
    root.mkdir("/d").unwrap();
    fails(root.read("/d"), ErrorKind::IsDirectory);
    fails(root.write("/d", b""), ErrorKind::IsDirectory);
    let error = root.read("/none").unwrap_err();
    assert_eq!(
        error.subject(),
        Some("/none"),
        "errors name the path as it was given"
    );
}

/// `create_dir_all`.
pub fn directories_are_made_on_the_way<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    let all = |path: &str| blocking(fs.create_dir_all(&root.who, path));
    assert_eq!(all("/a/b/c").unwrap().ino, root.stat("/a/b/c").unwrap().ino);
    all("a/b/c/").unwrap();
    all("/a/./x/../b//d").unwrap();
    assert_eq!(root.names("/a").unwrap(), ["b", "x"]);
    assert_eq!(all("/").unwrap().ino, fs.root());
    root.symlink("a", "/l").unwrap();
    all("/l/e/f").unwrap();
    assert!(root.stat("/a/e/f").unwrap().is_dir());
    root.touch("/file").unwrap();
    fails(all("/file"), ErrorKind::Exists);
    fails(all("/file/x"), ErrorKind::NotDirectory);
    root.symlink("nowhere", "/dangling").unwrap();
    fails(all("/dangling"), ErrorKind::Exists);
    fails(all(""), ErrorKind::NotFound);
    root.missing("/nowhere");
}

/// `walk_tree` and `remove_dir_all`.
pub fn a_tree_is_walked_depth_first<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    for dir in ["/t", "/t/a", "/t/a/b", "/t/empty", "/t/skipped"] {
        root.mkdir(dir).unwrap();
    }
    for file in ["/t/f", "/t/a/f", "/t/a/b/f", "/t/skipped/f", "/outside"] {
        root.touch(file).unwrap();
    }
    root.symlink("../outside", "/t/link").unwrap();
    root.symlink("..", "/t/a/up").unwrap();
    let mut walk = blocking(fs.walk_tree(&root.who, "/t")).unwrap();
    let mut seen = Vec::new();
    let mut inside = Vec::new();
    while let Some(entry) = blocking(walk.next()).unwrap() {
        let path = String::from_utf8(walk.path().to_vec()).unwrap();
        match entry.step {
            Step::Enter => inside.push(path.clone()),
            Step::Leave => {
                assert_eq!(inside.pop(), Some(path));
                continue;
            }
            Step::Leaf => assert!(!entry.attr.is_dir()),
        }
        assert_eq!(
            entry.depth,
            path.split('/').filter(|name| !name.is_empty()).count()
        );
        assert_eq!(entry.attr, root.lstat(&format!("/t/{path}")).unwrap());
        if entry.name == b"skipped" {
            walk.skip_dir();
            inside.pop();
        }
        seen.push(path);
    }
    assert!(inside.is_empty());
    let index = |path: &str| seen.iter().position(|seen| seen == path).unwrap();
    assert!(index("") == 0 && index("a") < index("a/b") && index("a/b") < index("a/b/f"));
    seen.sort();
    assert_eq!(
        seen,
        [
            "", "a", "a/b", "a/b/f", "a/f", "a/up", "empty", "f", "link", "skipped"
        ]
    );
    a_walk_can_be_in_the_order_of_names(&root);
    blocking(fs.remove_dir_all(&root.who, "/t")).unwrap();
    assert_eq!(root.names("/").unwrap(), ["outside"]);
    fails(blocking(fs.remove_dir_all(&root.who, "/t")), ErrorKind::NotFound);
    blocking(fs.remove_dir_all(&root.who, "/outside")).unwrap();
}

/// With one directory that must not be listed.
fn a_walk_can_be_in_the_order_of_names<F: FilesystemInterface>(root: &User<'_, F>) {
    root.chmod("/t/skipped", 0).unwrap();
    let who = Credentials::new(7, 7, "test");
    let start = root.stat("/t").unwrap();
    let mut walk = Walk::new(root.fs, &who, start)
        .by_name()
        .only(|entry| entry.name != b"b");
    let mut told = Vec::new();
    loop {
        match blocking(walk.next()) {
            Ok(None) => break,
            Ok(Some(entry)) => {
                let name = String::from_utf8(entry.name).unwrap();
                told.push(format!("{:?} {name} {}", entry.step, entry.last));
            }
            Err(e) => told.push(format!("{:?}", e.kind())),
        }
    }
    assert_eq!(
        told,
        [
            "Enter  true",
            "Enter a false",
            "Leaf f false",
            "Leaf up true",
            "Leave a false",
            "Enter empty false",
            "Leave empty false",
            "Leaf f false",
            "Leaf link false",
            "Enter skipped true",
            "Access",
            "Leave skipped true",
            "Leave  true",
        ]
    );
}
