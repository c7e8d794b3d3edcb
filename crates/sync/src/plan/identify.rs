//! Which inode of the replica is which of the server.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tarbox_store::{FileKind, Ino};

use super::{ConflictKind, Id, Need, Place, Side};
use crate::{Base, Content, Name, Node, Pair, Tree};

/// Both sides, and which of their inodes belong together.
pub(super) struct Known<'a> {
    local: &'a Tree,
    remote: &'a Tree,
    /// The base, by the numbers of the replica.
    pairs: BTreeMap<Ino, &'a Pair>,
    ids: [BTreeMap<Ino, Id>; 2],
    /// The numbers that both sides had.
    old: [BTreeSet<Ino>; 2],
    /// What each name leads to, on both sides.
    names: [BTreeMap<(Ino, Vec<u8>), Ino>; 2],
    /// What each had, where there was anything.
    pub(super) base: BTreeMap<Id, &'a Pair>,
    /// What one side removed while the other left it as it was.
    pub(super) dead: BTreeSet<Id>,
    /// What both sides replaced by something else: a conflict of contents, and not of a removal.
    contested: BTreeSet<Id>,
    pub(super) needs: BTreeSet<Need>,
    pub(super) told: Vec<(ConflictKind, Id)>,
}

impl<'a> Known<'a> {
    pub(super) fn new(base: &'a Base, local: &'a Tree, remote: &'a Tree) -> Self {
        let (mut pairs, mut of_remote) = (BTreeMap::<Ino, &Pair>::new(), BTreeMap::new());
        let begun = |pair: &&Pair| local.contains_key(&pair.local) && remote.contains_key(&pair.remote);
        // What was about to happen, and did, counts before what was.
        for pair in base.pairs.iter().chain(base.pending.iter().filter(begun)) {
            if let Some(old) = of_remote.insert(pair.remote, pair.local) {
                pairs.remove(&old);
            }
            if let Some(old) = pairs.insert(pair.local, pair)
                && old.remote != pair.remote
            {
                of_remote.remove(&old.remote);
            }
        }
        let old = [
            pairs.keys().copied().collect(),
            pairs.values().map(|pair| pair.remote).collect(),
        ];
        Self {
            local,
            remote,
            old,
            pairs,
            ids: [BTreeMap::new(), BTreeMap::new()],
            names: [local, remote].map(by_name),
            base: BTreeMap::new(),
            dead: BTreeSet::new(),
            contested: BTreeSet::new(),
            needs: BTreeSet::new(),
            told: Vec::new(),
        }
    }

