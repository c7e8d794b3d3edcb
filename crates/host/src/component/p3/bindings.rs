//! Generated from the interface definitions in `wit-p3/`.

#![allow(missing_docs, unreachable_pub)]

wasmtime::component::bindgen!({
    path: "wit-p3",
    world: "tarbox:host/filesystem",
    imports: {
        "wasi:filesystem/types.[method]descriptor.read-via-stream": store | trappable,
        "wasi:filesystem/types.[method]descriptor.write-via-stream": store | trappable,
        "wasi:filesystem/types.[method]descriptor.append-via-stream": store | trappable,
        "wasi:filesystem/types.[method]descriptor.read-directory": store | trappable,
        default: trappable,
    },
    with: {
        "wasi:clocks": wasmtime_wasi::p3::bindings::clocks,
        "wasi:filesystem/types.descriptor": tarbox_wasi::p2::Descriptor,
    },
    trappable_error_type: {
        "wasi:filesystem/types.error-code" => super::descriptor::Failure,
    },
    require_store_data_send: true,
});

pub(crate) use wasi::filesystem::{preopens, types};
