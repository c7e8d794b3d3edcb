//! The reference: inodes in a map.

use std::collections::BTreeMap;
use std::rc::Rc;

use tarbox_store::{ErrorKind, RenameMode};

use crate::operation::User;

pub(crate) type Id = u64;
pub(crate) type Answer<T = ()> = Result<T, ErrorKind>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    File(Rc<Vec<u8>>),
    Dir(BTreeMap<&'static str, Id>),
    Link(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) body: Body,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) xattrs: BTreeMap<&'static str, u8>,
}

/// One state of all files. Copying it is how a layer is made.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) nodes: BTreeMap<Id, Node>,
    /// Never used twice, also not after going back.
    pub(crate) next: Id,
}

pub(crate) const ROOT: Id = 0;

impl Node {
    pub(crate) fn is_dir(&self) -> bool {
        matches!(self.body, Body::Dir(_))
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.body, Body::File(_))
    }

    pub(crate) fn may(&self, user: User, bits: u32) -> bool {
        let class = if user == self.uid {
            self.mode >> 6
        } else if user == self.gid {
            self.mode >> 3
        } else {
            self.mode
        };
        user == 0 || class & bits == bits
    }

    pub(crate) fn require(&self, user: User, bits: u32) -> Answer {
        if self.may(user, bits) {
            Ok(())
        } else {
            Err(ErrorKind::Access)
        }
    }

    fn require_owner(&self, user: User) -> Answer {
        if user == 0 || user == self.uid {
            Ok(())
        } else {
            Err(ErrorKind::NotPermitted)
        }
    }

    /// Mode bits that a write of this user leaves.
    fn clear_setgid(&mut self, user: User) {
        if user != 0 && self.mode & 0o010 != 0 {
            self.mode &= !0o2000;
        }
    }
}

impl State {
    pub(crate) fn new() -> Self {
        let root = Node {
            body: Body::Dir(BTreeMap::new()),
            mode: 0o777,
            uid: 0,
            gid: 0,
            xattrs: BTreeMap::new(),
        };
        Self {
            nodes: BTreeMap::from([(ROOT, root)]),
            next: 1,
        }
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[&id]
    }

    fn node_mut(&mut self, id: Id) -> &mut Node {
        self.nodes.get_mut(&id).expect("the inode is there")
    }

