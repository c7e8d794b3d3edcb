//! Carries out one side's steps: first all contents are made complete out of sight, then names are given, each on the condition that
//! nothing changed since it was looked at.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use tarbox_store::*;

use super::News;
use super::end::{End, new_inode};
use super::observe::AT_ONCE;
use super::stage::{Staged, changed, stage_name};
use crate::plan::{Id, Place, Plan, Side, Step, Target};
use crate::{Content, Name, Pair, Tree};

/// What became of a plan.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What has another number on a side than before, or one at all.
    pub(super) made: BTreeMap<(Id, Side), Ino>,
    /// What was read.
    pub(super) contents: BTreeMap<Id, Content>,
    /// What cannot be on a side, and why.
    pub(super) refused: BTreeMap<Id, (Side, Error)>,
    /// What was changed on each side.
    pub(super) touched: [BTreeSet<Ino>; 2],
    /// Whether directories came, went or were moved.
    pub(super) dirs: [bool; 2],
}

impl Outcome {
    /// The number that something has on a side by now.
    pub(super) fn number(&self, id: Id, side: Side) -> Option<Ino> {
        self.made.get(&(id, side)).copied().or(id.on(side))
    }
}

/// One side's part of a plan.
pub(super) struct Hands<'a, S, T> {
    pub(super) here: &'a End<'a, S>,
    pub(super) there: &'a End<'a, T>,
    pub(super) plan: &'a Plan,
    /// What was seen, here and there.
    pub(super) seen: [&'a Tree; 2],
    /// Contents of there that were brought here already, by their numbers there.
    pub(super) fetched: &'a BTreeMap<Ino, Staged>,
    pub(super) tell: &'a dyn Fn(News),
}

