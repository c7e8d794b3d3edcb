//! Which interfaces an application may share with the host, and which not.

use wasmparser::{Encoding, Parser, Payload};

use crate::{Error, Result};

/// The names of what a component imports and exports.
#[derive(Debug, Default)]
pub(crate) struct Interfaces {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Interfaces {
    /// Those of a component.
    ///
    /// # Errors
    /// [`Error::NotWasm`].
    pub(crate) fn of(component: &[u8]) -> Result<Self> {
        let invalid = |e: wasmparser::BinaryReaderError| Error::NotWasm(e.to_string());
        let mut found = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload.map_err(invalid)? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        found.imports.push(import.map_err(invalid)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        found.exports.push(export.map_err(invalid)?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The export of this interface, in whatever version.
    pub(crate) fn export(&self, interface: &str) -> Option<&str> {
        let found = self.exports.iter().find(|name| bare(name) == interface);
        found.map(String::as_str)
    }
}

/// The name of an interface without its version.
pub(crate) fn bare(name: &str) -> &str {
    name.split_once('@').map_or(name, |(bare, _)| bare)
}

/// Whether an application may have an interface of the host: it hands out neither files nor streams nor pollables.
pub(crate) fn is_harmless(name: &str) -> bool {
    let bare = bare(name);
    let known = [
        "wasi:cli/environment",
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/terminal-stdin",
        "wasi:cli/terminal-stdout",
        "wasi:cli/terminal-stderr",
        "wasi:clocks/wall-clock",
        "wasi:clocks/timezone",
    ];
    known.contains(&bare) || bare.starts_with("wasi:random/") || !bare.starts_with("wasi:")
}

/// Whether `bytes` begin as a component does, or as a module.
pub(crate) fn is_component(bytes: &[u8]) -> Result<bool> {
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding, .. })) => Ok(encoding == Encoding::Component),
        Some(Err(error)) => Err(Error::NotWasm(error.to_string())),
        _ => Err(Error::NotWasm("it is empty".into())),
    }
}
