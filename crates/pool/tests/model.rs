//! Random operations on every pool, against the plainest thing that could be right: a map from names to
//! bytes.
#![cfg(not(target_family = "wasm"))]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use tarbox_pool::fault::CrashPolicy;
use tarbox_pool::{
    DirectoryPool, ErrorKind, FaultPool, MemoryPool, OpenOptions, Pool, PoolExt, PoolFileExt, Result,
};

/// Few names, so that operations meet; some exclude each other as file and directory.
const NAMES: [&str; 5] = ["a", "a/b", "c", "d/e", "d/f/g"];

#[derive(Clone, Debug)]
enum Op {
    Create(&'static str),
    CreateNew(&'static str),
    Write(&'static str, u64, Vec<u8>),
    Read(&'static str, u64, usize),
    Truncate(&'static str, u64),
    Sync(&'static str),
    Delete(&'static str),
    SyncNames,
}

fn op() -> impl Strategy<Value = Op> {
    let name = || prop::sample::select(&NAMES[..]);
    let offset = || prop_oneof![0..20_000_u64, Just(0), Just(4_096), Just(512)];
    prop_oneof![
        2 => name().prop_map(Op::Create),
        1 => name().prop_map(Op::CreateNew),
        6 => (name(), offset(), prop::collection::vec(any::<u8>(), 0..3_000))
            .prop_map(|(name, offset, data)| Op::Write(name, offset, data)),
        3 => (name(), offset(), 0..9_000_usize).prop_map(|(name, offset, len)| Op::Read(name, offset, len)),
        2 => (name(), offset()).prop_map(|(name, len)| Op::Truncate(name, len)),
        2 => name().prop_map(Op::Sync),
        1 => name().prop_map(Op::Delete),
        1 => Just(Op::SyncNames),
    ]
}

#[derive(Default)]
struct Model(BTreeMap<String, Vec<u8>>);

impl Model {
    /// Why a name cannot be used as a file now.
    fn missing(&self, name: &str) -> ErrorKind {
        if self.0.keys().any(|other| other.starts_with(&format!("{name}/"))) {
            ErrorKind::IsDirectory
        } else if self.0.keys().any(|other| name.starts_with(&format!("{other}/"))) {
            ErrorKind::NotDirectory
        } else {
            ErrorKind::NotFound
        }
    }

    fn apply(&mut self, op: &Op) -> Result<Vec<u8>, ErrorKind> {
        let name = match op {
            Op::SyncNames => return Ok(Vec::new()),
            Op::Create(name) | Op::CreateNew(name) | Op::Write(name, ..) | Op::Read(name, ..) => *name,
            Op::Truncate(name, _) | Op::Sync(name) | Op::Delete(name) => *name,
        };
        let missing = self.missing(name);
        match (op, self.0.get_mut(name)) {
            (Op::CreateNew(_), Some(_)) => return Err(ErrorKind::Exists),
            (Op::Create(_) | Op::CreateNew(_), None) if missing == ErrorKind::NotFound => {
                self.0.insert(name.to_owned(), Vec::new());
            }
            (_, None) => return Err(missing),
            (Op::Write(_, offset, data), Some(bytes)) => write(bytes, *offset as usize, data),
            (Op::Read(_, offset, len), Some(bytes)) => {
                let start = bytes.len().min(*offset as usize);
                return Ok(bytes[start..bytes.len().min(start + len)].to_vec());
            }
            (Op::Truncate(_, len), Some(bytes)) => bytes.resize(*len as usize, 0),
            (Op::Delete(_), Some(_)) => drop(self.0.remove(name)),
            (_, Some(_)) => (),
        }
        Ok(Vec::new())
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if !data.is_empty() {
        bytes.resize(bytes.len().max(offset + data.len()), 0);
        bytes[offset..offset + data.len()].copy_from_slice(data);
    }
}

fn apply(pool: &dyn Pool, op: &Op) -> Result<Vec<u8>> {
    let open = |name| pool.open(name, OpenOptions::EXISTING);
    match op {
        Op::Create(name) => pool.open(name, OpenOptions::CREATE).map(drop)?,
        Op::CreateNew(name) => pool.open(name, OpenOptions::CREATE_NEW).map(drop)?,
        Op::Write(name, offset, data) => open(name)?.write_at(data, *offset)?,
        Op::Read(name, offset, len) => {
            let mut buf = vec![0; *len];
            let count = open(name)?.read_up_to(&mut buf, *offset)?;
            buf.truncate(count);
            return Ok(buf);
        }
        Op::Truncate(name, len) => open(name)?.truncate(*len)?,
        Op::Sync(name) => open(name)?.sync()?,
        Op::Delete(name) => pool.delete(name)?,
        Op::SyncNames => pool.sync_names()?,
    }
    Ok(Vec::new())
}

fn contents(pool: &dyn Pool) -> BTreeMap<String, Vec<u8>> {
    let names = pool.list("").unwrap().into_iter();
    names
        .map(|name| (name.clone(), pool.read_file(&name).unwrap()))
        .collect()
}

fn follows_the_model(pool: &dyn Pool, ops: &[Op]) -> BTreeMap<String, Vec<u8>> {
    let mut model = Model::default();
    for op in ops {
        let got = apply(pool, op).map_err(|error| error.kind());
        assert_eq!(got, model.apply(op), "{op:?}");
    }
    assert_eq!(contents(pool), model.0);
    model.0
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_pool_follows_the_model(ops in prop::collection::vec(op(), 0..60)) {
        follows_the_model(&MemoryPool::new(), &ops);
    }

    #[test]
    fn a_fork_of_a_memory_pool_does_not_see_what_follows(
        before in prop::collection::vec(op(), 0..40), after in prop::collection::vec(op(), 0..40),
    ) {
        let pool = MemoryPool::new();
        let expected = follows_the_model(&pool, &before);
        let fork = pool.fork();
        for op in &after {
            let _ = apply(&pool, op);
        }
        prop_assert_eq!(contents(&fork), expected);
    }

    #[test]
    fn the_directory_pool_follows_the_model(ops in prop::collection::vec(op(), 0..60)) {
        let directory = tempfile::tempdir().unwrap();
        let expected = follows_the_model(&DirectoryPool::open(directory.path()).unwrap(), &ops);
        // What is in the directory is what was in the pool.
        prop_assert_eq!(contents(&DirectoryPool::open(directory.path()).unwrap()), expected);
    }

    #[test]
    fn the_fault_pool_follows_the_model_and_keeps_everything_when_told_to(
        ops in prop::collection::vec(op(), 0..60), seed: u64,
    ) {
        let pool = FaultPool::new();
        let expected = follows_the_model(&pool, &ops);
        let crashed = pool.after_crash(seed, CrashPolicy::KeepUnsynced);
        prop_assert_eq!(contents(&crashed), expected);
    }

    #[test]
    fn nothing_synced_is_lost_in_any_crash(ops in prop::collection::vec(op(), 0..60), seed: u64) {
        let pool = FaultPool::new();
        let expected = follows_the_model(&pool, &ops);
        for name in expected.keys() {
            pool.open(name, OpenOptions::EXISTING).unwrap().sync().unwrap();
        }
        pool.sync_names().unwrap();
        for policy in CrashPolicy::ALL {
            prop_assert_eq!(contents(&pool.after_crash(seed, policy)), expected.clone(), "{:?}", policy);
        }
    }
}

#[test]
fn handles_are_shared_between_threads() {
    let pool: Arc<dyn Pool> = Arc::new(MemoryPool::new());
    std::thread::scope(|scope| {
        for number in 0..4_u8 {
            let pool = &pool;
            scope.spawn(move || {
                let file = pool.open("a", OpenOptions::CREATE).unwrap();
                file.write_at(&[number; 1_000], u64::from(number) * 1_000)
                    .unwrap();
            });
        }
    });
    let all = pool.read_file("a").unwrap();
    assert!((0..4).all(|number| {
        all[number * 1_000..][..1_000]
            .iter()
            .all(|&byte| byte == number as u8)
    }));
}