    pub(super) fn tree(&self, side: Side) -> &'a Tree {
        match side {
            Side::Local => self.local,
            Side::Remote => self.remote,
        }
    }

    /// What has this number on a side.
    pub(super) fn id(&self, side: Side, ino: Ino) -> Id {
        let known = self.ids[side as usize].get(&ino);
        known.copied().unwrap_or_else(|| Id::single(side, ino))
    }

    /// An inode as a side has it.
    pub(super) fn node(&self, id: Id, side: Side) -> Option<&'a Node> {
        super::node(self.tree(side), id.on(side)?)
    }

    /// Every inode of a side.
    pub(super) fn all(&self, side: Side) -> impl Iterator<Item = (Id, &'a Node)> + '_ {
        self.tree(side)
            .iter()
            .map(move |(ino, node)| (self.id(side, *ino), node))
    }

    /// The names that something has on a side.
    pub(super) fn places(&self, id: Id, side: Side) -> BTreeSet<Place> {
        let names = self.node(id, side).into_iter().flat_map(|node| &node.names);
        let place = |name: &Name| Place {
            dir: self.id(side, name.dir),
            name: name.name.clone(),
        };
        names.map(place).collect()
    }

    /// The names that something had, as far as their directories still are anywhere.
    pub(super) fn places_before(&self, pair: &Pair) -> BTreeSet<Place> {
        let place = |name: &Name| {
            let dir = match self.local.contains_key(&name.dir) {
                true => self.id(Side::Local, name.dir),
                false => self.id(Side::Remote, self.pairs.get(&name.dir)?.remote),
            };
            let name = name.name.clone();
            Some(Place { dir, name })
        };
        pair.names.iter().filter_map(place).collect()
    }

    /// The content on a side: what has the version that it had has the content that it had.
    pub(super) fn content(&self, node: &Node, side: Side, pair: Option<&Pair>) -> Content {
        match pair {
            Some(pair) if is_as_it_was(node, side, pair) => pair.content,
            _ => node.content,
        }
    }

    /// Whether two contents are the same. Where somebody has to read first, this is noted, and they are taken to differ.
    fn same(&mut self, a: (Side, Ino, Content), b: (Side, Ino, Content)) -> bool {
        a.2.same(b.2).unwrap_or_else(|| {
            for (side, ino, content) in [a, b] {
                if matches!(content, Content::Unread(_)) {
                    self.needs.insert(Need { side, ino });
                }
            }
            false
        })
    }

    /// Whether the content on a side is another than it was.
    fn is_changed(&mut self, node: &Node, side: Side, ino: Ino, pair: &Pair) -> bool {
        let now = self.content(node, side, Some(pair));
        !self.same((side, ino, now), (side, ino, pair.content))
    }

    pub(super) fn identify(&mut self) {
        self.join(Ino::ROOT, Ino::ROOT, None);
        let pairs: Vec<&Pair> = self.pairs.values().copied().collect();
        let (both, one): (Vec<&Pair>, Vec<&Pair>) = pairs
            .into_iter()
            .filter(|pair| pair.local != Ino::ROOT)
            .partition(|pair| self.local.contains_key(&pair.local) && self.remote.contains_key(&pair.remote));
        for pair in both {
            self.match_pair(pair);
        }
        for pair in &one {
            self.match_successor(pair);
        }
        self.match_names();
        for pair in one {
            self.bury(pair);
        }
    }

    fn join(&mut self, local: Ino, remote: Ino, pair: Option<&'a Pair>) {
        let id = Id {
            local: Some(local),
            remote: Some(remote),
        };
        self.ids[Side::Local as usize].insert(local, id);
        self.ids[Side::Remote as usize].insert(remote, id);
        let pair = pair.or_else(|| self.pairs.get(&local).copied());
        if let Some(pair) = pair {
            self.base.insert(id, pair);
        }
    }

    /// What both still have is the same file, unless both made it something else.
    fn match_pair(&mut self, pair: &'a Pair) {
        let (Some(l), Some(r)) = (self.local.get(&pair.local), self.remote.get(&pair.remote)) else {
            return;
        };
        if l.kind == r.kind && self.can_be_one(pair.local, l, pair.remote, r, pair) {
            self.join(pair.local, pair.remote, Some(pair));
        }
    }

    /// Whether at most one side changed the content, or both to the same.
    fn can_be_one(&mut self, lino: Ino, l: &Node, rino: Ino, r: &Node, pair: &Pair) -> bool {
        let changed = (
            self.is_changed(l, Side::Local, lino, pair),
            self.is_changed(r, Side::Remote, rino, pair),
        );
        let (lc, rc) = (
            self.content(l, Side::Local, Some(pair)),
            self.content(r, Side::Remote, Some(pair)),
        );
        changed != (true, true) || self.same((Side::Local, lino, lc), (Side::Remote, rino, rc))
    }

    /// What one side has no more may have been replaced there, as editors do it: by a new file under a name that it had.
    fn match_successor(&mut self, pair: &'a Pair) {
        for (side, ino) in [(Side::Local, pair.local), (Side::Remote, pair.remote)] {
            let Some(node) = self.tree(side).get(&ino) else {
                continue;
            };
            let Some(found) = self.successor(pair, side.other()) else {
                continue;
            };
            let there = &self.tree(side.other())[&found];
            let (l, r) = match side {
                Side::Local => ((ino, node), (found, there)),
                Side::Remote => ((found, there), (ino, node)),
            };
            match self.can_be_one(l.0, l.1, r.0, r.1, pair) {
                true => self.join(l.0, r.0, Some(pair)),
                false => {
                    self.contested.insert(Id::single(side, ino));
                }
            }
        }
    }

    /// What is new on a side, and of the kind and under a name that something had.
    fn successor(&self, pair: &Pair, side: Side) -> Option<Ino> {
        if pair.kind == FileKind::Directory {
            return None;
        }
        let at = |place: Place| {
            self.names[side as usize]
                .get(&(place.dir.on(side)?, place.name))
                .copied()
        };
        let (old, ids) = (&self.old[side as usize], &self.ids[side as usize]);
        let is_new = |ino: &Ino| !old.contains(ino) && !ids.contains_key(ino);
        let is_new = |ino: &Ino| is_new(ino) && self.tree(side)[ino].kind == pair.kind;
        self.places_before(pair).into_iter().filter_map(at).find(is_new)
    }

    /// What has no counterpart belongs to what the other side has under the same name, if that is as good: a directory to a
    /// directory, a file to one of the same content, and to one that was replaced as editors do it.
    fn match_names(&mut self) {
        let replaced: BTreeMap<&Name, &'a Pair> = self
            .pairs
            .values()
            .flat_map(|pair| pair.names.iter().map(move |name| (name, *pair)))
            .collect();
        let mut queue: VecDeque<(Ino, Ino)> = self.ids[Side::Local as usize]
            .values()
            .filter_map(|id| Some((id.local?, id.remote?)))
            .collect();
        while let Some((ldir, rdir)) = queue.pop_front() {
            let here: Vec<(Vec<u8>, Ino)> = self.names[0]
                .range((ldir, Vec::new())..(Ino(ldir.0 + 1), Vec::new()))
                .map(|((_, name), ino)| (name.clone(), *ino))
                .collect();
            for (name, lino) in &here {
                let Some(rino) = &self.names[1].get(&(rdir, name.clone())).copied() else {
                    continue;
                };
                let is_matched = self.ids[0].contains_key(lino) || self.ids[1].contains_key(rino);
                let (l, r) = (&self.local[lino], &self.remote[rino]);
                if is_matched || l.kind != r.kind {
                    continue;
                }
                let before = replaced.get(&Name::new(ldir, name.clone())).copied();
                let before = before.filter(|pair| {
                    let gone = |is_same: bool, is_there: bool| is_same || !is_there;
                    pair.kind == l.kind
                        && gone(pair.local == *lino, self.local.contains_key(&pair.local))
                        && gone(pair.remote == *rino, self.remote.contains_key(&pair.remote))
                });
                let is_one = match before {
                    _ if l.is_dir() => true,
                    Some(pair) => self.can_be_one(*lino, l, *rino, r, pair),
                    None => {
                        let (lc, rc) = (l.content, r.content);
                        self.same((Side::Local, *lino, lc), (Side::Remote, *rino, rc))
                    }
                };
                if is_one {
                    self.join(*lino, *rino, before);
                    if l.is_dir() {
                        queue.push_back((*lino, *rino));
                    }
                }
            }
        }
    }

    /// What one side removed goes, if the other left it as it was.
    fn bury(&mut self, pair: &'a Pair) {
        if !self.local.contains_key(&pair.local) && !self.remote.contains_key(&pair.remote) {
            // One side removed it, and the other replaced it by something else.
            let found =
                [Side::Local, Side::Remote].map(|side| Some(Id::single(side, self.successor(pair, side)?)));
            if let [Some(id), None] | [None, Some(id)] = found {
                self.told.push((ConflictKind::Deleted, id));
            }
        }
        for (side, ino) in [(Side::Local, pair.local), (Side::Remote, pair.remote)] {
            let Some(node) = self.tree(side).get(&ino) else {
                continue;
            };
            let id = self.id(side, ino);
            if id.on(side.other()).is_some() || self.contested.contains(&id) {
                continue;
            }
            let is_moved = || !node.is_dir() && self.places(id, side) != self.places_before(pair);
            let is_edited = node.meta != pair.meta || is_moved();
            match is_edited || self.is_changed(node, side, ino, pair) {
                true => self.told.push((ConflictKind::Deleted, id)),
                false => {
                    self.dead.insert(id);
                }
            }
        }
    }
}

fn by_name(tree: &Tree) -> BTreeMap<(Ino, Vec<u8>), Ino> {
    let names = |(ino, node): (&Ino, &Node)| {
        let ino = *ino;
        let names: Vec<_> = node
            .names
            .iter()
            .map(|n| ((n.dir, n.name.clone()), ino))
            .collect();
        names
    };
    tree.iter().flat_map(names).collect()
}

/// Whether a side has it as it was, by its version.
pub(super) fn is_as_it_was(node: &Node, side: Side, pair: &Pair) -> bool {
    let (ino_version, known) = match side {
        Side::Local => (node.version, pair.local_version),
        Side::Remote => (node.version, pair.remote_version),
    };
    ino_version == known && known.0 != 0
}
