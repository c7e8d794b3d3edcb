//! Reading the newest state.

use super::Graph;
use crate::buffer::Order;
use crate::error::Result;
use crate::property::{Owner, Properties, PropertyFilter, PropertyScan};
use crate::record::Fact;
use crate::scan::{Pattern, Scan};
use crate::snapshot::{Snapshot, properties, utf8};
use crate::sync::lock;
use crate::tree::get;

impl Graph {
    /// A consistent view of the newest commit.
    pub fn snapshot(&self) -> Snapshot {
        lock(&self.state).snapshot()
    }

    /// The number of the last commit.
    pub fn sequence(&self) -> u64 {
        lock(&self.state).sequence
    }

    /// How many terms have an id: ids are below this.
    pub fn term_count(&self) -> u32 {
        crate::term::read(&lock(&self.state).terms).next_id()
    }

    /// As [`Snapshot::scan`], of the newest commit.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn scan(&self, pattern: Pattern) -> Result<Scan> {
        let view = lock(&self.state).fact_view(pattern.order());
        Scan::new(&view, pattern)
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
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        let runs = state.facts.runs(Order::Spo).newest_first();
        let levels = &state.tables.facts[Order::Spo as usize];
        let found = get(Order::Spo.space(), runs, levels, &Fact::new(fact, false))?;
        Ok(found.is_some())
    }

    /// The id of a term, if it has one.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn find_term(&self, term: &str) -> Result<Option<u32>> {
        lock(&self.state).terms().find(term.as_bytes())
    }

    /// How many terms are in tables.
    pub(crate) fn count_stored_terms(&self) -> Result<u64> {
        lock(&self.state).terms().count_stored()
    }

    /// The term of an id.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn term(&self, id: u32) -> Result<Option<String>> {
        let mut bytes = Vec::new();
        match self.put_term(id, &mut bytes)? {
            true => Ok(Some(utf8(bytes)?)),
            false => Ok(None),
        }
    }

    /// Appends the UTF-8 bytes of the term of an id, for packed results; `false` if there is none.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn put_term(&self, id: u32, out: &mut Vec<u8>) -> Result<bool> {
        lock(&self.state).terms().put_term(id, out)
    }

    /// The properties of a node; `None` if it was never given any.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn node_properties(&self, node: u32) -> Result<Option<Properties>> {
        properties(&lock(&self.state).data_view(), Owner::Node(node))
    }

    /// The properties of an edge; `None` if it was never given any.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn edge_properties(&self, edge: [u32; 3]) -> Result<Option<Properties>> {
        properties(&lock(&self.state).data_view(), Owner::Edge(edge))
    }

    /// As [`Snapshot::put_properties`], of the newest commit.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn put_properties(&self, owner: Owner, out: &mut Vec<u8>) -> Result<bool> {
        let stored = lock(&self.state).stored_data(&owner.key())?;
        out.extend_from_slice(stored.as_ref().map_or(&[], |record| &record.value));
        Ok(stored.is_some())
    }

    /// Whether no node and no edge has properties, and no transaction id is stored: from memory alone.
    pub fn has_no_data(&self) -> bool {
        lock(&self.state).has_no_data()
    }

    /// As [`Snapshot::nodes_with`], of the newest commit.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn nodes_with(&self, name: &str, filter: PropertyFilter) -> Result<PropertyScan> {
        let view = lock(&self.state).data_view();
        PropertyScan::new(view, false, name, filter)
    }

    /// As [`Snapshot::edges_with`], of the newest commit.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn edges_with(&self, name: &str, filter: PropertyFilter) -> Result<PropertyScan> {
        let view = lock(&self.state).data_view();
        PropertyScan::new(view, true, name, filter)
    }
}
