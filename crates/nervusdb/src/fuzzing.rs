//! What fuzzers, and the test of their seeds, do to the readers of files.
//!
//! Random bytes would never get past the checksums. So an input is what is behind them, and it is stored with
//! checksums that are right. Then the graph is used in every way: nothing may panic, hang or take memory that
//! the input does not justify, and what a repair has dealt with must open.

use std::sync::Arc;

use tarbox_pool::{MemoryPool, OpenOptions, Pool};

use crate::block::seal;
use crate::device::{Device, FileName};
use crate::log::{frame, header};
use crate::manifest::{Manifest, TableEntry};
use crate::property::PropertyFilter;
use crate::space::Space;
use crate::table::reseal;
use crate::{Batch, Durability, Error, Graph, Options, Pattern, check, repair};

const DIRECTORY: &str = "g";
const LOG: u32 = 1;
const TABLE: u32 = 2;

/// A log. Input: for each record two bytes of length, little-endian, and a payload; or, after the byte 255, the whole
/// file as it is.
pub fn log(input: &[u8]) {
    let bytes = match input.split_first() {
        Some((255, raw)) => raw.to_vec(),
        _ => framed(input),
    };
    use_graph(&graph(&Manifest::default(), &[(FileName::Log(LOG), bytes)]));
}

/// A log of these records.
fn framed(input: &[u8]) -> Vec<u8> {
    let mut bytes = header(LOG);
    let mut seed = None;
    let mut rest = input;
    while let Some((len, tail)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes(*len)).min(tail.len());
        let (payload, tail) = tail.split_at(len);
        seed = Some(frame(&mut bytes, payload, seed, LOG));
        rest = tail;
    }
    bytes
}

/// A table. Input: the file as it is, in which every checksum is made right.
pub fn table(input: &[u8]) {
    let mut bytes = input.to_vec();
    reseal(&mut bytes);
    let entry = TableEntry {
        space: bytes
            .get(12)
            .and_then(|&byte| Space::from_byte(byte))
            .unwrap_or(Space::Spo),
        level: bytes.get(13).map_or(0, |level| level % 3),
        number: TABLE,
        len: bytes.len() as u64,
    };
    let manifest = Manifest {
        tables: vec![entry],
        next_term: 400,
        sequence: 1 << 20,
        ..Manifest::default()
    };
    let log = (FileName::Log(LOG), header(LOG));
    use_graph(&graph(&manifest, &[log, (FileName::Table(TABLE), bytes)]));
}

/// A manifest. Input: its body, or, after the byte 255, the whole file as it is.
pub fn manifest(input: &[u8]) {
    let bytes = match input.split_first() {
        Some((255, raw)) => raw.to_vec(),
        _ => {
            // The head of any manifest, with the length of this body.
            let mut bytes = Manifest::default().to_bytes();
            bytes.truncate(20);
            bytes.extend_from_slice(&(input.len() as u32).to_le_bytes());
            bytes.extend_from_slice(input);
            seal(&mut bytes);
            bytes
        }
    };
    let log = (FileName::Log(LOG), header(LOG));
    let pool = graph(&Manifest::default(), &[log]);
    let name = format!("{DIRECTORY}/manifest-0");
    pool.delete(&name).expect("it was written");
    put(&pool, &name, &bytes);
    use_graph(&pool);
}

fn put(pool: &MemoryPool, name: &str, bytes: &[u8]) {
    let file = pool
        .open(name, OpenOptions::CREATE)
        .expect("memory takes any name");
    file.write_at(bytes, 0).expect("memory takes writes");
}

/// The files of a graph, and the manifest that names them.
fn graph(manifest: &Manifest, files: &[(FileName, Vec<u8>)]) -> Arc<MemoryPool> {
    let pool = Arc::new(MemoryPool::new());
    let device = Device::of(pool.clone(), DIRECTORY);
    let manifest = Manifest {
        log: LOG,
        next_file: 3,
        epoch: 1,
        ..manifest.clone()
    };
    manifest.store(&device).expect("memory takes a manifest");
    files
        .iter()
        .for_each(|(name, bytes)| put(&pool, &device.path(*name), bytes));
    pool
}

/// Whatever a program might do. Errors are answers; only a repair must leave something that opens.
fn use_graph(pool: &Arc<MemoryPool>) {
    let read_only = Options {
        read_only: true,
        ..Options::default()
    };
    Graph::open(pool.clone(), DIRECTORY, read_only)
        .and_then(|graph| read(&graph))
        .ok();
    check(pool.clone(), DIRECTORY).ok();
    let writable = Options {
        memtable_bytes: 1 << 16,
        ..Options::default()
    };
    if let Ok(graph) = Graph::open(pool.clone(), DIRECTORY, writable.clone()) {
        read(&graph).ok();
        write(&graph).ok();
    }
    if repair(pool.clone(), DIRECTORY).is_ok() {
        let graph = Graph::open(pool.clone(), DIRECTORY, writable).expect("a repaired graph opens");
        read(&graph).ok();
        write(&graph).ok();
        drop(graph);
        check(pool.clone(), DIRECTORY).expect("a repaired graph can be checked");
    }
}

