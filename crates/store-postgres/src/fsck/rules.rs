//! What statements can tell: each answers a line for whatever breaks its rule.

use tarbox_store::Result;

use super::{Found, Source};
use crate::error::failed;
use crate::sql::int;

/// Rules, by the word of their invariant. `$1` is the tenant; each answers one column of text.
///
/// Inode 0 of a tenant that is being restored (state 3) says how far that has come, and is none of them.
const RULES: &[(&str, &str)] = &[
    (
        "counter",
        "SELECT format('the tenant counts %s inodes and has %s', t.inodes, n.count) FROM tarbox.tenant t, \
         (SELECT count(*) FROM tarbox.inode WHERE tenant = $1) n WHERE t.tenant = $1 AND t.inodes <> n.count",
    ),
    (
        "counter",
        "SELECT format('the tenant counts %s layers and has %s', t.layers, n.count + 1) FROM tarbox.tenant t, \
         (SELECT count(*) FROM tarbox.layer WHERE tenant = $1) n WHERE t.tenant = $1 AND t.layers <> n.count + 1",
    ),
    (
        "counter",
        "SELECT format('the tenant counts %s bytes and has %s', t.bytes, n.sum) FROM tarbox.tenant t, (SELECT \
         (SELECT coalesce(sum(len), 0) FROM tarbox.block WHERE tenant = $1) \
         + (SELECT coalesce(sum(length(data)), 0) FROM tarbox.inode WHERE tenant = $1) \
         + (SELECT coalesce(sum(length(data)), 0) FROM tarbox.inode_past WHERE tenant = $1) \
         + (SELECT coalesce(sum(length(name) + length(value)), 0) FROM tarbox.xattr WHERE tenant = $1 \
           AND (ino > 0 OR NOT EXISTS (SELECT 1 FROM tarbox.tenant r WHERE r.tenant = $1 AND r.state = 3))) \
         + (SELECT coalesce(sum(length(name) + length(value)), 0) FROM tarbox.xattr_past WHERE tenant = $1) AS sum) n \
         WHERE t.tenant = $1 AND t.bytes <> n.sum",
    ),
    (
        "counter",
        "SELECT format('the next inode is %s, and there is %s', t.next_ino, n.max) FROM tarbox.tenant t, \
         (SELECT max(ino) FROM (SELECT ino FROM tarbox.inode WHERE tenant = $1 \
          UNION ALL SELECT ino FROM tarbox.inode_past WHERE tenant = $1) i) n WHERE t.tenant = $1 AND t.next_ino <= n.max",
    ),
    (
        "log",
        "SELECT format('%s records are numbered %s to %s, and the next is %s', n.count, n.min, n.max, t.next_seq) \
         FROM tarbox.tenant t, (SELECT count(*), min(seq), max(seq) FROM tarbox.log WHERE tenant = $1) n \
         WHERE t.tenant = $1 AND n.count > 0 AND (n.max <> t.next_seq - 1 OR n.count <> n.max - n.min + 1)",
    ),
    (
        "inode",
        "SELECT format('inode %s is at version %s, and the next is %s', i.ino, i.version, t.next_seq) FROM tarbox.tenant t, \
         (SELECT ino, version FROM tarbox.inode WHERE tenant = $1 \
          UNION ALL SELECT ino, version FROM tarbox.inode_past WHERE tenant = $1) i \
         WHERE t.tenant = $1 AND (i.version >= t.next_seq OR i.version < 0)",
    ),
    (
        "layer",
        "SELECT format('layer %s is not before the head %s', l.id, t.head) FROM tarbox.tenant t \
         JOIN tarbox.layer l ON l.tenant = t.tenant WHERE t.tenant = $1 AND l.id >= t.head",
    ),
    (
        "layer",
        "SELECT format('the layer in view, %s, is not kept', t.current) FROM tarbox.tenant t WHERE t.tenant = $1 \
         AND t.current <> t.head AND NOT EXISTS (SELECT 1 FROM tarbox.layer l WHERE l.tenant = $1 AND l.id = t.current)",
    ),
    (
        "tag",
        "SELECT format('tag %s points at layer %s, which is not kept', g.name, g.layer) FROM tarbox.tag g WHERE g.tenant = $1 \
         AND NOT EXISTS (SELECT 1 FROM tarbox.layer l WHERE l.tenant = $1 AND l.id = g.layer)",
    ),
    (
        "reference",
        "SELECT format('an entry of directory %s names inode %s, which is not there or of another kind', d.dir, d.ino) \
         FROM tarbox.dentry d LEFT JOIN tarbox.inode i ON i.tenant = $1 AND i.ino = d.ino \
         WHERE d.tenant = $1 AND i.kind IS DISTINCT FROM d.kind",
    ),
    (
        "reference",
        "SELECT DISTINCT format('there are entries of %s, which is no directory', d.dir) \
         FROM tarbox.dentry d LEFT JOIN tarbox.inode i ON i.tenant = $1 AND i.ino = d.dir \
         WHERE d.tenant = $1 AND i.kind IS DISTINCT FROM 2",
    ),
    (
        "reference",
        "SELECT DISTINCT format('there are chunks of inode %s, which has none', c.file) \
         FROM tarbox.chunk c LEFT JOIN tarbox.inode i ON i.tenant = $1 AND i.ino = c.file AND i.data IS NULL \
         WHERE c.tenant = $1 AND i.ino IS NULL",
    ),
    (
        "xattr-count",
        "SELECT format('inode %s counts %s extended attributes and has %s', coalesce(i.ino, x.ino), i.xattrs, x.count) \
         FROM (SELECT ino, xattrs FROM tarbox.inode WHERE tenant = $1 AND xattrs > 0) i \
         FULL JOIN (SELECT ino, count(*) FROM tarbox.xattr WHERE tenant = $1 \
          AND (ino > 0 OR NOT EXISTS (SELECT 1 FROM tarbox.tenant r WHERE r.tenant = $1 AND r.state = 3)) GROUP BY ino) x ON x.ino = i.ino \
         WHERE i.xattrs IS DISTINCT FROM x.count",
    ),
    (
        "link-count",
        "SELECT format('inode %s counts %s names and has %s', i.ino, i.nlink, coalesce(n.count, 0)) FROM tarbox.inode i \
         LEFT JOIN (SELECT ino, count(*) FROM tarbox.dentry WHERE tenant = $1 GROUP BY ino) n ON n.ino = i.ino \
         WHERE i.tenant = $1 AND i.kind <> 2 AND i.nlink <> coalesce(n.count, 0)",
    ),
    (
        "link-count",
        "SELECT format('directory %s counts %s links and has %s', i.ino, i.nlink, 2 + coalesce(n.count, 0)) FROM tarbox.inode i \
         LEFT JOIN (SELECT dir, count(*) FROM tarbox.dentry WHERE tenant = $1 AND kind = 2 GROUP BY dir) n ON n.dir = i.ino \
         WHERE i.tenant = $1 AND i.kind = 2 AND i.nlink > 0 AND i.nlink <> 2 + coalesce(n.count, 0)",
    ),
    (
        "size",
        "SELECT format('directory %s is %s bytes long and has %s entries', i.ino, i.size, coalesce(n.count, 0)) FROM tarbox.inode i \
         LEFT JOIN (SELECT dir, count(*) FROM tarbox.dentry WHERE tenant = $1 GROUP BY dir) n ON n.dir = i.ino \
         WHERE i.tenant = $1 AND i.kind = 2 AND i.size <> 32 * coalesce(n.count, 0)",
    ),
    (
        "parent",
        "SELECT format('directory %s is not where it says, in %s', i.ino, i.parent) FROM tarbox.inode i WHERE i.tenant = $1 \
         AND i.kind = 2 AND i.ino <> 1 AND i.nlink > 0 AND NOT EXISTS (SELECT 1 FROM tarbox.dentry d \
         WHERE d.tenant = $1 AND d.dir = i.parent AND d.cookie = i.cookie AND d.ino = i.ino)",
    ),
    (
        "names",
        "SELECT format('directory %s has %s names', d.ino, count(*)) FROM tarbox.dentry d WHERE d.tenant = $1 AND d.kind = 2 \
         GROUP BY d.ino HAVING count(*) > 1 OR d.ino = 1",
    ),
    (
        "orphan",
        "SELECT format('inode %s has no name and nobody waits for its end', i.ino) FROM tarbox.inode i WHERE i.tenant = $1 \
         AND i.nlink = 0 AND NOT EXISTS (SELECT 1 FROM tarbox.orphan o WHERE o.tenant = $1 AND o.ino = i.ino)",
    ),
    (
        "orphan",
        "SELECT format('inode %s is to end without a name, and has one or is not there', o.ino) FROM tarbox.orphan o \
         WHERE o.tenant = $1 AND NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = o.ino AND i.nlink = 0)",
    ),
    (
        "tree",
        "WITH RECURSIVE below AS (SELECT 1::bigint AS ino UNION SELECT d.ino FROM below b \
         JOIN tarbox.dentry d ON d.tenant = $1 AND d.dir = b.ino AND d.kind = 2) \
         SELECT format('directory %s is not below the root', i.ino) FROM tarbox.inode i \
         WHERE i.tenant = $1 AND i.kind = 2 AND i.nlink > 0 AND i.ino NOT IN (SELECT ino FROM below)",
    ),
];

