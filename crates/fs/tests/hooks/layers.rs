//! Layers.

use tarbox_fs::FilesystemExt;
use tarbox_fs::{FilesystemInterface, OpenFlags, blocking};
use tarbox_store::Database;
use tarbox_store::{ErrorKind, Quota, WriteAt};

use crate::shell::*;

const NEW: &str = "/.tarbox/layers/new";
const SWITCH: &str = "/.tarbox/layers/switch";
const LAST_ERROR: &str = "/.tarbox/control/last-error";

fn names(shell: &Shell<'_>) -> Vec<String> {
    let list = shell.json("/.tarbox/layers/list");
    let name = |layer: &serde_json::Value| layer["name"].as_str().unwrap_or("head").to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn a_layer_is_made_and_gone_back_to_with_echo() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.echo("one", "/f").unwrap();
    shell.echo("base", NEW).unwrap();
    shell.echo("two", "/f").unwrap();
    shell
        .echo("{\"name\": \"later\", \"description\": \"with words\"}", NEW)
        .unwrap();
    assert_eq!(names(&shell), ["base", "later", "head"]);
    assert_eq!(shell.json("/.tarbox/layers/list")[1]["description"], "with words");
    let current = shell.json("/.tarbox/layers/current");
    assert_eq!(
        (&current["writable"], &current["current"]["name"]),
        (&true.into(), &serde_json::Value::Null)
    );

    shell.echo("base", SWITCH).unwrap();
    assert_eq!(shell.cat("/f").unwrap(), "one\n");
    let current = shell.json("/.tarbox/layers/current");
    assert_eq!(
        (&current["writable"], &current["current"]["name"]),
        (&false.into(), &"base".into())
    );
    fails(shell.echo("three", "/f"), ErrorKind::ReadOnly);
    fails(shell.mkdir("/d"), ErrorKind::ReadOnly);
    shell.echo("head", "/.tarbox/layers/current").unwrap();
    assert_eq!(shell.cat("/f").unwrap(), "two\n");
    shell.echo("three", "/f").unwrap();
    let tree = shell.cat("/.tarbox/layers/tree").unwrap();
    let marks: Vec<&str> = tree.lines().map(|line| &line[..1]).collect();
    assert_eq!(marks, ["@", "o", "o"], "{tree}");
}

#[test]
fn a_layer_in_the_past_needs_a_confirmation() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    for name in ["a", "b", "c"] {
        shell.echo(name, "/f").unwrap();
        shell.echo(name, NEW).unwrap();
    }
    shell.echo("a", SWITCH).unwrap();
    fails(shell.echo("branch", NEW), ErrorKind::Busy);
    let last = shell.json(LAST_ERROR);
    assert_eq!((&last["error"], &last["file"]), (&"EBUSY".into(), &NEW.into()));
    let later: Vec<&str> = last["later_layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l.as_str().unwrap())
        .collect();
    assert_eq!(later[..2], ["b", "c"]);
    assert!(
        last["message"].as_str().unwrap().contains("--discard-later"),
        "{last}"
    );
    assert_eq!(names(&shell), ["a", "b", "c", "head"], "nothing went");

    shell.echo("a --discard-later", NEW).unwrap();
    assert_eq!(names(&shell), ["a", "head"]);
    assert_eq!(shell.cat("/f").unwrap(), "a\n");
    shell.echo("new history", "/f").unwrap();
    shell.echo("d", NEW).unwrap();
    assert_eq!(names(&shell), ["a", "d", "head"]);
}

#[test]
fn a_bad_write_is_refused_and_explained() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    assert_eq!(shell.cat(LAST_ERROR).unwrap(), "");
    shell.echo("taken", NEW).unwrap();
    let cases = [
        (NEW, "a/b", "EINVAL", "'/'"),
        (NEW, "", "EINVAL", "nothing was written"),
        (NEW, "7", "EINVAL", "number"),
        (NEW, "head", "EINVAL", "head"),
        (NEW, "..", "EINVAL", ".."),
        (NEW, "--force", "EINVAL", "--force"),
        (NEW, "{\"name\"", "EINVAL", "EOF"),
        (NEW, "taken", "EEXIST", "taken"),
        (SWITCH, "nowhere", "EINVAL", "nowhere"),
        (SWITCH, "two\nlines", "EINVAL", "one line"),
        ("/.tarbox/layers/drop", "nowhere", "EINVAL", "nowhere"),
        ("/.tarbox/layers/drop", "head", "EBUSY", ""),
        ("/.tarbox/layers/squash", "taken", "EINVAL", "two layers"),
        ("/.tarbox/layers/diff", "a b c", "EINVAL", "FROM TO"),
        ("/.tarbox/audit/query", "nonsense", "EINVAL", "KEY=VALUE"),
        ("/.tarbox/audit/query", "layer=nowhere", "EINVAL", "nowhere"),
        ("/.tarbox/layers/tags/x", "nowhere", "EINVAL", "nowhere"),
    ];
    for (file, text, code, why) in cases {
        let e = error(shell.echo(text, file));
        assert_eq!(e.kind().code(), code, "{file} {text:?}: {e}");
        let last = shell.json(LAST_ERROR);
        assert_eq!(
            (&last["error"], &last["file"]),
            (&code.into(), &file.into()),
            "{text:?}"
        );
        assert!(
            last["message"].as_str().unwrap().contains(why),
            "{text:?}: {last}"
        );
    }
    assert_eq!(names(&shell), ["taken", "head"]);
    let (_, handle) = blocking(fs.open_path(&shell.who, NEW, OpenFlags::WRITE, None)).unwrap();
    fails(
        blocking(fs.write(handle, WriteAt::Offset(0), b"\xff\xfe")),
        ErrorKind::Invalid,
    );
    fails(
        blocking(fs.write(handle, WriteAt::Offset(0), &[b'x'; 70_000])),
        ErrorKind::Invalid,
    );
    blocking(fs.release(handle)).unwrap();
}

