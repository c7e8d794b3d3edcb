//! Puts the JavaScript side into the crate: a sorted table of names and sources.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut found = Vec::new();
    for (dir, prefix) in [("js", ""), ("vendor", "vendor/")] {
        println!("cargo::rerun-if-changed={dir}");
        collect(&root.join(dir), prefix, &mut found);
    }
    found.sort();
    let mut table = String::from("pub(crate) const SOURCES: &[(&str, &str)] = &[\n");
    for (name, path) in &found {
        writeln!(table, "    ({name:?}, include_str!({:?})),", path.display()).expect("a string grows");
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo")).join("sources.rs");
    fs::write(&out, table).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

/// All `.js` files below a directory; their names are without the extension.
fn collect(dir: &Path, prefix: &str, found: &mut Vec<(String, PathBuf)>) {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), found);
        } else if let Some(stem) = name.strip_suffix(".js") {
            found.push((format!("{prefix}{stem}"), path));
        }
    }
}
