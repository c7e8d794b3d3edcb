//! What is shipped for runtimes of WASI, in two of them.

mod command;
#[cfg(feature = "js")]
mod js;
mod support;
