//! The model disk: files, names, steps and the faults of the plan.

use std::collections::{BTreeMap, BTreeSet};

use super::inode::{Change, Inode};
use super::plan::FaultPlan;
use super::rng::Rng;
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::image::{Image, SECTOR};

pub(super) type InodeId = u64;

/// A change or a sync, as the trace records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `Create`, `Delete`, `Write`, `Truncate`, `Sync` or `SyncNames`.
    pub operation: Operation,
    /// The file; empty for `SyncNames`.
    pub name: String,
    /// Where a write begins; 0 for everything else.
    pub offset: u64,
    /// Bytes of a write, or the new length of a truncation; 0 for everything else.
    pub len: u64,
}

/// A creation or deletion that no sync has covered yet.
#[derive(Clone, Debug)]
pub(super) struct PendingName {
    pub(super) sequence: u64,
    pub(super) name: String,
    /// What the name stands for from then on.
    pub(super) target: Option<InodeId>,
}

#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) inodes: BTreeMap<InodeId, Inode>,
    pub(super) names: BTreeMap<String, InodeId>,
    pub(super) durable_names: BTreeMap<String, InodeId>,
    pub(super) pending_names: Vec<PendingName>,
    pub(super) plan: FaultPlan,
    pub(super) trace: Option<Vec<Step>>,
    next_inode: InodeId,
    /// Numbers every change since the device was made.
    sequence: u64,
    /// Numbers every step since the plan was set.
    steps: u64,
    /// Calls of each operation since the plan was set.
    calls: BTreeMap<Operation, u64>,
    powered: bool,
    rng: Rng,
}

/// How a step goes on after it was counted.
enum Outcome {
    Proceed,
    /// The power fails while it is under way.
    Crash(Error),
    Fail(Error),
}

impl Device {
    /// A disk that holds these files, durably.
    pub(super) fn new(seed: u64, files: impl IntoIterator<Item = (String, Image)>) -> Self {
        let mut names = BTreeMap::new();
        let mut inodes = BTreeMap::new();
        for (id, (name, image)) in (0..).zip(files) {
            names.insert(name, id);
            inodes.insert(id, Inode::with_contents(image));
        }
        Self {
            next_inode: inodes.len() as InodeId,
            inodes,
            durable_names: names.clone(),
            names,
            pending_names: Vec::new(),
            plan: FaultPlan::default(),
            trace: None,
            sequence: 0,
            steps: 0,
            calls: BTreeMap::new(),
            powered: true,
            rng: Rng::new(seed),
        }
    }

