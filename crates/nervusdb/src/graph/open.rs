//! Opening: the manifest, its tables, and the log after them.

use std::sync::Arc;

use tarbox_pool::Pool;

use super::state::{State, Tables};
use crate::cache::Cache;
use crate::device::{Device, FileName};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Entry, LogContents, LogWriter, read_log};
use crate::manifest::{Manifest, TableEntry};
use crate::options::Options;
use crate::space::Space;
use crate::tree::Levels;

/// A reader tries again so many times when a writer switches the manifest under its hands.
const READER_ATTEMPTS: usize = 20;

impl State {
    pub(super) fn open(pool: Arc<dyn Pool>, directory: &str, options: Options) -> Result<Self> {
        let device = Arc::new(Device {
            read_only: options.read_only || pool.is_read_only(),
            cache: Cache::new(options.cache_bytes),
            directory: directory.to_owned(),
            pool,
        });
        let Some(manifest) = Manifest::load(&device)? else {
            return Self::create(device, options);
        };
        if !device.read_only {
            return Self::open_manifest(device, options, manifest);
        }
        let mut manifest = manifest;
        for _ in 1..READER_ATTEMPTS {
            let epoch = manifest.epoch;
            match Self::open_manifest(device.clone(), options.clone(), manifest) {
                Ok(state) => return Ok(state),
                Err(error) => {
                    manifest = Manifest::load(&device)?.ok_or_else(|| error.clone())?;
                    if manifest.epoch == epoch {
                        return Err(error);
                    }
                }
            }
        }
        Self::open_manifest(device, options, manifest)
    }

    /// A new graph, where there is none.
    fn create(device: Arc<Device>, options: Options) -> Result<Self> {
        for name in device.list()? {
            // An interrupted creation leaves a log without records and a manifest that is not whole.
            let is_left_over = match name {
                FileName::Manifest(_) => true,
                FileName::Table(_) => false,
                FileName::Log(number) => is_empty_log(&device, number)?,
            };
            if !is_left_over {
                return Err(Error::from(ErrorKind::NoManifest {
                    directory: device.directory.clone(),
                }));
            }
        }
        if device.read_only || !options.create {
            return Err(Error::from(ErrorKind::NotFound {
                directory: device.directory.clone(),
            }));
        }
        let mut state = Self::new(device, options, Manifest::default(), Tables::default());
        state.next_file = 1;
        let number = state.new_file();
        state.log = Some(LogWriter::create(&state.device, number)?);
        state.switch(Tables::default(), number, 0, 0)?;
        Ok(state)
    }

    fn open_manifest(device: Arc<Device>, options: Options, manifest: Manifest) -> Result<Self> {
        let (tables, overlapping) = Tables::load(&device, &manifest.tables)?;
        let number = manifest.log;
        let mut state = Self::new(device.clone(), options, manifest, tables);
        let on_device = device.list()?;
        let numbers = on_device.iter().filter_map(|name| match name {
            FileName::Log(number) | FileName::Table(number) => Some(*number),
            FileName::Manifest(_) => None,
        });
        // Numbers given since the manifest was written are not in it.
        state.next_file = numbers.fold(state.next_file, |next, number| next.max(number.saturating_add(1)));
        let (contents, spilled) = state.replay_log(number)?;
        if device.read_only {
            return Ok(state);
        }
        match spilled || overlapping {
            true => {
                state.flush_memtable()?;
                device.delete(FileName::Log(number)).ok();
            }
            false => state.log = Some(LogWriter::resume(&device, number, contents.end, contents.seed)?),
        }
        state.remove_orphans(&on_device)?;
        Ok(state)
    }

    /// Makes the changes of the log again. Memory that fills is written to tables, which no manifest names
    /// until the log has been read to its end; then `true`.
    fn replay_log(&mut self, number: u32) -> Result<(LogContents, bool)> {
        let file = self.device.open_to_read(FileName::Log(number))?;
        let mut spilled = false;
        let contents = read_log(&*file, number, |offset, payload| {
            let bad = |what| Error::corrupt(file.name(), offset, what);
            let entry = Entry::decode(payload).ok_or_else(|| bad("a record does not decode"))?;
            self.replay(&entry)
                .unwrap_or_else(|| Err(bad("a record does not follow the one before")))?;
            if self.memtable_size() > self.options.memtable_bytes && !self.is_read_only() {
                self.tables = self.write_memtable()?;
                self.clear_memtable();
                spilled = true;
            }
            Ok(())
        })?;
        Ok((contents, spilled))
    }

    /// Deletes what an interrupted flush or merge has left.
    fn remove_orphans(&self, on_device: &[FileName]) -> Result<()> {
        let log = self.log.as_ref().map(|log| log.number);
        for &name in on_device {
            let is_orphan = match name {
                FileName::Manifest(_) => false,
                FileName::Log(number) => Some(number) != log,
                FileName::Table(number) => !self.manifest.tables.iter().any(|table| table.number == number),
            };
            if is_orphan {
                self.device.delete(name)?;
            }
        }
        Ok(())
    }
}

/// Whether a log holds no record: then it may be left over from an interrupted creation.
fn is_empty_log(device: &Device, number: u32) -> Result<bool> {
    let file = device.open_to_read(FileName::Log(number))?;
    let mut records = 0;
    match read_log(&*file, number, |_, _| {
        records += 1;
        Ok(())
    }) {
        Ok(_) => Ok(records == 0),
        // The header is synced before the manifest, so without it nothing was ever acknowledged here, unless
        // there is more than a header could be torn from.
        Err(error) => match error.kind() {
            ErrorKind::Corrupt { .. } => Ok(file.len()? <= crate::log::HEADER_LEN as u64),
            _ => Err(error),
        },
    }
}

impl Tables {
    /// Opens all trees, and says whether [`Levels::load`] found tables that overlap in any.
    pub(crate) fn load(device: &Arc<Device>, entries: &[TableEntry]) -> Result<(Self, bool)> {
        let (mut tables, mut overlapping) = (Self::default(), false);
        let (facts, pairs) = Space::ALL.split_at(Space::FACTS);
        for (levels, &space) in tables.facts.iter_mut().zip(facts) {
            let (loaded, overlap) = Levels::load(device, entries, space)?;
            *levels = Arc::new(loaded);
            overlapping |= overlap;
        }
        for (levels, &space) in tables.pairs.iter_mut().zip(pairs) {
            let (loaded, overlap) = Levels::load(device, entries, space)?;
            *levels = Arc::new(loaded);
            overlapping |= overlap;
        }
        Ok((tables, overlapping))
    }
}
