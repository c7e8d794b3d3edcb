//! Maintenance: check and repair, in the larger of the two modules.

use std::sync::Arc;

use crate::graph::DIRECTORY;
use crate::pool::HostPool;
use crate::state::{done, yields};

/// Checks every stored byte. Words: tables, blocks, log records, problems, then low and high half of the records and of the facts. Bytes: a line
/// for each problem.
#[unsafe(no_mangle)]
extern "C" fn graph_check() -> *const u32 {
    yields(|state| {
        let report = nervusdb::check(Arc::new(HostPool { read_only: true }), DIRECTORY)?;
        state.words.extend([
            report.tables as u32,
            report.blocks as u32,
            report.log_records as u32,
            report.problems.len() as u32,
        ]);
        for number in [report.records, report.facts] {
            state.words.extend([number as u32, (number >> 32) as u32]);
        }
        for problem in &report.problems {
            state.bytes.extend_from_slice(problem.to_string().as_bytes());
            state.bytes.push(b'\n');
        }
        state.words.push(state.bytes.len() as u32);
        Ok(())
    })
}

/// Keeps what is readable and sets the damaged files aside. Words: problems, low and high halves of the facts restored, the facts
/// removed and the terms lost, then the lengths of two texts: a line for each problem, and the names of the files set aside.
#[unsafe(no_mangle)]
extern "C" fn graph_repair() -> *const u32 {
    yields(|state| {
        let repaired = nervusdb::repair(Arc::new(HostPool { read_only: false }), DIRECTORY)?;
        state.words.push(repaired.problems.len() as u32);
        for number in [
            repaired.facts_restored,
            repaired.facts_removed,
            repaired.terms_lost,
        ] {
            state.words.extend([number as u32, (number >> 32) as u32]);
        }
        for problem in &repaired.problems {
            state.bytes.extend_from_slice(problem.to_string().as_bytes());
            state.bytes.push(b'\n');
        }
        let problems = state.bytes.len();
        for name in &repaired.set_aside {
            state.bytes.extend_from_slice(name.as_bytes());
            state.bytes.push(b'\n');
        }
        let names = state.bytes.len() - problems;
        state.words.extend([problems as u32, names as u32]);
        Ok(())
    })
}

/// Forgets all but the newest transaction ids.
#[unsafe(no_mangle)]
extern "C" fn graph_forget_transactions(graph: u32, kept: u32) -> u32 {
    done(|state| Ok(state.graph(graph)?.forget_transactions(u64::from(kept))?))
}

/// The remembered transaction ids, oldest first: for each the words length of the id, length of the session, low and high half of
/// the time; their bytes follow each other.
#[unsafe(no_mangle)]
extern "C" fn graph_transactions(graph: u32) -> *const u32 {
    yields(|state| {
        for transaction in state.graph(graph)?.transactions()? {
            let (id, session) = (transaction.id.as_bytes(), transaction.session.as_bytes());
            let time = transaction.time_ms;
            state.words.extend([
                id.len() as u32,
                session.len() as u32,
                time as u32,
                (time >> 32) as u32,
            ]);
            state.bytes.extend_from_slice(id);
            state.bytes.extend_from_slice(session);
        }
        Ok(())
    })
}
