//! What one side has at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tarbox_store::*;

use super::end::{End, is_hidden, list};
use super::follow::Shadow;
use crate::plan::Side;
use crate::{Base, Content, Digest, Meta, Name, Node, Pair, Tree};

/// Looks, and small files, that are under way at once: a store far away asks for many of them together, in several requests at a time.
pub(super) const AT_ONCE: usize = 2_048;
/// Contents that are, each with a piece of it in memory.
pub(super) const CONTENTS_AT_ONCE: usize = 16;
/// How often what changed meanwhile is looked at again.
const PATIENCE: usize = 64;

/// A tree, and the position of the log that it is the state at.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) tree: Tree,
    pub(super) position: Seq,
}

/// What is known of a side before anybody looks.
pub(super) struct Before<'b> {
    pairs: BTreeMap<Ino, &'b Pair>,
    side: Side,
}

impl<'b> Before<'b> {
    pub(super) fn new(base: &'b Base, side: Side) -> Self {
        let pending = base.pending.iter().filter(|pair| version(pair, side) != Seq(0));
        let pairs = pending.chain(&base.pairs).map(|pair| (number(pair, side), pair));
        Self {
            pairs: pairs.collect(),
            side,
        }
    }

    /// The tree as it was when both sides met; what has no version has to be looked at.
    fn tree(&self, base: &Base) -> (Tree, BTreeSet<Ino>) {
        let local_to_ours: BTreeMap<Ino, Ino> = base
            .pairs
            .iter()
            .map(|pair| (pair.local, number(pair, self.side)))
            .collect();
        let dir = |dir: Ino| local_to_ours.get(&dir).copied();
        let node = |pair: &Pair| Node {
            kind: pair.kind,
            version: version(pair, self.side),
            meta: pair.meta.clone(),
            content: pair.content,
            names: pair
                .names
                .iter()
                .filter_map(|name| Some(Name::new(dir(name.dir)?, name.name.clone())))
                .collect(),
        };
        let tree: Tree = base
            .pairs
            .iter()
            .map(|pair| (number(pair, self.side), node(pair)))
            .collect();
        let unsure = tree.iter().filter(|(_, node)| node.version == Seq(0));
        let unsure = unsure.map(|(ino, _)| *ino).collect();
        (tree, unsure)
    }

    /// What something is if it is as it was.
    fn unchanged(&self, attr: &Attr) -> Option<&'b Pair> {
        let pair = self.pairs.get(&attr.ino).copied()?;
        let is_same = version(pair, self.side) == attr.version && attr.version != Seq(0);
        (is_same && pair.kind == attr.kind).then_some(pair)
    }
}

fn number(pair: &Pair, side: Side) -> Ino {
    match side {
        Side::Local => pair.local,
        Side::Remote => pair.remote,
    }
}

fn version(pair: &Pair, side: Side) -> Seq {
    match side {
        Side::Local => pair.local_version,
        Side::Remote => pair.remote_version,
    }
}

