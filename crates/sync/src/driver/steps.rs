//! Carries out one side's steps: first all contents are made complete out of sight, then names are given, each on the condition that
//! nothing changed since it was looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tarbox_store::*;

use super::News;
use super::contents::Ready;
use super::edits::{self, Edit, Group, Rests, Taken, Whom};
use super::end::End;
use super::stage::{Staged, attributes, changed};
use crate::plan::{Id, Place, Plan, Side, Step, Target};
use crate::{Content, Node, Tree};

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
    /// Up to where the log of there is in what was seen.
    pub(super) position: Seq,
    /// Contents of there that were brought here already, by their numbers there.
    pub(super) fetched: &'a BTreeMap<Ino, Staged>,
    /// Bytes of contents that may be in memory.
    pub(super) memory: u64,
    pub(super) tell: &'a dyn Fn(News),
}

impl<S: Store, T: Store> Hands<'_, S, T> {
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        let side = self.here.side;
        self.plan
            .steps
            .iter()
            .filter(move |(of, _)| *of == side)
            .map(|(_, step)| step)
    }

    /// Takes the steps, as many as can be at once.
    pub(super) async fn walk(&self, ready: &Ready, out: &mut Outcome) -> Result<()> {
        let mut group = Group::default();
        for step in self.steps() {
            let id = step.id();
            if out.refused.get(&id).is_some_and(|(of, _)| *of == self.here.side) {
                continue;
            }
            // What a step rests on is looked at before the first of its group.
            if group.concerns(id) {
                self.make(&group.take(), out).await?;
            }
            let taken = self.prepare(step, ready, out).await;
            match taken {
                Ok(taken) if group.has_room_for(&taken) => group.push(taken),
                Ok(taken) => {
                    self.make(&group.take(), out).await?;
                    group.push(taken);
                }
                Err(e) => {
                    self.make(&group.take(), out).await?;
                    self.failed(step, e, out)?;
                }
            }
        }
        self.make(&group.take(), out).await
    }

    /// Makes all of these steps, or finds out which of them cannot be made and makes the others.
    async fn make(&self, group: &[Taken<'_>], out: &mut Outcome) -> Result<()> {
        let Some(first) = group.first() else {
            return Ok(());
        };
        let refused = match self.try_to_make(group, out).await {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        if group.len() == 1 {
            return self.failed(first.step, refused.error, out);
        }
        if !is_refusal(&refused.error) && !is_moved(&refused.error) && !may_be_moved(&refused.error) {
            let at = refused.at.unwrap_or_default().min(group.len() - 1);
            return Err(refused.error.about(self.path(group[at].step)));
        }
        // Those before it can be made, and it alone may be the one to blame.
        let at = match refused.at {
            None => group.len() / 2,
            Some(at) => at.clamp(1, group.len() - 1),
        };
        Box::pin(self.make(&group[..at], out)).await?;
        Box::pin(self.make(&group[at..], out)).await
    }

    /// What a step that cannot be made means for the others.
    fn failed(&self, step: &Step, error: Error, out: &mut Outcome) -> Result<()> {
        let error = match step {
            // A directory would go below itself: others moved directories, too.
            Step::Move { .. } | Step::Park { .. } if may_be_moved(&error) => changed(),
            _ if error.kind() == ErrorKind::NoData => changed(),
            _ => error,
        };
        // What rests on something that was refused is refused, too.
        match is_refusal(&error) || (is_moved(&error) && !out.refused.is_empty()) {
            true => {
                out.refused.insert(step.id(), (self.here.side, error));
                Ok(())
            }
            false => Err(error.about(self.path(step))),
        }
    }

    /// Makes all, or none; the place in what was refused is that of a step.
    async fn try_to_make(&self, group: &[Taken<'_>], out: &mut Outcome) -> Result<(), Refused> {
        let side = self.here.side;
        let number = |id| out.number(id, side);
        let made = edits::apply(self.here, group, &number).await?;
        for (taken, ino) in group.iter().zip(made) {
            let id = taken.step.id();
            if let Some(ino) = ino {
                out.made.insert((id, side), ino);
            }
            out.touched[side as usize].extend(out.number(id, side));
            out.dirs[side as usize] |= taken.moves_dir;
            (self.tell)(News::Step { on: side });
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

    /// What has to be changed for a step, and what that rests on.
    async fn prepare<'s>(&self, step: &'s Step, ready: &Ready, out: &Outcome) -> Result<Taken<'s>> {
        let side = self.here.side;
        let id = step.id();
        let is_dir = |id: Id| {
            let target = self.plan.targets.get(&id).map(|target| target.kind);
            let seen = || id.on(side).and_then(|ino| Some(self.seen[0].get(&ino)?.kind));
            target.or_else(seen) == Some(FileKind::Directory)
        };
        let mut taken = Taken::new(step);
        let leads_to = |place: &Place| Rests::Name {
            dir: Whom::Of(place.dir),
            name: place.name.clone(),
            ino: Whom::Of(id),
        };
        match step {
            Step::Make { at, .. } => {
                let to = (Whom::Of(at.dir), at.name.clone());
                match ready.staged.get(&id) {
                    Some(ino) => {
                        let from = (Whom::Ino(self.here.staging), self.staged_name(id)?);
                        taken.made = Some(*ino);
                        taken.rename(from, to, RenameMode::NoReplace);
                    }
                    None => self.create(id, to, ready, &mut taken).await?,
                }
                taken.moves_dir = is_dir(id);
            }
            Step::Replace { names, .. } => {
                let old = out.number(id, side).ok_or_else(changed)?;
                let seen = self.seen[0].get(&old).ok_or_else(changed)?;
                taken.rests.extend(names.iter().map(leads_to));
                taken.rests.push(Rests::Version(Whom::Ino(old), seen.version));
                match ready.small.get(&id) {
                    Some(content) => self.rewrite(id, seen, content, &mut taken).await?,
                    None => self.replace(id, names, ready, &mut taken).await?,
                }
            }
            Step::Link { at, .. } => taken.edits.push(Edit::Link {
                ino: Whom::Of(id),
                dir: Whom::Of(at.dir),
                name: at.name.clone(),
            }),
            Step::Move { from, to, .. } | Step::Park { from, to, .. } => {
                taken.rests.push(leads_to(from));
                let from = (Whom::Of(from.dir), from.name.clone());
                let to = (Whom::Of(to.dir), to.name.clone());
                taken.rename(from, to, RenameMode::NoReplace);
                taken.moves_dir = is_dir(id);
            }
            Step::Remove { at, is_dir, .. } => {
                taken.rests.push(leads_to(at));
                let ino = out.number(id, side).ok_or_else(changed)?;
                // What somebody has written since is not removed.
                let seen = self.seen[0].get(&ino);
                if let Some(node) = seen.filter(|_| !is_dir && !out.touched[side as usize].contains(&ino)) {
                    taken.rests.push(Rests::Version(Whom::Ino(ino), node.version));
                }
                taken.edits.push(Edit::Unlink {
                    dir: Whom::Of(at.dir),
                    name: at.name.clone(),
                    what: if *is_dir { Unlink::Directory } else { Unlink::File },
                });
                taken.moves_dir = *is_dir;
            }
            Step::SetMeta { .. } => {
                let seen = id.on(side).and_then(|ino| self.seen[0].get(&ino));
                let seen = seen.ok_or_else(changed)?;
                taken
                    .rests
                    .push(Rests::Permissions(Whom::Of(id), seen.meta.clone()));
                self.alter(id, Whom::Of(id), seen, &mut taken).await?;
            }
        }
        Ok(taken)
    }

    /// Makes what was not staged, with all that it has.
    async fn create(&self, id: Id, at: (Whom, Vec<u8>), ready: &Ready, taken: &mut Taken<'_>) -> Result<()> {
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
        let (kind, meta) = (target.kind, target.meta.clone());
        taken.edits.push(Edit::Create {
            at,
            kind,
            meta,
            rdev,
            target: text,
        });
        if let Some(content) = ready.small.get(&id) {
            taken.edits.push(Edit::Write(Whom::New, content.clone()));
        }
        self.dress(id, Whom::New, target, taken).await
    }

    /// Gives a file that stays the same inode another content.
    async fn rewrite(&self, id: Id, seen: &Node, content: &Arc<[u8]>, taken: &mut Taken<'_>) -> Result<()> {
        let size = Some(0);
        taken.edits.push(Edit::SetAttr(
            Whom::Of(id),
            SetAttr {
                size,
                ..SetAttr::default()
            },
        ));
        taken.edits.push(Edit::Write(Whom::Of(id), content.clone()));
        self.alter(id, Whom::Of(id), seen, taken).await
    }

    /// Puts a new inode in the place of an old one, name by name.
    async fn replace(
        &self,
        id: Id,
        names: &BTreeSet<Place>,
        ready: &Ready,
        taken: &mut Taken<'_>,
    ) -> Result<()> {
        let staged = (Whom::Ino(self.here.staging), self.staged_name(id)?);
        let new = match ready.staged.get(&id) {
            Some(ino) => {
                taken.made = Some(*ino);
                Whom::Ino(*ino)
            }
            None => {
                self.create(id, staged.clone(), ready, taken).await?;
                Whom::New
            }
        };
        for (at, place) in names.iter().enumerate() {
            if at > 0 {
                taken.edits.push(Edit::Link {
                    ino: new,
                    dir: staged.0,
                    name: staged.1.clone(),
                });
            }
            let to = (Whom::Of(place.dir), place.name.clone());
            taken.rename(staged.clone(), to, RenameMode::Replace);
        }
        Ok(())
    }

    /// Gives something that has attributes those that it is to have.
    async fn alter(&self, id: Id, whom: Whom, seen: &Node, taken: &mut Taken<'_>) -> Result<()> {
        let target = &self.plan.targets[&id];
        let wanted = &target.meta.xattrs;
        for name in seen.meta.xattrs.keys().filter(|name| !wanted.contains_key(*name)) {
            taken.edits.push(Edit::RemoveXattr(whom, name.clone()));
        }
        let mut meta = target.meta.clone();
        meta.xattrs
            .retain(|name, value| seen.meta.xattrs.get(name) != Some(value));
        let changes = Target {
            meta,
            ..target.clone()
        };
        self.dress(id, whom, &changes, taken).await
    }

    async fn dress(&self, id: Id, whom: Whom, target: &Target, taken: &mut Taken<'_>) -> Result<()> {
        let values = self.here.values(self.there, &target.meta, self.has(id)).await?;
        let set = |(name, value)| Edit::SetXattr(whom, name, value);
        taken.edits.extend(values.into_iter().map(set));
        taken
            .edits
            .push(Edit::SetAttr(whom, attributes(target.kind, &target.meta)));
        Ok(())
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

/// Whether a move failed for what others moved meanwhile.
fn may_be_moved(error: &Error) -> bool {
    error.kind() == ErrorKind::Invalid
}

/// Whether a side cannot have something, while it can have others.
pub(super) fn is_refusal(error: &Error) -> bool {
    use ErrorKind::*;
    matches!(
        error.kind(),
        QuotaExceeded | NoSpace | FileTooLarge | TooManyLinks | TooBig | NameTooLong | Unsupported
    )
}
