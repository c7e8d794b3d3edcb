//! Generated from the interface definitions in `wit/`.

#![allow(missing_docs, unreachable_pub)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "tarbox:host/filesystem",
    imports: { default: trappable },
    with: {
        "wasi:io/poll": wasmtime_wasi_io::bindings::wasi::io::poll,
        "wasi:io/streams": wasmtime_wasi_io::bindings::wasi::io::streams,
        "wasi:io/error": wasmtime_wasi_io::bindings::wasi::io::error,
        "wasi:clocks/wall-clock": wasmtime_wasi::p2::bindings::clocks::wall_clock,
        "wasi:filesystem/types.descriptor": tarbox_wasi::p2::Descriptor,
        "wasi:filesystem/types.directory-entry-stream": tarbox_wasi::p2::Entries,
    },
    trappable_error_type: {
        "wasi:filesystem/types.error-code" => super::descriptor::Failure,
    },
    require_store_data_send: true,
});

pub(crate) use wasi::filesystem::{preopens, types};
