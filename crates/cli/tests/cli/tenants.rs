//! Tenants: quotas, states, and walls between them.

use crate::support::Workspace;

#[test]
fn tenants_come_and_go() {
    let w = Workspace::new();
    w.ok(["tenant", "create", "ada", "--bytes", "1M", "--inodes", "100"]);
    let names: Vec<_> = w
        .json(["tenant", "list"])
        .iter()
        .map(|t| t["name"].clone())
        .collect();
    assert_eq!(names, ["ada", "default"]);
    let ada = w.object(["tenant", "show", "ada"]);
    assert_eq!(ada["quota"]["bytes"], 1 << 20);
    assert_eq!(ada["state"], "active");
    assert_eq!(
        w.object(["tenant", "quota", "ada", "--bytes", "none"])["quota"]["inodes"],
        100
    );
    assert!(w.ok(["tenant", "show", "ada"]).contains("no limit"));
    assert!(w.ok(["tenant", "list"]).contains("ada"));

    assert_eq!(
        w.fails(7, ["tenant", "create", "ada"]),
        "tenant ada: a tenant of this name already exists"
    );
    assert_eq!(w.run(["tenant", "create", "Ada"]).code, 1);
    assert!(
        w.fails(3, ["tenant", "show", "bob"])
            .starts_with("tenant bob: no such tenant")
    );

    let refused = w.fails(4, ["tenant", "delete", "ada"]);
    assert!(
        refused.contains("would be permanently deleted; use --yes"),
        "{refused}"
    );
    w.ok(["tenant", "delete", "ada", "--yes"]);
    assert_eq!(w.run(["--tenant", "ada", "ls"]).code, 3);
    w.check();
}

#[test]
fn a_suspended_tenant_is_closed_and_loses_nothing() {
    let w = Workspace::new();
    w.ok(["write", "/a", "x"]);
    w.ok(["tenant", "suspend", "default"]);
    assert!(
        w.fails(4, ["cat", "/a"])
            .contains("use 'tarbox tenant resume' to reopen it")
    );
    w.ok(["tenant", "resume", "default"]);
    assert_eq!(w.ok(["cat", "/a"]), "x");
}

#[test]
fn the_quota_holds() {
    let w = Workspace::new();
    w.ok([
        "tenant", "create", "small", "--bytes", "100k", "--inodes", "10", "--layers", "2",
    ]);
    let ran = w.feed(["--tenant", "small", "write", "/big"], &vec![3; 1 << 20]);
    assert!(
        ran.line_of(5)
            .starts_with("/big: quota exceeded (tenant 'small' may use 102400 bytes")
    );
    for i in 0..20 {
        if w.run(["--tenant", "small", "mkdir", &format!("/{i}")]).code == 5 {
            assert!(i > 5);
            w.ok(["--tenant", "small", "layer", "checkpoint", "one"]);
            assert_eq!(w.run(["--tenant", "small", "layer", "checkpoint", "two"]).code, 5);
            w.check();
            return;
        }
    }
    panic!("there was no quota of inodes");
}

#[test]
fn one_tenant_sees_nothing_of_another() {
    let w = Workspace::new();
    w.ok(["tenant", "create", "ada"]);
    w.ok(["--tenant", "ada", "mkdir", "/private"]);
    w.ok(["--tenant", "ada", "write", "/private/the-secret", "s3cret"]);
    w.ok(["--tenant", "ada", "layer", "checkpoint", "hidden-layer"]);
    let commands: &[&[&str]] = &[
        &["ls", "-laR"],
        &["find"],
        &["tree", "-a"],
        &["audit", "--all"],
        &["layer", "list"],
        &["watch", "--after", "0", "--no-wait"],
        &["stats"],
        &["cat", "/.tarbox/layers/list"],
        &["ls", "/.tarbox/snapshots"],
        &["cat", "/.tarbox/stats/usage"],
        &["cat", "/private/the-secret"],
        &["cat", "/../ada/private/the-secret"],
        &["cat", "/.tarbox/snapshots/hidden-layer/private/the-secret"],
        &["layer", "switch", "hidden-layer"],
        &["cat", "/.tarbox/../../ada/private/the-secret"],
    ];
    for command in commands {
        let ran = w.run(*command);
        let said = format!("{}{}", ran.text(), ran.err).replace(&command.join(" "), "");
        let said = command.iter().fold(said, |said, word| said.replace(word, ""));
        for word in ["s3cret", "the-secret", "private", "hidden-layer"] {
            assert!(!said.contains(word), "{command:?}: {said}");
        }
    }
    // What would be the same block for both tells nothing either: usage counts it for each.
    w.ok(["write", "/same", "s3cret"]);
    let usage = |tenant: &str| w.object(["--tenant", tenant, "stats"])["usage"]["bytes"].clone();
    assert_eq!(usage("default"), usage("ada"));
}

#[test]
fn init_makes_a_tenant_and_is_safe_to_repeat() {
    let w = Workspace::empty();
    assert_eq!(w.object(["init"])["created"], true);
    w.ok(["write", "/a", "x"]);
    assert_eq!(w.object(["init"])["created"], false);
    assert_eq!(w.ok(["cat", "/a"]), "x");
    w.ok(["--tenant", "ada", "init"]);
    assert_eq!(w.ok(["--tenant", "ada", "ls"]), "");
    assert!(
        w.fails(3, ["--tenant", "bob", "ls"])
            .contains("create it with 'tarbox --tenant bob init'")
    );
}

#[test]
fn the_environment_says_where_things_are() {
    let w = Workspace::empty();
    let run = |args: &[&str]| {
        let output = w
            .command()
            .args(args)
            .env("TARBOX_DB", "other.db")
            .env("TARBOX_TENANT", "me")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&["init"]).0, Some(0));
    assert!(w.host("other.db").exists());
    assert_eq!(run(&["write", "/a", "x"]).0, Some(0));
    assert_eq!(
        run(&["--db", "sqlite:other.db", "cat", "/a"]),
        (Some(0), "x".into())
    );
    assert_eq!(
        w.run(["--db", "other.db", "--tenant", "me", "cat", "/a"]).text(),
        "x"
    );
}
