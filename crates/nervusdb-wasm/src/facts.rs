//! Facts by pattern.

use nervusdb::Pattern;

use crate::state::{AnyScan, Failure, View, call, done, yields};

/// An unbound position of a pattern.
const ANY: u32 = u32::MAX;

fn pattern(subject: u32, predicate: u32, object: u32) -> Pattern {
    let bound = |id: u32| (id != ANY).then_some(id);
    Pattern::new(bound(subject), bound(predicate), bound(object))
}

/// Up to `limit` facts that match: the handle of the scan, or 0 if that were all, and three words for each.
#[unsafe(no_mangle)]
extern "C" fn facts_scan(view: u32, subject: u32, predicate: u32, object: u32, limit: usize) -> *const u32 {
    yields(|state| {
        let pattern = pattern(subject, predicate, object);
        let mut scan = match state.view(view)? {
            View::Newest(graph) => graph.scan(pattern)?,
            View::Past(snapshot) => snapshot.scan(pattern)?,
        };
        state.words.push(0);
        if scan.fill(&mut state.words, limit)? == limit {
            state.words[1] = state.scans.insert(AnyScan::Facts(scan));
        }
        Ok(())
    })
}

/// Up to `limit` more facts, three words each; fewer only at the end.
#[unsafe(no_mangle)]
extern "C" fn facts_more(scan: u32, limit: usize) -> *const u32 {
    yields(|state| {
        let Some(AnyScan::Facts(scan)) = state.scans.get_mut(scan) else {
            return Err(Failure::Misuse("no such scan"));
        };
        scan.fill(&mut state.words, limit)?;
        Ok(())
    })
}

/// Lets go of a scan of any kind.
#[unsafe(no_mangle)]
extern "C" fn scan_free(scan: u32) -> u32 {
    done(|state| {
        drop(state.scans.remove(scan));
        Ok(())
    })
}

/// How many facts match; −1 is an error.
#[unsafe(no_mangle)]
extern "C" fn facts_count(view: u32, subject: u32, predicate: u32, object: u32) -> f64 {
    call(-1.0, |state| {
        let pattern = pattern(subject, predicate, object);
        Ok(match state.view(view)? {
            View::Newest(graph) => graph.count(pattern)?,
            View::Past(snapshot) => snapshot.count(pattern)?,
        } as f64)
    })
}

/// Whether a fact is there: 0 no, 1 yes, −1 is an error.
#[unsafe(no_mangle)]
extern "C" fn facts_contains(view: u32, subject: u32, predicate: u32, object: u32) -> i32 {
    call(-1, |state| {
        let fact = [subject, predicate, object];
        Ok(i32::from(match state.view(view)? {
            View::Newest(graph) => graph.contains(fact)?,
            View::Past(snapshot) => snapshot.contains(fact)?,
        }))
    })
}
