//! Installing from a small registry at a real socket: what is there afterwards, and what is refused.

mod support;

use serde_json::{Value, json};
use support::{Registry, Tarball, Workspace};
use tarbox_npm::Told;
use tarbox_store::ErrorKind;

fn file(path: &str, content: &str) -> (String, Vec<u8>, u32) {
    (format!("package/{path}"), content.as_bytes().to_vec(), 0o644)
}

/// A lock of these packages, and the project that it fits.
fn project(workspace: &Workspace, packages: Value) {
    let mut all = json!({"": {"name": "app", "dependencies": {"a": "^1.0.0"}}});
    all.as_object_mut()
        .unwrap()
        .extend(packages.as_object().unwrap().clone());
    workspace.write(
        "/app/package.json",
        r#"{"name": "app", "dependencies": {"a": "^1.0.0"}}"#,
    );
    let lock = json!({"name": "app", "lockfileVersion": 3, "requires": true, "packages": all});
    workspace.write("/app/package-lock.json", &lock.to_string());
}

#[test]
fn what_a_lock_names_is_there_afterwards() {
    let registry = Registry::new();
    let a = registry.serve(Tarball::of(&[
        file(
            "package.json",
            r#"{"name": "a", "version": "1.0.0", "bin": "cli.js"}"#,
        ),
        file("cli.js", "#!/usr/bin/env node\n"),
        ("package/lib/deep/run.sh".into(), b"run".to_vec(), 0o755),
        file("empty", ""),
    ]));
    let b = registry.serve(Tarball::of(&[file("index.js", "module.exports = 'b'")]).named("b-2.0.0"));
    let workspace = Workspace::new();
    workspace.write("/app/node_modules/old/index.js", "old");
    workspace.write("/app/packages/own/tool.js", "own");
    project(
        &workspace,
        json!({
            "node_modules/a": {"version": "1.0.0", "resolved": a.url, "integrity": a.sha512, "bin": {"a": "cli.js", "../b": "./lib/../cli.js", "c": "../../../etc/passwd"}},
            "node_modules/@s/b": {"version": "2.0.0", "resolved": b.url, "integrity": b.sha1, "dev": true},
            "node_modules/a/node_modules/@s/b": {"version": "2.0.0", "resolved": b.url, "integrity": b.sha512},
            "node_modules/mac": {"version": "1.0.0", "resolved": "https://nowhere.invalid/mac.tgz", "optional": true, "os": ["darwin"]},
            "node_modules/mac/node_modules/deep": {"version": "1.0.0", "resolved": "https://nowhere.invalid/deep.tgz"},
            "node_modules/gone": {"version": "1.0.0", "resolved": registry.url("gone.tgz"), "integrity": "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "optional": true},
            "node_modules/own": {"resolved": "packages/own", "link": true},
            "packages/own": {"version": "1.0.0", "bin": {"tool": "tool.js"}},
            "packages/own/node_modules/b": {"version": "2.0.0", "resolved": b.url, "integrity": b.sha512},
        }),
    );
    let mut left = Vec::new();
    let installed = workspace
        .install(&registry.options(), &mut |told| {
            if let Told::LeftOut(path, _) = told {
                left.push(path.to_owned());
            }
        })
        .unwrap();
    assert_eq!(
        (installed.packages, installed.fetched, installed.commands),
        (5, 3, 2)
    );
    assert_eq!(left, ["node_modules/mac", "gone"]);
    assert_eq!(
        workspace.tree("/app"),
        [
            "node_modules/",
            "node_modules/.bin/",
            "node_modules/.bin/a -> ../a/cli.js",
            "node_modules/.bin/tool -> ../own/tool.js",
            "node_modules/@s/",
            "node_modules/@s/b/",
            "node_modules/@s/b/index.js 644",
            "node_modules/a/",
            "node_modules/a/cli.js 755",
            "node_modules/a/empty 644",
            "node_modules/a/lib/",
            "node_modules/a/lib/deep/",
            "node_modules/a/lib/deep/run.sh 755",
            "node_modules/a/node_modules/",
            "node_modules/a/node_modules/@s/",
            "node_modules/a/node_modules/@s/b/",
            "node_modules/a/node_modules/@s/b/index.js 644",
            "node_modules/a/package.json 644",
            "node_modules/own -> ../packages/own",
            "package-lock.json 644",
            "package.json 644",
            "packages/",
            "packages/own/",
            "packages/own/node_modules/",
            "packages/own/node_modules/b/",
            "packages/own/node_modules/b/index.js 644",
            "packages/own/tool.js 644",
        ]
    );
    // Without what development needs; and again from what was fetched, once with the server gone.
    let mut options = registry.options();
    options.omit_dev = true;
    let again = workspace.install(&options, &mut |_| {}).unwrap();
    assert_eq!((again.packages, again.fetched), (4, 0));
    options.offline = true;
    options.omit_dev = false;
    let _cache = registry.end();
    let offline = workspace.install(&options, &mut |_| {}).unwrap();
    assert_eq!((offline.packages, offline.fetched), (5, 0));
    assert_eq!(
        workspace.read("/app/node_modules/@s/b/index.js"),
        "module.exports = 'b'"
    );
}

/// Whatever is wrong, what was there is there, and nothing else.
#[test]
fn what_means_harm_is_refused_and_changes_nothing() {
    let registry = Registry::new();
    let good = registry.serve(Tarball::of(&[file("index.js", "good")]));
    let climbs = registry
        .serve(Tarball::of(&[("package/../../../etc/passwd".into(), b"x".to_vec(), 0o644)]).named("climbs"));
    let absolute =
        registry.serve(Tarball::of(&[("/etc/passwd".into(), b"x".to_vec(), 0o644)]).named("absolute"));
    let linked = registry.serve(Tarball::link("package/link", "/etc/passwd").named("linked"));
    let hard = registry.serve(Tarball::hard_link("package/hard", "../../etc/passwd").named("hard"));
    let cut = registry.serve(
        Tarball::of(&[file("index.js", &"x".repeat(5000))])
            .cut()
            .named("cut"),
    );
    let both = registry.serve(Tarball::of(&[file("a", "x"), file("a/b", "y")]).named("both"));
    let nothing = registry.serve(Tarball::raw(b"hello".to_vec()).named("nothing"));
    let entry = |served: &support::Served| json!({"version": "1.0.0", "resolved": served.url, "integrity": served.sha512});
    let mut wrong = entry(&good);
    wrong["integrity"] = json!(climbs.sha512);
    let mut unchecked = entry(&good);
    unchecked["integrity"] = Value::Null;
    let mut git = entry(&good);
    git["resolved"] = json!("git+ssh://git@github.com/a/a.git#abc");
    let link = |target: &str| json!({"node_modules/a": {"resolved": target, "link": true}});
    for (what, packages, kind) in [
        (
            "another hash",
            json!({"node_modules/a": wrong}),
            ErrorKind::Corrupt,
        ),
        (
            "no hash",
            json!({"node_modules/a": unchecked}),
            ErrorKind::Invalid,
        ),
        ("git", json!({"node_modules/a": git}), ErrorKind::Unsupported),
        (
            "a path out",
            json!({"node_modules/a": entry(&climbs)}),
            ErrorKind::Invalid,
        ),
        (
            "an absolute path",
            json!({"node_modules/a": entry(&absolute)}),
            ErrorKind::Invalid,
        ),
        (
            "a link",
            json!({"node_modules/a": entry(&linked)}),
            ErrorKind::Invalid,
        ),
        (
            "a hard link",
            json!({"node_modules/a": entry(&hard)}),
            ErrorKind::Invalid,
        ),
        (
            "a tarball cut off",
            json!({"node_modules/a": entry(&cut)}),
            ErrorKind::Invalid,
        ),
        (
            "no tarball",
            json!({"node_modules/a": entry(&nothing)}),
            ErrorKind::Invalid,
        ),
        (
            "a file that is a directory",
            json!({"node_modules/a": entry(&both)}),
            ErrorKind::Exists,
        ),
        (
            "a name out",
            json!({"node_modules/../../etc": entry(&good)}),
            ErrorKind::Invalid,
        ),
        (
            "a hidden name",
            json!({"node_modules/.bin": entry(&good)}),
            ErrorKind::Invalid,
        ),
        ("an absolute link", link("/etc"), ErrorKind::Invalid),
        (
            "a package behind a link",
            json!({"node_modules/a": {"resolved": "..", "link": true}, "node_modules/a/node_modules/b": entry(&good)}),
            ErrorKind::Invalid,
        ),
        (
            "a package that is not there",
            json!({"node_modules/a": {"version": "1.0.0", "resolved": registry.url("none.tgz"), "integrity": good.sha512}}),
            ErrorKind::NotFound,
        ),
        (
            "another system's",
            json!({"node_modules/a": {"version": "1.0.0", "resolved": good.url, "integrity": good.sha512, "os": ["win32"]}}),
            ErrorKind::Unsupported,
        ),
    ] {
        let workspace = Workspace::new();
        workspace.write("/app/node_modules/old/index.js", "old");
        project(&workspace, packages);
        let before = workspace.tree("/");
        let mut options = registry.options();
        options.cache = None;
        let error = workspace.install(&options, &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error}");
        assert_eq!(workspace.tree("/"), before, "{what}");
    }
}

#[test]
fn a_lock_that_does_not_fit_is_refused() {
    let registry = Registry::new();
    for (package, lock, says) in [
        (
            r#"{"dependencies": {"a": "2"}}"#,
            r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1"}}}}"#,
            "about a",
        ),
        (
            r#"{"devDependencies": {"b": "2"}}"#,
            r#"{"lockfileVersion": 2, "packages": {}}"#,
            "about b",
        ),
        (
            "{}",
            r#"{"lockfileVersion": 1, "dependencies": {}}"#,
            "lockfileVersion 1",
        ),
        ("{", r#"{"lockfileVersion": 3}"#, "package.json"),
        ("{}", "[]", "not a package-lock.json"),
    ] {
        let workspace = Workspace::new();
        workspace.write("/app/package.json", package);
        workspace.write("/app/package-lock.json", lock);
        let error = workspace.install(&registry.options(), &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(says), "{error}");
    }
    let empty = Workspace::new();
    assert_eq!(
        empty
            .install(&registry.options(), &mut |_| {})
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
}

/// A registry that has too much to do is asked again.
#[test]
fn what_passes_is_waited_for() {
    let registry = Registry::new();
    let a = registry.serve(Tarball::of(&[file("index.js", "a")]).failing(2));
    let workspace = Workspace::new();
    project(
        &workspace,
        json!({"node_modules/a": {"version": "1.0.0", "resolved": a.url, "integrity": a.sha512}}),
    );
    workspace.install(&registry.options(), &mut |_| {}).unwrap();
    assert_eq!(workspace.read("/app/node_modules/a/index.js"), "a");
}
