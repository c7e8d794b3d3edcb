//! The JavaScript side: sources by name, compiled when they are first asked for.

use std::borrow::Cow;

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The source of a module of ours.
#[cfg(not(feature = "live"))]
pub(crate) fn source(name: &str) -> Option<Cow<'static, str>> {
    let at = SOURCES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(Cow::Borrowed(SOURCES[at].1))
}

/// The same, as it is in the source tree now.
#[cfg(feature = "live")]
pub(crate) fn source(name: &str) -> Option<Cow<'static, str>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"));
    let dir = if name.starts_with("vendor/") {
        root.to_owned()
    } else {
        format!("{root}/js")
    };
    std::fs::read_to_string(format!("{dir}/{name}.js"))
        .ok()
        .map(Cow::Owned)
}
