//! Mending tenants whose rows have lost each other. Whose an entry is shows in its cookie, which only the secret of its own
//! tenant gives.

use rusqlite::{Connection, OptionalExtension, params};
use tarbox_store::{Error, ErrorKind, Result};

use crate::engine::SqliteEngine;
use crate::fsck::check::accounts::TABLES;
use crate::fsck::scope::TenantRow;
use crate::rows::{BUCKET, Numbered, TenantId, bucket_of};
use crate::sql::engine;

/// Rows of a tenant with a number so much larger than any that was given out are not where they belong.
const NEAR: i64 = 1_000;

/// Finds the tenant of rows whose tenant is missing, or makes one for them. Its counters follow from the rows.
pub(super) fn recover(c: &Connection, shared: &SqliteEngine, number: i64) -> Result<()> {
    let last = given_out(c)?;
    if !(1..=last + NEAR).contains(&number) {
        return move_rows(c, number, unused(c)?);
    }
    for tenant in TenantRow::all(c)? {
        if tenant.number().is_some() && has_no_files(c, tenant.id)? && are_of(c, number, &tenant)? {
            return set_number(c, tenant.id, number);
        }
    }
    c.execute(
        "INSERT OR IGNORE INTO tenant(id, name, state, created, bytes, inodes, layers, head, current, next_ino, next_seq, \
         secret, segment, segment_len) VALUES (?1, ?2, 0, ?3, 0, 0, 1, ?4, ?4, 2, 1, ?5, 1, 0)",
        params![
            number,
            format!("recovered-{number}"),
            shared.now().0,
            head_of(c, number)?,
            secret()?
        ],
    )
    .map_err(engine)?;
    Ok(())
}

/// Gives a tenant whose number cannot be the number of its rows, or a new one.
pub(super) fn renumber(c: &Connection, found: i64) -> Result<()> {
    let Some(tenant) = TenantRow::all(c)?.into_iter().find(|t| t.id == found) else {
        return Ok(());
    };
    let taken: Vec<i64> = TenantRow::all(c)?.into_iter().map(|t| t.id).collect();
    let mut statement = c
        .prepare("SELECT DISTINCT dir >> 44 FROM dentry")
        .map_err(engine)?;
    let numbers = statement.query_map([], |row| row.get(0)).map_err(engine)?;
    let numbers: Vec<i64> = numbers.collect::<rusqlite::Result<_>>().map_err(engine)?;
    for number in numbers.into_iter().filter(|number| !taken.contains(number)) {
        if (1..(TenantId::LIMIT as i64)).contains(&number) && are_of(c, number, &tenant)? {
            return set_number(c, found, number);
        }
    }
    set_number(c, found, unused(c)?)
}

fn set_number(c: &Connection, from: i64, to: i64) -> Result<()> {
    c.execute("UPDATE tenant SET id = ?2 WHERE id = ?1", params![from, to])
        .map_err(engine)?;
    Ok(())
}

/// The largest number that was ever given to a tenant, as far as is known.
fn given_out(c: &Connection) -> Result<i64> {
    let given: Option<i64> = c
        .query_row(
            "SELECT seq FROM sqlite_sequence WHERE name = 'tenant'",
            [],
            |row| row.get(0),
        )
        .optional()
        .map_err(engine)?;
    let tenants = TenantRow::all(c)?;
    let numbers = tenants.iter().filter(|t| t.number().is_some()).map(|t| t.id);
    let last = numbers.chain(given).max().unwrap_or(0);
    Ok(last.clamp(0, (TenantId::LIMIT as i64) - 1 - NEAR))
}

/// A number that no tenant and no row has.
fn unused(c: &Connection) -> Result<i64> {
    let from = given_out(c)? + 1;
    for number in from..(TenantId::LIMIT as i64) {
        let taken = TenantRow::all(c)?.iter().any(|t| t.id == number);
        if !taken && is_empty(c, number)? {
            return Ok(number);
        }
    }
    Err(Error::new(ErrorKind::NoSpace).because("the database has the maximum number of tenants"))
}

/// Gives rows of a tenant that cannot be to another, which is found missing then.
fn move_rows(c: &Connection, from: i64, to: i64) -> Result<()> {
    for (table, column, bits) in TABLES {
        let sql = match bits {
            0 => format!("UPDATE OR IGNORE {table} SET {column} = ?2 WHERE {column} = ?1"),
            _ => format!(
                "UPDATE OR IGNORE {table} SET {column} = (?2 << 44) | (2 + ({column} & 0x3FFFFFFFFFF)) WHERE {column} >> 44 = ?1"
            ),
        };
        c.execute(&sql, params![from, to]).map_err(engine)?;
    }
    Ok(())
}

/// Whether nothing belongs to a tenant.
fn is_empty(c: &Connection, number: i64) -> Result<bool> {
    for (table, column, bits) in TABLES {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} >= ?1 AND {column} < ?2)");
        let [from, to] = [number, number + 1].map(|id| id << bits);
        if c.query_row(&sql, [from, to], |row| row.get(0)).map_err(engine)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a tenant has neither inodes nor entries.
fn has_no_files(c: &Connection, number: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM inode WHERE key >> 44 = ?1) OR EXISTS (SELECT 1 FROM dentry WHERE dir >> 44 = ?1)";
    let has: bool = c.query_row(sql, [number], |row| row.get(0)).map_err(engine)?;
    Ok(!has)
}

/// Whether entries stand where a tenant's secret puts them.
fn are_of(c: &Connection, number: i64, tenant: &TenantRow) -> Result<bool> {
    let mut statement = c
        .prepare("SELECT cookie, name FROM dentry WHERE dir >> 44 = ?1 LIMIT 16")
        .map_err(engine)?;
    let mut rows = statement.query([number]).map_err(engine)?;
    let (mut mine, mut all) = (0, 0);
    while let Some(row) = rows.next().map_err(engine)? {
        let cookie: i64 = row.get(0).map_err(engine)?;
        let name: Vec<u8> = row.get(1).map_err(engine)?;
        let bucket = bucket_of(&tenant.secret(), &name) as i64;
        all += 1;
        mine += i32::from(cookie - cookie.rem_euclid(BUCKET as i64) == bucket);
    }
    Ok(mine * 2 > all)
}

/// A layer behind everything that was written.
fn head_of(c: &Connection, number: i64) -> Result<i64> {
    let mut head = 1;
    for (table, column, bits) in TABLES {
        let layer = match table {
            "layer" => "id + 1",
            "orphan" | "tag" | "block" | "segment" | "log" => continue,
            past if past.ends_with("_past") => "died",
            _ => "born",
        };
        let sql = format!(
            "SELECT max({layer}) FROM {table} WHERE {column} >= ?1 AND {column} < ?2 AND {layer} < ?3"
        );
        let [from, to] = [number, number + 1].map(|id| id << bits);
        let last: Option<i64> = c
            .query_row(&sql, [from, to, 1 << 53], |row| row.get(0))
            .map_err(engine)?;
        head = head.max(last.unwrap_or(1));
    }
    Ok(head)
}

/// A new key for the cookies. Every entry then stands in a wrong bucket, and is moved.
pub(super) fn secret() -> Result<Vec<u8>> {
    Ok(crate::surroundings::secret()?.to_vec())
}