    pub(crate) fn entries(&self, dir: Id) -> Answer<&BTreeMap<&'static str, Id>> {
        match &self.nodes.get(&dir).ok_or(ErrorKind::NotFound)?.body {
            Body::Dir(entries) => Ok(entries),
            _ => Err(ErrorKind::NotDirectory),
        }
    }

    fn entries_mut(&mut self, dir: Id) -> &mut BTreeMap<&'static str, Id> {
        match &mut self.node_mut(dir).body {
            Body::Dir(entries) => entries,
            _ => panic!("a directory was expected"),
        }
    }

    /// Names of each inode, and for directories `.` and the `..` of others.
    pub(crate) fn nlink(&self, id: Id) -> u32 {
        let all = self.nodes.values().filter_map(|node| match &node.body {
            Body::Dir(entries) => Some(entries),
            _ => None,
        });
        let names = all
            .flat_map(|entries| entries.values())
            .filter(|named| **named == id)
            .count() as u32;
        match &self.node(id).body {
            Body::Dir(entries) => 2 + entries.values().filter(|e| self.node(**e).is_dir()).count() as u32,
            _ => names,
        }
    }

    fn parent(&self, dir: Id) -> Id {
        let holds =
            |node: &Node| matches!(&node.body, Body::Dir(entries) if entries.values().any(|id| *id == dir));
        self.nodes
            .iter()
            .find(|(_, node)| holds(node))
            .map_or(ROOT, |(id, _)| *id)
    }

    pub(crate) fn parent_of(&self, dir: Id) -> Id {
        if dir == ROOT { ROOT } else { self.parent(dir) }
    }

    fn is_below(&self, mut dir: Id, top: Id) -> bool {
        loop {
            if dir == top {
                return true;
            }
            if dir == ROOT {
                return false;
            }
            dir = self.parent_of(dir);
        }
    }

    /// Forgets what has neither a name nor a handle.
    pub(crate) fn sweep(&mut self, held: &[Id]) {
        let named: Vec<Id> = self
            .nodes
            .values()
            .filter_map(|node| match &node.body {
                Body::Dir(entries) => Some(entries.values().copied()),
                _ => None,
            })
            .flatten()
            .collect();
        self.nodes
            .retain(|id, _| *id == ROOT || named.contains(id) || held.contains(id));
    }

    pub(crate) fn make(
        &mut self,
        user: User,
        dir: Id,
        name: &'static str,
        body: Body,
        mode: u32,
    ) -> Answer<Id> {
        let parent = self.node(dir);
        if self.entries(dir)?.contains_key(name) {
            parent.require(user, 1)?;
            return Err(ErrorKind::Exists);
        }
        parent.require(user, 3)?;
        let inherits = parent.mode & 0o2000 != 0;
        let gid = if inherits { parent.gid } else { user };
        let mode = match &body {
            Body::Link(_) => 0o777,
            Body::Dir(_) => mode & !0o022 & !0o2000 | if inherits { 0o2000 } else { 0 },
            Body::File(_) => mode & !0o022 & !0o2000,
        };
        let id = self.next;
        self.next += 1;
        self.nodes.insert(
            id,
            Node {
                body,
                mode,
                uid: user,
                gid,
                xattrs: BTreeMap::new(),
            },
        );
        self.entries_mut(dir).insert(name, id);
        Ok(id)
    }

    pub(crate) fn link(&mut self, user: User, id: Id, dir: Id, name: &'static str) -> Answer {
        let parent = self.node(dir);
        if self.entries(dir)?.contains_key(name) {
            parent.require(user, 1)?;
            return Err(ErrorKind::Exists);
        }
        parent.require(user, 3)?;
        if self.node(id).is_dir() {
            return Err(ErrorKind::NotPermitted);
        }
        self.entries_mut(dir).insert(name, id);
        Ok(())
    }

    /// Permission to take an entry away.
    fn may_take(&self, user: User, dir: Id, entry: Id) -> Answer {
        let parent = self.node(dir);
        parent.require(user, 3)?;
        if parent.mode & 0o1000 != 0 && parent.require_owner(user).is_err() {
            self.node(entry).require_owner(user)?;
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, user: User, dir: Id, name: &str, want_dir: bool) -> Answer {
        self.node(dir).require(user, 1)?;
        let entry = *self.entries(dir)?.get(name).ok_or(ErrorKind::NotFound)?;
        self.may_take(user, dir, entry)?;
        match (&self.node(entry).body, want_dir) {
            (Body::Dir(_), false) => return Err(ErrorKind::IsDirectory),
            (Body::Dir(entries), true) if !entries.is_empty() => return Err(ErrorKind::NotEmpty),
            (Body::File(_) | Body::Link(_), true) => return Err(ErrorKind::NotDirectory),
            _ => {}
        }
        self.entries_mut(dir).remove(name);
        Ok(())
    }

    pub(crate) fn rename(
        &mut self,
        user: User,
        (from_dir, from): (Id, &'static str),
        (to_dir, to): (Id, &'static str),
        mode: RenameMode,
    ) -> Answer {
        self.node(from_dir).require(user, 1)?;
        self.node(to_dir).require(user, 1)?;
        let moved = *self.entries(from_dir)?.get(from).ok_or(ErrorKind::NotFound)?;
        let target = self.entries(to_dir)?.get(to).copied();
        match (target, mode) {
            (Some(_), RenameMode::NoReplace) => return Err(ErrorKind::Exists),
            (None, RenameMode::Exchange) => return Err(ErrorKind::NotFound),
            _ => {}
        }
        if self.node(moved).is_dir() && self.is_below(to_dir, moved) {
            return Err(ErrorKind::Invalid);
        }
        if target == Some(moved) {
            return Ok(());
        }
        self.may_take(user, from_dir, moved)?;
        match target {
            Some(target) => self.may_take(user, to_dir, target)?,
            None => self.node(to_dir).require(user, 3)?,
        }
        let exchange = mode == RenameMode::Exchange;
        for dir in [Some(moved), target.filter(|_| exchange)].into_iter().flatten() {
            if from_dir != to_dir && self.node(dir).is_dir() {
                self.node(dir).require(user, 2)?;
            }
        }
        if let Some(target) = target {
            if exchange && self.node(target).is_dir() && self.is_below(from_dir, target) {
                return Err(ErrorKind::Invalid);
            }
            if !exchange {
                match (&self.node(moved).body, &self.node(target).body) {
                    (Body::Dir(_), Body::Dir(entries)) if !entries.is_empty() => {
                        return Err(ErrorKind::NotEmpty);
                    }
                    (Body::Dir(_), Body::Dir(_)) => {}
                    (Body::Dir(_), _) => return Err(ErrorKind::NotDirectory),
                    (_, Body::Dir(_)) => return Err(ErrorKind::IsDirectory),
                    _ => {}
                }
            }
        }
        self.entries_mut(from_dir).remove(from);
        self.entries_mut(to_dir).insert(to, moved);
        if let Some(target) = target.filter(|_| exchange) {
            self.entries_mut(from_dir).insert(from, target);
        }
        Ok(())
    }

    pub(crate) fn content(&self, id: Id) -> Answer<&Vec<u8>> {
        match &self.node(id).body {
            Body::File(content) => Ok(content),
            Body::Dir(_) => Err(ErrorKind::IsDirectory),
            Body::Link(_) => Err(ErrorKind::Loop),
        }
    }

    /// Changes content that a handle of `user` may change.
    pub(crate) fn change(&mut self, user: User, id: Id, change: impl FnOnce(&mut Vec<u8>)) {
        let node = self.node_mut(id);
        if let Body::File(content) = &mut node.body {
            change(Rc::make_mut(content));
        }
        node.clear_setgid(user);
    }

    pub(crate) fn chmod(&mut self, user: User, id: Id, mode: u32) -> Answer {
        let node = self.node_mut(id);
        node.require_owner(user)?;
        let keeps = user == 0 || user == node.gid;
        node.mode = if keeps { mode } else { mode & !0o2000 };
        Ok(())
    }

    pub(crate) fn chown(&mut self, user: User, id: Id, to: u32) -> Answer {
        let node = self.node_mut(id);
        let keeps_owner = user == node.uid && to == node.uid && (to == node.gid || to == user);
        if user != 0 && !keeps_owner {
            return Err(ErrorKind::NotPermitted);
        }
        (node.uid, node.gid) = (to, to);
        if node.is_file() && node.mode & 0o010 != 0 {
            node.mode &= !0o2000;
        }
        Ok(())
    }

    pub(crate) fn set_xattr(&mut self, user: User, id: Id, name: &'static str, value: Option<u8>) -> Answer {
        let node = self.node_mut(id);
        if node.is_dir() && node.mode & 0o1000 != 0 {
            node.require_owner(user)?;
        }
        node.require(user, 2)?;
        match value {
            Some(value) => drop(node.xattrs.insert(name, value)),
            None => drop(node.xattrs.remove(name).ok_or(ErrorKind::NoData)?),
        }
        Ok(())
    }
}

/// The bytes that a write of this length at this offset writes.
pub(crate) fn bytes(offset: u64, len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| ((offset + i) % 251) as u8 ^ (len % 7) as u8 | 1)
        .collect()
}

/// Writes into a vector as into a file.
pub(crate) fn write_at(content: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let end = offset + data.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(data);
}
