//! The contents that steps need, made complete before the first of them.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tarbox_store::*;

use super::News;
use super::end::new_inode;
use super::observe::{AT_ONCE, CONTENTS_AT_ONCE};
use super::stage::{Staged, attributes, changed, stage_name};
use super::steps::{Hands, Outcome, is_refusal};
use crate::plan::{Id, Place, Side, Step};
use crate::{Content, Name, Node, Pair};

/// Files up to this size get their content with their name.
const SMALL: u64 = 64 << 10;
/// Those for which there is no room are made together in parts: so many files, and bytes, and parts at a time.
const PART_FILES: usize = 250;
const PART_BYTES: u64 = 2 << 20;
const PARTS_AT_ONCE: usize = 4;

/// Contents that are about to get their names.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// Files that are complete in the staging directory.
    pub(super) staged: BTreeMap<Id, Ino>,
    /// Contents that are small.
    pub(super) small: BTreeMap<Id, Arc<[u8]>>,
}

/// One of them.
enum Prepared {
    Small((Content, Arc<[u8]>)),
    Staged(Staged),
}

impl Prepared {
    fn content(&self) -> Content {
        match self {
            Self::Small((content, _)) => *content,
            Self::Staged(staged) => staged.content,
        }
    }
}

impl<S: Store, T: Store> Hands<'_, S, T> {
    /// Makes all contents complete, and answers what is about to be the same on both sides.
    pub(super) async fn stage(&self, out: &mut Outcome) -> Result<(Ready, Vec<Pair>)> {
        let ids: BTreeSet<Id> = self
            .steps()
            .filter_map(|step| match step {
                Step::Make { id, .. } | Step::Replace { id, .. } => Some(*id),
                _ => None,
            })
            .filter(|id| self.plan.targets[id].kind == FileKind::File)
            .collect();
        let mut room = self.memory;
        let (small, large): (Vec<Id>, Vec<Id>) = ids.into_iter().partition(|id| self.is_small(*id));
        let (kept, small): (Vec<Id>, Vec<Id>) = small.into_iter().partition(|id| {
            let left = room.checked_sub(self.size(*id));
            room = left.unwrap_or(room);
            left.is_some()
        });
        let read = |id: Id| async move { vec![(id, self.read_one(id).await.map(Prepared::Small))] };
        let stage = |id: Id| async move { vec![(id, self.stage_one(id).await.map(Prepared::Staged))] };
        let kept: Vec<_> = kept.into_iter().map(read).collect();
        let small: Vec<_> = self
            .in_parts(small)
            .into_iter()
            .map(|ids| self.stage_many(ids))
            .collect();
        let large: Vec<_> = large.into_iter().map(stage).collect();
        let small = stream::iter(small).buffered(PARTS_AT_ONCE);
        let large = stream::iter(large).buffered(CONTENTS_AT_ONCE);
        let mut jobs = pin!(stream::iter(kept).buffered(AT_ONCE).chain(small).chain(large));
        let (mut ready, mut pending) = (Ready::default(), Vec::new());
        while let Some(some) = jobs.next().await {
            for (id, done) in some {
                match done {
                    Ok(file) => {
                        let content = file.content();
                        (self.tell)(News::Content {
                            to: self.here.side,
                            bytes: content.size(),
                        });
                        out.contents.insert(id, content);
                        match file {
                            Prepared::Small((_, bytes)) => drop(ready.small.insert(id, bytes)),
                            Prepared::Staged(file) => {
                                ready.staged.insert(id, file.ino);
                                pending.extend(self.pending(id, file, out));
                            }
                        }
                    }
                    Err(e) if is_refusal(&e) => drop(out.refused.insert(id, (self.here.side, e))),
                    Err(e) => {
                        let place = self.plan.targets[&id].names.first();
                        return Err(e.about(place.map_or_else(Vec::new, |place| self.plan.path(place))));
                    }
                }
            }
        }
        self.is_as_seen(&out.contents).await?;
        Ok((ready, pending))
    }

    /// Refuses what was read if it is not what was seen. Where nobody else did anything meanwhile, one look at the log tells.
    async fn is_as_seen(&self, read: &BTreeMap<Id, Content>) -> Result<()> {
        if read.is_empty() {
            return Ok(());
        }
        let records = self.there.records(self.position).await?;
        if records.is_some_and(|records| records.iter().all(|record| self.there.is_ours(record))) {
            return Ok(());
        }
        let look = |id: Id| async move {
            let from = id.on(self.there.side).ok_or_else(changed)?;
            let seen = self.seen[1].get(&from).ok_or_else(changed)?;
            match self.there.store.attr(View::Current, from).await {
                Ok(attr) if attr.version == seen.version => Ok(()),
                Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                _ => Err(changed().about(
                    self.plan.targets[&id]
                        .names
                        .first()
                        .map_or_else(Vec::new, |at| self.plan.path(at)),
                )),
            }
        };
        let looks: Vec<_> = read.keys().map(|id| look(*id)).collect();
        stream::iter(looks).buffered(AT_ONCE).try_collect().await
    }

    /// Small files in parts that are read, and made, together.
    fn in_parts(&self, ids: Vec<Id>) -> Vec<Vec<Id>> {
        let (mut parts, mut bytes) = (Vec::<Vec<Id>>::new(), 0);
        for id in ids {
            bytes += self.size(id);
            match parts.last_mut() {
                Some(part) if part.len() < PART_FILES && bytes <= PART_BYTES => part.push(id),
                _ => {
                    bytes = self.size(id);
                    parts.push(vec![id]);
                }
            }
        }
        parts
    }

    /// Makes small files complete in the staging directory, all at once.
    async fn stage_many(&self, ids: Vec<Id>) -> Vec<(Id, Result<Prepared>)> {
        match self.try_to_stage(&ids).await {
            Ok(staged) => staged,
            // One of them is to blame: it is found by taking them one by one.
            Err(_) => {
                let stage = |id: Id| async move { (id, self.stage_one(id).await.map(Prepared::Staged)) };
                let jobs: Vec<_> = ids.into_iter().map(stage).collect();
                stream::iter(jobs).buffered(CONTENTS_AT_ONCE).collect().await
            }
        }
    }

    async fn try_to_stage(&self, ids: &[Id]) -> Result<Vec<(Id, Result<Prepared>)>> {
        let gather = |id: Id| async move {
            let (content, bytes) = self.read_one(id).await?;
            let target = &self.plan.targets[&id];
            let values = self.here.values(self.there, &target.meta, self.has(id)).await?;
            Ok::<_, Error>((target, self.staged_name(id)?, content, bytes, values))
        };
        let files: Vec<_> = ids.iter().map(|id| gather(*id)).collect();
        let files: Vec<_> = stream::iter(files).buffered(AT_ONCE).try_collect().await?;
        let (mut mutations, mut made) = (Vec::new(), Vec::new());
        for (target, name, _, bytes, values) in &files {
            let ino = InodeRef::Outcome(mutations.len());
            made.push(mutations.len());
            mutations.push(Mutation::Create {
                dir: self.here.staging.into(),
                name,
                new: new_inode(FileKind::File, 0o600),
            });
            if !bytes.is_empty() {
                mutations.push(Mutation::Write {
                    ino,
                    at: WriteAt::Offset(0),
                    data: bytes,
                    clear_setid: false,
                });
            }
            mutations.extend(values.iter().map(|(name, value)| Mutation::SetXattr {
                ino,
                name,
                value,
                mode: XattrMode::Any,
            }));
            let set = attributes(target.kind, &target.meta);
            mutations.push(Mutation::SetAttr { ino, set });
        }
        let outcomes = self.here.store.apply(self.here.by, &mutations).await?;
        let staged = |((id, at), file): ((&Id, usize), &(_, _, Content, _, _))| {
            let ino = outcomes
                .get(at)
                .and_then(tarbox_store::Outcome::ino)
                .ok_or_else(changed)?;
            let content = file.2;
            Ok((*id, Ok(Prepared::Staged(Staged { ino, content }))))
        };
        ids.iter().zip(made).zip(&files).map(staged).collect()
    }

    fn size(&self, id: Id) -> u64 {
        let from = id.on(self.there.side).and_then(|from| self.seen[1].get(&from));
        from.map_or(0, |node| node.content.size())
    }

    /// Whether a file is small enough to get its content in one step with its name.
    fn is_small(&self, id: Id) -> bool {
        let from = id.on(self.there.side);
        let old = id.on(self.here.side).and_then(|ino| self.seen[0].get(&ino));
        let stays_file = old.is_none_or(|old| old.kind == FileKind::File);
        stays_file && self.size(id) <= SMALL && from.is_some_and(|from| !self.fetched.contains_key(&from))
    }

    async fn read_one(&self, id: Id) -> Result<(Content, Arc<[u8]>)> {
        let from = id.on(self.there.side).ok_or_else(changed)?;
        let node = self.seen[1].get(&from).ok_or_else(changed)?;
        let (content, bytes) = self.there.read_small(from, node.content.size()).await?;
        self.check(id, content)?;
        Ok((content, bytes))
    }

    /// Refuses a content that is not the one that was decided on.
    fn check(&self, id: Id, content: Content) -> Result<()> {
        match self.plan.targets[&id].content {
            wanted @ Content::Known(..) if wanted != content => Err(changed()),
            _ => Ok(()),
        }
    }

    async fn stage_one(&self, id: Id) -> Result<Staged> {
        let target = &self.plan.targets[&id];
        let from = id.on(self.there.side).ok_or_else(changed)?;
        let node = self.seen[1].get(&from).ok_or_else(changed)?;
        let staged = match self.fetched.get(&from) {
            Some(staged) => *staged,
            None => {
                let old = id.on(self.here.side).filter(|ino| {
                    let old = self.seen[0].get(ino);
                    old.is_some_and(|old| old.kind == FileKind::File)
                });
                self.here.stage(self.there, from, node.version, old).await?
            }
        };
        self.check(id, staged.content)?;
        let (kind, meta) = (target.kind, &target.meta);
        self.here
            .dress(self.there, staged.ino, kind, meta, self.has(id))
            .await?;
        Ok(staged)
    }

    /// What both sides have of it.
    pub(super) fn has(&self, id: Id) -> [Option<(Ino, &Node)>; 2] {
        [(self.here.side, self.seen[0]), (self.there.side, self.seen[1])]
            .map(|(side, tree)| id.on(side).and_then(|ino| Some((ino, tree.get(&ino)?))))
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

    pub(super) fn staged_name(&self, id: Id) -> Result<Vec<u8>> {
        Ok(stage_name(id.on(self.there.side).ok_or_else(changed)?))
    }
}
