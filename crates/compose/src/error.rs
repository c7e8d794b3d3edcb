//! Why something cannot be composed.

/// The result of composing.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something cannot be composed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not WebAssembly, or not valid.
    #[error("the application is not valid WebAssembly: {0}")]
    NotWasm(String),
    /// A module that imports something else than preview 1.
    #[error("the module cannot be adapted to WASI 0.2: {0}")]
    NotAdaptable(String),
    /// It needs an interface whose streams or pollables the host would have to hand out.
    #[error("the application imports `{0}`, whose streams would be the host's; it cannot be composed")]
    Leaks(String),
    /// It is composed already, or is not a program.
    #[error("the application exports nothing that could be run")]
    NothingToRun,
    /// An interface does not fit.
    #[error("`{interface}` of the application does not fit the provider's: {reason}")]
    Mismatch {
        /// The import's name.
        interface: String,
        /// What differs.
        reason: String,
    },
    /// The provider is something else.
    #[error("this is not the component that provides a workspace: {0}")]
    Provider(String),
    /// The packed files do not fit into a memory.
    #[error("the packed files have {0} bytes; a component can hold {max} at most", max = crate::parts::IMAGE_MAX)]
    TooLarge(u64),
    /// What was made is not what it should be. Nothing is returned then.
    #[error("the composition cannot be shown to be safe: {0}")]
    Unproven(String),
    /// The parts do not go together.
    #[error("cannot compose: {0}")]
    Failed(String),
}

/// A message with all its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
