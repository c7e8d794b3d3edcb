//! Takes the playground into the program, where one was built: `TARBOX_PLAYGROUND` is its directory. Without it the program
//! has none, and builds without Node.js.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=TARBOX_PLAYGROUND");
    println!("cargo:rerun-if-changed=build.rs");
    let mut table = String::from("&[\n");
    if let Some(root) = env::var_os("TARBOX_PLAYGROUND").filter(|root| !root.is_empty()) {
        let root = PathBuf::from(root);
        let mut files = Vec::new();
        collect(&root, &mut files)?;
        files.sort();
        for file in files {
            println!("cargo:rerun-if-changed={}", file.display());
            let name = file.strip_prefix(&root).map_err(io::Error::other)?;
            let name = name.to_string_lossy().replace('\\', "/");
            let path = file.to_string_lossy();
            writeln!(table, "    ({name:?}, include_bytes!({path:?})),").map_err(io::Error::other)?;
        }
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("playground.rs"), table)
}

/// Every file below a directory, but for what only a page without a server needs.
fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", dir.display());
    for entry in fs::read_dir(dir)? {
        let path = entry?.path().canonicalize()?;
        if path.is_dir() {
            collect(&path, files)?;
        } else if !is_left_out(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// The module of a workspace in the browser, and what works offline.
fn is_left_out(path: &Path) -> bool {
    let name = path
        .file_name()
        .map_or_else(Default::default, |name| name.to_string_lossy());
    name == "service-worker.js" || name.starts_with("tarbox-") && name.ends_with(".wasm")
}