    pub(super) fn set_plan(&mut self, plan: FaultPlan) {
        self.plan = plan;
        self.steps = 0;
        self.calls.clear();
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) fn create(&mut self, name: &str) -> Result<InodeId> {
        let outcome = self.step(Operation::Create, name, 0, 0)?;
        if let Outcome::Fail(error) = outcome {
            return Err(error);
        }
        let id = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(id, Inode::default());
        self.set_name(name, Some(id));
        outcome.finish(id)
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<()> {
        let outcome = self.step(Operation::Delete, name, 0, 0)?;
        if let Outcome::Fail(error) = outcome {
            return Err(error);
        }
        self.set_name(name, None);
        outcome.finish(())
    }

    pub(super) fn write(&mut self, id: InodeId, name: &str, data: &[u8], offset: u64) -> Result<()> {
        let outcome = self.step(Operation::Write, name, offset, data.len() as u64)?;
        if let Outcome::Fail(error) = outcome {
            let half = data.len() / SECTOR / 2 * SECTOR;
            self.change(
                id,
                Change::Write {
                    offset,
                    data: data[..half].into(),
                },
            );
            return Err(error);
        }
        let fitting = self.fitting(id, offset, data.len());
        self.change(
            id,
            Change::Write {
                offset,
                data: data[..fitting].into(),
            },
        );
        outcome.finish(())?;
        match fitting < data.len() {
            true => Err(Error::new(ErrorKind::NoSpace, Operation::Write, name)),
            false => Ok(()),
        }
    }

    pub(super) fn truncate(&mut self, id: InodeId, name: &str, len: u64) -> Result<()> {
        let outcome = self.step(Operation::Truncate, name, 0, len)?;
        if let Outcome::Fail(error) = outcome {
            return Err(error);
        }
        let growth = len.saturating_sub(self.inodes[&id].cached.len());
        if growth > self.space_left() {
            return Err(Error::new(ErrorKind::NoSpace, Operation::Truncate, name));
        }
        self.change(id, Change::SetLen(len));
        outcome.finish(())
    }

    pub(super) fn sync(&mut self, id: InodeId, name: &str) -> Result<()> {
        let outcome = self.step(Operation::Sync, name, 0, 0)?;
        let Self { inodes, rng, .. } = self;
        let inode = inodes
            .get_mut(&id)
            .ok_or_else(|| Error::new(ErrorKind::Io, Operation::Sync, name))?;
        match outcome {
            Outcome::Proceed => inode.sync(),
            Outcome::Crash(error) => return Err(error),
            Outcome::Fail(error) => {
                inode.fail_sync(rng);
                return Err(error);
            }
        }
        if self.names.get(name) == Some(&id) {
            self.durable_names.insert(name.to_owned(), id);
            // Changes of one name are ordered: what came before the creation has happened too.
            self.pending_names.retain(|pending| pending.name != name);
        }
        self.forget_unreachable();
        Ok(())
    }

    pub(super) fn sync_names(&mut self) -> Result<()> {
        self.step(Operation::SyncNames, "", 0, 0)?.finish(())?;
        self.durable_names = self.names.clone();
        self.pending_names.clear();
        self.forget_unreachable();
        Ok(())
    }

    pub(super) fn read(&mut self, id: InodeId, name: &str, buf: &mut [u8], offset: u64) -> Result<usize> {
        let n = self.call(Operation::Read, name)?;
        let count = match self.plan.short_read_every {
            Some(every) if n.is_multiple_of(every) => buf.len().div_ceil(2),
            _ => buf.len(),
        };
        Ok(self.inodes[&id].cached.read(&mut buf[..count], offset))
    }

    /// Counts a call, and fails it if the power is off or the plan says so.
    pub(super) fn call(&mut self, operation: Operation, name: &str) -> Result<u64> {
        self.check_power(operation, name)?;
        let calls = self.calls.entry(operation).or_default();
        *calls += 1;
        match self.plan.failure(operation, *calls) {
            Some(kind) => Err(Error::new(kind, operation, name).because("injected")),
            None => Ok(*calls),
        }
    }

    pub(super) fn release(&mut self, id: InodeId) {
        if let Some(inode) = self.inodes.get_mut(&id) {
            inode.handles -= 1;
        }
    }

    fn check_power(&self, operation: Operation, name: &str) -> Result<()> {
        match self.powered {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::PowerLost, operation, name)),
        }
    }

    /// Counts and records a step. Once the power is off nothing happens at all.
    fn step(&mut self, operation: Operation, name: &str, offset: u64, len: u64) -> Result<Outcome> {
        self.check_power(operation, name)?;
        self.steps += 1;
        if let Some(trace) = &mut self.trace {
            trace.push(Step {
                operation,
                name: name.to_owned(),
                offset,
                len,
            });
        }
        if self.plan.crash_at == Some(self.steps) {
            self.powered = false;
            return Ok(Outcome::Crash(Error::new(ErrorKind::PowerLost, operation, name)));
        }
        Ok(match self.call(operation, name) {
            Ok(_) => Outcome::Proceed,
            Err(error) => Outcome::Fail(error),
        })
    }

    fn set_name(&mut self, name: &str, target: Option<InodeId>) {
        match target {
            Some(id) => self.names.insert(name.to_owned(), id),
            None => self.names.remove(name),
        };
        let sequence = self.next_sequence();
        self.pending_names.push(PendingName {
            sequence,
            name: name.to_owned(),
            target,
        });
    }

    fn change(&mut self, id: InodeId, change: Change) {
        let sequence = self.next_sequence();
        if let Some(inode) = self.inodes.get_mut(&id) {
            inode.change(sequence, change);
        }
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// How many bytes of a write the capacity allows.
    fn fitting(&self, id: InodeId, offset: u64, len: usize) -> usize {
        let limit = self.inodes[&id].cached.len().saturating_add(self.space_left());
        len.min(usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX))
    }

    fn space_left(&self) -> u64 {
        let Some(capacity) = self.plan.capacity else {
            return u64::MAX;
        };
        let named = self.names.values().collect::<BTreeSet<_>>();
        let occupies = |(id, inode): (&InodeId, &Inode)| match inode.handles > 0 || named.contains(id) {
            true => inode.cached.len(),
            false => 0,
        };
        capacity.saturating_sub(self.inodes.iter().map(occupies).sum())
    }

    /// Drops files that no handle, no name and no crash can bring back.
    fn forget_unreachable(&mut self) {
        let Self {
            inodes,
            names,
            durable_names,
            pending_names,
            ..
        } = self;
        if inodes.len() == names.len() {
            return;
        }
        let targets = pending_names.iter().filter_map(|pending| pending.target);
        let reachable: BTreeSet<InodeId> = names
            .values()
            .chain(durable_names.values())
            .copied()
            .chain(targets)
            .collect();
        inodes.retain(|id, inode| inode.handles > 0 || reachable.contains(id));
    }
}

impl Outcome {
    fn finish<T>(self, value: T) -> Result<T> {
        match self {
            Self::Proceed => Ok(value),
            Self::Crash(error) | Self::Fail(error) => Err(error),
        }
    }
}
