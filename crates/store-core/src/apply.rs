//! Mutations, each by its operation.

use tarbox_store::{
    By, Error, ErrorKind, Ino, InodeRef, Mutation, Outcome, Refused, View, check_mutations, no_outcome,
};

use crate::engine::Engine;
use crate::op::Op;
use crate::ops::{Copied, CopyRange};
use crate::savepoint::Savepoint;
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
        for _ in 0..TRIES {
            (progress.failed, progress.commit_first) = (None, false);
            let made = self.driver().write(by, |op| progress.make_all(op, by, mutations));
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
    /// Makes all, or leaves the state as it is. What the last one changes is in the delta: it is taken over like any operation's.
    fn make_all<'d>(&mut self, op: &mut Op<'_, 'd>, by: &dyn By, mutations: &[Mutation<'d>]) -> Step<()> {
        self.outcomes.fill(None);
        self.cut.clear();
        let mut before = Savepoint::new(op.state);
        let mut result = match op.is_rehearsal {
            true => Err(Stop::Missing),
            false => Ok(()),
        };
        for (at, mutation) in mutations.iter().enumerate() {
            if at > 0 && result.is_ok() {
                let edits = std::mem::take(&mut op.edits);
                before.note(op.state, &edits);
                op.state.take_over(edits);
            }
            // Also where something is missing already: what all of them want is loaded at once.
            let made = self.make(op, at, by, mutation);
            match (&result, made) {
                (Ok(()), Ok(outcome)) => {
                    self.outcomes[at] = Some(outcome);
                    continue;
                }
                (Ok(()), Err(stop)) => result = Err(stop),
                (Err(_), _) => {}
            }
            op.state.delta.clear();
            op.edits.clear();
            if matches!(result, Err(Stop::Failed(_))) {
                self.failed = Some(at);
                break;
            }
        }
        if result.is_err() {
            before.restore(op.state);
        }
        result
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

    fn make<'d>(
        &mut self,
        op: &mut Op<'_, 'd>,
        at: usize,
        by: &dyn By,
        mutation: &Mutation<'d>,
    ) -> Step<Outcome> {
        let by = by.actor();
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
