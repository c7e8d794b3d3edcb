//! Modules and components as they are shipped.

use std::path::PathBuf;
use std::process::Command;

/// The file of this name: the one that the variable names, or one that is built now.
pub(crate) fn path(variable: &str, name: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    named.unwrap_or_else(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["run", "--quiet", "--package=xtask", "--", "--quiet", "wasm", name])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .output()
            .expect("cargo can be started");
        let said = String::from_utf8(built.stdout).unwrap();
        let path = said.split('\'').nth(1).unwrap_or_else(|| {
            panic!(
                "{name} does not build: {}",
                String::from_utf8_lossy(&built.stderr)
            )
        });
        PathBuf::from(path)
    })
}
