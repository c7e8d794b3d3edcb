//! How a graph is opened, and how a batch is committed.

/// How [`Graph::open`](crate::Graph::open) opens.
#[derive(Clone, Debug)]
pub struct Options {
    /// Creates the graph if it is missing.
    pub create: bool,
    /// Changes nothing on the device, and sees what was committed when it opened. Any number of readers may
    /// open beside one writer.
    pub read_only: bool,
    /// Bytes of blocks kept in memory. The indexes of the tables come on top, about 1 % of the data.
    pub cache_bytes: usize,
    /// Bytes of changes in memory before they are written to tables. A flush needs up to twice as much.
    pub memtable_bytes: usize,
    /// Bytes of log before the changes are written to tables.
    pub log_bytes: u64,
    /// How many transaction ids are remembered across flushes. With 0 they are remembered as long as the log
    /// lives and the graph is open.
    pub remember_transactions: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create: true,
            read_only: false,
            cache_bytes: 16 << 20,
            memtable_bytes: 8 << 20,
            log_bytes: 64 << 20,
            remember_transactions: 0,
        }
    }
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Nothing yet: it gathers with others until one asks for more, 64 KiB have gathered, or
    /// [`sync`](crate::Graph::sync).
    Gathered,
    /// The death of the process: it was handed to the pool.
    #[default]
    Written,
    /// A power cut: it was synced, together with all before.
    Synced,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It took effect, as the commit of that number.
    Applied(u64),
    /// A batch of its transaction id was committed before; this one changed nothing.
    Duplicate,
}
