//! The JavaScript side: modules by name, compiled when they are first asked for.

#[cfg_attr(not(target_family = "wasm"), path = "builtins/plain.rs")]
#[cfg_attr(target_family = "wasm", path = "builtins/packed.rs")]
mod sources;

pub use sources::IS_COMPLETE;

/// Names of all modules, sorted.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    sources::SOURCES.iter().map(|(name, _)| *name)
}

/// A module as an expression, a function of `exports`, `require`, `module` and `native`. What is not there is a function that does
/// nothing.
pub(crate) fn function(name: &str) -> String {
    let found = sources::SOURCES
        .binary_search_by_key(&name, |(name, _)| name)
        .ok();
    sources::function(name, found.map(|at| sources::SOURCES[at].1))
}
