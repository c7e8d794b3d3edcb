//! Checks every stored byte.

use std::sync::Arc;

use tarbox_pool::Pool;

use crate::block::BlockCursor;
use crate::cache::Cache;
use crate::device::{Device, FileName};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Tables};
use crate::log::{Entry, read_log};
use crate::manifest::{Manifest, TableEntry};
use crate::options::Options;
use crate::property::index_fits;
use crate::record::{Filtering, Record};
use crate::scan::Pattern;
use crate::space::Space;
use crate::table::Table;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Everything that is wrong. Empty if all is well.
    pub problems: Vec<Error>,
    /// Tables named by the manifest.
    pub tables: u64,
    /// Blocks read.
    pub blocks: u64,
    /// Records read, in all orders and levels.
    pub records: u64,
    /// Commits in the log.
    pub log_records: u64,
    /// Facts, if the graph is sound.
    pub facts: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Reads everything a graph has stored and checks that it is whole and agrees: checksums, the order of records,
/// filters, that all three orders hold the same facts, that every term is there, and that properties are found.
///
/// # Errors
/// `NotFound` if there is no graph, `Version` if it is of a newer engine, and what the pool reports about
/// anything but a missing or damaged file. What is damaged is in the report.
pub fn check(pool: Arc<dyn Pool>, directory: &str) -> Result<Report> {
    let device = Arc::new(Device {
        pool: pool.clone(),
        directory: directory.to_owned(),
        cache: Cache::new(0),
        read_only: true,
    });
    let mut report = Report::default();
    let Some(manifest) = Manifest::load(&device)? else {
        let directory = directory.to_owned();
        return match device.list()?.is_empty() {
            true => Err(Error::from(ErrorKind::NotFound { directory })),
            false => {
                report
                    .problems
                    .push(Error::from(ErrorKind::NoManifest { directory }));
                Ok(report)
            }
        };
    };
    for entry in &manifest.tables {
        report.tables += 1;
        let result = match (entry.space as usize) < Space::FACTS {
            true => check_table::<crate::record::Fact>(&device, entry, &mut report),
            false => check_table::<crate::record::Pair>(&device, entry, &mut report),
        };
        report.problems.extend(result.err());
    }
    let log = check_log(&device, manifest.log, &mut report);
    report.problems.extend(log.err());
    if report.is_sound() {
        let levels = check_levels(&device, &manifest);
        let agreement = check_agreement(pool, directory, &mut report);
        report.problems.extend(levels.err());
        report.problems.extend(agreement.err());
    }
    Ok(report)
}

fn check_levels(device: &Arc<Device>, manifest: &Manifest) -> Result<()> {
    let (_, overlapping) = Tables::load(device, &manifest.tables)?;
    let overlap = || Error::corrupt(&device.directory, 0, "tables of one level overlap");
    (!overlapping).then_some(()).ok_or_else(overlap)
}

fn check_table<R: Record>(device: &Arc<Device>, entry: &TableEntry, report: &mut Report) -> Result<()> {
    let table = Table::<R>::open(device, entry.number, entry.space, entry.len)?;
    table.file.check_filter()?;
    let filtering = match table.footer.filter_lines {
        0 => Filtering::None,
        _ => entry.space.filtering(),
    };
    let mut last: Option<R> = None;
    let mut tombstones = 0;
    for index in 0..table.blocks() {
        report.blocks += 1;
        let wrong = |what| Error::corrupt(table.file.name(), table.file.extent(index).offset, what);
        let mut cursor = BlockCursor::<R>::new(table.file.block_uncached(index)?);
        let mut entries = 0;
        while cursor
            .advance()
            .map_err(|error| table.file.malformed(index, error))?
        {
            let record = cursor.record();
            if last.as_ref().is_some_and(|last| !last.order(record).is_lt()) {
                return Err(wrong("records are out of order"));
            }
            if entries == 0 && !table.first_of(index).order(record).is_eq() {
                return Err(wrong("the first key is not that of the index"));
            }
            if let Some(hash) = record.filter_hash(filtering)
                && !table.file.may_contain(hash)?
            {
                return Err(wrong("the filter denies a record"));
            }
            last = Some(record.clone());
            entries += 1;
            tombstones += u64::from(record.is_dead());
        }
        report.records += entries;
        let next = match index + 1 < table.blocks() {
            true => table.file.extent(index + 1).before,
            false => table.footer.entries,
        };
        if table.file.extent(index).before + entries != next {
            return Err(wrong("the number of records is not that of the index"));
        }
    }
    let ends_right = last.is_some_and(|last| last.order(table.last()).is_eq());
    match ends_right && tombstones == table.footer.tombstones {
        true => Ok(()),
        false => Err(Error::corrupt(
            table.file.name(),
            table.len,
            "the footer does not fit the records",
        )),
    }
}

fn check_log(device: &Device, number: u32, report: &mut Report) -> Result<()> {
    let file = device.open_to_read(FileName::Log(number))?;
    read_log(&*file, number, |offset, payload| {
        report.log_records += 1;
        let bad = || Error::corrupt(file.name(), offset, "a record does not decode");
        Entry::decode(payload).map(drop).ok_or_else(bad)
    })?;
    Ok(())
}

/// Counts and combines the facts of every order: the same facts give the same sums, whatever their order.
fn check_agreement(pool: Arc<dyn Pool>, directory: &str, report: &mut Report) -> Result<()> {
    let options = Options {
        read_only: true,
        cache_bytes: 1 << 20,
        ..Options::default()
    };
    let graph = Graph::open(pool, directory, options)?;
    let snapshot = graph.snapshot();
    let terms = graph.term_count();
    let wrong = |what| Error::corrupt(directory, 0, what);
    let mut sums = Vec::new();
    for view in &snapshot.facts {
        let scan = crate::scan::Scan::whole(view)?;
        let mut sum = (0_u64, 0_u64);
        for fact in scan {
            let fact = fact?;
            if fact.iter().any(|&id| id >= terms) {
                return Err(wrong("a fact names a term that was never given"));
            }
            sum = (
                sum.0 + 1,
                sum.1
                    .wrapping_add(u64::from(crate::hash::mix(fact)).wrapping_mul(0x9E37_79B9)),
            );
        }
        sums.push(sum);
    }
    report.facts = sums[0].0;
    if sums.iter().any(|sum| *sum != sums[0]) {
        return Err(wrong("the three orders do not hold the same facts"));
    }
    debug_assert_eq!(snapshot.count(Pattern::default()).ok(), Some(report.facts));
    let mut term = Vec::new();
    for id in 0..terms {
        term.clear();
        if !graph.put_term(id, &mut term)? {
            return Err(wrong("a term is missing"));
        }
        let text = std::str::from_utf8(&term).map_err(|_| wrong("a term is not UTF-8"))?;
        if graph.find_term(text)? != Some(id) {
            return Err(wrong("a term is not found by its hash"));
        }
    }
    match index_fits(snapshot.data.whole()?)? {
        true => Ok(()),
        false => Err(wrong("the index of properties does not fit the properties")),
    }
}
