//! Mending the lives of versions: they follow each other, and none reaches behind the head.

use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};
use tarbox_store::{FileKind, Result};

use super::Mender;
use crate::fsck::check::intervals::{IntervalFault, TABLES};
use crate::fsck::finding::HEAD;
use crate::rows::Map;
use crate::sql::engine;

/// One version: the values of its key, and its life.
#[derive(Debug, Clone)]
struct Version {
    keys: Vec<Value>,
    born: i64,
    died: i64,
}

impl Mender<'_> {
    pub(super) fn mend_interval(&self, fault: &IntervalFault) -> Result<()> {
        // The largest number stands for versions that have not died; a past one cannot have it.
        let (name, columns) = TABLES[fault.table];
        let sql = format!(
            "UPDATE OR IGNORE {name}_past SET died = ?2 - 1 WHERE {} = ?1 AND died = ?2",
            columns[0]
        );
        self.run(&sql, params![fault.key, HEAD])?;
        let versions = self.versions(fault.table, fault.key)?;
        for row in versions.chunk_by(|a, b| a.keys == b.keys) {
            self.straighten(fault.table, row)?;
        }
        Ok(())
    }

    /// All versions of the rows of an inode, those of one row together in the order of their deaths.
    fn versions(&self, table: usize, key: i64) -> Result<Vec<Version>> {
        let (name, columns) = TABLES[table];
        let keys = columns.join(", ");
        let order: Vec<String> = (1..=columns.len() + 1).map(|n| n.to_string()).collect();
        let sql = format!(
            "SELECT {keys}, {HEAD} AS died, born FROM {name} WHERE {first} = ?1 UNION ALL \
             SELECT {keys}, died, born FROM {name}_past WHERE {first} = ?1 ORDER BY {order}",
            first = columns[0],
            order = order.join(", ")
        );
        let mut statement = self.c.prepare(&sql).map_err(engine)?;
        let rows = statement
            .query_map([key], |row| {
                let keys = (0..columns.len()).map(|i| row.get(i)).collect::<Result<_, _>>()?;
                Ok(Version {
                    keys,
                    died: row.get(columns.len())?,
                    born: row.get(columns.len() + 1)?,
                })
            })
            .map_err(engine)?;
        rows.collect::<rusqlite::Result<_>>().map_err(engine)
    }

    /// Brings the versions of one row into an order that can be.
    fn straighten(&self, table: usize, row: &[Version]) -> Result<()> {
        let head = self.tenant.head;
        let current = row.iter().find(|v| v.died == HEAD);
        // A past version ends at the latest where the head's begins, if that can be believed.
        let limit = current.map_or(head, |v| {
            if (2..=head).contains(&v.born) {
                v.born
            } else {
                head
            }
        });
        let mut ended = None;
        for version in row.iter().filter(|v| v.died != HEAD) {
            let before = ended.unwrap_or(1);
            let died = if version.died > before && version.died <= head {
                version.died
            } else {
                limit
            };
            let taken = died != version.died && row.iter().any(|v| v.died == died);
            if died <= before || taken {
                self.set_version_aside(table, version)?;
                continue;
            }
            let born = if (before..died).contains(&version.born) {
                version.born
            } else {
                before
            };
            self.set_life(table, version, born, died)?;
            ended = Some(died);
        }
        match current {
            Some(v) if v.born < ended.unwrap_or(1) || v.born > head => {
                let born = match ended {
                    Some(ended) => ended,
                    None => self.likely_birth(table, v)?,
                };
                self.set_life(table, v, born, HEAD)
            }
            _ => Ok(()),
        }
    }

    /// When a row without a past began: not before what it belongs to and what it names.
    fn likely_birth(&self, table: usize, version: &Version) -> Result<i64> {
        let head = self.tenant.head;
        let Some(Value::Integer(key)) = version.keys.first() else {
            return Ok(head);
        };
        let born = match TABLES[table].0 {
            // Nothing names an inode before it is there.
            "inode" => self.one::<i64>(
                "SELECT min(born) FROM (SELECT born FROM dentry WHERE dir >= ?2 AND dir < ?3 AND ino = ?1 UNION ALL \
                 SELECT born FROM dentry_past WHERE dir >= ?2 AND dir < ?3 AND ino = ?1)",
                params![key - self.base(), self.keys()[0], self.keys()[1]],
            )?,
            "dentry" => self.first_birth_of_named(version)?.max(self.first_birth(*key)?),
            _ => self.first_birth(*key)?,
        };
        Ok(born.filter(|born| (1..=head).contains(born)).unwrap_or(head))
    }

    fn first_birth(&self, key: i64) -> Result<Option<i64>> {
        self.one(
            "SELECT min(born) FROM (SELECT born FROM inode WHERE key = ?1 UNION ALL SELECT born FROM inode_past WHERE key = ?1)",
            [key],
        )
    }

    fn first_birth_of_named(&self, version: &Version) -> Result<Option<i64>> {
        let sql = "SELECT ino FROM dentry WHERE dir = ?1 AND cookie = ?2";
        match self.one::<i64>(sql, params_from_iter(&version.keys))? {
            Some(ino) => self.first_birth(self.base().saturating_add(ino)),
            None => Ok(None),
        }
    }

    fn set_life(&self, table: usize, version: &Version, born: i64, died: i64) -> Result<()> {
        let (name, columns) = TABLES[table];
        let n = columns.len();
        let mut condition: Vec<String> = columns
            .iter()
            .zip(1..)
            .map(|(c, i)| format!("{c} = ?{i}"))
            .collect();
        let mut values = version.keys.clone();
        values.push(Value::Integer(born));
        let (table, set) = if died == HEAD {
            (name.to_owned(), format!("born = ?{}", n + 1))
        } else {
            values.extend([Value::Integer(died), Value::Integer(version.died)]);
            condition.push(format!("died = ?{}", n + 3));
            (
                format!("{name}_past"),
                format!("born = ?{}, died = ?{}", n + 1, n + 2),
            )
        };
        let sql = format!("UPDATE {table} SET {set} WHERE {}", condition.join(" AND "));
        self.run(&sql, params_from_iter(values)).map(drop)
    }

    /// Takes a version out whose place no layer can be found for. Content goes on as a file of its own.
    fn set_version_aside(&self, table: usize, version: &Version) -> Result<()> {
        let (name, columns) = TABLES[table];
        if name == "chunk"
            && let [Value::Integer(file), Value::Integer(idx)] = version.keys[..]
        {
            return self.move_chunk(file, idx, version.died);
        }
        let mut condition: Vec<String> = columns
            .iter()
            .zip(1..)
            .map(|(c, i)| format!("{c} = ?{i}"))
            .collect();
        condition.push(format!("died = ?{}", columns.len() + 1));
        let condition = condition.join(" AND ");
        let mut values = version.keys.clone();
        values.push(Value::Integer(version.died));
        let table = format!("{name}_past");
        self.note_rows(&table, &condition, params_from_iter(&values))?;
        self.run(
            &format!("DELETE FROM {table} WHERE {condition}"),
            params_from_iter(values),
        )
        .map(drop)
    }

    /// Gives a chunk that belongs nowhere to a file of its own in `/lost+found`.
    pub(super) fn move_chunk(&self, file: i64, idx: i64, died: i64) -> Result<()> {
        let (table, version) = Self::table_of("chunk", died);
        let values = params![file, died, idx];
        let map: Option<Vec<u8>> = self.one(
            &format!("SELECT map FROM {table} WHERE file = ?1 AND {version} AND idx = ?3"),
            values,
        )?;
        let Some(map) = map else { return Ok(()) };
        let key = self.new_inode(FileKind::File, 0o600)?;
        self.put_chunk(key, 0, Map::salvage(&map))?;
        self.run("UPDATE inode SET data = NULL, sum = NULL WHERE key = ?1", [key])?;
        self.run(
            &format!("DELETE FROM {table} WHERE file = ?1 AND {version} AND idx = ?3"),
            values,
        )?;
        let ino = file - self.base();
        let until = if died == HEAD {
            String::new()
        } else {
            format!("-until-{died}")
        };
        let name = format!("#{ino}-chunk-{idx}{until}");
        self.note(format!(
            "chunk {idx} of inode {ino} could not belong to it; its content is in {name}"
        ));
        self.put_inode(key, FileKind::File as i64, &name)
    }
}
