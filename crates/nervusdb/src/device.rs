//! The files of one graph in its pool, and the cache of their blocks.

use std::sync::Arc;

use tarbox_pool::{ErrorKind, OpenOptions, Pool, PoolExt, PoolFile};

use crate::cache::Cache;
use crate::error::{Error, Result};

/// Where a graph lives. Its files are below one directory; see `docs/graph-format.md`.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) pool: Arc<dyn Pool>,
    pub(crate) directory: String,
    pub(crate) cache: Cache,
    pub(crate) read_only: bool,
}

/// What a file name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileName {
    Manifest(u8),
    Log(u32),
    Table(u32),
}

impl Device {
    /// A device without a cache.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of(pool: Arc<dyn Pool>, directory: &str) -> Self {
        Self {
            pool,
            directory: directory.to_owned(),
            cache: Cache::new(0),
            read_only: false,
        }
    }

    pub(crate) fn path(&self, name: FileName) -> String {
        let directory = &self.directory;
        match name {
            FileName::Manifest(slot) => format!("{directory}/manifest-{slot}"),
            FileName::Log(number) => format!("{directory}/{number:08}.log"),
            FileName::Table(number) => format!("{directory}/{number:08}.table"),
        }
    }

    /// Every file of the graph that is there; others below the directory are left alone.
    pub(crate) fn list(&self) -> Result<Vec<FileName>> {
        let prefix = format!("{}/", self.directory);
        let names = self.pool.list(&prefix)?;
        Ok(names
            .iter()
            .filter_map(|name| parse(name.strip_prefix(&prefix)?))
            .collect())
    }

    pub(crate) fn open(&self, name: FileName) -> Result<Arc<dyn PoolFile>> {
        let options = match self.read_only {
            true => OpenOptions::READ_ONLY,
            false => OpenOptions::EXISTING,
        };
        Ok(self.pool.open(&self.path(name), options)?)
    }

    pub(crate) fn open_to_read(&self, name: FileName) -> Result<Arc<dyn PoolFile>> {
        let path = self.path(name);
        match self.pool.open(&path, OpenOptions::READ_ONLY) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Error::corrupt(&path, 0, "the file is missing"))
            }
            result => Ok(result?),
        }
    }

    /// An empty file, whatever an interrupted attempt has left under its name.
    pub(crate) fn create(&self, name: FileName) -> Result<Arc<dyn PoolFile>> {
        let file = self.pool.open(&self.path(name), OpenOptions::CREATE)?;
        if !file.is_empty()? {
            file.truncate(0)?;
        }
        Ok(file)
    }

    pub(crate) fn delete(&self, name: FileName) -> Result<()> {
        self.pool.delete_if_exists(&self.path(name))?;
        Ok(())
    }
}

fn parse(name: &str) -> Option<FileName> {
    if let Some(slot) = name.strip_prefix("manifest-") {
        return match slot {
            "0" => Some(FileName::Manifest(0)),
            "1" => Some(FileName::Manifest(1)),
            _ => None,
        };
    }
    let (number, extension) = name.split_once('.')?;
    if number.len() < 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = number.parse().ok().filter(|number| *number < 1 << 31)?;
    match extension {
        "log" => Some(FileName::Log(number)),
        "table" => Some(FileName::Table(number)),
        _ => None,
    }
}
