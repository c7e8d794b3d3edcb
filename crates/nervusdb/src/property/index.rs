//! What a change of properties changes in the index.

use super::keys::Owner;
use super::value::{Properties, Value};
use crate::record::Pair;

/// The records that replace the properties `old` of an owner by `new`. Of names that occur twice, the last
/// counts.
pub(crate) fn changes(
    owner: Owner,
    old: &[(String, Value)],
    new: Option<(&Properties, Vec<u8>)>,
) -> Vec<Pair> {
    let keys = |properties: &[(String, Value)]| -> Vec<Vec<u8>> {
        properties
            .iter()
            .map(|(name, value)| owner.index_key(name, value))
            .collect()
    };
    let before = keys(old);
    let after = new
        .as_ref()
        .map_or_else(Vec::new, |(properties, _)| keys(properties));
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
