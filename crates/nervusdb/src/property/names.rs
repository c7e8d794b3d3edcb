//! Which names properties have.

use super::keys::{index_tag, name_end, parse_index, plain_text};
use super::value::decode;
use crate::error::{Error, Result};
use crate::record::{Pair, Record};
use crate::tree::TreeView;

/// Every name in the index, once; sorted, but for those longer than a key holds. One seek a name, except for names longer than a key holds.
pub(crate) fn names(view: &TreeView<Pair>, of_edges: bool) -> Result<Vec<String>> {
    let malformed = || Error::corrupt("the property index", 0, "a key does not decode");
    let tag = index_tag(of_edges);
    let to = Pair::probe(&[tag + 1]);
    let mut names = Vec::new();
    let mut from = vec![tag];
    loop {
        let mut merge = view.merge(&Pair::probe(&from), &to)?;
        if !merge.advance_live()? || !merge.record().order(&to).is_lt() {
            return Ok(names);
        }
        let key = &merge.record().key;
        let (end, is_cut) = name_end(&key[1..]).ok_or_else(malformed)?;
        let prefix = &key[..=end];
        if is_cut {
            let owner = parse_index(of_edges, &key[prefix.len()..])
                .ok_or_else(malformed)?
                .owner;
            let stored = view.get(&Pair::probe(&owner.key()))?;
            let properties = stored
                .and_then(|record| decode(&record.value))
                .unwrap_or_default();
            let keys = |name: &str| super::keys::index_prefix(of_edges, name) == prefix;
            names.extend(
                properties
                    .into_iter()
                    .map(|(name, _)| name)
                    .filter(|name| keys(name)),
            );
            // The next owner may have another name with this beginning.
            from.clone_from(key);
            from.push(0);
        } else {
            names.push(plain_text(&prefix[1..prefix.len() - 2]).ok_or_else(malformed)?);
            from = prefix.to_vec();
            from.push(0xFF);
        }
    }
}
