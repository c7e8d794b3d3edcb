//! A consistent view to read from.

use crate::buffer::Order;
use crate::error::{Error, Result};
use crate::property::{Owner, Properties, PropertyFilter, PropertyScan, decode, names};
use crate::record::{Fact, Pair};
use crate::scan::{Pattern, Scan};
use crate::term::Terms;
use crate::tree::TreeView;

/// The graph as it was after one commit. It stays so whatever is written, flushed or compacted meanwhile, also
/// after the graph was closed, and it can be read from any thread.
///
/// It keeps the tables it reads on the device, and up to one memtable in memory, until it is dropped.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) facts: [TreeView<Fact>; 3],
    pub(crate) terms: Terms,
    pub(crate) data: TreeView<Pair>,
    pub(crate) sequence: u64,
}

impl Snapshot {
    /// The number of the last commit it sees.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The facts that match.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn scan(&self, pattern: Pattern) -> Result<Scan> {
        Scan::new(&self.facts[pattern.order() as usize], pattern)
    }

    /// How many facts match.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn count(&self, pattern: Pattern) -> Result<u64> {
        self.scan(pattern)?.count()
    }

    /// Whether a fact is there.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn contains(&self, fact: [u32; 3]) -> Result<bool> {
        if fact.iter().any(|&word| word > crate::MAX_TERM_ID) {
            return Ok(false);
        }
        let found = self.facts[Order::Spo as usize].get(&Fact::new(fact, false))?;
        Ok(found.is_some())
    }

    /// The id of a term, if it has one.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn find_term(&self, term: &str) -> Result<Option<u32>> {
        self.terms.find(term.as_bytes())
    }

    /// The term of an id.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn term(&self, id: u32) -> Result<Option<String>> {
        let mut bytes = Vec::new();
        match self.terms.put_term(id, &mut bytes)? {
            true => Ok(Some(utf8(bytes)?)),
            false => Ok(None),
        }
    }

    /// Appends the UTF-8 bytes of the term of an id, for packed results; `false` if there is none.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn put_term(&self, id: u32, out: &mut Vec<u8>) -> Result<bool> {
        self.terms.put_term(id, out)
    }

    /// The properties of a node; `None` if it was never given any.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn node_properties(&self, node: u32) -> Result<Option<Properties>> {
        properties(&self.data, Owner::Node(node))
    }

    /// The properties of an edge; `None` if it was never given any.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn edge_properties(&self, edge: [u32; 3]) -> Result<Option<Properties>> {
        properties(&self.data, Owner::Edge(edge))
    }

    /// Appends the stored form of the properties of a node or an edge, for packed results; `false` if it was
    /// never given any.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn put_properties(&self, owner: Owner, out: &mut Vec<u8>) -> Result<bool> {
        let stored = self.data.get(&Pair::probe(&owner.key()))?;
        out.extend_from_slice(stored.as_ref().map_or(&[], |record| &record.value));
        Ok(stored.is_some())
    }

    /// The names of all properties of nodes, or of edges.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn property_names(&self, of_edges: bool) -> Result<Vec<String>> {
        names(&self.data, of_edges)
    }

    /// The nodes with a matching property.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn nodes_with(&self, name: &str, filter: PropertyFilter) -> Result<PropertyScan> {
        PropertyScan::new(self.data.clone(), false, name, filter)
    }

    /// The edges with a matching property, whether or not the fact is there.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn edges_with(&self, name: &str, filter: PropertyFilter) -> Result<PropertyScan> {
        PropertyScan::new(self.data.clone(), true, name, filter)
    }
}

/// Terms come in as strings, so what is not one was damaged.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::corrupt("the dictionary", 0, "a term is not UTF-8"))
}

pub(crate) fn properties(data: &TreeView<Pair>, owner: Owner) -> Result<Option<Properties>> {
    let Some(record) = data.get(&Pair::probe(&owner.key()))? else {
        return Ok(None);
    };
    let malformed = || Error::corrupt("the properties", 0, "a set does not decode");
    decode(&record.value).map(Some).ok_or_else(malformed)
}