impl<S: Store, T: Store> Hands<'_, S, T> {
    fn steps(&self) -> impl Iterator<Item = &Step> {
        let side = self.here.side;
        self.plan
            .steps
            .iter()
            .filter(move |(of, _)| *of == side)
            .map(|(_, step)| step)
    }

    /// Makes all contents complete, and answers what is about to be the same on both sides.
    pub(super) async fn stage(&self, out: &mut Outcome) -> Result<(BTreeMap<Id, Ino>, Vec<Pair>)> {
        let ids: BTreeSet<Id> = self
            .steps()
            .filter_map(|step| match step {
                Step::Make { id, .. } | Step::Replace { id, .. } => Some(*id),
                _ => None,
            })
            .filter(|id| self.plan.targets[id].kind == FileKind::File)
            .collect();
        let stage = |id: Id| async move { (id, self.stage_one(id).await) };
        let jobs: Vec<_> = ids.into_iter().map(stage).collect();
        let mut jobs = stream::iter(jobs).buffered(AT_ONCE);
        let (mut staged, mut pending) = (BTreeMap::new(), Vec::new());
        while let Some((id, done)) = jobs.next().await {
            match done {
                Ok(file) => {
                    (self.tell)(News::Content {
                        to: self.here.side,
                        bytes: file.content.size(),
                    });
                    out.contents.insert(id, file.content);
                    staged.insert(id, file.ino);
                    pending.extend(self.pending(id, file, out));
                }
                Err(e) if is_refusal(&e) => drop(out.refused.insert(id, (self.here.side, e))),
                Err(e) => {
                    let place = self.plan.targets[&id].names.first();
                    return Err(e.about(place.map_or_else(Vec::new, |place| self.plan.path(place))));
                }
            }
        }
        Ok((staged, pending))
    }

    async fn stage_one(&self, id: Id) -> Result<Staged> {
        let target = &self.plan.targets[&id];
        let from = id.on(self.there.side).ok_or_else(changed)?;
        let node = self.seen[1].get(&from).ok_or_else(changed)?;
        let staged = match self.fetched.get(&from) {
            Some(staged) => *staged,
            None => self.here.stage(self.there, from, node.version).await?,
        };
        if let Content::Known(..) = target.content
            && target.content != staged.content
        {
            return Err(changed());
        }
        self.dress(id, staged.ino, target).await?;
        Ok(staged)
    }

    async fn dress(&self, id: Id, ino: Ino, target: &Target) -> Result<()> {
        let has = [(self.here.side, self.seen[0]), (self.there.side, self.seen[1])]
            .map(|(side, tree)| id.on(side).and_then(|ino| Some((ino, tree.get(&ino)?))));
        self.here
            .dress(self.there, ino, target.kind, &target.meta, has)
            .await
    }

    /// What the base will say of a file as soon as it has its name.
    fn pending(&self, id: Id, file: Staged, out: &Outcome) -> Option<Pair> {
        let target = &self.plan.targets[&id];
        let other = id.on(self.there.side)?;
        let from = self.seen[1].get(&other)?;
        // What was merged into the attributes is a change of this side until the other one has it, too.
        let (version, meta) = (from.version, &from.meta);
        let name = |place: &Place| Some(Name::new(out.number(place.dir, Side::Local)?, place.name.clone()));
        let pair = |local, remote, local_version, remote_version| Pair {
            local,
            remote,
            local_version,
            remote_version,
            kind: target.kind,
            meta: meta.clone(),
            content: file.content,
            names: target.names.iter().filter_map(name).collect(),
        };
        Some(match self.here.side {
            Side::Local => pair(file.ino, other, Seq(0), version),
            Side::Remote => pair(other, file.ino, version, Seq(0)),
        })
    }

    /// Takes the steps one after the other.
    pub(super) async fn walk(&self, staged: &BTreeMap<Id, Ino>, out: &mut Outcome) -> Result<()> {
        let side = self.here.side;
        for step in self.steps() {
            let id = step.id();
            if out.refused.get(&id).is_some_and(|(of, _)| *of == side) {
                continue;
            }
            match self.take(step, staged, out).await {
                Ok(()) => (self.tell)(News::Step { on: side }),
                Err(e) if is_refusal(&e) => drop(out.refused.insert(id, (side, e))),
                // It rests on something that was refused.
                Err(e) if is_moved(&e) && !out.refused.is_empty() => {
                    out.refused.insert(id, (side, e));
                }
                Err(e) => return Err(e.about(self.path(step))),
            }
        }
        Ok(())
    }

    /// What a step is about, for people.
    fn path(&self, step: &Step) -> Vec<u8> {
        let place = match step {
            Step::Make { at, .. } | Step::Link { at, .. } | Step::Remove { at, .. } => Some(at),
            Step::Move { to, .. } => Some(to),
            Step::Park { from, .. } => Some(from),
            Step::Replace { names, .. } => names.first(),
            Step::SetMeta { id } => self.plan.targets.get(id).and_then(|target| target.names.first()),
        };
        place.map_or_else(|| b"/".to_vec(), |place| self.plan.path(place))
    }

    async fn take(&self, step: &Step, staged: &BTreeMap<Id, Ino>, out: &mut Outcome) -> Result<()> {
        let (store, side) = (self.here.store, self.here.side);
        let id = step.id();
        let dir = |place: &Place, out: &Outcome| out.number(place.dir, side).ok_or_else(changed);
        let ino = |out: &Outcome| out.number(id, side).ok_or_else(changed);
        let is_dir = |id: Id| {
            let target = self.plan.targets.get(&id).map(|target| target.kind);
            let seen = || id.on(side).and_then(|ino| Some(self.seen[0].get(&ino)?.kind));
            target.or_else(seen) == Some(FileKind::Directory)
        };
        match step {
            Step::Make { at, .. } => {
                let dir = dir(at, out)?;
                let ino = match staged.get(&id) {
                    Some(ino) => self.publish(id, *ino, (dir, &at.name)).await?,
                    None => self.make(id, (dir, &at.name)).await?,
                };
                out.made.insert((id, side), ino);
                out.touched[side as usize].insert(ino);
                out.dirs[side as usize] |= is_dir(id);
            }
            Step::Replace { names, .. } => {
                let old = ino(out)?;
                let places: Vec<(Ino, Vec<u8>)> = names
                    .iter()
                    .map(|place| Ok((dir(place, out)?, place.name.clone())))
                    .collect::<Result<_>>()?;
                let new = match staged.get(&id) {
                    Some(staged) => self.replace(id, old, *staged, &places).await?,
                    None => self.replace_made(id, old, &places).await?,
                };
                out.made.insert((id, side), new);
                out.touched[side as usize].insert(new);
            }
            Step::Link { at, .. } => {
                let (ino, dir) = (ino(out)?, dir(at, out)?);
                store.link(self.here.by, ino, dir, &at.name).await?;
                out.touched[side as usize].insert(ino);
            }
            Step::Move { from, to, .. } | Step::Park { from, to, .. } => {
                let (ino, source, target) = (ino(out)?, dir(from, out)?, dir(to, out)?);
                let conditions = [Condition::Name {
                    dir: source,
                    name: &from.name,
                    ino: Some(ino),
                }];
                let by = self.on(&conditions);
                let (from, to) = ((source, &from.name[..]), (target, &to.name[..]));
                let moved = store.rename(&by, from, to, RenameMode::NoReplace).await;
                moved.map_err(|e| match e.kind() {
                    // A directory would go below itself: others moved directories, too.
                    ErrorKind::Invalid => changed(),
                    _ => e,
                })?;
                out.touched[side as usize].insert(ino);
                out.dirs[side as usize] |= is_dir(id);
            }
            Step::Remove { at, is_dir, .. } => {
                let (ino, dir) = (ino(out)?, dir(at, out)?);
                let mut conditions = vec![Condition::Name {
                    dir,
                    name: &at.name,
                    ino: Some(ino),
                }];
                // What somebody has written since is not removed.
                let seen = self.seen[0].get(&ino);
                if let Some(node) = seen.filter(|_| !is_dir && !out.touched[side as usize].contains(&ino)) {
                    let version = node.version;
                    conditions.push(Condition::Version { ino, version });
                }
                let by = self.on(&conditions);
                let what = if *is_dir { Unlink::Directory } else { Unlink::File };
                store.unlink(&by, dir, &at.name, what).await?;
                out.touched[side as usize].insert(ino);
                out.dirs[side as usize] |= *is_dir;
            }
            Step::SetMeta { .. } => {
                let ino = ino(out)?;
                self.set_meta(id, ino).await?;
                out.touched[side as usize].insert(ino);
            }
        }
        Ok(())
    }

    fn on<'c>(&'c self, conditions: &'c [Condition<'c>]) -> Guarded<'c> {
        Guarded {
            actor: self.here.by,
            conditions,
        }
    }

    /// Gives what is staged its first name.
    async fn publish(&self, id: Id, ino: Ino, at: (Ino, &[u8])) -> Result<Ino> {
        let from = id.on(self.there.side).ok_or_else(changed)?;
        let from = (self.here.staging, &stage_name(from)[..]);
        self.here
            .store
            .rename(self.here.by, from, at, RenameMode::NoReplace)
            .await?;
        Ok(ino)
    }

    /// Makes what has no content of its own.
    async fn make(&self, id: Id, at: (Ino, &[u8])) -> Result<Ino> {
        let target = &self.plan.targets[&id];
        let from = id.on(self.there.side).ok_or_else(changed)?;
        let text = match target.kind {
            FileKind::Symlink => self.there.store.read_link(View::Current, from).await?,
            _ => Vec::new(),
        };
        let rdev = match target.content {
            Content::Nothing(device) => device,
            _ => 0,
        };
        let new = NewInode {
            mode: target.meta.mode,
            uid: target.meta.uid,
            gid: target.meta.gid,
            rdev,
            target: &text,
            ..new_inode(target.kind, 0)
        };
        let made = self.here.store.create(self.here.by, at.0, at.1, &new).await?;
        self.dress(id, made.ino, target).await?;
        Ok(made.ino)
    }

    /// Puts a new inode in the place of an old one, name by name; the first only if nobody has changed the old one.
    async fn replace(&self, id: Id, old: Ino, new: Ino, places: &[(Ino, Vec<u8>)]) -> Result<Ino> {
        let staged = stage_name(id.on(self.there.side).ok_or_else(changed)?);
        let version = self.seen[0].get(&old).ok_or_else(changed)?.version;
        for (at, (dir, name)) in places.iter().enumerate() {
            let mut conditions = vec![Condition::Name {
                dir: *dir,
                name,
                ino: Some(old),
            }];
            if at == 0 {
                conditions.push(Condition::Version { ino: old, version });
            } else {
                self.here
                    .store
                    .link(self.here.by, new, self.here.staging, &staged)
                    .await?;
            }
            let by = self.on(&conditions);
            let from = (self.here.staging, &staged[..]);
            self.here
                .store
                .rename(&by, from, (*dir, name), RenameMode::Replace)
                .await?;
        }
        Ok(new)
    }

    /// The same of what is no file: a link with another target.
    async fn replace_made(&self, id: Id, old: Ino, places: &[(Ino, Vec<u8>)]) -> Result<Ino> {
        let staged = stage_name(id.on(self.there.side).ok_or_else(changed)?);
        let made = self.make(id, (self.here.staging, &staged)).await?;
        self.replace(id, old, made, places).await
    }

    async fn set_meta(&self, id: Id, ino: Ino) -> Result<()> {
        let target = &self.plan.targets[&id];
        let seen = id.on(self.here.side).and_then(|ino| self.seen[0].get(&ino));
        let seen = seen.ok_or_else(changed)?;
        let conditions = [Condition::Permissions {
            ino,
            mode: seen.meta.mode,
            uid: seen.meta.uid,
            gid: seen.meta.gid,
        }];
        let by = self.on(&conditions);
        // It rests on what was seen, and changes nothing yet.
        self.here.store.set_attr(&by, ino, &SetAttr::default()).await?;
        for name in seen
            .meta
            .xattrs
            .keys()
            .filter(|name| !target.meta.xattrs.contains_key(*name))
        {
            match self.here.store.remove_xattr(self.here.by, ino, name).await {
                Err(e) if e.kind() != ErrorKind::NoData => return Err(e),
                _ => {}
            }
        }
        let mut meta = target.meta.clone();
        meta.xattrs
            .retain(|name, value| seen.meta.xattrs.get(name) != Some(value));
        let changes = Target {
            meta,
            ..target.clone()
        };
        self.dress(id, ino, &changes).await
    }
}

impl Step {
    /// What it is about.
    pub(super) fn id(&self) -> Id {
        match self {
            Self::Make { id, .. }
            | Self::Replace { id, .. }
            | Self::Link { id, .. }
            | Self::Move { id, .. }
            | Self::Park { id, .. }
            | Self::Remove { id, .. }
            | Self::SetMeta { id } => *id,
        }
    }
}

/// Whether somebody changed what a step rests on.
pub(super) fn is_moved(error: &Error) -> bool {
    use ErrorKind::*;
    matches!(
        error.kind(),
        Changed | Stale | NotFound | Exists | NotEmpty | NotDirectory | IsDirectory
    )
}

/// Whether a side cannot have something, while it can have others.
fn is_refusal(error: &Error) -> bool {
    use ErrorKind::*;
    matches!(
        error.kind(),
        QuotaExceeded | NoSpace | FileTooLarge | TooManyLinks | TooBig | NameTooLong | Unsupported
    )
}
