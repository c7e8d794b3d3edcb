//! Opening, closing, and what concerns a graph as a whole.

use std::sync::Arc;

use nervusdb::{Graph, Options};

use crate::pool::HostPool;
use crate::state::{View, call, done, yields};

/// The directory of the graph in its pool: the pool belongs to it alone.
pub(crate) const DIRECTORY: &str = "graph";

const CREATE: u32 = 1;
const READ_ONLY: u32 = 2;

/// Opens the graph of this instance's storage and gives a handle, or 0. Flags: 1 creates it if it is missing, 2 changes nothing.
#[unsafe(no_mangle)]
extern "C" fn graph_open(
    flags: u32,
    cache_bytes: usize,
    memtable_bytes: usize,
    log_bytes: f64,
    remember: u32,
) -> u32 {
    call(0, |state| {
        let read_only = flags & READ_ONLY != 0;
        let options = Options {
            create: flags & CREATE != 0,
            read_only,
            cache_bytes,
            memtable_bytes,
            log_bytes: log_bytes as u64,
            remember_transactions: u64::from(remember),
        };
        let graph = Graph::open(Arc::new(HostPool { read_only }), DIRECTORY, options)?;
        Ok(state.views.insert(View::Newest(graph)))
    })
}

/// Lets go of a graph or a snapshot, without writing anything.
#[unsafe(no_mangle)]
extern "C" fn view_free(view: u32) {
    call((), |state| {
        drop(state.views.remove(view));
        Ok(())
    });
}

/// A view of the graph as it is now; 0 fails.
#[unsafe(no_mangle)]
extern "C" fn graph_snapshot(graph: u32) -> u32 {
    call(0, |state| {
        let snapshot = state.graph(graph)?.snapshot();
        Ok(state.views.insert(View::Past(snapshot)))
    })
}

/// Makes everything committed durable in the log.
#[unsafe(no_mangle)]
extern "C" fn graph_sync(graph: u32) -> u32 {
    done(|state| Ok(state.graph(graph)?.sync()?))
}

/// Makes everything committed durable in tables.
#[unsafe(no_mangle)]
extern "C" fn graph_flush(graph: u32) -> u32 {
    done(|state| Ok(state.graph(graph)?.flush()?))
}

/// Merges everything.
#[unsafe(no_mangle)]
extern "C" fn graph_compact(graph: u32) -> u32 {
    done(|state| Ok(state.graph(graph)?.compact()?))
}

/// Merges up to about so many records: 0 is an error, 1 says that nothing is left to do, 2 that something is.
#[unsafe(no_mangle)]
extern "C" fn graph_compact_some(graph: u32, budget: usize) -> u32 {
    call(0, |state| {
        Ok(1 + u32::from(state.graph(graph)?.compact_some(budget)?))
    })
}

/// Numbers, each in two words, lower half first: terms, commits, epoch, facts and bytes in memory, bytes of the log, of the
/// cache, hits, misses, whether it compacts, whether that failed; then for each of the six trees: records, tombstones, blocks,
/// bytes, bytes of the index, number of levels, and the tables of each level.
#[unsafe(no_mangle)]
extern "C" fn graph_stats(graph: u32) -> *const u32 {
    yields(|state| {
        let stats = state.graph(graph)?.stats();
        let mut numbers = vec![
            u64::from(stats.terms),
            stats.sequence,
            stats.epoch,
            stats.memtable_facts as u64,
            stats.memtable_bytes as u64,
            stats.log_bytes,
            stats.cache_bytes as u64,
            stats.cache_hits,
            stats.cache_misses,
            u64::from(stats.is_compacting),
            u64::from(stats.compaction_failed),
        ];
        for tree in &stats.trees {
            let sizes = [
                tree.records,
                tree.tombstones,
                tree.blocks,
                tree.bytes,
                tree.index_bytes as u64,
            ];
            numbers.extend(sizes);
            numbers.push(tree.tables.len() as u64);
            numbers.extend(tree.tables.iter().map(|&tables| tables as u64));
        }
        for number in numbers {
            state.words.extend([number as u32, (number >> 32) as u32]);
        }
        Ok(())
    })
}

/// How many terms have an id.
#[unsafe(no_mangle)]
extern "C" fn graph_terms(graph: u32) -> f64 {
    call(-1.0, |state| Ok(f64::from(state.graph(graph)?.term_count())))
}

/// The number of the last commit.
#[unsafe(no_mangle)]
extern "C" fn view_sequence(view: u32) -> f64 {
    call(-1.0, |state| {
        Ok(match state.view(view)? {
            View::Newest(graph) => graph.sequence() as f64,
            View::Past(snapshot) => snapshot.sequence() as f64,
        })
    })
}

/// Whether anything but facts may be there, properties above all: 0 no, 1 yes.
#[unsafe(no_mangle)]
extern "C" fn graph_has_data(graph: u32) -> u32 {
    call(1, |state| Ok(u32::from(!state.graph(graph)?.has_no_data())))
}
