//! What a change of properties changes in the index.

use super::keys::{Owner, is_index_key};
use super::value::{Properties, Value, decode};
use crate::error::Result;
use crate::hash::hash;
use crate::record::Pair;
use crate::tree::Merge;

/// The records that replace the properties `old` of an owner by `new`. Of names that occur twice, the last
/// counts.
pub(crate) fn changes(
    owner: Owner,
    old: &[(String, Value)],
    new: Option<(&Properties, Vec<u8>)>,
) -> Vec<Pair> {
    let before = keys(owner, old);
    let after = new
        .as_ref()
        .map_or_else(Vec::new, |(properties, _)| keys(owner, properties));
    let mut records: Vec<Pair> = before
        .iter()
        .filter(|key| !after.contains(key))
        .map(|key| Pair::dead(key.clone()))
        .collect();
    records.extend(
        after
            .iter()
            .filter(|key| !before.contains(key))
            .map(|key| Pair::new(key.clone(), Vec::new())),
    );
    records.push(match new {
        Some((_, bytes)) => Pair::new(owner.key(), bytes),
        None => Pair::dead(owner.key()),
    });
    records
}

/// The index keys of properties. Long values of one name can share a key.
fn keys(owner: Owner, properties: &[(String, Value)]) -> Vec<Vec<u8>> {
    properties
        .iter()
        .map(|(name, value)| owner.index_key(name, value))
        .collect()
}

/// Whether the index has the keys that the properties ask for and no others, of all records of the data: the same
/// keys give the same sum of hashes, whatever their order.
pub(crate) fn index_fits(mut records: Merge<Pair>) -> Result<bool> {
    let digest = |key: &[u8]| u64::from(hash(key, 1)) << 32 | u64::from(hash(key, 2));
    let (mut wanted, mut there) = ((0_u64, 0_u64), (0_u64, 0_u64));
    let add = |sum: &mut (u64, u64), key: &[u8]| *sum = (sum.0 + 1, sum.1.wrapping_add(digest(key)));
    while records.advance_live()? {
        let Pair { key, value, .. } = records.record();
        if is_index_key(key) {
            add(&mut there, key);
        } else if let Some(owner) = Owner::of_key(key) {
            // What does not decode has no keys.
            let mut keys = keys(owner, &decode(value).unwrap_or_default());
            keys.sort_unstable();
            keys.dedup();
            keys.iter().for_each(|key| add(&mut wanted, key));
        }
    }
    Ok(wanted == there)
}
