//! Mutations, each by its operation.

use tarbox_store::{
    By, Error, ErrorKind, Ino, InodeRef, Mutation, Outcome, Refused, View, check_mutations, no_outcome,
};

use crate::engine::Engine;
use crate::op::Op;
use crate::ops::{Copied, CopyRange};
use crate::step::{Step, Stop};
use crate::store::{COPY_STEP, CoreStore};

/// How often content is committed that has to be before it can be copied or moved.
const TRIES: usize = 8;

/// How far mutations are, in one attempt to make them.
struct Progress {
    outcomes: Vec<Option<Outcome>>,
    /// The one that failed.
    failed: Option<usize>,
    /// The content of a file has to be committed first.
    commit_first: bool,
    /// Files that were cut, whose room shows only when all is done.
    cut: Vec<usize>,
}

impl<E: Engine> CoreStore<E> {
    /// See [`Store::apply`](tarbox_store::Store::apply).
    pub(crate) async fn apply_all(
        &self,
        by: &dyn By,
        mutations: &[Mutation<'_>],
    ) -> Result<Vec<Outcome>, Refused> {
        check_mutations(mutations)?;
        let mut progress = Progress {
            outcomes: vec![None; mutations.len()],
            failed: None,
            commit_first: false,
            cut: Vec::new(),
        };
        // Of nothing, there is still what has to hold.
        let steps = mutations.len().max(1);
        for _ in 0..TRIES {
            progress.commit_first = false;
            let made = self.driver().write_all(by, steps, |op| {
                let at = op.step;
                progress.begin(at);
                let Some(mutation) = mutations.get(at) else {
                    return Ok(());
                };
                let done = progress.make(op, by, mutation);
                progress.failed = matches!(done, Err(Stop::Failed(_))).then_some(at);
                progress.outcomes[at] = Some(done?);
                Ok(())
            });
            match made.await {
                Ok(()) => return Ok(self.made(progress).await),
                Err(_) if progress.commit_first => self.driver().commit_visible().await?,
                Err(error) => {
                    let at = progress.failed;
                    return Err(Refused { at, error });
                }
            }
        }
        let why = "content that is copied or moved has to be committed before: write it before, not in the same step";
        let error = Error::new(ErrorKind::Invalid).because(why);
        let at = progress.failed;
        Err(Refused { at, error })
    }
}

impl<E: Engine> CoreStore<E> {
    async fn made(&self, progress: Progress) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = progress.outcomes.into_iter().flatten().collect();
        for at in progress.cut {
            if let Some(ino) = outcomes[at].ino()
                && let Ok(attr) = self.driver().read(|op| op.attr(View::Current, ino)).await
            {
                outcomes[at] = Outcome::Attr(attr);
            }
        }
        outcomes
    }
}

impl Progress {
    fn begin(&mut self, at: usize) {
        if at == 0 {
            self.outcomes.fill(None);
            self.commit_first = false;
            self.cut.clear();
        }
        self.failed = None;
    }

    /// The inode that is meant. One that is not known yet is as if it were missing: what it waits for was asked for before.
    fn ino(&self, at: usize, node: InodeRef) -> Step<Ino> {
        let place = match node {
            InodeRef::Ino(ino) => return Ok(ino),
            InodeRef::Outcome(place) => place,
        };
        match self.outcomes.get(place).filter(|_| place < at) {
            Some(None) => Err(Stop::Missing),
            Some(Some(Outcome::Attr(attr))) => Ok(attr.ino),
            _ => Err(no_outcome().into()),
        }
    }

    fn make<'d>(&mut self, op: &mut Op<'_, 'd>, by: &dyn By, mutation: &Mutation<'d>) -> Step<Outcome> {
        let (by, at) = (by.actor(), op.step);
        Ok(match mutation {
            Mutation::Create { dir, name, new } => {
                Outcome::Attr(op.create(by, self.ino(at, *dir)?, name, new)?)
            }
            Mutation::Link { ino, dir, name } => {
                Outcome::Attr(op.link(by, self.ino(at, *ino)?, self.ino(at, *dir)?, name)?)
            }
            Mutation::Unlink { dir, name, what } => {
                Outcome::Attr(op.unlink(by, self.ino(at, *dir)?, name, *what)?)
            }
            Mutation::Rename { from, to, mode } => {
                let (from, to) = ((self.ino(at, from.0)?, from.1), (self.ino(at, to.0)?, to.1));
                op.rename(by, from, to, *mode)?;
                Outcome::Done
            }
            Mutation::SetAttr { ino, set } => {
                let (attr, is_cut) = op.set_attr(by, self.ino(at, *ino)?, set)?;
                if is_cut {
                    self.cut.push(at);
                }
                Outcome::Attr(attr)
            }
            Mutation::SetXattr {
                ino,
                name,
                value,
                mode,
            } => {
                op.set_xattr(by, self.ino(at, *ino)?, name, value, *mode)?;
                Outcome::Done
            }
            Mutation::RemoveXattr { ino, name } => {
                op.remove_xattr(by, self.ino(at, *ino)?, name)?;
                Outcome::Done
            }
            Mutation::Write {
                ino,
                at: place,
                data,
                clear_setid,
            } => Outcome::Written(op.write(by, self.ino(at, *ino)?, *place, data, *clear_setid)?),
            Mutation::Allocate {
                ino,
                how,
                offset,
                len,
                clear_setid,
            } => {
                let ino = self.ino(at, *ino)?;
                match op.allocate(by, ino, *how, *offset, *len, *clear_setid)? {
                    true => Outcome::Done,
                    false => return self.commit_first(),
                }
            }
            Mutation::CopyRange {
                view,
                source,
                target,
                len,
            } => {
                if *len > COPY_STEP {
                    let why = "one step copies at most 256 MiB";
                    return Err(Error::new(ErrorKind::Invalid).because(why).into());
                }
                let copy = CopyRange {
                    view: *view,
                    source: (self.ino(at, source.0)?, source.1),
                    target: (self.ino(at, target.0)?, target.1),
                    len: *len,
                    whole: *len,
                };
                match op.copy_range(by, copy)? {
                    Copied::Bytes(n) => Outcome::Copied(n),
                    Copied::CommitFirst => return self.commit_first(),
                }
            }
        })
    }

    fn commit_first(&mut self) -> Step<Outcome> {
        self.commit_first = true;
        Err(ErrorKind::Busy.into())
    }
}
