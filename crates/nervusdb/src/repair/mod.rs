//! Keeps all that is readable, and sets the rest aside.

mod rebuild;
mod reconcile;
mod salvage;

use std::cmp::Reverse;
use std::sync::Arc;

use tarbox_pool::{OpenOptions, Pool, PoolFileExt};

use crate::cache::Cache;
use crate::device::{Device, FileName};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Graph;
use crate::log::{Entry, LogWriter, read_log};
use crate::manifest::{Manifest, TableEntry};
use crate::options::Options;
use crate::record::Fact;
use crate::space::Space;
use crate::table::Footer;
use crate::verify::check;
use salvage::Salvage;

/// What a repair did.
#[derive(Clone, Debug, Default)]
pub struct Repaired {
    /// What was wrong. If empty, nothing was changed.
    pub problems: Vec<Error>,
    /// Copies of the damaged files, below `aside/` in the directory of the graph.
    pub set_aside: Vec<String>,
    /// Facts that one order had lost and another still had.
    pub facts_restored: u64,
    /// Facts that had only come back because their deletion was lost.
    pub facts_removed: u64,
    /// Ids whose term was lost. Facts that name them are kept.
    pub terms_lost: u64,
}

/// Repairs a damaged graph: what is readable is kept, facts that one order lost are taken from the others, the
/// index of properties and of terms is rebuilt where it was damaged. Damaged files are copied to `aside/` first;
/// nothing is deleted that has no copy. No one else may have the graph open.
///
/// # Errors
/// `NotFound`, `Version`, `ReadOnly`, and what the pool reports. Then try again: the damaged files are where they
/// were, or aside.
pub fn repair(pool: Arc<dyn Pool>, directory: &str) -> Result<Repaired> {
    if pool.is_read_only() {
        return Err(ErrorKind::ReadOnly.into());
    }
    let mut repaired = Repaired {
        problems: check(pool.clone(), directory)?.problems,
        ..Repaired::default()
    };
    if repaired.problems.is_empty() {
        return Ok(repaired);
    }
    let device = Arc::new(Device {
        pool: pool.clone(),
        directory: directory.to_owned(),
        cache: Cache::new(1 << 20),
        read_only: false,
    });
    let mut files = Files::new(device.clone())?;
    // An older manifest than the newest names files that are gone: then all that are there count.
    let manifest = match Manifest::load(&device)? {
        Some(manifest) if manifest.has_its_files(&device)? => manifest,
        older => Manifest {
            epoch: older.as_ref().map_or(0, |older| older.epoch + 1),
            slot: older.as_ref().map_or(0, |older| older.slot),
            ..files.guess_manifest()?
        },
    };
    let mut salvage = Salvage::new(&mut files, manifest.sequence);
    for entry in &manifest.tables {
        salvage.table(entry)?;
    }
    let Salvage {
        mut entries, lost, ..
    } = salvage;
    if lost.hashes || lost.terms {
        rebuild::hashes(&mut files, &mut entries, manifest.sequence)?;
    }
    if lost.data || !rebuild::index_fits(&device, &entries)? {
        rebuild::data(&mut files, &mut entries, manifest.sequence)?;
    }
    let log = files.sound_log(manifest.log)?;
    let next = Manifest {
        epoch: manifest.epoch + 1,
        slot: 1 - manifest.slot,
        log,
        next_file: files.next,
        tables: entries,
        ..manifest
    };
    next.store(&device)?;
    repaired.set_aside = files.aside;
    // Transaction ids of the log stay known, whatever the graph is opened with later.
    let options = Options {
        remember_transactions: u64::MAX,
        ..Options::default()
    };
    let graph = Graph::open(pool, directory, options)?;
    reconcile::orders(&graph, &lost, &mut repaired)?;
    graph.flush()?;
    repaired.terms_lost = reconcile::count_lost_terms(&graph)?;
    Ok(repaired)
}

/// The files of the graph, and new numbers for more.
struct Files {
    device: Arc<Device>,
    next: u32,
    aside: Vec<String>,
}

