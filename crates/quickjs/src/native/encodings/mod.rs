//! The encodings of the web: all of them, or those that are in use where tables have to be downloaded.

#[cfg(not(target_family = "wasm"))]
mod all;
#[cfg(not(target_family = "wasm"))]
pub(super) use all::{Decoder, name};

#[cfg(target_family = "wasm")]
mod few;
#[cfg(target_family = "wasm")]
pub(super) use few::{Decoder, name};
