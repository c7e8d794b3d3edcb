//! The same commands on a Tarbox server.

use std::fs;

use crate::serve::{Serving, serve};
use crate::support::Workspace;

/// A workspace, a server of it, and the URL of the same workspace from afar.
fn both() -> (Workspace, Serving, String) {
    let here = Workspace::new();
    let serving = serve(&here);
    let url = format!("http://127.0.0.1:{}/?tenant=default", serving.port);
    (here, serving, url)
}

fn afar(serving: &Serving, url: &str) -> Workspace {
    let key = serving.key.as_ref().expect("the first start prints a key");
    Workspace::on_a_server(url.to_owned()).with("TARBOX_API_KEY", key)
}

#[test]
fn a_tree_goes_in_changes_and_comes_back() {
    let (here, serving, url) = both();
    let w = afar(&serving, &url);
    let tree = w.host("tree");
    fs::create_dir_all(tree.join("a/b")).unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 / 3) as u8).collect();
    fs::write(tree.join("a/large"), &large).unwrap();
    for i in 0..50 {
        fs::write(tree.join(format!("a/b/{i}")), format!("file {i}")).unwrap();
    }
    w.ok(["import", "tree", "/tree"]);
    assert_eq!(w.ok(["cat", "/tree/a/b/17"]), "file 17");
    assert_eq!(w.ok(["ls", "/tree/a/b"]).lines().count(), 50);
    assert_eq!(here.ok(["cat", "/tree/a/b/17"]), "file 17");
    w.ok(["layer", "checkpoint", "one"]);
    w.ok(["rm", "-r", "/tree/a/b"]);
    w.feed(["write", "/tree/new"], b"new");
    assert!(w.ok(["layer", "diff", "one", "head"]).contains("/tree/new"));
    w.ok(["layer", "switch", "one"]);
    assert_eq!(w.ok(["cat", "/tree/a/b/49"]), "file 49");
    w.ok(["layer", "switch", "head"]);
    w.ok(["export", "/tree", "back"]);
    assert_eq!(fs::read(w.host("back/a/large")).unwrap(), large);
    assert!(!w.host("back/a/b").exists());
    let audit = w.ok(["audit", "--path", "/tree/new", "--json"]);
    assert!(audit.contains("/cli\"") && audit.contains("\"http:"), "{audit}");
    here.check();
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let (_here, serving, url) = both();
    let with = |name, value| afar(&serving, &url).with(name, value).run(["ls"]);
    let wrong_key = with("TARBOX_API_KEY", "wrong");
    assert!(wrong_key.err.contains("permission denied"), "{wrong_key:?}");
    let size = with("TARBOX_CACHE_SIZE", "much");
    assert!(
        size.code == 2 && size.err.contains("TARBOX_CACHE_SIZE"),
        "{size:?}"
    );
    let hosts = with("TARBOX_ALLOWED_HOSTS", "files.example");
    assert!(hosts.err.contains("not on the list"), "{hosts:?}");
    let w = afar(&serving, &url);
    assert!(
        w.fails(2, ["--tenant", "other", "ls"])
            .contains("the URL names the tenant 'default'")
    );
    let list = w.run(["tenant", "list"]);
    assert!(list.err.contains("administered where it is"), "{list:?}");
    let plain = Workspace::on_a_server("http://files.example/".into());
    assert!(plain.fails(2, ["ls"]).contains("use https://"));
}

#[cfg(all(feature = "mount", target_os = "linux"))]
#[test]
fn a_mount_shows_what_is_at_the_server() {
    let (here, serving, url) = both();
    let w = afar(&serving, &url);
    here.feed(["write", "/there"], b"from the server");
    let dir = w.host("mnt");
    fs::create_dir(&dir).unwrap();
    let text = dir.to_str().unwrap();
    w.ok(["mount", text]);
    let there = fs::read_to_string(dir.join("there"));
    let made = fs::create_dir(dir.join("d")).and_then(|()| fs::write(dir.join("d/new"), "from the mount"));
    let moved = made.and_then(|()| fs::rename(dir.join("d/new"), dir.join("d/moved")));
    w.ok(["umount", text]);
    assert_eq!(there.unwrap(), "from the server");
    moved.unwrap();
    assert_eq!(here.ok(["cat", "/d/moved"]), "from the mount");
    here.check();
}
