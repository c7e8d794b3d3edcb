//! How operations of `wasi:filesystem` fail here, and its types as they were generated.

use tarbox_wasi::p2;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use super::bindings::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};

tarbox_wasi::p2_conversions!(WouldBlock);

/// A failed operation: the component is told a code, or it ends.
#[derive(Debug)]
pub(crate) enum Failure {
    Code(ErrorCode),
    Trap(wasmtime::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl From<p2::Failure> for Failure {
    fn from(failure: p2::Failure) -> Self {
        Self::Code(code(failure))
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}
