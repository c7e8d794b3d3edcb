//! Power cuts: files and facts are written and synced in turns in one workspace, the power fails at every step of the device, and the disk
//! keeps what it may.
//!
//! Whatever is there then is what the workspace held at one moment: the files of the first *n* steps and the facts of the same
//! *n*, or of the one that was under way; and everything before the last sync, of either kind, is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use nervusdb::{Batch, Durability, Graph, Options, Pattern};
use tarbox_fs::{FilesystemExt, FilesystemInterface, Fs, FsPool, OpenFlags, PoolAccess, blocking};
use tarbox_pool::FaultPool;
use tarbox_pool::fault::{CrashPolicy, FaultPlan, Rng};
use tarbox_store::{Database, Quota, WriteAt};
use tarbox_store_sqlite::SqliteDatabase;

use crate::{TestFs, root};

/// What a workload does.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Appends a line to `/log`.
    File,
    /// The same, and `fsync`.
    FileSynced,
    /// Commits some facts, so that they are in the workspace.
    Facts,
    /// The same, durably.
    FactsSynced,
    /// Memory to tables, which is durable too.
    Flush,
}

const STEPS: usize = 40;

fn steps(rng: &mut Rng) -> Vec<Step> {
    let all = [
        Step::File,
        Step::Facts,
        Step::FileSynced,
        Step::FactsSynced,
        Step::Flush,
    ];
    (0..STEPS).map(|_| all[rng.up_to(all.len() - 1)]).collect()
}

fn options() -> tarbox_store_sqlite::Options {
    tarbox_store_sqlite::Options::new().background(false)
}

struct World {
    database: SqliteDatabase,
    fs: Arc<TestFs>,
}

impl World {
    fn create(disk: &FaultPool) -> Self {
        let database =
            SqliteDatabase::on_pool(Arc::new(disk.clone()), "db", &options().create(true)).unwrap();
        blocking(database.create_tenant("test", Quota::default())).unwrap();
        database.sync().unwrap();
        let fs = Arc::new(blocking(Fs::open_tenant(&database, "test")).unwrap());
        Self { database, fs }
    }

    fn open(disk: &FaultPool) -> tarbox_store::Result<Self> {
        let database = SqliteDatabase::on_pool(Arc::new(disk.clone()), "db", &options())?;
        let fs = Arc::new(blocking(Fs::open_tenant(&database, "test"))?);
        Ok(Self { database, fs })
    }

    fn pool(&self) -> tarbox_pool::Result<Arc<FsPool<TestFs>>> {
        FsPool::open(self.fs.clone(), root(), b"/facts.pages", PoolAccess::ReadWrite).map(Arc::new)
    }
}

fn graph(pool: Arc<FsPool<TestFs>>) -> nervusdb::Result<Graph> {
    let options = Options {
        memtable_bytes: 600,
        ..Options::default()
    };
    Graph::open(pool, "graph", options)
}

/// Runs steps until the power fails, and answers how many of them are durable for sure, and how many were begun.
fn run(disk: &FaultPool, steps: &[Step]) -> (usize, usize) {
    let (mut durable, mut begun) = (0, 0);
    let failed = try_to_run(disk, steps, &mut durable, &mut begun);
    if failed.is_none() {
        begun = steps.len();
    }
    (durable, begun)
}

fn try_to_run(disk: &FaultPool, steps: &[Step], durable: &mut usize, begun: &mut usize) -> Option<()> {
    let world = World::open(disk).ok();
    let done = world.as_ref().and_then(|world| {
        let pool = world.pool().ok()?;
        let _lock = pool.lock("writer", "the test").ok()?;
        let graph = graph(pool).ok()?;
        for (n, step) in steps.iter().enumerate() {
            *begun = n + 1;
            match step {
                Step::File | Step::FileSynced => append(world, n, matches!(step, Step::FileSynced))?,
                Step::Facts => commit(&graph, n, Durability::Written)?,
                Step::FactsSynced => commit(&graph, n, Durability::Synced)?,
                Step::Flush => graph.flush().ok()?,
            }
            if !matches!(step, Step::File | Step::Facts | Step::Flush) {
                *durable = n + 1;
            }
        }
        Some(())
    });
    if let Some(World { database, fs }) = world {
        drop(fs);
        drop(database);
    }
    done
}

