//! Generated from the interface definitions in `wit/`.

#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)] // what crosses the boundary is raw memory

wit_bindgen::generate!({
    path: "wit",
    world: "provider",
    generate_all,
});

export!(Provider);

use crate::Provider;
