//! Sources that were made small and packed, since modules are downloaded: our own together, and those of each package.

use std::io::Read as _;
use std::sync::OnceLock;

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The group, and from where to where the source is in it.
type Source = (usize, usize, usize);

/// Each group, once somebody has asked for a source in it.
static UNPACKED: [OnceLock<String>; GROUPS.len()] = [const { OnceLock::new() }; GROUPS.len()];

pub(super) fn function(_name: &str, source: Option<Source>) -> String {
    let text = source.and_then(|(group, begin, end)| {
        let all = UNPACKED[group].get_or_init(|| unpack(GROUPS[group]));
        all.get(begin..end)
    });
    format!("({})", text.unwrap_or("function () {}"))
}

fn unpack(packed: &[u8]) -> String {
    let mut text = String::new();
    match flate2::read::DeflateDecoder::new(packed).read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::new(),
    }
}
