//! The pool over the model disk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::crash::{CrashPolicy, survivors};
use super::device::{Device, InodeId, Step};
use super::plan::FaultPlan;
use crate::error::{Operation, Result};
use crate::name::check_name;
use crate::pool::{OpenOptions, Pool, PoolFile};
use crate::rules::{Decision, check_change, check_open, decide, missing, names_with_prefix};

/// A pool in memory that models a disk with a write cache; see the [module](super).
///
/// A clone is another handle of the same disk; a [`fork`](Self::fork) is another disk.
#[derive(Clone, Debug)]
pub struct FaultPool {
    device: Arc<Mutex<Device>>,
}

impl Default for FaultPool {
    fn default() -> Self {
        Self::new()
    }
}

impl FaultPool {
    /// An empty disk on which nothing goes wrong.
    pub fn new() -> Self {
        Self::with_seed(0)
    }

    /// As [`new`](Self::new), with the seed that chooses what a failed sync loses.
    pub fn with_seed(seed: u64) -> Self {
        Self::of(Device::new(seed, []))
    }

    fn of(device: Device) -> Self {
        Self {
            device: Arc::new(Mutex::new(device)),
        }
    }

    /// Says what is to go wrong from now on, in place of the plan before. The power stays off if it has
    /// failed.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.device().set_plan(plan);
    }

    /// How many steps there were since the plan was set.
    pub fn steps(&self) -> u64 {
        self.device().steps()
    }

    /// Records every step from now on, forgetting what was recorded before.
    pub fn start_trace(&self) {
        self.device().trace = Some(Vec::new());
    }

    /// The steps since [`start_trace`](Self::start_trace) or the last call of this.
    pub fn take_trace(&self) -> Vec<Step> {
        self.device()
            .trace
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// An independent disk in the same state, unsynced changes included, on which nothing goes wrong. It
    /// costs little, so that a test can try every step from one starting point.
    pub fn fork(&self) -> Self {
        let mut device = self.device().clone();
        device.set_plan(FaultPlan::default());
        device.trace = None;
        // Handles stay with the disk they were opened on.
        device.inodes.values_mut().for_each(|inode| inode.handles = 0);
        Self::of(device)
    }

    /// The disk as it is when the machine starts again after the power failed now (or at the step of the
    /// plan, if it has been reached). This pool is left as it is, so that many outcomes can be tried.
    pub fn after_crash(&self, seed: u64, policy: CrashPolicy) -> Self {
        Self::of(survivors(&self.device(), seed, policy))
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        // A panic of the test is reported as such; the model itself does not panic half-way through a change.
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool for FaultPool {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        check_open(Operation::Open, name, options)?;
        let mut device = self.device();
        device.call(Operation::Open, name)?;
        let id = match decide(&device.names, name, options)? {
            Decision::UseExisting => device.names[name],
            Decision::Create => device.create(name)?,
        };
        if let Some(inode) = device.inodes.get_mut(&id) {
            inode.handles += 1;
        }
        Ok(Arc::new(FaultFile {
            disk: self.clone(),
            id,
            name: name.into(),
            read_only: options.read_only,
        }))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        check_name(Operation::Exists, name)?;
        let mut device = self.device();
        device.call(Operation::Exists, name)?;
        Ok(device.names.contains_key(name))
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(Operation::Delete, name)?;
        let mut device = self.device();
        match device.names.contains_key(name) {
            true => device.delete(name),
            false => {
                device.call(Operation::Delete, name)?;
                Err(missing(&device.names, Operation::Delete, name))
            }
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut device = self.device();
        device.call(Operation::List, prefix)?;
        Ok(names_with_prefix(&device.names, prefix))
    }

    fn sync_names(&self) -> Result<()> {
        self.device().sync_names()
    }

    fn is_read_only(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct FaultFile {
    disk: FaultPool,
    id: InodeId,
    name: Box<str>,
    read_only: bool,
}

impl PoolFile for FaultFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        self.disk.device().read(self.id, &self.name, buf, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        let end = offset.saturating_add(data.len() as u64);
        check_change(&self.name, Operation::Write, self.read_only, Some(end))?;
        self.disk.device().write(self.id, &self.name, data, offset)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        check_change(&self.name, Operation::Truncate, self.read_only, Some(len))?;
        self.disk.device().truncate(self.id, &self.name, len)
    }

    fn sync(&self) -> Result<()> {
        check_change(&self.name, Operation::Sync, self.read_only, None)?;
        self.disk.device().sync(self.id, &self.name)
    }

    fn len(&self) -> Result<u64> {
        let mut device = self.disk.device();
        device.call(Operation::Len, &self.name)?;
        Ok(device.inodes[&self.id].cached.len())
    }
}

impl Drop for FaultFile {
    fn drop(&mut self) {
        self.disk.device().release(self.id);
    }
}
