//! A pool in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::error::{Operation, Result};
use crate::image::Image;
use crate::name::check_name;
use crate::pool::{OpenOptions, Pool, PoolFile};
use crate::rules::{Decision, check_change, check_open, decide, missing, names_with_prefix};

/// A pool whose files live in memory and are gone with it. Nothing is lost before that, so syncing does
/// nothing.
///
/// Files are sparse: memory is used by the 4-KiB page that was written to.
#[derive(Debug, Default)]
pub struct MemoryPool {
    files: Mutex<BTreeMap<String, Arc<Contents>>>,
}

/// The bytes of one file; handles keep it alive after its name is gone.
#[derive(Debug, Default)]
struct Contents {
    image: RwLock<Image>,
}

impl MemoryPool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// An independent copy of all files as they are now. It costs little: pages are shared until one side
    /// writes.
    pub fn fork(&self) -> Self {
        let copy = |contents: &Contents| {
            let image = contents
                .image
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            Arc::new(Contents {
                image: RwLock::new(image),
            })
        };
        let files = self
            .names()
            .iter()
            .map(|(name, contents)| (name.clone(), copy(contents)))
            .collect();
        Self {
            files: Mutex::new(files),
        }
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Contents>>> {
        // No method panics half-way through a change of the map, so a poisoned map is a whole one.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool for MemoryPool {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        check_open(Operation::Open, name, options)?;
        let mut files = self.names();
        let contents = match decide(&files, name, options)? {
            Decision::UseExisting => files[name].clone(),
            Decision::Create => files.entry(name.to_owned()).or_default().clone(),
        };
        Ok(Arc::new(MemoryFile {
            name: name.into(),
            contents,
            read_only: options.read_only,
        }))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        check_name(Operation::Exists, name)?;
        Ok(self.names().contains_key(name))
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(Operation::Delete, name)?;
        let mut files = self.names();
        match files.remove(name) {
            Some(_) => Ok(()),
            None => Err(missing(&files, Operation::Delete, name)),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(names_with_prefix(&self.names(), prefix))
    }

    fn sync_names(&self) -> Result<()> {
        Ok(())
    }

    fn is_read_only(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct MemoryFile {
    name: Box<str>,
    contents: Arc<Contents>,
    read_only: bool,
}

impl MemoryFile {
    fn change(&self, operation: Operation, end: u64, change: impl FnOnce(&mut Image)) -> Result<()> {
        check_change(&self.name, operation, self.read_only, Some(end))?;
        change(
            &mut self
                .contents
                .image
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
        Ok(())
    }
}

impl PoolFile for MemoryFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        Ok(self
            .contents
            .image
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .read(buf, offset))
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        let end = offset.saturating_add(data.len() as u64);
        self.change(Operation::Write, end, |image| image.write(data, offset))
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.change(Operation::Truncate, len, |image| image.set_len(len))
    }

    fn sync(&self) -> Result<()> {
        check_change(&self.name, Operation::Sync, self.read_only, None)
    }

    fn len(&self) -> Result<u64> {
        Ok(self
            .contents
            .image
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len())
    }
}
