//! Puts the JavaScript side into the crate: a sorted table of names and sources. Modules of WebAssembly, which are downloaded, have
//! each source compressed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
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
    let mut table = format!(
        "/// Whether the npm packages are in it that Node's modules are made of. Without them, no script runs.\n\
         pub const IS_COMPLETE: bool = {is_complete};\n\
         pub(crate) const SOURCES: &[(&str, Source)] = &[\n"
    );
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    let packs = env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm");
    for (index, (name, path)) in found.iter().enumerate() {
        let (includes, path) = match packs {
            true => (
                "include_bytes",
                packed(path, &out.join(format!("{index}.packed"))),
            ),
            false => ("include_str", path.clone()),
        };
        writeln!(table, "    ({name:?}, {includes}!({:?})),", path.display()).expect("a string grows");
    }
    table.push_str("];\n");
    write(&out.join("sources.rs"), table.as_bytes());
}

/// Compresses a file into another.
fn packed(path: &Path, into: &Path) -> PathBuf {
    let source = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&source).expect("memory grows");
    write(into, &packer.finish().expect("memory grows"));
    into.to_owned()
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
