//! Sources as they are.

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

type Source = &'static str;

pub(super) fn function(name: &str, source: Option<Source>) -> String {
    let source = live(name)
        .or_else(|| source.map(str::to_owned))
        .unwrap_or_default();
    format!("(function (exports, require, module, native) {{{source}\n}})")
}

#[cfg(not(feature = "live"))]
fn live(_name: &str) -> Option<String> {
    None
}

/// The source as it is in the source tree now. Packages of others do not change.
#[cfg(feature = "live")]
fn live(name: &str) -> Option<String> {
    std::fs::read_to_string(format!("{}/js/{name}.js", env!("CARGO_MANIFEST_DIR"))).ok()
}
