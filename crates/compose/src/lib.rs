//! Makes one component of an application and a workspace: it carries the files it works on, and runs on any runtime of
//! WASI 0.2 that knows nothing of Tarbox.
//!
//! ```text
//!            ┌───────────────────────── the composition ─────────────────────────┐
//!   run ─────┤ runner ──► application ──► provider (`tarbox-component`) ─────────┼──► a directory of the host
//!            │    └── begins and finishes ──────┘     ▲                          │
//!            │                                      baked: settings, packed files│
//!            └────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The application is a module of preview 1 or a component of 0.2, unchanged. Its files, streams, pollables and standard
//! streams come from the provider. [`Compose::compose`] proves that in the end from the bytes it has made, or fails.

#![forbid(unsafe_code)]

mod adapt;
mod error;
mod exit_code;
mod graph;
mod interfaces;
mod parts;
mod proof;

pub use error::{Error, Result};
pub use graph::Composition;

/// What is composed.
#[derive(Debug, Clone)]
pub struct Compose<'a> {
    /// The application: a module of preview 1 or a component of 0.2.
    pub application: &'a [u8],
    /// The component that provides files, `tarbox-workspace.component.wasm`.
    pub provider: &'a [u8],
    /// Settings of the provider, by the names of the environment variables that would set them.
    pub settings: Vec<(String, String)>,
    /// Packed files that the workspace begins with.
    pub image: Option<&'a [u8]>,
}

impl Compose<'_> {
    /// Makes the composition.
    ///
    /// # Errors
    /// See [`Error`]. What is made is proven to keep the application's files, streams and standard streams from the host.
    pub fn compose(&self) -> Result<Composition> {
        let application = adapt::component(self.application)?;
        graph::compose(self, &application)
    }
}

/// A component that provides files by itself, for tools that compose on their own: the provider with nothing put into it.
///
/// # Errors
/// [`Error::Provider`] if it is not one.
pub fn standalone(provider: &[u8]) -> Result<Vec<u8>> {
    graph::standalone(provider)
}

/// Makes a component of a core module that has its interfaces described inside.
///
/// # Errors
/// [`Error::NotWasm`].
pub fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    adapt::of_module(module)
}
