//! Properties: sets of them by owner, and owners by them.

use std::ops::Bound;

use nervusdb::{Owner, PropertyFilter, PropertyScan, Value};

use crate::state::{AnyScan, Failure, Outcome, State, View, yields};

const NONE: u32 = u32::MAX;

/// The sets of `count` nodes or edges. Input: their ids, one or three words each. Words: the length of each set, all bits where there is
/// none; their bytes, in the stored form, follow each other.
#[unsafe(no_mangle)]
extern "C" fn properties_get(view: u32, of_edges: u32, count: usize) -> *const u32 {
    yields(|state| {
        let mut bytes = std::mem::take(&mut state.bytes);
        let mut lens = Vec::with_capacity(count);
        let width = if of_edges == 0 { 1 } else { 3 };
        for ids in state.input_words(count * width)?.chunks_exact(width) {
            let owner = match *ids {
                [subject, predicate, object] => Owner::Edge([subject, predicate, object]),
                _ => Owner::Node(ids[0]),
            };
            let before = bytes.len();
            let found = match state.view(view)? {
                View::Newest(graph) => graph.put_properties(owner, &mut bytes)?,
                View::Past(snapshot) => snapshot.put_properties(owner, &mut bytes)?,
            };
            lens.push(if found {
                (bytes.len() - before) as u32
            } else {
                NONE
            });
        }
        state.words.append(&mut lens);
        state.bytes = bytes;
        Ok(())
    })
}

const ANY: u32 = 0;
const EQUALS: u32 = 1;
const PREFIX: u32 = 2;

/// Begins a scan of the nodes or edges with a matching property, for [`properties_more`]: its handle.
///
/// Input: the name, then (for kinds other than 0, any value) one value in the stored form, or two. Kinds: 1 equals, 2 begins with, 3 is a range whose
/// bounds are there if bits 4 and 8 are set, and excluded if bits 16 and 32 are.
#[unsafe(no_mangle)]
extern "C" fn properties_scan(
    view: u32,
    of_edges: u32,
    kind: u32,
    name_len: usize,
    min_len: usize,
    max_len: usize,
) -> *const u32 {
    yields(|state| {
        let name = state.input_text(0, name_len)?;
        let first = || value(state.input_bytes(name_len, min_len)?);
        let second = || value(state.input_bytes(name_len + min_len, max_len)?);
        let bound =
            |there: u32, excluded: u32, value: &dyn Fn() -> Outcome<Value>| -> Outcome<Bound<Value>> {
                Ok(match (kind & there != 0, kind & excluded != 0) {
                    (false, _) => Bound::Unbounded,
                    (true, false) => Bound::Included(value()?),
                    (true, true) => Bound::Excluded(value()?),
                })
            };
        let filter = match kind & 3 {
            ANY => PropertyFilter::Any,
            EQUALS => PropertyFilter::Equals(first()?),
            PREFIX => match first()? {
                Value::Text(text) => PropertyFilter::Prefix(text),
                _ => return Err(Failure::Misuse("a prefix that is no text")),
            },
            _ => PropertyFilter::Range {
                min: bound(4, 16, &first)?,
                max: bound(8, 32, &second)?,
            },
        };
        let scan = match (state.view(view)?, of_edges) {
            (View::Newest(graph), 0) => graph.nodes_with(name, filter)?,
            (View::Newest(graph), _) => graph.edges_with(name, filter)?,
            (View::Past(snapshot), 0) => snapshot.nodes_with(name, filter)?,
            (View::Past(snapshot), _) => snapshot.edges_with(name, filter)?,
        };
        let handle = state.scans.insert(AnyScan::Properties(scan));
        state.words.push(handle);
        Ok(())
    })
}

/// Up to `limit` more: the ids of each as words, one or three; fewer only at the end. Where asked for, the values follow each other as
/// bytes, in the stored form.
#[unsafe(no_mangle)]
extern "C" fn properties_more(scan: u32, limit: usize, with_values: u32) -> *const u32 {
    yields(|state| {
        let State {
            scans, words, bytes, ..
        } = state;
        let Some(AnyScan::Properties(scan)) = scans.get_mut(scan) else {
            return Err(Failure::Misuse("no such scan"));
        };
        fill(scan, limit, words, (with_values != 0).then_some(bytes))
    })
}

fn fill(
    scan: &mut PropertyScan,
    limit: usize,
    words: &mut Vec<u32>,
    mut values: Option<&mut Vec<u8>>,
) -> Outcome<()> {
    for _ in 0..limit {
        let Some((owner, value)) = scan.next_entry()? else {
            break;
        };
        match owner {
            Owner::Node(id) => words.push(id),
            Owner::Edge(edge) => words.extend(edge),
        }
        if let Some(bytes) = &mut values {
            value.put(bytes);
        }
    }
    Ok(())
}

/// The names of all properties: one word each, its length; their bytes follow each other.
#[unsafe(no_mangle)]
extern "C" fn properties_names(view: u32, of_edges: u32) -> *const u32 {
    yields(|state| {
        let names = match state.view(view)? {
            View::Newest(graph) => graph.snapshot().property_names(of_edges != 0)?,
            View::Past(snapshot) => snapshot.property_names(of_edges != 0)?,
        };
        for name in names {
            state.words.push(name.len() as u32);
            state.bytes.extend_from_slice(name.as_bytes());
        }
        Ok(())
    })
}

fn value(bytes: &[u8]) -> Outcome<Value> {
    Value::parse(bytes).ok_or(Failure::Misuse("a value that does not decode"))
}
