//! What the documents tell people to type works as it stands there.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::Workspace;

/// The shell blocks of a document, one after the other.
fn script(document: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    let text = fs::read_to_string(&path).unwrap();
    let blocks = text
        .split("\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap());
    blocks.collect::<Vec<_>>().join("\n")
}

fn type_all(document: &str) -> String {
    let w = Workspace::empty();
    let bin = Path::new(env!("CARGO_BIN_EXE_tarbox"))
        .parent()
        .unwrap()
        .to_owned();
    let old = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&old))).unwrap();
    let script = script(document);
    assert!(script.lines().count() > 5, "{document} has no commands");
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-x", "-c", &script])
        .current_dir(w.host("."))
        .env("PATH", path)
        .env("TZ", "UTC");
    for name in ["TARBOX_DB", "TARBOX_TENANT"] {
        shell.env_remove(name);
    }
    let output = shell.output().unwrap();
    assert!(
        output.status.success(),
        "{document}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    w.check();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_quick_start_works_as_pasted() {
    let said = type_all("README.md");
    for line in [
        "M /notes/hello.txt  6 B -> 11 B",
        "R /notes/drafts/a.txt -> /notes/final.txt  6 B",
        "no problems found",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
}

#[test]
fn the_manual_works_as_pasted() {
    let said = type_all("docs/cli.md");
    assert!(
        said.contains("M /note") && said.contains("no problems found"),
        "{said}"
    );
}

#[cfg(feature = "transfer")]
#[test]
fn backups_and_moves_work_as_pasted() {
    let said = type_all("docs/backup.md");
    assert!(
        said.contains("complete and undamaged") && said.contains("hello"),
        "{said}"
    );
}
