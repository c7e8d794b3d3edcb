//! How operations of `wasi:filesystem` fail, whichever version asks.

use wasmtime::component::ResourceTableError;

/// A failed operation: the component is told a code, or it ends.
#[derive(Debug)]
pub(crate) enum Failure<C> {
    Code(C),
    Trap(wasmtime::Error),
}

impl<C> Failure<C> {
    /// What the component is told.
    ///
    /// # Errors
    /// What ends it.
    pub(crate) fn told(self) -> wasmtime::Result<C> {
        match self {
            Self::Code(code) => Ok(code),
            Self::Trap(error) => Err(error),
        }
    }
}

impl<C> From<ResourceTableError> for Failure<C> {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}