fn read(graph: &Graph) -> Result<(), Error> {
    let snapshot = graph.snapshot();
    for id in [0, 1, 7, 300] {
        for pattern in [
            Pattern::new(Some(id), None, None),
            Pattern::new(None, Some(id), None),
            Pattern::new(None, None, Some(id)),
            Pattern::default(),
        ] {
            graph.count(pattern)?;
            snapshot.scan(pattern)?.try_for_each(|fact| fact.map(drop))?;
        }
        if let Some(term) = graph.term(id)? {
            graph.find_term(&term)?;
        }
        graph.node_properties(id)?;
        graph.edge_properties([id, id, id])?;
    }
    graph.transactions()?;
    for name in snapshot.property_names(false)? {
        let mut nodes = graph.nodes_with(&name, PropertyFilter::Any)?;
        while nodes.next_node()?.is_some() {}
    }
    Ok(())
}

fn write(graph: &Graph) -> Result<(), Error> {
    let id = graph.intern("a new term")?;
    let mut batch = Batch::new();
    batch
        .add([id, id, id])
        .set_node(id, &[("name".into(), "value".into())]);
    batch.transaction("once", "", 1);
    graph.commit(&batch, Durability::Synced)?;
    graph.flush()?;
    graph.compact()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::unseal;
    use crate::log::read_log;
    use std::fs;
    use std::path::{Path, PathBuf};
    use tarbox_pool::PoolFileExt;

    fn seeds(target: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/seeds")
            .join(target)
    }

    #[test]
    fn no_seed_of_the_fuzzers_does_harm() {
        run("log", log);
        run("table", table);
        run("manifest", manifest);
    }

    fn run(name: &str, target: impl Fn(&[u8])) {
        let files: Vec<_> = fs::read_dir(seeds(name)).unwrap().collect();
        assert!(files.len() >= 3, "there are no seeds for {name}");
        for file in files {
            target(&fs::read(file.unwrap().path()).unwrap());
        }
    }

    /// Seeds that are files of a real graph, in the format of now: with `TARBOX_BLESS=1` they are written anew.
    #[test]
    fn seeds_are_those_of_a_real_graph() {
        let pool = Arc::new(MemoryPool::new());
        let options = Options {
            remember_transactions: 10,
            ..Options::default()
        };
        let graph = Graph::open(pool.clone(), DIRECTORY, options).unwrap();
        for round in 0..4_u32 {
            let ids: Vec<u32> = (0..90)
                .map(|n| {
                    graph
                        .intern(&format!("http://example.org/#{}", n + round * 60))
                        .unwrap()
                })
                .collect();
            let mut batch = Batch::new();
            for n in 0..250 {
                batch.add([ids[n * 7 % 90], ids[n % 5], ids[n * 3 % 80]]);
            }
            batch.delete([ids[7], ids[1], ids[3]]);
            batch.set_node(ids[1], &[("name".into(), "x".into()), ("age".into(), 4.5.into())]);
            batch.set_edge([ids[0], ids[0], ids[0]], &[("since".into(), true.into())]);
            batch
                .clear_node(ids[2])
                .transaction(&format!("tx {round}"), "session", 77);
            graph.commit(&batch, Durability::Synced).unwrap();
            if round == 1 {
                graph.flush().unwrap();
            }
        }
        let device = Device::of(pool.clone(), DIRECTORY);
        let read = |name| device.open(name).unwrap().read_all().unwrap();
        let save = |target: &str, name: &str, bytes: &[u8]| {
            let seed = seeds(target).join(name);
            if std::env::var_os("TARBOX_BLESS").is_some() {
                fs::write(&seed, bytes).unwrap();
            }
            let same = fs::read(&seed).unwrap() == bytes;
            assert!(
                same,
                "{target}/{name} is of an earlier format: run this with TARBOX_BLESS=1"
            );
        };

        let now = Manifest::load(&device).unwrap().unwrap();
        let mut records = Vec::new();
        read_log(
            &*device.open(FileName::Log(now.log)).unwrap(),
            now.log,
            |_, payload| {
                records.extend_from_slice(&(payload.len() as u16).to_le_bytes());
                records.extend_from_slice(payload);
                Ok(())
            },
        )
        .unwrap();
        save("log", "records", &records);
        save(
            "log",
            "file",
            &[&[255][..], &read(FileName::Log(now.log))].concat(),
        );
        save("log", "empty", &[]);
        for entry in &now.tables {
            save(
                "table",
                &format!("{:?}", entry.space),
                &read(FileName::Table(entry.number)),
            );
        }
        let bytes = now.to_bytes();
        save("manifest", "file", &[&[255][..], &bytes].concat());
        save("manifest", "body", &unseal(&bytes).unwrap()[24..]);
        save(
            "manifest",
            "none",
            &unseal(&Manifest::default().to_bytes()).unwrap()[24..],
        );
    }
}
