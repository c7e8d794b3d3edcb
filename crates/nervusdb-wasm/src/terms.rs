//! Strings and ids, many at a time.

use crate::state::{Failure, State, View, text, yields};

/// What `find` gives for a term without id.
const UNKNOWN: u32 = u32::MAX;
/// Room is made for so many terms before it is known that they are there.
const MANY: usize = 1 << 16;

/// The ids of `count` terms, new ones included. Input: their lengths as words, then their bytes.
#[unsafe(no_mangle)]
extern "C" fn terms_intern(graph: u32, count: usize) -> *const u32 {
    yields(|state| {
        let mut terms = Vec::with_capacity(count.min(MANY));
        each(state, count, |term| {
            terms.push(term);
            Ok(())
        })?;
        let mut ids = state.graph(graph)?.intern_all(&terms)?;
        state.words.append(&mut ids);
        Ok(())
    })
}

/// The ids of `count` terms; of one without id, all bits. Input as [`terms_intern`].
#[unsafe(no_mangle)]
extern "C" fn terms_find(graph: u32, count: usize) -> *const u32 {
    yields(|state| {
        let graph = state.graph(graph)?;
        let mut ids = Vec::new();
        each(state, count, |term| {
            ids.push(graph.find_term(term)?.unwrap_or(UNKNOWN));
            Ok(())
        })?;
        state.words.append(&mut ids);
        Ok(())
    })
}

fn each<'a>(
    state: &'a State,
    count: usize,
    mut visit: impl FnMut(&'a str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut at = count * 4;
    for &len in state.input_words(count)? {
        let len = len as usize;
        visit(text(state.input_bytes(at, len)?)?)?;
        at += len;
    }
    Ok(())
}

/// The terms of `count` ids. Input: the ids. Words: their lengths, all bits where there is none; their bytes follow each other.
#[unsafe(no_mangle)]
extern "C" fn terms_get(view: u32, count: usize) -> *const u32 {
    yields(|state| {
        let mut bytes = std::mem::take(&mut state.bytes);
        let mut lens = Vec::with_capacity(count);
        for &id in state.input_words(count)? {
            let before = bytes.len();
            let found = match state.view(view)? {
                View::Newest(graph) => graph.put_term(id, &mut bytes)?,
                View::Past(snapshot) => snapshot.put_term(id, &mut bytes)?,
            };
            lens.push(if found {
                (bytes.len() - before) as u32
            } else {
                UNKNOWN
            });
        }
        state.words.append(&mut lens);
        state.bytes = bytes;
        Ok(())
    })
}
