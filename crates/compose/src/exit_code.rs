//! Exit codes of preview 1.
//!
//! The adapter knows two ends, success and failure. A module that calls `exit-with-code` of 0.2.12 instead of `proc_exit`, which
//! has the same type, ends with its own code.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{ImportSection, Module};
use wasmparser::{Imports, Parser};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const PREVIEW1: &str = "wasi_snapshot_preview1";
const EXIT: &str = "wasi:cli/exit@0.2.12";
const WIT: &str = "package tarbox:exit;
world exit { import wasi:cli/exit@0.2.12; }
package wasi:cli@0.2.12 {
    interface exit {
        exit: func(status: result);
        exit-with-code: func(status-code: u8);
    }
}";

/// The module with its exit codes; none if it never exits by itself.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn keep(module: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut renamed = Rename(false);
    let mut out = Module::new();
    renamed
        .parse_core_module(&mut out, Parser::new(0), module)
        .map_err(|e| e.to_string())?;
    if !renamed.0 {
        return Ok(None);
    }
    let mut bytes = out.finish();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("exit.wit", WIT).map_err(|e| format!("{e:#}"))?;
    let world = resolve
        .select_world(&[package], None)
        .map_err(|e| format!("{e:#}"))?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)
        .map_err(|e| format!("{e:#}"))?;
    Ok(Some(bytes))
}

/// Gives `proc_exit` its other name; whether it was there.
struct Rename(bool);

impl Reencode for Rename {
    type Error = std::convert::Infallible;

    fn parse_imports(
        &mut self,
        section: &mut ImportSection,
        imports: Imports<'_>,
    ) -> Result<(), Error<Self::Error>> {
        match imports {
            Imports::Single(_, import) if (import.module, import.name) == (PREVIEW1, "proc_exit") => {
                self.0 = true;
                let ty = self.entity_type(import.ty)?;
                section.import(EXIT, "exit-with-code", ty);
                Ok(())
            }
            imports => utils::parse_imports(self, section, imports),
        }
    }
}
