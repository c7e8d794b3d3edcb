//! WASI 0.2 and 0.3: what the functions of `wasi:filesystem` mean, for whoever has generated types for them.
//!
//! A runtime's host and a component that provides files itself generate different Rust types from the same interface. So
//! what an operation does is here, in types of our own, and [`p2_conversions!`](crate::p2_conversions) makes the functions
//! that convert to and from the generated ones, whose names are the same everywhere.

mod convert;
mod descriptor;
mod entries;
mod failure;
mod stream;

pub use descriptor::{Descriptor, MetadataHash, Open, OpenFile, Sync};
pub use entries::Entries;
pub use failure::{Failure, Result};
pub use stream::{FileInput, FileOutput, Stopped};