/// Tables with versions, and what finds a row in each.
pub(super) const VERSIONED: [(&str, &str); 4] = [
    ("inode", "ino"),
    ("dentry", "dir, cookie"),
    ("chunk", "file, idx"),
    ("xattr", "ino, name"),
];

/// A past version ends behind its beginning and within the head, and none begins before the one before it ends.
fn intervals(table: &str, keys: &str) -> String {
    format!(
        "SELECT format('a version of {table} %s lives in layers %s to %s', (v.{first})::text, v.born, v.died) FROM \
         (SELECT {keys}, born, died, lag(died) OVER (PARTITION BY {keys} ORDER BY died) AS before FROM \
          (SELECT {keys}, born, died FROM tarbox.{table}_past WHERE tenant = $1 \
           UNION ALL SELECT {keys}, born, 9223372036854775807 FROM tarbox.{table} WHERE tenant = $1) a) v, tarbox.tenant t \
         WHERE t.tenant = $1 AND (v.born < 1 OR v.born >= v.died OR v.born > t.head OR v.born < v.before \
          OR (v.died > t.head AND v.died <> 9223372036854775807))",
        first = keys.split(',').next().unwrap_or(keys)
    )
}

pub(super) async fn check(source: &Source<'_>, found: &mut Found) -> Result<()> {
    let sql = source.shared.sql(found.tenant.id);
    let mut steps = Vec::new();
    for (_, rule) in RULES {
        steps.push(sql.fixed(rule, &[], Vec::new()));
    }
    for (table, keys) in VERSIONED {
        steps.push(
            sql.request(table, Vec::new(), || (intervals(table, keys), Vec::new()))
                .into(),
        );
    }
    for count in [
        "SELECT (SELECT count(*) FROM tarbox.inode WHERE tenant = $1) + (SELECT count(*) FROM tarbox.inode_past WHERE tenant = $1)",
        "SELECT (SELECT count(*) FROM tarbox.dentry WHERE tenant = $1) + (SELECT count(*) FROM tarbox.dentry_past WHERE tenant = $1)",
    ] {
        steps.push(sql.fixed(count, &[], Vec::new()));
    }
    let answers = source.fly(&steps).await?;
    let words = RULES
        .iter()
        .map(|(word, _)| *word)
        .chain(VERSIONED.map(|_| "interval"));
    for (word, rows) in words.zip(&answers) {
        for row in rows {
            found.add(word, row.try_get(0).map_err(failed)?);
        }
    }
    if let [.., inodes, entries] = &answers[..] {
        found.report.inodes = inodes.first().map_or(Ok(0), |row| int(row, 0))? as u64;
        found.report.entries = entries.first().map_or(Ok(0), |row| int(row, 0))? as u64;
    }
    Ok(())
}
