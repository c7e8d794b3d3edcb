//! Every example of a runtime, run as its page says, and what it left.

#[path = "../../../../crates/host/tests/host/artifact.rs"]
mod artifact;
mod embed;
mod kubernetes;
mod serverless;
mod spin;
mod support;
mod wasmedge;
