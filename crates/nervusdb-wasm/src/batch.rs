//! Commits.

use nervusdb::{Batch, Committed, Durability, Owner};

use crate::state::{Failure, Outcome, State, as_bytes, call};

/// Ids have 31 bits; a word with the highest bit begins another change than an added fact.
const SPECIAL: u32 = 1 << 31;
const DELETE: u32 = SPECIAL;
const NODE: u32 = SPECIAL | 1;
const EDGE: u32 = SPECIAL | 2;
const CLEAR_NODE: u32 = SPECIAL | 3;
const CLEAR_EDGE: u32 = SPECIAL | 4;

const FAILED: u32 = 0;
const APPLIED: u32 = 1;
const DUPLICATE: u32 = 2;

const fn durability(level: u32) -> Durability {
    match level {
        0 => Durability::Gathered,
        1 => Durability::Written,
        _ => Durability::Synced,
    }
}

/// Commits the changes in the first words of the input: 1 if they took effect, 2 if the transaction id was used before, 0 is an error.
///
/// Three words add a fact. Others begin with what they are: `DELETE` and three words; `NODE`, the id, a number of bytes, and the set
/// of properties in as many words as it takes; `EDGE` likewise with three words; `CLEAR_NODE` and `CLEAR_EDGE` with the ids alone. After the
/// changes come the bytes of the transaction id and of the session. No id means `tx_len` of all bits.
#[unsafe(no_mangle)]
extern "C" fn commit(
    graph: u32,
    words: usize,
    level: u32,
    tx_len: usize,
    session_len: usize,
    time_ms: f64,
) -> u32 {
    call(FAILED, |state| {
        let mut batch = std::mem::take(&mut state.batch);
        batch.clear();
        decode(state.input_words(words)?, &mut batch)?;
        if tx_len != usize::MAX {
            let id = state.input_text(words * 4, tx_len)?;
            let session = state.input_text(words * 4 + tx_len, session_len)?;
            batch.transaction(id, session, time_ms as u64);
        }
        let committed = state.graph(graph)?.commit(&batch, durability(level))?;
        state.batch = batch;
        Ok(outcome(committed))
    })
}

/// Adds (or deletes) one fact.
#[unsafe(no_mangle)]
extern "C" fn commit_fact(
    graph: u32,
    subject: u32,
    predicate: u32,
    object: u32,
    delete: u32,
    level: u32,
) -> u32 {
    call(FAILED, |state: &mut State| {
        let mut batch = std::mem::take(&mut state.batch);
        batch.clear();
        let fact = [subject, predicate, object];
        match delete {
            0 => batch.add(fact),
            _ => batch.delete(fact),
        };
        let committed = state.graph(graph)?.commit(&batch, durability(level))?;
        state.batch = batch;
        Ok(outcome(committed))
    })
}

const fn outcome(committed: Committed) -> u32 {
    match committed {
        Committed::Applied(_) => APPLIED,
        Committed::Duplicate => DUPLICATE,
    }
}

fn decode(words: &[u32], batch: &mut Batch) -> Outcome<()> {
    let mut rest = words;
    while let Some(&first) = rest.first() {
        if first & SPECIAL == 0 {
            let end = rest.chunks_exact(3).position(|fact| fact[0] & SPECIAL != 0);
            let facts = end.unwrap_or(rest.len() / 3) * 3;
            if facts == 0 {
                return Err(CUT);
            }
            batch.add_packed(&rest[..facts]);
            rest = &rest[facts..];
            continue;
        }
        let (ids, tail) = match first {
            NODE | CLEAR_NODE => rest[1..].split_at_checked(1),
            DELETE | EDGE | CLEAR_EDGE => rest[1..].split_at_checked(3),
            _ => return Err(Failure::Misuse("an unknown change")),
        }
        .ok_or(CUT)?;
        rest = tail;
        let owner = match *ids {
            [subject, predicate, object] => Owner::Edge([subject, predicate, object]),
            _ => Owner::Node(ids[0]),
        };
        match (first, owner) {
            (DELETE, Owner::Edge(fact)) => drop(batch.delete(fact)),
            (CLEAR_NODE | CLEAR_EDGE, _) => drop(batch.set_encoded(owner, None)),
            _ => {
                let (&len, tail) = rest.split_first().ok_or(CUT)?;
                let (set, tail) = tail.split_at_checked(len.div_ceil(4) as usize).ok_or(CUT)?;
                rest = tail;
                if !batch.set_encoded(owner, Some(&as_bytes(set)[..len as usize])) {
                    return Err(Failure::Misuse("properties that do not decode"));
                }
            }
        }
    }
    Ok(())
}

const CUT: Failure = Failure::Misuse("a change that is cut off");
