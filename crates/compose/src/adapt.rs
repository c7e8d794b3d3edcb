//! Applications as components: those that are modules of preview 1 get the official adapter.

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wit_component::ComponentEncoder;

use crate::interfaces::is_component;
use crate::{Error, Result, exit_code};

/// The application as a valid component.
pub(crate) fn component(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    let is_component = is_component(bytes)?;
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(bytes)
        .map_err(|e| Error::NotWasm(e.to_string()))?;
    match is_component {
        true => Ok(Cow::Borrowed(bytes)),
        false => adapted(bytes).map(Cow::Owned),
    }
}

/// A component of a module that imports only what its own description says.
pub(crate) fn of_module(module: &[u8]) -> Result<Vec<u8>> {
    encode(module, None).map_err(Error::NotWasm)
}

fn adapted(module: &[u8]) -> Result<Vec<u8>> {
    let adapter = match exports_start(module)? {
        true => WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        false => WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    };
    let exiting = exit_code::keep(module).map_err(Error::NotAdaptable)?;
    let module = exiting.as_deref().unwrap_or(module);
    encode(module, Some(adapter)).map_err(Error::NotAdaptable)
}

fn encode(module: &[u8], adapter: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let encode = || {
        let mut encoder = ComponentEncoder::default().validate(true).module(module)?;
        if let Some(adapter) = adapter {
            encoder = encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter)?;
        }
        encoder.encode()
    };
    encode().map_err(|error| {
        let causes = error.chain().map(ToString::to_string);
        causes.collect::<Vec<_>>().join(": ")
    })
}

/// Whether it is a command, which is started by `_start`.
fn exports_start(module: &[u8]) -> Result<bool> {
    let invalid = |e: wasmparser::BinaryReaderError| Error::NotWasm(e.to_string());
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload.map_err(invalid)? {
            for export in section {
                if export.map_err(invalid)?.name == "_start" {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}
