//! What the hooks remember between a write and the read that follows: by user, in memory, bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;
use tarbox_store::{Error, ErrorKind, LayerId, LogQuery, Result};

use super::node::Node;

/// Users and files of whom something is remembered; the oldest is forgotten first.
const REMEMBERED_MAX: usize = 1024;
/// Different tag names that were ever looked up.
const TAG_NAMES_MAX: usize = 1 << 16;

/// What was asked of a file, or what it answered.
#[derive(Debug, Clone)]
pub(super) enum Memory {
    Query(LogQuery),
    Diff(LayerId, LayerId),
    Answer(Arc<[u8]>),
}

/// The memory of one file system object.
#[derive(Default)]
pub(crate) struct Session {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    remembered: FxHashMap<(u32, Node), (u64, Memory)>,
    clock: u64,
    tag_names: Vec<Arc<str>>,
    tag_numbers: HashMap<Arc<str>, u32>,
}

impl Session {
    pub(super) fn remember(&self, uid: u32, node: Node, memory: Memory) {
        let mut state = self.state();
        state.clock += 1;
        let now = state.clock;
        state.remembered.insert((uid, node), (now, memory));
        if state.remembered.len() > REMEMBERED_MAX {
            let oldest = state
                .remembered
                .iter()
                .min_by_key(|(_, (time, _))| *time)
                .map(|(key, _)| *key);
            oldest.map(|key| state.remembered.remove(&key));
        }
    }

    pub(super) fn recall(&self, uid: u32, node: Node) -> Option<Memory> {
        self.state()
            .remembered
            .get(&(uid, node))
            .map(|(_, memory)| memory.clone())
    }

    /// The node that stands for the tag of this name, be there such a tag or not.
    pub(super) fn tag_node(&self, name: &str) -> Result<Node> {
        let mut state = self.state();
        if let Some(number) = state.tag_numbers.get(name) {
            return Ok(Node::Tag(*number));
        }
        let number = state.tag_names.len();
        if number == TAG_NAMES_MAX {
            return Err(Error::new(ErrorKind::TooManyOpen)
                .because("too many different tags were accessed; reopen the workspace"));
        }
        let name: Arc<str> = name.into();
        state.tag_names.push(name.clone());
        state.tag_numbers.insert(name, number as u32);
        Ok(Node::Tag(number as u32))
    }

    /// The name of the tag that a number stands for.
    pub(super) fn tag_name(&self, number: u32) -> Result<Arc<str>> {
        let name = self.state().tag_names.get(number as usize).cloned();
        name.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let session = Session::default();
        let answer = || Memory::Answer(Arc::from(*b"x"));
        for uid in 0..2 * REMEMBERED_MAX as u32 {
            session.remember(uid, Node::ROOT, answer());
        }
        assert!(session.recall(0, Node::ROOT).is_none());
        assert!(session.recall(REMEMBERED_MAX as u32, Node::ROOT).is_some());
        assert_eq!(session.state().remembered.len(), REMEMBERED_MAX);
    }
}