#[test]
fn each_user_reads_their_own_errors() {
    let fs = workspace();
    let (root, user) = (Shell::root(&fs), Shell::user(&fs, 7));
    fails(root.echo("nowhere", SWITCH), ErrorKind::Invalid);
    assert_eq!(user.cat(LAST_ERROR).unwrap(), "");
    assert!(root.cat(LAST_ERROR).unwrap().contains("nowhere"));
}

#[test]
fn layers_are_dropped_squashed_and_compared() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    for name in ["a", "b", "c", "d"] {
        shell.echo(name, &format!("/{name}")).unwrap();
        shell.echo(name, NEW).unwrap();
    }
    shell.echo("b d", "/.tarbox/layers/diff").unwrap();
    let changed = |shell: &Shell<'_>| {
        let diff = shell.json("/.tarbox/layers/diff");
        let line = |c: &serde_json::Value| {
            format!("{} {}", c["kind"].as_str().unwrap(), c["path"].as_str().unwrap())
        };
        diff.as_array()
            .unwrap()
            .iter()
            .map(line)
            .filter(|line| !line.ends_with(" /"))
            .collect::<Vec<_>>()
    };
    assert_eq!(changed(&shell), ["added /c", "added /d"]);
    shell.echo("b", "/.tarbox/layers/drop").unwrap();
    assert_eq!(names(&shell), ["a", "c", "d", "head"]);
    shell.echo("c d", "/.tarbox/layers/squash").unwrap();
    assert_eq!(names(&shell), ["a", "d", "head"]);
    shell
        .echo("{\"from\": \"a\", \"to\": \"head\"}", "/.tarbox/layers/diff")
        .unwrap();
    assert_eq!(changed(&shell), ["added /b", "added /c", "added /d"]);
}

#[test]
fn tags_are_files_that_say_a_layer() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    shell.echo("one", NEW).unwrap();
    shell.echo("two", NEW).unwrap();
    let tag = "/.tarbox/layers/tags/stable";
    fails(shell.cat(tag), ErrorKind::NotFound);
    shell.echo("one", tag).unwrap();
    assert_eq!(shell.cat(tag).unwrap(), "one\n");
    shell.echo("two", tag).unwrap();
    assert_eq!(shell.cat(tag).unwrap(), "two\n");
    shell.echo("stable", "/.tarbox/layers/tags/also").unwrap();
    assert_eq!(shell.ls("/.tarbox/layers/tags").unwrap(), ["also", "stable"]);
    assert_eq!(
        shell.json("/.tarbox/layers/list")[1]["tags"],
        serde_json::json!(["also", "stable"])
    );
    shell.rm(tag).unwrap();
    fails(shell.stat(tag), ErrorKind::NotFound);
    fails(shell.rm(tag), ErrorKind::NotFound);
    assert_eq!(shell.ls("/.tarbox/layers/tags").unwrap(), ["also"]);
    // A layer is no tag.
    fails(shell.stat("/.tarbox/layers/tags/one"), ErrorKind::NotFound);
    // Making the file alone makes no tag.
    let opened = fs.open_path(
        &shell.who,
        "/.tarbox/layers/tags/empty",
        OpenFlags::WRITE.exclusively(),
        Some(0o666),
    );
    let (attr, handle) = blocking(opened).unwrap();
    assert!(attr.is_file() && blocking(fs.getattr(attr.ino)).is_ok());
    blocking(fs.release(handle)).unwrap();
    assert_eq!(shell.ls("/.tarbox/layers/tags").unwrap(), ["also"]);
}

#[test]
fn the_answer_is_read_on_the_handle_that_wrote() {
    let fs = workspace();
    let shell = Shell::root(&fs);
    let (_, handle) = blocking(fs.open_path(&shell.who, NEW, OpenFlags::READ_WRITE, None)).unwrap();
    blocking(fs.write(handle, WriteAt::Offset(0), b"base")).unwrap();
    let mut buffer = [0; 1000];
    let read = blocking(fs.read(handle, 0, &mut buffer)).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&buffer[..read]).unwrap();
    assert_eq!((&answer["name"], &answer["id"]), (&"base".into(), &1.into()));
    blocking(fs.release(handle)).unwrap();
    assert!(shell.cat(NEW).unwrap().starts_with("write: NAME"));
    // A handle that only reads sees what is now whenever it begins again.
    let list = "/.tarbox/layers/list";
    let (_, handle) = blocking(fs.open_path(&shell.who, list, OpenFlags::READ, None)).unwrap();
    let first = blocking(fs.read(handle, 0, &mut buffer)).unwrap();
    shell.echo("more", NEW).unwrap();
    assert!(blocking(fs.read(handle, 0, &mut buffer)).unwrap() > first);
    blocking(fs.release(handle)).unwrap();
}

#[test]
fn the_quota_of_layers_holds() {
    let database = database(Quota {
        layers: Some(2),
        ..Quota::default()
    });
    let fs = tarbox_fs::Fs::new(blocking(database.open_tenant("test")).unwrap());
    let shell = Shell::root(&fs);
    shell.echo("one", NEW).unwrap();
    fails(shell.echo("two", NEW), ErrorKind::QuotaExceeded);
    assert_eq!(shell.json(LAST_ERROR)["error"], "EDQUOT");
}
