//! What the kernel knows: inodes with the number of times it was told of each, and the names it knows them by.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fuser::INodeNo;
use tarbox_fs::Handle;

/// Within this the kernel has written back what was stored through a memory map: it does so after 30 seconds, give or take 5,
/// and when the map ends.
const WRITTEN_BACK_MAX: Duration = Duration::from_secs(60);

/// The nodes of one mount.
#[derive(Debug, Default)]
pub(crate) struct Nodes(Mutex<Table>);

type Name = Arc<[u8]>;

#[derive(Debug, Default)]
struct Table {
    nodes: HashMap<u64, Node>,
    /// By directory, then by name.
    names: HashMap<u64, HashMap<Name, u64>>,
    /// Directories whose listing the kernel may have kept from before somebody else changed it.
    outdated: HashSet<u64>,
    /// How many handles are open on each.
    open: HashMap<u64, u32>,
    /// Files that the kernel was told have setuid or setgid.
    setid: HashSet<u64>,
    /// Files whose time was set, and when, until they are written again.
    timed: HashMap<u64, Instant>,
    /// Files that were written and may not show it elsewhere yet, and how often.
    unshown: HashMap<u64, u64>,
}

#[derive(Debug, Default)]
struct Node {
    /// Answers that named it, less those the kernel has forgotten.
    lookups: u64,
    /// Directory and name, mostly one.
    names: Vec<(u64, Name)>,
    /// Keeps the inode while the kernel knows it, though its name was removed: a directory that somebody is in, or a
    /// file that is open as a place only.
    kept: Option<Handle>,
}

impl Nodes {
    /// The kernel is about to be told that `name` of `dir` is this node.
    pub(crate) fn learn(&self, dir: INodeNo, name: &[u8], node: INodeNo) {
        let table = &mut *self.table();
        let entry = table.nodes.entry(node.0).or_default();
        entry.lookups += 1;
        let siblings = table.names.entry(dir.0).or_default();
        if siblings.get(name) == Some(&node.0) {
            return;
        }
        let name: Name = name.into();
        entry.names.push((dir.0, name.clone()));
        if let Some(before) = siblings.insert(name.clone(), node.0) {
            table.forget_name(before, dir.0, &name);
        }
    }

    /// The kernel forgets a node `times` times. Answers what kept it, if it was the last.
    pub(crate) fn forget(&self, node: INodeNo, times: u64) -> Option<Handle> {
        let table = &mut *self.table();
        let entry = table.nodes.get_mut(&node.0)?;
        entry.lookups = entry.lookups.saturating_sub(times);
        if entry.lookups > 0 {
            return None;
        }
        let entry = table.nodes.remove(&node.0)?;
        table.outdated.remove(&node.0);
        table.setid.remove(&node.0);
        table.timed.remove(&node.0);
        table.unshown.remove(&node.0);
        for (dir, name) in entry.names {
            table.unlink(dir, &name, node.0);
        }
        entry.kept
    }

    /// The node that the kernel knows by this name, unless it is kept already.
    pub(crate) fn unkept(&self, dir: INodeNo, name: &[u8]) -> Option<INodeNo> {
        let table = self.table();
        let node = *table.names.get(&dir.0)?.get(name)?;
        table.nodes.get(&node)?.kept.is_none().then_some(INodeNo(node))
    }

    /// Keeps a node until it is forgotten. Answers the handle if that is not needed: it is unknown, or kept already.
    pub(crate) fn keep(&self, node: INodeNo, handle: Handle) -> Option<Handle> {
        match self.table().nodes.get_mut(&node.0) {
            Some(entry) if entry.kept.is_none() => {
                entry.kept = Some(handle);
                None
            }
            _ => Some(handle),
        }
    }

    /// A name is gone.
    pub(crate) fn remove(&self, dir: INodeNo, name: &[u8]) {
        self.table().take(dir.0, name);
    }

    /// A name has moved, onto another or in exchange for it.
    pub(crate) fn rename(&self, from: (INodeNo, &[u8]), to: (INodeNo, &[u8]), exchange: bool) {
        let mut table = self.table();
        let moved = table.take(from.0.0, from.1);
        let replaced = table.take(to.0.0, to.1);
        if let Some(node) = moved {
            table.give(to.0.0, to.1, node);
        }
        if let Some(node) = replaced.filter(|_| exchange) {
            table.give(from.0.0, from.1, node);
        }
    }

