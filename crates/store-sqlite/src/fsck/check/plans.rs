//! The queries that go through whole tables read them in the order they are stored in: none of them sorts.

use tarbox_store::Result;

use super::{chunks, entries, inodes, names};
use crate::sql::{Connections, Place, engine};

/// What SQLite does for a query, a line for each step.
fn plan(sql: &str) -> Vec<String> {
    let steps = Connections::open(&Place::Memory, true, &|| true)
        .unwrap()
        .read(|c| {
            let mut statement = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).map_err(engine)?;
            let rows = statement
                .query_map([1i64 << 44, 2 << 44], |row| row.get(3))
                .map_err(engine)?;
            rows.collect::<rusqlite::Result<Vec<String>>>().map_err(engine)
        });
    Result::unwrap(steps)
}

#[test]
fn tables_are_read_in_their_own_order() {
    for sql in [
        chunks::CHUNKS,
        entries::ENTRIES,
        inodes::INODES,
        inodes::XATTRS,
        names::INODES,
    ] {
        let steps = plan(sql).join("\n");
        assert!(!steps.contains("TEMP B-TREE"), "{sql}\n{steps}");
        // A scan would read other tenants' rows as well.
        assert!(!steps.contains("SCAN"), "{sql}\n{steps}");
    }
}
