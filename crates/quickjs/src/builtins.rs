//! The JavaScript side: sources by name, compiled when they are first asked for.

use std::borrow::Cow;

/// A source as it lies in the module: text, or compressed where it has to be downloaded.
#[cfg(not(target_family = "wasm"))]
type Source = &'static str;
#[cfg(target_family = "wasm")]
type Source = &'static [u8];

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The source of a module of ours.
#[cfg(not(feature = "live"))]
pub(crate) fn source(name: &str) -> Option<Cow<'static, str>> {
    built_in(name)
}

fn built_in(name: &str) -> Option<Cow<'static, str>> {
    let at = SOURCES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    text(SOURCES[at].1)
}

#[cfg(not(target_family = "wasm"))]
fn text(source: Source) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(source))
}

#[cfg(target_family = "wasm")]
fn text(source: Source) -> Option<Cow<'static, str>> {
    let mut text = String::new();
    let mut unpacker = flate2::read::DeflateDecoder::new(source);
    std::io::Read::read_to_string(&mut unpacker, &mut text).ok()?;
    Some(Cow::Owned(text))
}

/// The same, as it is in the source tree now.
#[cfg(feature = "live")]
pub(crate) fn source(name: &str) -> Option<Cow<'static, str>> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/js");
    match std::fs::read_to_string(format!("{own}/{name}.js")) {
        Ok(source) => Some(Cow::Owned(source)),
        // Packages of others do not change.
        Err(_) => built_in(name),
    }
}
