//! Sides in memory, on which plans are carried out as they are written.

use std::collections::{BTreeMap, BTreeSet};

use tarbox_store::{FileKind, Ino, Seq, Timestamp};
use tarbox_sync::{
    Base, Conflict, Content, Digest, Id, Meta, Name, Need, Node, Place, Plan, Side, Step, Tree, plan,
};

/// A side as everybody who looks at it has to see it: kind, mode and content by path, and what is linked to what.
pub(crate) type Seen = BTreeMap<Vec<u8>, (FileKind, u32, Content, Vec<u8>)>;

/// What one side has.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) tree: Tree,
    next: u64,
    clock: u64,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let root = Node {
            kind: FileKind::Directory,
            version: Seq(1),
            meta: Meta {
                mode: 0o755,
                ..Meta::default()
            },
            content: Content::Nothing(0),
            names: BTreeSet::new(),
        };
        Self {
            tree: Tree::from([(Ino::ROOT, root)]),
            next: 2,
            clock: 1,
        }
    }

    /// The same files under other numbers: two sides have nothing in common but names.
    pub(crate) fn starting_at(mut self, next: u64) -> Self {
        self.next = next;
        self
    }

    pub(crate) fn at(&self, path: &str) -> Option<Ino> {
        let mut at = Ino::ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            at = self.child(at, name.as_bytes())?;
        }
        Some(at)
    }

    fn child(&self, dir: Ino, name: &[u8]) -> Option<Ino> {
        let is_here = |node: &Node| node.names.iter().any(|n| n.dir == dir && n.name == name);
        self.tree
            .iter()
            .find(|(_, node)| is_here(node))
            .map(|(ino, _)| *ino)
    }

    fn name(&self, path: &str) -> Option<Name> {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let dir = self.at(dir).filter(|dir| self.tree[dir].is_dir())?;
        Some(Name::new(dir, name))
    }

    fn has_children(&self, dir: Ino) -> bool {
        self.tree
            .values()
            .any(|node| node.names.iter().any(|name| name.dir == dir))
    }

    fn touch(&mut self, ino: Ino) -> &mut Node {
        self.clock += 1;
        let node = self.tree.get_mut(&ino).expect("what is touched is there");
        node.version = Seq(self.clock);
        node
    }

    fn make(&mut self, name: Name, kind: FileKind, content: Content, meta: Meta) -> Ino {
        let ino = Ino(self.next);
        self.next += 1;
        self.clock += 1;
        assert!(self.child(name.dir, &name.name).is_none(), "{name:?} is taken");
        assert!(self.tree[&name.dir].is_dir());
        let node = Node {
            kind,
            version: Seq(self.clock),
            meta,
            content,
            names: BTreeSet::from([name]),
        };
        self.tree.insert(ino, node);
        ino
    }

    /// Writes a file, which is made if it is not there.
    pub(crate) fn write(&mut self, path: &str, text: &str) -> Option<()> {
        let content = known(text);
        if let Some(ino) = self.at(path) {
            (self.tree[&ino].kind == FileKind::File).then_some(())?;
            self.touch(ino).content = content;
            self.tree.get_mut(&ino)?.meta.mtime = Timestamp(self.clock as i64);
            return Some(());
        }
        let name = self.name(path)?;
        let meta = Meta {
            mode: 0o644,
            ..Meta::default()
        };
        self.make(name, FileKind::File, content, meta);
        Some(())
    }

    /// Writes as editors do: a new file in the place of the old one.
    pub(crate) fn save(&mut self, path: &str, text: &str) -> Option<()> {
        (self.tree[&self.at(path)?].kind == FileKind::File).then_some(())?;
        self.write("save~", text)?;
        self.rename("save~", path)
    }

    pub(crate) fn mkdir(&mut self, path: &str) -> Option<()> {
        let name = self.name(path)?;
        if self.child(name.dir, &name.name).is_some() {
            return None;
        }
        let meta = Meta {
            mode: 0o755,
            ..Meta::default()
        };
        self.make(name, FileKind::Directory, Content::Nothing(0), meta);
        Some(())
    }

    pub(crate) fn link(&mut self, from: &str, to: &str) -> Option<()> {
        let (ino, name) = (self.at(from)?, self.name(to)?);
        if self.tree[&ino].is_dir() || self.child(name.dir, &name.name).is_some() {
            return None;
        }
        self.touch(ino).names.insert(name);
        Some(())
    }

    pub(crate) fn chmod(&mut self, path: &str, mode: u32) -> Option<()> {
        let ino = self.at(path)?;
        self.touch(ino).meta.mode = mode;
        Some(())
    }

    pub(crate) fn xattr(&mut self, path: &str, name: &str, value: &str) -> Option<()> {
        let ino = self.at(path)?;
        let value = Digest::of(value.as_bytes());
        self.touch(ino).meta.xattrs.insert(name.into(), value);
        Some(())
    }

    /// Removes a name; a directory only if it is empty.
    pub(crate) fn remove(&mut self, path: &str) -> Option<()> {
        let (ino, name) = (self.at(path)?, self.name(path)?);
        (!self.has_children(ino)).then_some(())?;
        self.unname(ino, &name);
        Some(())
    }

    fn unname(&mut self, ino: Ino, name: &Name) {
        let node = self.touch(ino);
        assert!(node.names.remove(name), "{name:?} is not a name of {ino}");
        if node.names.is_empty() {
            self.tree.remove(&ino);
        }
    }

    /// Moves, and replaces a file by a file.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Option<()> {
        let (ino, old, new) = (self.at(from)?, self.name(from)?, self.name(to)?);
        let is_dir = self.tree[&ino].is_dir();
        if is_dir && self.is_below(new.dir, ino) {
            return None;
        }
        if let Some(there) = self.child(new.dir, &new.name) {
            if there == ino || is_dir || self.tree[&there].is_dir() {
                return None;
            }
            self.unname(there, &new);
        }
        let node = self.touch(ino);
        node.names.remove(&old);
        node.names.insert(new);
        Some(())
    }

    fn is_below(&self, mut dir: Ino, above: Ino) -> bool {
        while dir != above {
            match self.tree[&dir].names.first() {
                Some(name) => dir = name.dir,
                None => return false,
            }
        }
        true
    }

    fn path(&self, name: &Name) -> Vec<u8> {
        let mut path = [b"/", &name.name[..]].concat();
        if let Some(above) = self.tree[&name.dir].names.first() {
            path = [self.path(above), path].concat();
        }
        path
    }

    pub(crate) fn seen(&self) -> Seen {
        let mut seen = Seen::new();
        for node in self.tree.values() {
            let paths: BTreeSet<Vec<u8>> = node.names.iter().map(|name| self.path(name)).collect();
            let first = paths.first().cloned().unwrap_or_default();
            for path in paths {
                let what = (node.kind, node.meta.mode, node.content, first.clone());
                assert_eq!(seen.insert(path, what), None, "a name leads to two inodes");
            }
        }
        seen
    }

    /// The contents that somebody can read.
    pub(crate) fn contents(&self) -> BTreeSet<Digest> {
        self.tree
            .values()
            .filter_map(|node| node.content.digest())
            .collect()
    }

    /// As somebody sees it who has not read what changed.
    fn observed(&self, base: &Base, side: Side, read: &BTreeSet<Need>) -> Tree {
        let mut tree = self.tree.clone();
        let before = |pair: &tarbox_sync::Pair| match side {
            Side::Local => (pair.local, pair.local_version),
            Side::Remote => (pair.remote, pair.remote_version),
        };
        let known: BTreeSet<(Ino, Seq)> = base.pairs.iter().map(before).collect();
        for (ino, node) in &mut tree {
            let is_read = read.contains(&Need { side, ino: *ino }) || known.contains(&(*ino, node.version));
            if let (Content::Known(_, size), false) = (node.content, is_read) {
                node.content = Content::Unread(size);
            }
        }
        tree
    }
}

