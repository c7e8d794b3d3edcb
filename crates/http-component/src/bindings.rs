//! Generated from the interface definitions in `crates/component/wit`.

#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)] // what crosses the boundary is raw memory

wit_bindgen::generate!({
    path: "../component/wit",
    world: "http",
    generate_all,
});

export!(Handler);

use crate::Handler;
