//! Puts the JavaScript side into the crate: a sorted table of names and sources.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Packages of others (`package.json` has their versions), and what is used of each.
const PACKAGES: &[(&str, &str)] = &[
    ("node-inspect-extracted", "dist/inspect.js"),
    ("readable-stream", "lib"),
    ("sucrase", "dist"),
    ("web-streams-polyfill", "dist/ponyfill.js"),
];
/// Directories with the same once more, for other ways to load it.
const OTHER_FORMS: &[&str] = &["esm", "types"];

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut found = Vec::new();
    collect(&root.join("js"), "", &mut found);
    let mut is_complete = true;
    for (package, part) in PACKAGES {
        // Where npm puts them: beside those that want them, or at the top.
        let places = [root.join("node_modules"), root.join("../../node_modules")];
        match places
            .iter()
            .map(|dir| dir.join(package))
            .find(|dir| dir.exists())
        {
            Some(dir) => collect(&dir.join(part), &format!("npm/{package}/{part}"), &mut found),
            None => is_complete = false,
        }
    }
    if !is_complete {
        println!("cargo::warning=without its npm packages, `tarbox js` does not run: `npm ci` installs them");
        // Never there: so it is looked again the next time.
        println!("cargo::rerun-if-changed=missing");
    }
    found.sort();
    let mut table = format!(
        "/// Whether the npm packages are in it that Node's modules are made of. Without them, no script runs.\n\
         pub const IS_COMPLETE: bool = {is_complete};\n\
         pub(crate) const SOURCES: &[(&str, &str)] = &[\n"
    );
    for (name, path) in &found {
        writeln!(table, "    ({name:?}, include_str!({:?})),", path.display()).expect("a string grows");
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo")).join("sources.rs");
    fs::write(&out, table).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

/// A `.js` file, or all below a directory, with their names without the extension.
fn collect(path: &Path, name: &str, found: &mut Vec<(String, PathBuf)>) {
    if !path.is_dir() {
        println!("cargo::rerun-if-changed={}", path.display());
        if let Some(stem) = name.strip_suffix(".js") {
            found.push((stem.to_owned(), path.to_owned()));
        }
        return;
    }
    println!("cargo::rerun-if-changed={}", path.display());
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = entry.file_name().to_string_lossy().into_owned();
        if OTHER_FORMS.contains(&&*file) {
            continue;
        }
        let below = match name {
            "" => file,
            _ => format!("{name}/{file}"),
        };
        collect(&entry.path(), &below, found);
    }
}