    /// The name is not this node's any more, if it was.
    pub(crate) fn remove_from(&self, dir: INodeNo, name: &[u8], node: INodeNo) {
        self.table().unlink(dir.0, name, node.0);
    }

    /// Whether the kernel knows the node by a name.
    pub(crate) fn is_named(&self, node: INodeNo) -> bool {
        let table = self.table();
        table
            .nodes
            .get(&node.0)
            .is_some_and(|node| !node.names.is_empty())
    }

    /// A handle was opened.
    pub(crate) fn open(&self, node: INodeNo) {
        *self.table().open.entry(node.0).or_default() += 1;
    }

    /// A handle was closed.
    pub(crate) fn close(&self, node: INodeNo) {
        if let Entry::Occupied(mut open) = self.table().open.entry(node.0) {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
    }

    /// Whether nobody has it open, and nothing keeps it.
    pub(crate) fn is_unused(&self, node: INodeNo) -> bool {
        let table = self.table();
        let kept = table.nodes.get(&node.0).is_some_and(|node| node.kept.is_some());
        !kept && !table.open.contains_key(&node.0)
    }

    /// How many handles are open.
    pub(crate) fn handles(&self, node: INodeNo) -> u32 {
        self.table().open.get(&node.0).copied().unwrap_or(0)
    }

    /// The kernel is told that a file has setuid or setgid.
    pub(crate) fn note_setid(&self, node: INodeNo) {
        self.table().setid.insert(node.0);
    }

    /// By how many writes a file may differ from what shows elsewhere, if it was written at all.
    pub(crate) fn unshown(&self, node: INodeNo) -> Option<u64> {
        self.table().unshown.get(&node.0).copied()
    }

    /// What so many writes have done shows elsewhere. Those that came meanwhile may not.
    pub(crate) fn was_shown(&self, node: INodeNo, writes: u64) {
        if let Entry::Occupied(unshown) = self.table().unshown.entry(node.0)
            && *unshown.get() == writes
        {
            unshown.remove();
        }
    }

    /// Pages of a memory map were written back, which are to show elsewhere.
    pub(crate) fn was_written_back(&self, node: INodeNo) {
        *self.table().unshown.entry(node.0).or_default() += 1;
    }

    /// A file was written, so a time that was set before no longer stands. Answers whether the kernel was told that it has
    /// setuid or setgid, which it may have lost by now.
    pub(crate) fn was_written(&self, node: INodeNo) -> bool {
        let mut table = self.table();
        *table.unshown.entry(node.0).or_default() += 1;
        table.timed.remove(&node.0);
        table.setid.remove(&node.0)
    }

    /// A file's time was set.
    pub(crate) fn note_time(&self, node: INodeNo) {
        self.table().timed.insert(node.0, Instant::now());
    }

    /// Pages of a memory map are written back. Answers whether they may well be older than the time that was set since.
    pub(crate) fn keeps_time(&self, node: INodeNo) -> bool {
        let table = self.table();
        table
            .timed
            .get(&node.0)
            .is_some_and(|set| set.elapsed() < WRITTEN_BACK_MAX)
    }

    /// The length of a file was set, so the time that was set before no longer stands.
    pub(crate) fn forget_time(&self, node: INodeNo) {
        self.table().timed.remove(&node.0);
    }

    /// Somebody else has changed a directory.
    pub(crate) fn outdate(&self, dir: INodeNo) {
        self.table().outdated.insert(dir.0);
    }

    /// Whether somebody else has changed a directory since this was last asked.
    pub(crate) fn take_outdated(&self, dir: INodeNo) -> bool {
        self.table().outdated.remove(&dir.0)
    }

    /// Every node that is known.
    pub(crate) fn all(&self) -> Vec<INodeNo> {
        self.table().nodes.keys().map(|node| INodeNo(*node)).collect()
    }

    /// Every name that is known.
    pub(crate) fn all_names(&self) -> Vec<(INodeNo, Name)> {
        let table = self.table();
        let names = table.names.iter();
        names
            .flat_map(|(dir, names)| names.keys().map(|name| (INodeNo(*dir), name.clone())))
            .collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Takes a name out, and answers whose it was.
    fn take(&mut self, dir: u64, name: &[u8]) -> Option<u64> {
        let siblings = self.names.get_mut(&dir)?;
        let node = siblings.remove(name)?;
        if siblings.is_empty() {
            self.names.remove(&dir);
        }
        self.forget_name(node, dir, name);
        Some(node)
    }

    fn give(&mut self, dir: u64, name: &[u8], node: u64) {
        let Some(entry) = self.nodes.get_mut(&node) else {
            return;
        };
        let name: Name = name.into();
        entry.names.push((dir, name.clone()));
        self.names.entry(dir).or_default().insert(name, node);
    }

    fn forget_name(&mut self, node: u64, dir: u64, name: &[u8]) {
        if let Some(entry) = self.nodes.get_mut(&node) {
            entry.names.retain(|(d, n)| *d != dir || **n != *name);
        }
    }

    /// Takes a name out if it is still this node's.
    fn unlink(&mut self, dir: u64, name: &[u8], node: u64) {
        let siblings = self.names.get(&dir);
        if siblings.and_then(|siblings| siblings.get(name)) == Some(&node) {
            self.take(dir, name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: INodeNo = INodeNo::ROOT;
    const A: INodeNo = INodeNo(7);
    const B: INodeNo = INodeNo(8);

    #[test]
    fn a_node_lives_until_it_is_forgotten_as_often_as_it_was_told() {
        let nodes = Nodes::default();
        nodes.learn(ROOT, b"a", A);
        nodes.learn(ROOT, b"a", A);
        nodes.learn(ROOT, b"link", A);
        assert!(nodes.keep(A, Handle(1)).is_none());
        assert_eq!(nodes.keep(A, Handle(2)), Some(Handle(2)));
        assert_eq!(nodes.forget(A, 2), None);
        assert_eq!(nodes.all(), [A]);
        assert_eq!(nodes.forget(A, 1), Some(Handle(1)));
        assert!(nodes.all().is_empty() && nodes.all_names().is_empty());
        assert_eq!(nodes.keep(A, Handle(3)), Some(Handle(3)));
    }

    #[test]
    fn a_change_by_others_is_told_once() {
        let nodes = Nodes::default();
        nodes.learn(ROOT, b"a", A);
        nodes.outdate(A);
        nodes.outdate(ROOT);
        assert!(nodes.take_outdated(A) && !nodes.take_outdated(A));
        nodes.outdate(A);
        nodes.forget(A, 1);
        assert!(!nodes.take_outdated(A) && nodes.take_outdated(ROOT));
    }

    #[test]
    fn a_name_is_taken_from_whose_it_was() {
        let nodes = Nodes::default();
        nodes.learn(ROOT, b"a", A);
        nodes.remove_from(ROOT, b"a", B);
        assert!(nodes.is_named(A));
        nodes.remove_from(ROOT, b"a", A);
        assert!(!nodes.is_named(A) && nodes.all_names().is_empty());
    }

    #[test]
    fn handles_are_counted() {
        let nodes = Nodes::default();
        nodes.open(A);
        nodes.open(A);
        nodes.close(A);
        assert_eq!((nodes.handles(A), nodes.handles(B)), (1, 0));
        nodes.close(A);
        nodes.close(A);
        assert_eq!(nodes.handles(A), 0);
    }

    #[test]
    fn what_is_written_while_it_is_shown_is_to_be_shown_again() {
        let nodes = Nodes::default();
        assert_eq!(nodes.unshown(A), None);
        nodes.was_written(A);
        let writes = nodes.unshown(A).unwrap();
        nodes.was_written_back(A);
        nodes.was_shown(A, writes);
        let writes = nodes.unshown(A).unwrap();
        nodes.was_shown(A, writes);
        assert_eq!(nodes.unshown(A), None);
    }

    #[test]
    fn names_move_and_are_exchanged() {
        let nodes = Nodes::default();
        nodes.learn(ROOT, b"a", A);
        nodes.learn(ROOT, b"b", B);
        nodes.rename((ROOT, b"a"), (ROOT, b"b"), true);
        assert_eq!(nodes.unkept(ROOT, b"b"), Some(A));
        assert_eq!(nodes.unkept(ROOT, b"a"), Some(B));
        nodes.rename((ROOT, b"b"), (ROOT, b"a"), false);
        assert_eq!(nodes.unkept(ROOT, b"a"), Some(A));
        assert_eq!(nodes.unkept(ROOT, b"b"), None);
        // The name is another's now: forgetting who had it before leaves it alone.
        nodes.forget(B, 1);
        assert_eq!(nodes.all_names().len(), 1);
        nodes.remove(ROOT, b"a");
        assert!(nodes.all_names().is_empty());
    }
}
