//! What the tests of archives share.
#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod build;
pub(crate) mod listing;
pub(crate) mod ours;
pub(crate) mod random;
