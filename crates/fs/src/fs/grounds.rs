//! Decisions that hold at the moment of the change.
//!
//! Whether somebody may make a change is decided here, from attributes that were read; the change is the store's, a moment
//! later. What the decision rested on goes along as [conditions](Condition), and if they do not hold any more, it is made anew.

use std::future::Future;

use smallvec::SmallVec;
use tarbox_store::{Attr, Condition, Error, ErrorKind, Guarded, Ino, Result};

use crate::interface::Credentials;

/// How often a decision is made before somebody who changes its grounds all the time is taken for an obstacle.
const TRIES: usize = 16;

/// Decides and changes, as often as it takes for nobody to get in between.
pub(super) async fn decided<T, F: Future<Output = Result<T>>>(mut attempt: impl FnMut() -> F) -> Result<T> {
    for _ in 0..TRIES {
        match attempt().await {
            Err(e) if e.kind() == ErrorKind::Changed => {}
            result => return result,
        }
    }
    Err(Error::new(ErrorKind::Busy).because("others change its permissions or names all the time"))
}

/// What a decision rests on, gathered as it is made.
pub(crate) struct Grounds<'a> {
    who: &'a Credentials,
    conditions: SmallVec<[Condition<'a>; 2]>,
}

impl<'a> Grounds<'a> {
    /// Nothing yet but the version that the caller expects, if any.
    pub(super) fn of(who: &'a Credentials) -> Self {
        let mut grounds = Self::unconditional(who);
        if let Some((ino, version)) = who.expects {
            grounds.conditions.push(Condition::Version { ino, version });
        }
        grounds
    }

    pub(super) fn unconditional(who: &'a Credentials) -> Self {
        let conditions = SmallVec::new();
        Self { who, conditions }
    }

    /// The mode and the owners of something.
    pub(super) fn add_permissions(&mut self, attr: &Attr) {
        self.conditions.push(Condition::permissions(attr));
    }

    /// What a name leads to.
    pub(super) fn add_name(&mut self, dir: Ino, name: &'a [u8], found: Option<&Attr>) {
        let ino = found.map(|attr| attr.ino);
        self.conditions.push(Condition::Name { dir, name, ino });
    }

    /// Who makes the change, on these grounds.
    pub(super) fn by(&self) -> Guarded<'_> {
        Guarded {
            actor: &self.who.actor,
            conditions: &self.conditions,
        }
    }
}

/// `Stale` unless what was found is what the caller expects.
pub(super) fn require_expected(who: &Credentials, found: &Attr) -> Result<()> {
    match who.expects {
        Some((ino, version)) if (ino, version) != (found.ino, found.version) => {
            Err(Error::new(ErrorKind::Stale)
                .because("it is not what it was: read it again, then repeat the change"))
        }
        _ => Ok(()),
    }
}
