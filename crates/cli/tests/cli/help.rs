//! The command explains itself.

use crate::support::Workspace;

#[test]
fn help_teaches() {
    let w = Workspace::empty();
    let help = w.ok(["--help"]);
    for part in [
        "Examples:",
        "tarbox layer switch before",
        "Exit codes:",
        "quota",
        "--json",
        "TARBOX_DB",
        "History:",
    ] {
        assert!(help.contains(part), "{part} is missing in {help}");
    }
    assert!(!help.contains('\x1b'));
    for command in ["ls", "import", "layer checkpoint", "tenant quota", "find"] {
        let help = w.ok(command.split(' ').chain(["--help"]));
        assert!(
            help.contains("Examples:") && help.contains(&format!("tarbox {command}")),
            "{help}"
        );
    }
    assert!(w.ok(["--version"]).starts_with("tarbox "));
}

#[test]
fn shells_can_complete() {
    let w = Workspace::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(w.ok(["completions", shell]).contains("checkpoint"), "{shell}");
    }
}

#[test]
fn nonsense_is_a_usage_error() {
    let w = Workspace::new();
    for args in [
        &["frobnicate"][..],
        &["ls", "--frob"],
        &["cp", "/a"],
        &["layer"],
        &["--db", "ftp:x", "ls"],
        &[],
    ] {
        let ran = w.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn errors_are_objects_with_json() {
    let w = Workspace::new();
    let ran = w.run(["--json", "cat", "/none"]);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(ran.code, 3);
    assert_eq!(error["error"], "ENOENT");
    assert_eq!(error["subject"], "/none");
    assert_eq!(error["message"], "/none: no such file or directory");
    assert_eq!(error["exit"], 3);
}

#[test]
fn accounts_and_maintenance_speak_json() {
    let w = Workspace::new();
    w.ok(["write", "/a", "x"]);
    let stats = w.object(["stats"]);
    for member in [
        "tenant",
        "state",
        "usage",
        "quota",
        "layers",
        "device_free",
        "performance",
    ] {
        assert!(stats.get(member).is_some(), "{member}");
    }
    assert!(w.ok(["stats"]).contains("inodes"));
    assert!(w.object(["gc"]).get("bytes_freed").is_some());
    assert!(w.object(["gc", "--only-tenant"]).get("bytes_freed").is_some());
    assert_eq!(w.object(["fsck"])["tenants"], 1);
    assert!(w.ok(["fsck", "--repair"]).contains("no problems found"));
}
