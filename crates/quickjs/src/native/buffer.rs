//! What `Buffer` does with many bytes at once.

use rquickjs::{Ctx, Object, Result};

use super::functions;
use crate::bytes::Bytes;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    functions!(ctx, native, {
        // -1, 0 or 1.
        "compare" => |a: Bytes<'js>, b: Bytes<'js>| a.with(|a| b.with(|b| a.cmp(b) as i32)),
        // Where `what` begins at or after (or, backwards, at or before) `from`; -1 if nowhere.
        "indexOf" => |all: Bytes<'js>, what: Bytes<'js>, from: f64, backwards: bool, step: f64| {
            let step = (step as usize).max(1);
            all.with(|all| what.with(|what| match backwards {
                false => forwards(all, what, from as usize, step),
                true => last(all, what, from as usize, step),
            }))
        },
        // Fills with copies of a pattern.
        "fill" => |to: Bytes<'js>, pattern: Vec<u8>, start: f64, length: f64| {
            to.part_mut(start, length, |part| match pattern.as_slice() {
                [] => {}
                [byte] => part.fill(*byte),
                pattern => part.chunks_mut(pattern.len()).for_each(|chunk| chunk.copy_from_slice(&pattern[..chunk.len()])),
            });
        },
    });
    Ok(())
}

fn forwards(all: &[u8], what: &[u8], from: usize, step: usize) -> f64 {
    if what.is_empty() || what.len() > all.len() {
        return -1.0;
    }
    let mut at = from;
    while at <= all.len() - what.len() {
        let Some(found) = all[at..=all.len() - what.len()]
            .iter()
            .position(|byte| *byte == what[0])
        else {
            return -1.0;
        };
        at += found;
        if at.is_multiple_of(step) && all[at..].starts_with(what) {
            return at as f64;
        }
        at += 1;
    }
    -1.0
}

fn last(all: &[u8], what: &[u8], from: usize, step: usize) -> f64 {
    if what.is_empty() || what.len() > all.len() {
        return -1.0;
    }
    let mut places = (0..=from.min(all.len() - what.len())).rev();
    places
        .find(|at| at.is_multiple_of(step) && all[*at..].starts_with(what))
        .map_or(-1.0, |at| at as f64)
}
