//! The component that provides files: where it is.

use std::ffi::OsStr;
use std::path::PathBuf;

use tarbox_store::ErrorKind;

use crate::failure::{Failure, Result};
use crate::platform::bytes_of;

/// What the file is called.
const NAME: &str = "tarbox-workspace.component.wasm";

/// Reads the one that is named, or the one that was installed with this command.
///
/// # Errors
/// That there is none, and how to get one.
pub(super) fn read(named: Option<&OsStr>) -> Result<Vec<u8>> {
    if let Some(path) = named {
        return std::fs::read(path).map_err(|e| Failure::host(&*bytes_of(path), &e));
    }
    let places = places();
    let found = places.iter().find_map(|path| std::fs::read(path).ok());
    found.ok_or_else(|| {
        let message = format!(
            "there is no {NAME} beside this command; build it with 'cargo xtask wasm' and name it with --provider or in \
             TARBOX_PROVIDER"
        );
        Failure::new(ErrorKind::NotFound, message)
    })
}

/// Beside the command, and where packages put data.
fn places() -> Vec<PathBuf> {
    let command = std::env::current_exe().ok();
    let bin = command.as_deref().and_then(|path| path.parent());
    let Some(bin) = bin else { return Vec::new() };
    vec![bin.join(NAME), bin.join("../share/tarbox").join(NAME)]
}
