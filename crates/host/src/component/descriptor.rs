//! How operations of `wasi:filesystem` fail here, and its types as they were generated.

use tarbox_wasi::p2;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use super::bindings::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};

tarbox_wasi::p2_conversions!(WouldBlock);

pub(crate) type Failure = super::failure::Failure<ErrorCode>;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl From<p2::Failure> for Failure {
    fn from(failure: p2::Failure) -> Self {
        Self::Code(code(failure))
    }
}