pub(crate) fn known(text: &str) -> Content {
    Content::Known(Digest::of(text.as_bytes()), text.len() as u64)
}

/// A replica, with what it had in common with the server.
#[derive(Debug, Clone)]
pub(crate) struct Replica {
    pub(crate) machine: Machine,
    pub(crate) base: Base,
}

impl Replica {
    pub(crate) fn new(machine: Machine) -> Self {
        let base = Base::default();
        Self { machine, base }
    }

    /// One round: plans, reading what is asked for, and makes every step. Answers what was told, and how many steps there were.
    pub(crate) fn meet(&mut self, server: &mut Machine) -> (Vec<Conflict>, usize) {
        let mut read = BTreeSet::new();
        let plan = loop {
            let local = self.machine.observed(&self.base, Side::Local, &read);
            let remote = server.observed(&self.base, Side::Remote, &read);
            let plan = plan(&self.base, &local, &remote);
            if plan.needs.is_empty() {
                break plan;
            }
            assert!(
                plan.needs.iter().any(|need| !read.contains(need)),
                "nothing new is asked for"
            );
            read.extend(plan.needs);
        };
        let mut made = BTreeMap::new();
        for (side, step) in &plan.steps {
            let (here, there) = match side {
                Side::Local => (&mut self.machine, &*server),
                Side::Remote => (&mut *server, &self.machine),
            };
            carry_out(&plan, *side, step, here, there, &mut made);
        }
        let number = |id: Id, side: Side| made.get(&(id, side)).copied().or(id.on(side));
        let version = |side, ino| match side {
            Side::Local => self.machine.tree[&ino].version,
            Side::Remote => server.tree[&ino].version,
        };
        let content = |id| Some(server.tree[&number(id, Side::Remote)?].content);
        self.base = Base::after(&plan, number, version, content);
        (plan.conflicts, plan.steps.len())
    }
}

