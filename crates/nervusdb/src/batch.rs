//! Changes that take effect together.

use crate::log::{Op, TxMark};
use crate::property::{Owner, Value, decode, encode};

/// A list of changes for [`Graph::commit`](crate::Graph::commit). The order of the calls counts.
///
/// Terms are named by the ids that [`Graph::intern`](crate::Graph::intern) gave.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(crate) ops: Vec<Op>,
    pub(crate) tx: Option<TxMark>,
}

impl Batch {
    /// An empty batch.
    pub const fn new() -> Self {
        Self {
            ops: Vec::new(),
            tx: None,
        }
    }

    /// Makes the commit idempotent: of several batches with one id only the first counts, also across
    /// restarts. The session and the time are only recorded.
    pub fn transaction(&mut self, id: &str, session: &str, time_ms: u64) -> &mut Self {
        self.tx = Some(TxMark {
            id: id.into(),
            session: session.into(),
            time_ms,
        });
        self
    }

    /// Adds a fact: subject, predicate, object. Adding one that is there changes nothing.
    pub fn add(&mut self, fact: [u32; 3]) -> &mut Self {
        self.add_packed(&fact)
    }

    /// Adds facts packed as subject, predicate, object, subject, … An incomplete last one is left out.
    pub fn add_packed(&mut self, words: &[u32]) -> &mut Self {
        let (facts, _) = words.as_chunks();
        match self.ops.last_mut() {
            Some(Op::Add(before)) => before.extend_from_slice(facts),
            _ => self.ops.push(Op::Add(facts.to_vec())),
        }
        self
    }

    /// Deletes a fact, if it is there. Its properties stay.
    pub fn delete(&mut self, fact: [u32; 3]) -> &mut Self {
        match self.ops.last_mut() {
            Some(Op::Delete(facts)) => facts.push(fact),
            _ => self.ops.push(Op::Delete(vec![fact])),
        }
        self
    }

    /// Replaces all properties of a node.
    pub fn set_node(&mut self, node: u32, properties: &[(String, Value)]) -> &mut Self {
        self.ops.push(Op::Node(node, Some(encode(properties))));
        self
    }

    /// Removes the properties of a node: from then on it has none, not an empty set.
    pub fn clear_node(&mut self, node: u32) -> &mut Self {
        self.ops.push(Op::Node(node, None));
        self
    }

    /// Replaces all properties of an edge, whether or not the fact is there.
    pub fn set_edge(&mut self, edge: [u32; 3], properties: &[(String, Value)]) -> &mut Self {
        self.ops.push(Op::Edge(edge, Some(encode(properties))));
        self
    }

    /// Removes the properties of an edge.
    pub fn clear_edge(&mut self, edge: [u32; 3]) -> &mut Self {
        self.ops.push(Op::Edge(edge, None));
        self
    }

    /// Replaces or removes all properties of a node or an edge by the stored form of a set, as
    /// `docs/graph-format.md` draws it; `false`, and no change, if it is none.
    pub fn set_encoded(&mut self, owner: Owner, properties: Option<&[u8]>) -> bool {
        if properties.is_some_and(|bytes| decode(bytes).is_none()) {
            return false;
        }
        let properties = properties.map(<[u8]>::to_vec);
        self.ops.push(match owner {
            Owner::Node(node) => Op::Node(node, properties),
            Owner::Edge(edge) => Op::Edge(edge, properties),
        });
        true
    }

    /// How many changes it holds.
    pub fn len(&self) -> usize {
        self.ops.iter().map(Op::len).sum()
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all changes and the transaction id, and keeps the memory.
    pub fn clear(&mut self) {
        self.ops.clear();
        self.tx = None;
    }
}
