//! Runs WebAssembly programs on a workspace: an embedded Wasmtime whose file system is Tarbox, not the host's disk.
//!
//! [`Host::run`] takes a [`Program`] — a core module of preview 1 or a component of WASI 0.2 — and [`RunOptions`], and
//! answers the program's exit status or a [`RunError`] that says in one line what went wrong. Whoever embeds Wasmtime already, with
//! functions of its own for modules to import, uses [`add_to_linker`] instead.
//!
//! # How files are reached
//!
//! A core module's calls go through `tarbox-wasi` synchronously, on the caller's thread, with bytes straight between the
//! file system and guest memory. A component's `wasi:filesystem` is implemented here on the same capabilities; all that
//! is no file system comes from `wasmtime-wasi`.
//!
//! # What a program cannot do
//!
//! It sees the directories that were lent to it and nothing else: no environment, no network but the hosts named in
//! [`HttpAccess`] and [`RunOptions::endpoints`], no other file of this machine. [`Limits`] bound its time, instructions, memory and open files; exceeding one ends it.
//!
//! # Unsafe code
//!
//! One function loads compiled modules from the cache, which no type can prove to be what was once written there; its
//! comment says what makes it so.

#![deny(unsafe_code)]

mod cache;
mod component;
mod core;
mod deadline;
mod engine;
mod error;
mod host;
mod http;
mod limiter;
mod limits;
mod options;
mod outcome;
mod preopen;
mod program;
mod stdio;
mod system;
mod wasm;

pub use crate::core::{Preview1, add_to_linker};
pub use cache::Cache;
pub use error::{RunError, Trap};
pub use host::Host;
pub use http::{AllowedHost, HttpAccess, HttpClient, HttpEvent, HttpExchange, HttpRequest, WrongHost};
pub use limits::{Limit, Limits};
pub use options::RunOptions;
pub use outcome::Exit;
pub use preopen::Preopen;
pub use program::{Kind, Program};
pub use stdio::{Capture, Sink, Source};
pub use tarbox_wasi::{Capability, Files, temporary};