fn carry_out(
    plan: &Plan,
    side: Side,
    step: &Step,
    here: &mut Machine,
    there: &Machine,
    made: &mut BTreeMap<(Id, Side), Ino>,
) {
    let number = |id: Id| {
        made.get(&(id, side))
            .copied()
            .or(id.on(side))
            .expect("it is there")
    };
    let name = |place: &Place| Name::new(number(place.dir), place.name.clone());
    match step {
        Step::Make { id, at } => {
            let target = &plan.targets[id];
            let content = there.tree[&id.on(side.other()).unwrap()].content;
            let ino = here.make(name(at), target.kind, content, target.meta.clone());
            made.insert((*id, side), ino);
        }
        Step::Replace { id, names } => {
            let target = &plan.targets[id];
            let content = there.tree[&id.on(side.other()).unwrap()].content;
            let names: BTreeSet<Name> = names.iter().map(name).collect();
            assert_eq!(names, here.tree[&number(*id)].names);
            here.tree.remove(&number(*id));
            let mut names = names.into_iter();
            let ino = here.make(names.next().unwrap(), target.kind, content, target.meta.clone());
            here.touch(ino).names.extend(names);
            made.insert((*id, side), ino);
        }
        Step::Link { id, at } => {
            let (ino, name) = (number(*id), name(at));
            assert!(here.child(name.dir, &name.name).is_none(), "{name:?} is taken");
            here.touch(ino).names.insert(name);
        }
        Step::Move { id, from, to } | Step::Park { id, from, to } => {
            let (ino, from, to) = (number(*id), name(from), name(to));
            assert!(here.child(to.dir, &to.name).is_none(), "{to:?} is taken");
            assert!(
                !here.tree[&ino].is_dir() || !here.is_below(to.dir, ino),
                "below itself"
            );
            let node = here.touch(ino);
            assert!(node.names.remove(&from), "{from:?} is not a name of {ino}");
            node.names.insert(to);
        }
        Step::Remove { id, at, is_dir } => {
            let (ino, at) = (number(*id), name(at));
            assert!(here.tree[&ino].is_dir() == *is_dir && !here.has_children(ino));
            here.unname(ino, &at);
        }
        Step::SetMeta { id } => here.touch(number(*id)).meta = plan.targets[id].meta.clone(),
    }
}

/// A server and two replicas that have the same, each under numbers of its own.
pub(crate) fn three(make: impl Fn(&mut Machine)) -> (Machine, Replica, Replica) {
    let mut server = Machine::new();
    make(&mut server);
    let mut a = Replica::new(Machine::new().starting_at(1000));
    let mut b = Replica::new(Machine::new().starting_at(2000));
    a.meet(&mut server);
    b.meet(&mut server);
    assert_eq!(a.machine.seen(), server.seen());
    assert_eq!(b.machine.seen(), server.seen());
    (server, a, b)
}