impl Files {
    fn new(device: Arc<Device>) -> Result<Self> {
        let numbers = device.list()?.into_iter().filter_map(|name| match name {
            FileName::Log(number) | FileName::Table(number) => Some(number),
            FileName::Manifest(_) => None,
        });
        Ok(Self {
            next: numbers.max().map_or(1, |number| number.saturating_add(1)),
            device,
            aside: Vec::new(),
        })
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    /// Copies a file that is to be replaced, durably. The next open removes the original.
    fn set_aside(&mut self, name: FileName) -> Result<()> {
        let path = self.device.path(name);
        if !self.device.pool.exists(&path)? {
            return Ok(());
        }
        let directory = &self.device.directory;
        let name_in_directory = path.strip_prefix(directory.as_str()).unwrap_or(&path);
        let copy = format!("{directory}/aside{name_in_directory}");
        let from = self.device.open_to_read(name)?;
        let to = self.device.pool.open(&copy, OpenOptions::CREATE)?;
        to.truncate(0)?;
        let mut buffer = vec![0; 64 * 1024];
        let mut at = 0;
        loop {
            let count = from.read_up_to(&mut buffer, at)?;
            if count == 0 {
                break;
            }
            to.write_at(&buffer[..count], at)?;
            at += count as u64;
        }
        to.sync()?;
        self.aside.push(copy);
        Ok(())
    }

    /// Without a manifest: every table there is, deeper levels older, then by commit.
    fn guess_manifest(&mut self) -> Result<Manifest> {
        for slot in 0..2 {
            self.set_aside(FileName::Manifest(slot))?;
        }
        // Newest first; of one commit, the file with the highest number.
        let mut found: Vec<(Footer, u32, u64)> = Vec::new();
        let log = self.guess_log()?;
        for name in self.device.list()? {
            match name {
                FileName::Manifest(_) => (),
                FileName::Log(number) if number == log => (),
                FileName::Log(_) => self.set_aside(name)?,
                FileName::Table(number) => {
                    let file = self.device.open_to_read(name)?;
                    let len = file.len()?;
                    match Footer::read(&*file, len) {
                        Ok(footer) => {
                            let age = |footer: &Footer| (footer.level, Reverse(footer.sequence));
                            let place = found.partition_point(|(other, ..)| age(other) < age(&footer));
                            found.insert(place, (footer, number, len));
                        }
                        Err(_) => self.set_aside(name)?,
                    }
                }
            }
        }
        let tables = found.iter().filter_map(|(footer, number, len)| {
            Some(TableEntry {
                space: Space::from_byte(footer.space)?,
                level: 0,
                number: *number,
                len: *len,
            })
        });
        let tables: Vec<_> = tables.collect();
        let in_tables = found.iter().map(|(footer, ..)| footer.sequence).max();
        Ok(Manifest {
            log,
            sequence: self.first_sequence(log)?.or(in_tables).unwrap_or(0),
            next_term: rebuild::next_term(&self.device, &tables)?,
            tables,
            ..Manifest::default()
        })
    }

    /// The newest log with records, or the newest of all. Replaying what tables hold already changes nothing.
    fn guess_log(&self) -> Result<u32> {
        let mut logs: Vec<u32> = Vec::new();
        for name in self.device.list()? {
            if let FileName::Log(number) = name {
                logs.push(number);
            }
        }
        for &log in logs.iter().rev() {
            if self.first_sequence(log)?.is_some() {
                return Ok(log);
            }
        }
        Ok(logs.last().copied().unwrap_or(0))
    }

    /// The number of the commit before the first in a log.
    fn first_sequence(&self, log: u32) -> Result<Option<u64>> {
        let mut first = None;
        if let Ok(file) = self.device.open_to_read(FileName::Log(log)) {
            let visited = read_log(&*file, log, |_, payload| {
                let sequence = Entry::decode(payload).map(|entry| entry.sequence);
                first = first.or(sequence.and_then(|sequence| sequence.checked_sub(1)));
                Ok(())
            });
            drop(visited);
        }
        Ok(first)
    }

    /// The log, cut off before what does not decode, or an empty one if it is not readable at all.
    fn sound_log(&mut self, number: u32) -> Result<u32> {
        let name = FileName::Log(number);
        if let Ok(file) = self.device.open_to_read(name) {
            let mut bad_at = None;
            let read = read_log(&*file, number, |offset, payload| {
                if bad_at.is_none() && Entry::decode(payload).is_none() {
                    bad_at = Some(offset);
                }
                Ok(())
            });
            match (read, bad_at) {
                (Ok(_), None) => return Ok(number),
                (Ok(_), Some(offset)) => {
                    self.set_aside(name)?;
                    let file = self.device.open(name)?;
                    file.truncate(offset)?;
                    file.sync()?;
                    return Ok(number);
                }
                (Err(_), _) => (),
            }
        }
        self.set_aside(name)?;
        let number = self.number();
        LogWriter::create(&self.device, number)?;
        Ok(number)
    }
}

/// Which keys of each order may be missing, and which trees lost something.
#[derive(Debug, Default)]
struct Lost {
    /// Ranges of keys, both ends included, of SPO, POS and OSP.
    facts: [Vec<(Fact, Fact)>; 3],
    hashes: bool,
    terms: bool,
    data: bool,
}
