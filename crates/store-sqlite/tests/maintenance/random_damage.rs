//! Random damage to random rows, several at once: a check and a repair never panic, never fail, and end with a database
//! that is sound but for content that is lost.

use pollster::block_on;
use rusqlite::types::Value;
use tarbox_store::*;

use crate::patient::patient;
use crate::support::{Place, check, lines, snapshot, tenant};
use crate::workload::{Random, Worker};

const TABLES: [&str; 14] = [
    "tenant",
    "layer",
    "tag",
    "inode",
    "inode_past",
    "dentry",
    "dentry_past",
    "chunk",
    "chunk_past",
    "xattr",
    "xattr_past",
    "block",
    "segment",
    "log",
];

/// Changes or removes one row, and says how. Whatever SQLite refuses is tried no further.
fn damage(c: &rusqlite::Connection, random: &mut Random) -> rusqlite::Result<String> {
    let table = TABLES[random.below(TABLES.len() as u64) as usize];
    let columns = columns(c, table)?;
    let rows: i64 = c.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    if rows == 0 {
        return Ok(format!("{table} is empty"));
    }
    let row = random.below(rows as u64) as i64;
    let all = columns.join(", ");
    let values: Vec<Value> = c.query_row(
        &format!("SELECT {all} FROM {table} LIMIT 1 OFFSET ?1"),
        [row],
        |row| (0..columns.len()).map(|i| row.get(i)).collect(),
    )?;
    let which: Vec<String> = columns
        .iter()
        .zip(1..)
        .map(|(c, i)| format!("{c} IS ?{i}"))
        .collect();
    let which = which.join(" AND ");
    if random.below(8) == 0 {
        c.execute(
            &format!("DELETE FROM {table} WHERE {which}"),
            rusqlite::params_from_iter(values.iter()),
        )?;
        return Ok(format!("row {row} of {table} removed"));
    }
    let at = random.below(columns.len() as u64) as usize;
    let new = other(&values[at], random);
    let said = format!(
        "{table}.{} of row {row}: {:?} -> {new:?}",
        columns[at], values[at]
    );
    let mut bound = values;
    bound.push(new);
    c.execute(
        &format!(
            "UPDATE {table} SET {} = ?{} WHERE {which}",
            columns[at],
            bound.len()
        ),
        rusqlite::params_from_iter(bound.iter()),
    )?;
    Ok(said)
}

fn columns(c: &rusqlite::Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = c.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// A value like one, but not the same.
fn other(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::Integer(n) => Value::Integer(match random.below(8) {
            0 => n.wrapping_add(1),
            1 => n.wrapping_sub(1),
            2 => 0,
            3 => -1,
            4 => i64::MAX,
            5 => i64::MIN,
            6 => n ^ (1 << random.below(63)),
            _ => random.below(20) as i64,
        }),
        Value::Blob(bytes) if !bytes.is_empty() => {
            let mut bytes = bytes.clone();
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.push(0),
                _ => bytes[at] ^= 1 << random.below(8),
            }
            Value::Blob(bytes)
        }
        Value::Blob(_) => Value::Blob(vec![1, 2, 3]),
        Value::Text(text) => Value::Text(format!("{text}x")),
        _ => Value::Null,
    }
}

/// Damages a copy, and repairs it.
fn survives(patient: &Place, seed: u64) {
    let place = patient.copy();
    let mut random = Random::new(seed);
    let mut done = Vec::new();
    {
        let c = place.sql();
        for _ in 0..=random.below(4) {
            done.extend(damage(&c, &mut random));
        }
    }
    let what = format!("seed {seed}: {done:#?}");
    let db = place.open();
    let found = check(&db);
    let repaired = block_on(db.fsck(true, &|_, _| {})).unwrap_or_else(|e| panic!("{what}: {e}"));
    let left = check(&db);
    assert!(
        left.problems.iter().all(|p| p.invariant == "block-hash"),
        "{what}\nfound\n{}\nrepaired\n{}\nleft\n{}",
        lines(&found.problems),
        lines(&repaired.problems),
        lines(&left.problems)
    );
    if block_on(db.tenant("one")).is_ok_and(|t| t.state == TenantState::Active) {
        let s = tenant(&db, "one");
        for layer in block_on(s.layers()).unwrap() {
            snapshot(&s, View::Layer(layer.id));
        }
        // It can be worked with.
        Worker::tolerant(s, seed).run(60);
        let after = check(&db);
        assert!(
            after.problems.iter().all(|p| p.invariant == "block-hash"),
            "{what}, after more work\n{}",
            lines(&after.problems)
        );
    }
}

#[test]
fn random_damage_is_mended() {
    let patient = patient();
    // More of them: TARBOX_DAMAGE_SEEDS=FROM..TO.
    let seeds = std::env::var("TARBOX_DAMAGE_SEEDS").unwrap_or("0..40".into());
    let (from, to) = seeds.split_once("..").expect("FROM..TO");
    let [from, to]: [u64; 2] = [from, to].map(|n| n.parse().expect("a number"));
    for seed in from..to {
        survives(&patient, seed);
    }
}