fn append(world: &World, n: usize, is_synced: bool) -> Option<()> {
    let fs = &world.fs;
    let (_, handle) =
        blocking(fs.open_path(&root(), "/log", OpenFlags::WRITE.appending(), Some(0o666))).ok()?;
    let line = format!("{n}\n");
    let written = blocking(fs.write(handle, WriteAt::End, line.as_bytes())).ok();
    let synced = match is_synced {
        true => blocking(fs.fsync(handle, false)).ok(),
        false => Some(()),
    };
    blocking(fs.release(handle)).ok();
    written.and(synced)
}

fn commit(graph: &Graph, n: usize, durability: Durability) -> Option<()> {
    let terms = ["step".to_owned(), "has".to_owned(), format!("{n}")];
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    let ids = graph.intern_all(&terms).ok()?;
    let mut batch = Batch::new();
    batch.add([ids[0], ids[1], ids[2]]);
    graph.commit(&batch, durability).ok().map(drop)
}

/// The steps of each kind that are there.
fn found(disk: &FaultPool) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let world = World::open(disk).unwrap();
    let log = blocking(world.fs.read_file(&root(), "/log")).unwrap_or_default();
    let log = String::from_utf8(log).unwrap();
    let files = log.lines().map(|line| line.parse().unwrap()).collect();
    let pool = world.pool().unwrap();
    let _lock = pool.lock("writer", "the test").unwrap();
    let graph = graph(pool.clone()).unwrap();
    let facts = graph.scan(Pattern::default()).unwrap();
    let facts = facts
        .map(|fact| graph.term(fact.unwrap()[2]).unwrap().unwrap().parse().unwrap())
        .collect();
    graph.flush().unwrap();
    drop(graph);
    let report = nervusdb::check(pool, "graph").unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    (files, facts)
}

/// The steps of each kind among the first `count`.
fn expected(steps: &[Step], count: usize) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let of = |wanted: fn(&Step) -> bool| (0..count).filter(|n| wanted(&steps[*n])).collect();
    (
        of(|step| matches!(step, Step::File | Step::FileSynced)),
        of(|step| matches!(step, Step::Facts | Step::FactsSynced)),
    )
}

#[test]
fn files_and_facts_are_a_prefix_together_wherever_the_power_fails() {
    let (seeds, every) = match std::env::var_os("TARBOX_LONG") {
        Some(_) => (20, 1),
        None => (2, 3),
    };
    for seed in 0..seeds {
        let mut rng = Rng::new(seed);
        let steps = steps(&mut rng);
        let start = FaultPool::with_seed(seed);
        drop(World::create(&start));
        let whole = start.fork();
        let before = whole.steps();
        run(&whole, &steps);
        let count = whole.steps() - before;
        assert!(count > 50, "the workload hardly reaches the device");
        for at in (1..=count).skip(seed as usize % every).step_by(every) {
            let disk = start.fork();
            disk.set_plan(FaultPlan::new().crash_at(at));
            let (durable, begun) = run(&disk, &steps);
            let policy = CrashPolicy::ALL[at as usize % CrashPolicy::ALL.len()];
            let after = disk.after_crash(seed ^ at, policy);
            let state = found(&after);
            let is_prefix = (durable..=begun).any(|n| state == expected(&steps, n));
            assert!(
                is_prefix,
                "seed {seed}, step {at}, {policy:?}: {durable} durable, {begun} begun, found {state:?} of {steps:?}"
            );
        }
    }
}
