//! Real packages of npm, installed into a workspace by `tarbox js ci`, print what they print in Node.js, byte for byte.
//!
//! `cargo xtask nodetests packages` runs this: it needs Node.js 20, npm and the registry. `TARBOX_PACKAGES` names the programs to be run.
#![cfg(feature = "js")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A program for each package, with the lock that says which versions.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../quickjs/tests/packages");

fn tarbox(database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tarbox"));
    command.arg("--db").arg(database);
    command
}

fn done(output: Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}: {out}{err}", output.status);
    out.into_owned()
}

/// What a program prints, or how it failed.
fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => text(&output.stdout),
        false => format!(
            "{}\n{}\n{}",
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        ),
    }
}

#[test]
#[ignore = "needs Node.js 20, npm and the registry; `cargo xtask nodetests packages` runs it"]
fn packages_print_what_they_print_in_node() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = std::env::var("TARBOX_PACKAGES").unwrap_or_default();
    let mut programs: Vec<PathBuf> = fs::read_dir(PROGRAMS)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    programs.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "cjs" || extension == "mjs")
    });
    programs.sort();

    let app = dir.path().join("app");
    fs::create_dir(&app).unwrap();
    for path in fs::read_dir(PROGRAMS).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&path, app.join(path.file_name().unwrap())).unwrap();
    }
    let database = dir.path().join("w.db");
    done(tarbox(&database).arg("init").output().unwrap());
    done(
        tarbox(&database)
            .arg("import")
            .arg(&app)
            .arg("/app")
            .output()
            .unwrap(),
    );
    done(tarbox(&database).args(["js", "ci", "/app"]).output().unwrap());
    let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    done(Command::new("npm").args(npm).current_dir(&app).output().unwrap());

    let mut failed = Vec::new();
    let (mut ran, scratch) = (0, dir.path().join("scratch"));
    for program in programs {
        let name = program.file_name().unwrap().to_str().unwrap();
        let stem = program.file_stem().unwrap().to_str().unwrap();
        if !wanted.is_empty() && !wanted.split(' ').any(|one| one == stem) {
            continue;
        }
        fs::create_dir_all(&scratch).unwrap();
        let theirs = Command::new("node")
            .arg(name)
            .arg(&scratch)
            .current_dir(&app)
            .output()
            .unwrap();
        let ours = tarbox(&database)
            .args(["js", "--timeout", "300", "--cwd", "/app"])
            .args([&format!("/app/{name}"), "/scratch"])
            .output()
            .unwrap();
        done(
            tarbox(&database)
                .args(["rm", "-rf", "/scratch"])
                .output()
                .unwrap(),
        );
        fs::remove_dir_all(&scratch).unwrap();
        ran += 1;
        let (theirs, ours) = (printed(&theirs), printed(&ours));
        if theirs != ours {
            println!("{name}: Node.js\n{theirs}\n{name}: here\n{ours}");
            failed.push(name.to_owned());
        }
    }
    println!("{} of {ran} print the same", ran - failed.len());
    assert!(failed.is_empty(), "these print something else: {failed:?}");
}