impl<S: Store> End<'_, S> {
    /// Looks at everything.
    pub(super) async fn observe(&self, before: &Before<'_>) -> Result<Observed> {
        let position = self.store.last_seq().await?;
        let mut tree = Tree::new();
        let root = self.store.attr(View::Current, Ino::ROOT).await?;
        tree.insert(Ino::ROOT, self.node(&root, before).await?);
        self.descend(vec![Ino::ROOT], &mut tree, before).await?;
        self.catch_up(Observed { tree, position }, before).await
    }

    /// Looks at what changed since the position at which everything was as the base says.
    pub(super) async fn observe_changes(
        &self,
        base: &Base,
        position: Seq,
        before: &Before<'_>,
    ) -> Result<Observed> {
        let (mut tree, unsure) = before.tree(base);
        if !tree.contains_key(&Ino::ROOT) {
            return self.observe(before).await;
        }
        self.refresh(unsure, &mut tree, before).await?;
        self.catch_up(Observed { tree, position }, before).await
    }

    /// Looks again at what changed while it was looked at, until nothing did.
    async fn catch_up(&self, mut seen: Observed, before: &Before<'_>) -> Result<Observed> {
        for _ in 0..PATIENCE {
            let Some(records) = self.records(seen.position).await? else {
                return Box::pin(self.observe(before)).await;
            };
            let Some(last) = records.last().map(|record| record.seq) else {
                return Ok(seen);
            };
            if !self.patch(&records, &mut seen.tree, before).await? {
                return Box::pin(self.observe(before)).await;
            }
            seen.position = last;
        }
        Err(Error::new(ErrorKind::Busy)
            .because("it changes faster than it can be looked at: it is tried again"))
    }

    /// Brings a tree up to date with what the log tells; `false` if that does not suffice.
    async fn patch(&self, records: &[LogRecord], tree: &mut Tree, before: &Before<'_>) -> Result<bool> {
        let mut shadow = Shadow::new(tree);
        for record in records {
            if !shadow.follow(record) {
                return Ok(false);
            }
        }
        let (dirs, inos) = shadow.changed();
        let mut found = BTreeSet::new();
        // What loses one of its names has changed, and a record of what replaced it does not say so.
        let mut unnamed = BTreeSet::new();
        for (ino, node) in tree.iter_mut() {
            let names = node.names.len();
            node.names.retain(|name| !dirs.contains(&name.dir));
            if node.names.len() < names {
                unnamed.insert(*ino);
            }
        }
        for dir in dirs {
            if !self.is_dir(dir).await? {
                continue;
            }
            for entry in list(self.store, dir).await? {
                if is_hidden(dir, &entry.name) {
                    continue;
                }
                let ino = entry.attr.ino;
                let is_new = !tree.contains_key(&ino);
                if is_new || tree[&ino].version != entry.attr.version {
                    let node = self.keep_names(&entry.attr, tree, before).await?;
                    tree.insert(ino, node);
                }
                if is_new && entry.attr.is_dir() {
                    self.descend(vec![ino], tree, before).await?;
                }
                let names = &mut tree.get_mut(&ino).expect("it was just put there").names;
                names.insert(Name::new(dir, entry.name));
                found.insert(ino);
            }
        }
        // What has no name left is gone, and with a directory all that was in it.
        loop {
            let gone: BTreeSet<Ino> = tree
                .iter()
                .filter(|(ino, node)| **ino != Ino::ROOT && node.names.is_empty())
                .map(|(ino, _)| *ino)
                .collect();
            if gone.is_empty() {
                break;
            }
            tree.retain(|ino, _| !gone.contains(ino));
            for node in tree.values_mut() {
                node.names.retain(|name| !gone.contains(&name.dir));
            }
        }
        unnamed.extend(inos);
        let rest = unnamed
            .into_iter()
            .filter(|ino| !found.contains(ino) && tree.contains_key(ino));
        self.refresh(rest.collect(), tree, before).await?;
        Ok(true)
    }

    async fn is_dir(&self, dir: Ino) -> Result<bool> {
        match self.store.attr(View::Current, dir).await {
            Ok(attr) => Ok(attr.is_dir() && attr.nlink > 0),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Looks at inodes again, whose names stay.
    async fn refresh(&self, inos: BTreeSet<Ino>, tree: &mut Tree, before: &Before<'_>) -> Result<()> {
        let look = |ino: Ino| async move {
            match self.store.attr(View::Current, ino).await {
                Ok(attr) => Ok((ino, Some(self.node(&attr, before).await?))),
                // It will be among the next records.
                Err(e) if e.kind() == ErrorKind::NotFound => Ok((ino, None)),
                Err(e) => Err(e),
            }
        };
        let looks: Vec<_> = inos.into_iter().map(look).collect();
        let mut looks = stream::iter(looks).buffered(AT_ONCE);
        while let Some(seen) = looks.next().await {
            let (ino, node) = seen?;
            if let (Some(mut node), Some(old)) = (node, tree.get_mut(&ino)) {
                node.names = std::mem::take(&mut old.names);
                *old = node;
            }
        }
        Ok(())
    }

    async fn keep_names(&self, attr: &Attr, tree: &Tree, before: &Before<'_>) -> Result<Node> {
        let mut node = self.node(attr, before).await?;
        if let Some(old) = tree.get(&attr.ino) {
            node.names = old.names.clone();
        }
        Ok(node)
    }

    /// Everything below some directories.
    async fn descend(&self, mut dirs: Vec<Ino>, tree: &mut Tree, before: &Before<'_>) -> Result<()> {
        while !dirs.is_empty() {
            let look = |dir: Ino| async move {
                let entries = match list(self.store, dir).await {
                    // It will be among the next records.
                    Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotDirectory) => Vec::new(),
                    entries => entries?,
                };
                Ok::<_, Error>(stream::iter(entries).map(move |entry| Ok::<_, Error>((dir, entry))))
            };
            let looks: Vec<_> = std::mem::take(&mut dirs).into_iter().map(look).collect();
            let entries = stream::iter(looks).buffered(AT_ONCE).try_flatten();
            let nodes = entries
                .try_filter(|(dir, entry)| std::future::ready(!is_hidden(*dir, &entry.name)))
                .map_ok(|(dir, entry)| async move {
                    let node = self.node(&entry.attr, before).await?;
                    Ok((entry.attr.ino, Name::new(dir, entry.name), node))
                });
            let mut nodes = pin!(nodes.try_buffered(AT_ONCE));
            while let Some(found) = nodes.next().await {
                let (ino, name, node) = found?;
                let is_dir = node.is_dir();
                let known = tree.entry(ino).or_insert(node);
                // A directory that is moved meanwhile may be met twice: the log tells where it is.
                if is_dir && !known.names.is_empty() {
                    known.names.clear();
                } else if is_dir {
                    dirs.push(ino);
                }
                known.names.insert(name);
            }
        }
        Ok(())
    }

    /// An inode by its attributes, without names. What is as it was costs nothing.
    async fn node(&self, attr: &Attr, before: &Before<'_>) -> Result<Node> {
        let (meta, content) = match before.unchanged(attr) {
            Some(pair) => (pair.meta.clone(), pair.content),
            None => (self.meta(attr).await?, self.content(attr).await?),
        };
        Ok(Node {
            kind: attr.kind,
            version: attr.version,
            meta,
            content,
            names: BTreeSet::new(),
        })
    }

    async fn meta(&self, attr: &Attr) -> Result<Meta> {
        let mut xattrs = BTreeMap::new();
        let names = match attr.xattrs {
            0 => Vec::new(),
            _ => match self.store.xattrs(View::Current, attr.ino).await {
                Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
                names => names?,
            },
        };
        for name in names {
            match self.store.xattr(View::Current, attr.ino, &name).await {
                Ok(value) => drop(xattrs.insert(name, Digest::of(&value))),
                Err(e) if matches!(e.kind(), ErrorKind::NoData | ErrorKind::NotFound) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(Meta {
            mode: attr.mode,
            uid: attr.uid,
            gid: attr.gid,
            mtime: if attr.is_dir() { Timestamp(0) } else { attr.mtime },
            xattrs,
        })
    }

    async fn content(&self, attr: &Attr) -> Result<Content> {
        Ok(match attr.kind {
            FileKind::File => Content::Unread(attr.size),
            FileKind::Symlink => match self.store.read_link(View::Current, attr.ino).await {
                Err(e) if e.kind() == ErrorKind::NotFound => Content::Nothing(0),
                target => {
                    let target = target?;
                    Content::Known(Digest::of(&target), target.len() as u64)
                }
            },
            FileKind::CharDevice | FileKind::BlockDevice => Content::Nothing(attr.rdev),
            _ => Content::Nothing(0),
        })
    }
}
