//! How operations of `wasi:filesystem` 0.3 fail here, and its types as they were generated.

use tarbox_wasi::p2;
use wasmtime_wasi::p3::bindings::clocks::system_clock::Instant as Datetime;

use super::bindings::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};

// 0.3 has no code for what would have to wait.
tarbox_wasi::p2_conversions!(Busy);

pub(crate) type Failure = crate::component::failure::Failure<ErrorCode>;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl From<p2::Failure> for Failure {
    fn from(failure: p2::Failure) -> Self {
        Self::Code(code(failure))
    }
}
