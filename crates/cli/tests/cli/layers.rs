//! Layers: remember, compare, go back.

use serde_json::json;

use crate::support::Workspace;

fn history() -> Workspace {
    let w = Workspace::new();
    w.ok(["write", "/a", "one"]);
    w.ok(["layer", "checkpoint", "first", "-m", "the beginning"]);
    w.ok(["write", "/a", "two!"]);
    w.ok(["write", "/b", "new"]);
    w.ok(["layer", "checkpoint", "second"]);
    w.ok(["mv", "/b", "/c"]);
    w.ok(["rm", "/a"]);
    w
}

#[test]
fn layers_are_listed() {
    let w = history();
    let layers = w.json(["layer", "list"]);
    let names: Vec<_> = layers.iter().map(|l| l["name"].as_str()).collect();
    assert_eq!(names, [Some("first"), Some("second"), None]);
    assert_eq!(layers[0]["description"], "the beginning");
    assert_eq!(layers[2]["current"], true);
    assert_eq!(layers[2]["sealed"], json!(null));
    assert!(w.ok(["layer", "tree"]).starts_with("○ head"));
    assert_eq!(w.object(["layer", "current"])["writable"], true);
    assert!(w.ok(["layer", "current"]).starts_with("head ("));
    assert_eq!(
        w.fails(7, ["layer", "checkpoint", "first"]),
        "layer first: a layer or tag of this name already exists"
    );
}

#[test]
fn diff_names_every_change() {
    let w = history();
    assert_eq!(w.ok(["layer", "diff"]), "D /a  4 B\nR /b -> /c  3 B\n");
    assert_eq!(
        w.ok(["layer", "diff", "first", "second"]),
        "M /a  3 B -> 4 B\nA /b  3 B\n"
    );
    let changes = w.json(["layer", "diff", "first"]);
    assert_eq!(changes[0]["kind"], "deleted");
    assert_eq!(changes[1]["kind"], "added");
    assert_eq!(changes[1]["path"], "/c");
    assert_eq!(changes[1]["size_after"], 3);
    w.ok(["chmod", "700", "/c"]);
    assert!(w.ok(["layer", "diff"]).contains("R /b -> /c"));
    assert_eq!(
        w.fails(3, ["layer", "diff", "none"]),
        "layer none: no such layer; 'tarbox layer list' shows all"
    );
    let fresh = Workspace::new();
    assert!(
        fresh
            .fails(3, ["layer", "diff"])
            .starts_with("there is no checkpoint yet")
    );
}

#[test]
fn switching_goes_back_and_forward() {
    let w = history();
    w.ok(["layer", "switch", "first"]);
    assert_eq!(w.ok(["cat", "/a"]), "one");
    assert_eq!(w.ok(["ls"]), "a\n");
    assert!(
        w.fails(4, ["write", "/a", "x"])
            .starts_with("/a: read-only file system")
    );
    assert_eq!(w.object(["layer", "current"])["name"], "first");
    w.ok(["layer", "switch", "head"]);
    assert_eq!(w.ok(["ls"]), "c\n");
    assert_eq!(w.ok(["cat", "/.tarbox/snapshots/first/a"]), "one");
    w.check();
}

#[test]
fn a_checkpoint_in_the_past_wants_a_confirmation() {
    let w = history();
    w.ok(["layer", "switch", "first"]);
    let ran = w.run(["layer", "checkpoint", "branch"]);
    assert!(
        ran.text().contains("second") && ran.text().contains("being written"),
        "{ran:?}"
    );
    assert!(
        ran.line_of(4)
            .contains("2 later layers would be permanently removed; use --discard-later")
    );
    let ran = w.run(["--json", "layer", "checkpoint", "branch"]);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["error"], "UNCONFIRMED");
    assert_eq!(error["later_layers"][0]["name"], "second");
    assert_eq!(w.json(["layer", "list"]).len(), 3);

    w.ok(["layer", "checkpoint", "first", "--discard-later"]);
    w.ok(["write", "/a", "another way"]);
    assert_eq!(w.json(["layer", "list"]).len(), 2);
    assert_eq!(w.ok(["layer", "diff"]), "M /a  3 B -> 11 B\n");
    w.check();
}

#[test]
fn tags_drop_and_squash() {
    let w = history();
    w.ok(["layer", "tag", "stable"]);
    w.ok(["layer", "tag", "old", "first"]);
    assert_eq!(w.json(["layer", "list"])[1]["tags"], json!(["stable"]));
    w.ok(["layer", "tag", "stable", "old"]);
    assert_eq!(w.json(["layer", "list"])[0]["tags"], json!(["old", "stable"]));
    w.ok(["layer", "tag", "-d", "stable"]);
    assert_eq!(
        w.fails(3, ["layer", "tag", "-d", "stable"]),
        "stable: no such tag"
    );
    w.ok(["layer", "checkpoint", "third"]);
    w.ok(["layer", "squash", "second", "third"]);
    let names: Vec<_> = w
        .json(["layer", "list"])
        .iter()
        .map(|l| l["name"].clone())
        .collect();
    assert_eq!(names, [json!("first"), json!("third"), json!(null)]);
    w.ok(["layer", "drop", "first"]);
    assert_eq!(w.run(["layer", "drop", "head"]).code, 4);
    assert_eq!(w.ok(["cat", "/.tarbox/snapshots/third/c"]), "new");
    w.check();
}
