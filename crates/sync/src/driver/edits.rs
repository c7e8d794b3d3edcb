//! What steps change at a side, many of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tarbox_store::*;

use super::end::End;
use super::stage::changed;
use crate::Meta;
use crate::plan::{Id, Step};

/// Changes that are made together.
const EDITS_MAX: usize = 1_000;
/// Bytes of content that they bring. One change alone never has more.
const CONTENT_MAX: usize = 4 << 20;

/// Somebody at the side that is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// By number.
    Ino(Ino),
    /// By the number that it has there, or gets in the same group.
    Of(Id),
    /// What the same step makes.
    New,
}

/// One change.
#[derive(Debug)]
pub(super) enum Edit {
    Create {
        at: (Whom, Vec<u8>),
        kind: FileKind,
        meta: Meta,
        rdev: u64,
        target: Vec<u8>,
    },
    Link {
        ino: Whom,
        dir: Whom,
        name: Vec<u8>,
    },
    Unlink {
        dir: Whom,
        name: Vec<u8>,
        what: Unlink,
    },
    Rename {
        from: (Whom, Vec<u8>),
        to: (Whom, Vec<u8>),
        mode: RenameMode,
    },
    SetAttr(Whom, SetAttr),
    SetXattr(Whom, Vec<u8>, Vec<u8>),
    RemoveXattr(Whom, Vec<u8>),
    /// At the beginning of an empty file.
    Write(Whom, Arc<[u8]>),
}

/// What a step rests on.
#[derive(Debug)]
pub(super) enum Rests {
    Name { dir: Whom, name: Vec<u8>, ino: Whom },
    Version(Whom, Seq),
    Permissions(Whom, Meta),
}

/// A step with everything that it takes.
#[derive(Debug)]
pub(super) struct Taken<'s> {
    pub(super) step: &'s Step,
    pub(super) rests: Vec<Rests>,
    pub(super) edits: Vec<Edit>,
    /// What gets its name, and was made before.
    pub(super) made: Option<Ino>,
    /// Whether a directory comes, goes or is moved.
    pub(super) moves_dir: bool,
}

impl<'s> Taken<'s> {
    pub(super) fn new(step: &'s Step) -> Self {
        Self {
            step,
            rests: Vec::new(),
            edits: Vec::new(),
            made: None,
            moves_dir: false,
        }
    }

    pub(super) fn rename(&mut self, from: (Whom, Vec<u8>), to: (Whom, Vec<u8>), mode: RenameMode) {
        self.edits.push(Edit::Rename { from, to, mode });
    }

    fn content(&self) -> usize {
        let contents = self.edits.iter().map(|edit| match edit {
            Edit::Write(_, content) => content.len(),
            Edit::SetXattr(_, _, value) => value.len(),
            _ => 0,
        });
        contents.sum()
    }
}

/// Steps on their way to be made together.
#[derive(Debug, Default)]
pub(super) struct Group<'s> {
    steps: Vec<Taken<'s>>,
    about: BTreeSet<Id>,
    /// Changes and conditions, and bytes of content.
    weight: (usize, usize),
}

impl<'s> Group<'s> {
    /// Whether one of them is about this.
    pub(super) fn concerns(&self, id: Id) -> bool {
        self.about.contains(&id)
    }

    pub(super) fn has_room_for(&self, taken: &Taken<'_>) -> bool {
        let (edits, content) = weight(taken);
        self.weight.0 + edits <= EDITS_MAX && self.weight.1 + content <= CONTENT_MAX
    }

    pub(super) fn push(&mut self, taken: Taken<'s>) {
        self.about.insert(taken.step.id());
        let (edits, content) = weight(&taken);
        self.weight = (self.weight.0 + edits, self.weight.1 + content);
        self.steps.push(taken);
    }

    pub(super) fn take(&mut self) -> Vec<Taken<'s>> {
        self.about.clear();
        self.weight = (0, 0);
        std::mem::take(&mut self.steps)
    }
}

fn weight(taken: &Taken<'_>) -> (usize, usize) {
    (taken.edits.len() + taken.rests.len(), taken.content())
}

/// Makes all of these steps, or none, and answers what each gave a number to. The place in a refusal is that of a step. A step that is
/// too large to be made as one is made in parts.
pub(super) async fn apply<S: Store>(
    end: &End<'_, S>,
    group: &[Taken<'_>],
    number: &dyn Fn(Id) -> Option<Ino>,
) -> Result<Vec<Option<Ino>>, Refused> {
    let mut batch = Batch {
        mutations: Vec::new(),
        steps: Vec::new(),
        conditions: Vec::new(),
        made: BTreeMap::new(),
        number,
    };
    for (at, taken) in group.iter().enumerate() {
        let added = batch.add(at, taken);
        added.map_err(|error| Refused { at: Some(at), error })?;
    }
    let by = Guarded {
        actor: end.by,
        conditions: &batch.conditions,
    };
    let mut outcomes: Vec<Outcome> = Vec::new();
    for part in batch.parts() {
        let done = outcomes.len();
        let resolve = |ino: InodeRef| match ino {
            InodeRef::Outcome(at) if at >= done => InodeRef::Outcome(at - done),
            InodeRef::Outcome(at) => outcomes[at].ino().map_or(ino, InodeRef::Ino),
            known => known,
        };
        let part: Vec<_> = part
            .iter()
            .map(|mutation| mutation.clone().map_inodes(resolve))
            .collect();
        let by: &dyn By = if done == 0 { &by } else { end.by };
        let made = end.store.apply(by, &part).await.map_err(|refused| {
            let at = refused.at.and_then(|at| batch.steps.get(done + at).copied());
            Refused { at, ..refused }
        })?;
        outcomes.extend(made);
    }
    let made = group.iter().map(|taken| {
        let created = batch
            .made
            .get(&taken.step.id())
            .and_then(|at| outcomes.get(*at)?.ino());
        created.or(taken.made)
    });
    Ok(made.collect())
}

struct Batch<'a> {
    mutations: Vec<Mutation<'a>>,
    /// The step that each is of.
    steps: Vec<usize>,
    conditions: Vec<Condition<'a>>,
    /// Which of them make what.
    made: BTreeMap<Id, usize>,
    number: &'a dyn Fn(Id) -> Option<Ino>,
}

