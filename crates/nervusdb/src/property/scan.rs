//! Finds owners by a property.

use super::filter::PropertyFilter;
use super::keys::{Owner, index_prefix, parse_index};
use super::value::{Value, decode};
use crate::error::{Error, Result};
use crate::record::{Pair, Record};
use crate::tree::{Merge, TreeView};

/// Streams the nodes or edges that have a matching property, in the order of the values. It sees the graph as
/// it was when the scan began.
#[derive(Debug)]
pub struct PropertyScan {
    view: TreeView<Pair>,
    merge: Merge<Pair>,
    prefix: Vec<u8>,
    to: Pair,
    name: String,
    filter: PropertyFilter,
    of_edges: bool,
}

impl PropertyScan {
    pub(crate) fn new(
        view: TreeView<Pair>,
        of_edges: bool,
        name: &str,
        filter: PropertyFilter,
    ) -> Result<Self> {
        let prefix = index_prefix(of_edges, name);
        let (from, to) = filter.extent(&prefix);
        Ok(Self {
            merge: view.merge(&from, &to)?,
            view,
            prefix,
            to,
            name: name.to_owned(),
            filter,
            of_edges,
        })
    }

    /// The next owner and the value that matched.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn next_entry(&mut self) -> Result<Option<(Owner, Value)>> {
        while self.merge.advance_live()? {
            let record = self.merge.record();
            if record.order(&self.to).is_gt() {
                self.merge = Merge::new(Vec::new());
                break;
            }
            let Some(rest) = record.key.strip_prefix(&self.prefix[..]) else {
                continue;
            };
            let malformed = || Error::corrupt("the property index", 0, "a key does not decode");
            let key = parse_index(self.of_edges, rest).ok_or_else(malformed)?;
            let found = match key.value {
                Some(value) if !self.is_cut() => Some(value).filter(|value| self.filter.matches(value)),
                _ => self.stored_match(key.owner, &record.key)?,
            };
            if let Some(value) = found {
                return Ok(Some((key.owner, value)));
            }
        }
        Ok(None)
    }

    /// Whether the key holds only the beginning of the name.
    fn is_cut(&self) -> bool {
        self.prefix.ends_with(&[0, 1])
    }

    /// Looks at the properties themselves, where the key does not say enough. Only the match that the key stands
    /// for counts: others of the owner have keys of their own.
    fn stored_match(&self, owner: Owner, key: &[u8]) -> Result<Option<Value>> {
        let Some(stored) = self.view.get(&Pair::probe(&owner.key()))? else {
            return Ok(None);
        };
        let malformed = || Error::corrupt("the properties", 0, "a set does not decode");
        let properties = decode(&stored.value).ok_or_else(malformed)?;
        let mut values = properties
            .into_iter()
            .filter(|(name, _)| *name == self.name)
            .map(|(_, value)| value);
        Ok(values.find(|value| self.filter.matches(value) && owner.index_key(&self.name, value) == key))
    }

    /// The next node.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports. Of an edge scan there are no nodes.
    pub fn next_node(&mut self) -> Result<Option<u32>> {
        Ok(self.next_entry()?.and_then(|(owner, _)| match owner {
            Owner::Node(id) => Some(id),
            Owner::Edge(_) => None,
        }))
    }

    /// The next edge: subject, predicate, object.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports. Of a node scan there are no edges.
    pub fn next_edge(&mut self) -> Result<Option<[u32; 3]>> {
        Ok(self.next_entry()?.and_then(|(owner, _)| match owner {
            Owner::Edge(edge) => Some(edge),
            Owner::Node(_) => None,
        }))
    }
}
