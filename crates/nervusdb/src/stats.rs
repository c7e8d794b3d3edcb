//! How large everything is.

use crate::bytes::Reader;
use crate::tree::Levels;

/// The size of one tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeStats {
    /// `SPO`, `POS`, `OSP`, `hash`, `terms` or `data`.
    pub name: &'static str,
    /// Records in tables; a key that is in several levels counts several times.
    pub records: u64,
    /// Of these, how many only say that a key is gone.
    pub tombstones: u64,
    /// Tables of each level.
    pub tables: Vec<usize>,
    /// Blocks of all tables.
    pub blocks: u64,
    /// Bytes of all tables.
    pub bytes: u64,
    /// Memory of the indexes, in bytes.
    pub index_bytes: usize,
}

/// The size of a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Terms with an id.
    pub terms: u32,
    /// The number of the last commit.
    pub sequence: u64,
    /// Switches of the manifest so far.
    pub epoch: u64,
    /// Added and deleted facts that are in memory and the log only.
    pub memtable_facts: usize,
    /// Memory of all changes that are not in tables, in bytes.
    pub memtable_bytes: usize,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Every tree.
    pub trees: Vec<TreeStats>,
    /// Memory of cached blocks, in bytes.
    pub cache_bytes: usize,
    /// Blocks found in the cache.
    pub cache_hits: u64,
    /// Blocks read from the device.
    pub cache_misses: u64,
    /// A merge is under way.
    pub is_compacting: bool,
    /// A merge failed; [`Graph::compact`](crate::Graph::compact) tells why.
    pub compaction_failed: bool,
}

/// A transaction id that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The number of its commit.
    pub sequence: u64,
    /// The id.
    pub id: String,
    /// The session it was recorded with.
    pub session: String,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
}

impl Transaction {
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(value);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        Some(Self {
            sequence: reader.varint()?,
            time_ms: reader.varint()?,
            session: text(reader.slice()?)?,
            id: text(reader.bytes(reader.remaining())?)?,
        })
    }
}

impl TreeStats {
    pub(crate) fn of<R: crate::record::Record>(name: &'static str, levels: &Levels<R>) -> Self {
        let mut stats = Self {
            name,
            tables: std::iter::once(levels.fresh.len())
                .chain(levels.sorted.iter().map(Vec::len))
                .collect(),
            ..Self::default()
        };
        for (_, table) in levels.tables() {
            stats.records += table.footer.entries;
            stats.tombstones += table.footer.tombstones;
            stats.blocks += table.blocks() as u64;
            stats.bytes += table.len;
            stats.index_bytes += table.index_size();
        }
        stats
    }
}

impl Stats {
    /// Bytes of all tables and the log.
    pub fn bytes(&self) -> u64 {
        self.log_bytes + self.trees.iter().map(|tree| tree.bytes).sum::<u64>()
    }
}