impl<'a> Batch<'a> {
    fn add(&mut self, at: usize, taken: &'a Taken<'_>) -> Result<()> {
        let mut new = None;
        for rests in &taken.rests {
            let condition = self.condition(rests)?;
            self.conditions.push(condition);
        }
        for edit in &taken.edits {
            let mutation = self.mutation(edit, new)?;
            if matches!(edit, Edit::Create { .. }) {
                new = Some(self.mutations.len());
                self.made.insert(taken.step.id(), self.mutations.len());
            }
            self.mutations.push(mutation);
            self.steps.push(at);
        }
        Ok(())
    }

    /// All mutations, as many at once as can be.
    fn parts(&self) -> impl Iterator<Item = &[Mutation<'a>]> {
        let mut rest = &self.mutations[..];
        std::iter::from_fn(move || {
            let mut content = 0;
            let fits = |mutation: &&Mutation<'_>| {
                content += mutation.content();
                content <= CONTENT_MAX
            };
            let count = rest.iter().take(EDITS_MAX).take_while(fits).count();
            let (part, others) = rest.split_at(count);
            rest = others;
            (!part.is_empty()).then_some(part)
        })
    }

    fn ino(&self, whom: Whom, new: Option<usize>) -> Result<InodeRef> {
        match whom {
            Whom::Ino(ino) => Ok(ino.into()),
            Whom::New => new.map(InodeRef::Outcome).ok_or_else(changed),
            Whom::Of(id) => match self.made.get(&id) {
                Some(at) => Ok(InodeRef::Outcome(*at)),
                None => (self.number)(id).map(InodeRef::Ino).ok_or_else(changed),
            },
        }
    }

    /// The number of what is there before the group.
    fn there(&self, whom: Whom) -> Result<Ino> {
        match self.ino(whom, None)? {
            InodeRef::Ino(ino) => Ok(ino),
            InodeRef::Outcome(_) => Err(changed()),
        }
    }

    fn condition(&self, rests: &'a Rests) -> Result<Condition<'a>> {
        Ok(match rests {
            Rests::Name { dir, name, ino } => Condition::Name {
                dir: self.there(*dir)?,
                name,
                ino: Some(self.there(*ino)?),
            },
            Rests::Version(ino, version) => Condition::Version {
                ino: self.there(*ino)?,
                version: *version,
            },
            Rests::Permissions(ino, meta) => Condition::Permissions {
                ino: self.there(*ino)?,
                mode: meta.mode,
                uid: meta.uid,
                gid: meta.gid,
            },
        })
    }

    fn mutation(&self, edit: &'a Edit, new: Option<usize>) -> Result<Mutation<'a>> {
        let ino = |whom: &Whom| self.ino(*whom, new);
        Ok(match edit {
            Edit::Create {
                at: (dir, name),
                kind,
                meta,
                rdev,
                target,
            } => Mutation::Create {
                dir: ino(dir)?,
                name,
                new: NewInode {
                    kind: *kind,
                    mode: meta.mode,
                    uid: meta.uid,
                    gid: meta.gid,
                    rdev: *rdev,
                    target,
                },
            },
            Edit::Link {
                ino: linked,
                dir,
                name,
            } => Mutation::Link {
                ino: ino(linked)?,
                dir: ino(dir)?,
                name,
            },
            Edit::Unlink { dir, name, what } => Mutation::Unlink {
                dir: ino(dir)?,
                name,
                what: *what,
            },
            Edit::Rename { from, to, mode } => Mutation::Rename {
                from: (ino(&from.0)?, &from.1),
                to: (ino(&to.0)?, &to.1),
                mode: *mode,
            },
            Edit::SetAttr(whom, set) => Mutation::SetAttr {
                ino: ino(whom)?,
                set: *set,
            },
            Edit::SetXattr(whom, name, value) => Mutation::SetXattr {
                ino: ino(whom)?,
                name,
                value,
                mode: XattrMode::Any,
            },
            Edit::RemoveXattr(whom, name) => Mutation::RemoveXattr {
                ino: ino(whom)?,
                name,
            },
            Edit::Write(whom, content) => Mutation::Write {
                ino: ino(whom)?,
                at: WriteAt::Offset(0),
                data: content,
                clear_setid: false,
            },
        })
    }
}
