//! An operation in progress: what it sees, and what it changes.

use std::sync::Arc;

use tarbox_store::{Actor, Error, ErrorKind, Ino, Result, TenantState, Timestamp};

use crate::delta::Edits;
use crate::rows::Tenant;
use crate::state::State;
use crate::step::{Step, Stop};
use crate::want::{Found, Loaded, Want};

/// Where the time comes from; tests inject one that replays.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// An operation on a tenant's state, which is locked. It does no input or output: a row that is neither in a memtable nor
/// in a cache nor among those that were loaded for it is [asked for](Self::ask), and the operation runs again.
///
/// It changes nothing but its delta, which [`State::take_over`] makes true.
pub(crate) struct Op<'a, 'd> {
    pub(crate) state: &'a mut State,
    loaded: &'a Loaded,
    /// What it asked for in vain.
    pub(crate) wants: Vec<Want>,
    pub(crate) edits: Edits<'d>,
    /// It runs only to say what it wants: something that it rests on is missing.
    pub(crate) is_rehearsal: bool,
    /// Whether its answer says of something that it is not there, without being a failure.
    pub(crate) lacks: bool,
    clock: &'a Clock,
    /// Rows found in memory, and not.
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl<'a, 'd> Op<'a, 'd> {
    pub(crate) fn new(state: &'a mut State, loaded: &'a Loaded, clock: &'a Clock) -> Self {
        Self {
            state,
            loaded,
            wants: Vec::new(),
            edits: Edits::new(),
            is_rehearsal: false,
            lacks: false,
            clock,
            hits: 0,
            misses: 0,
        }
    }

    /// Rows of the database.
    pub(crate) fn ask(&mut self, want: Want) -> Step<&'a Found> {
        match self.loaded.get(&want) {
            Some(found) => Ok(found),
            None => {
                self.misses += 1;
                self.wants.push(want);
                Err(Stop::Missing)
            }
        }
    }

    /// What a hint has brought.
    pub(crate) fn loaded(&self, want: &Want) -> Option<&'a Found> {
        self.loaded.get(want)
    }

    /// Says what it will want next, should what it asks for be missing.
    pub(crate) fn hint<R>(&mut self, step: Step<R>, hint: impl FnOnce(&Self) -> Want) -> Step<R> {
        if matches!(step, Err(Stop::Missing)) {
            let hint = hint(self);
            self.wants.push(hint);
        }
        step
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The tenant, as the operation has it.
    ///
    /// # Panics
    /// If the driver began the operation without it.
    pub(crate) fn row(&self) -> &Tenant {
        let changed = self.state.delta.tenant.as_ref();
        changed
            .or(self.state.tenant.as_ref())
            .expect("an operation begins with its tenant loaded")
    }

    /// The tenant's row, to change it; the next commit writes it.
    pub(crate) fn row_mut(&mut self) -> &mut Tenant {
        let state = &mut *self.state;
        let row = &state.tenant;
        state
            .delta
            .tenant
            .get_or_insert_with(|| row.clone().expect("an operation begins with its tenant loaded"))
    }

    /// Refuses a tenant that is suspended.
    pub(crate) fn check_active(&self) -> Result<()> {
        let tenant = self.row();
        match tenant.state {
            TenantState::Active => Ok(()),
            TenantState::Suspended => Err(Error::new(ErrorKind::Suspended)
                .about(&*tenant.name)
                .because("resume it first")),
            TenantState::Restoring => tenant.state.check_whole(&tenant.name),
        }
    }

    /// Refuses changes while the view is on a past layer.
    pub(crate) fn check_head(&self) -> Result<()> {
        let t = self.row();
        if t.current != t.head {
            return Err(Error::new(ErrorKind::ReadOnly).because(format!(
                "layer {}, which is sealed, is current: switch to 'head' to make changes, or make a checkpoint here that discards the later layers",
                t.current
            )));
        }
        Ok(())
    }

    /// Who does it, for the log; agents are cut at 255 bytes.
    pub(crate) fn agent(by: &Actor) -> Arc<str> {
        if by.agent.len() <= 255 {
            return by.agent.clone();
        }
        let end = (0..=255)
            .rev()
            .find(|&i| by.agent.is_char_boundary(i))
            .unwrap_or(0);
        by.agent[..end].into()
    }
}

/// An inode number that can be one.
pub(crate) fn checked(ino: Ino) -> Result<Ino> {
    match ino.0 {
        1..Ino::LIMIT => Ok(ino),
        _ => Err(ErrorKind::NotFound.into()),
    }
}
