//! Puts the JavaScript side into the crate: a sorted table of names and sources. For modules of WebAssembly, which are downloaded, they
//! are made small and compressed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Packages of others (`package.json` has their versions), and what is used of each.
const PACKAGES: &[(&str, &str)] = &[
    ("node-inspect-extracted", "dist/inspect.js"),
    ("readable-stream", "lib"),
    ("sucrase", "dist"),
    ("web-streams-polyfill", "dist/ponyfill.js"),
];
/// Directories with the same once more, for other ways to load it; programs, and what is for other programs.
const LEFT_OUT: &[&str] = &["esm", "types", "cli.js", "register.js"];

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
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    let packs = env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm");
    let table = match packs {
        true => packed(&found, &root, &out, is_complete),
        false => plain(&found),
    };
    let head = "/// Whether the npm packages are in it that Node's modules are made of. Without them, no script runs.\n";
    let table = format!("{head}pub const IS_COMPLETE: bool = {is_complete};\n{table}");
    write(&out.join("sources.rs"), table.as_bytes());
}

/// Names and sources as they are.
fn plain(found: &[(String, PathBuf)]) -> String {
    let mut table = "pub(super) const SOURCES: &[(&str, Source)] = &[\n".to_owned();
    for (name, path) in found {
        writeln!(table, "    ({name:?}, include_str!({:?})),", path.display()).expect("a string grows");
    }
    table + "];\n"
}

/// Names and where their sources are in groups that are compressed as a whole.
fn packed(found: &[(String, PathBuf)], root: &Path, out: &Path, is_complete: bool) -> String {
    let sources = small(found, root, out, is_complete);
    let mut groups: BTreeMap<&str, String> = BTreeMap::new();
    let mut places = Vec::new();
    for ((name, _), source) in found.iter().zip(&sources) {
        let group = groups.entry(group_of(name)).or_default();
        places.push((name, group_of(name), group.len(), group.len() + source.len()));
        group.push_str(source);
    }
    let mut table = format!("pub(super) const GROUPS: [&[u8]; {}] = [\n", groups.len());
    for (index, text) in groups.values().enumerate() {
        let path = out.join(format!("{index}.packed"));
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(text.as_bytes()).expect("memory grows");
        write(&path, &packer.finish().expect("memory grows"));
        writeln!(table, "    include_bytes!({:?}),", path.display()).expect("a string grows");
    }
    table.push_str("];\npub(super) const SOURCES: &[(&str, Source)] = &[\n");
    for (name, group, begin, end) in places {
        let index = groups.keys().position(|one| *one == group).unwrap_or_default();
        writeln!(table, "    ({name:?}, ({index}, {begin}, {end})),").expect("a string grows");
    }
    table + "];\n"
}

/// Our own modules are one group, each package is another.
fn group_of(name: &str) -> &str {
    match name.strip_prefix("npm/") {
        Some(rest) => rest.split('/').next().unwrap_or(rest),
        None => "",
    }
}

/// The sources as functions, without what only people need.
fn small(found: &[(String, PathBuf)], root: &Path, out: &Path, is_complete: bool) -> Vec<String> {
    let dir = out.join("small");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let at = |index: usize| dir.join(format!("{index}.js"));
    for (index, (_, path)) in found.iter().enumerate() {
        let source = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let function = format!("function (exports, require, module, native) {{{source}\n}}");
        write(&at(index), function.as_bytes());
    }
    let script = root.join("minify.mjs");
    println!("cargo::rerun-if-changed={}", script.display());
    if is_complete {
        let made = Command::new("node").arg(&script).arg(&dir).status();
        assert!(
            made.as_ref().is_ok_and(|status| status.success()),
            "{}: {made:?}; `npm ci` installs what it needs",
            script.display()
        );
    }
    let read =
        |index| fs::read_to_string(at(index)).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    (0..found.len()).map(read).collect()
}

fn write(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
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
        if LEFT_OUT.contains(&&*file) {
            continue;
        }
        let below = match name {
            "" => file,
            _ => format!("{name}/{file}"),
        };
        collect(&entry.path(), &below, found);
    }
}
