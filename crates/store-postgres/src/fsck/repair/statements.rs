//! What statements over whole tables can mend. `$1` is the tenant. What is taken out is answered as text, for the file that tells of it.

/// Numbers of the tenant on which everything else rests, and its layers.
pub(super) const FIRST: &[&str] = &[
    "UPDATE tarbox.tenant t SET head = m.n + 1, current = CASE WHEN t.current = t.head THEN m.n + 1 ELSE t.current END \
     FROM (SELECT max(id) AS n FROM tarbox.layer WHERE tenant = $1) m WHERE t.tenant = $1 AND m.n >= t.head",
    "UPDATE tarbox.tenant t SET current = head WHERE t.tenant = $1 AND current <> head \
     AND NOT EXISTS (SELECT 1 FROM tarbox.layer l WHERE l.tenant = $1 AND l.id = t.current)",
    "DELETE FROM tarbox.tag x WHERE x.tenant = $1 \
     AND NOT EXISTS (SELECT 1 FROM tarbox.layer l WHERE l.tenant = $1 AND l.id = x.layer) \
     RETURNING 'set aside from table tag: ' || to_jsonb(x)::text",
    "UPDATE tarbox.tenant t SET next_ino = m.n + 1 FROM (SELECT max(ino) AS n FROM (SELECT ino FROM tarbox.inode WHERE tenant = $1 \
     UNION ALL SELECT ino FROM tarbox.inode_past WHERE tenant = $1) i) m WHERE t.tenant = $1 AND t.next_ino <= m.n",
];

/// Inodes and entries: what is missing is made again from what belongs to it, kinds agree, and a directory has one name.
pub(super) const ROWS: &[&str] = &[
    "INSERT INTO tarbox.inode(tenant, ino, born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, \
         parent, cookie, xattrs, data, sum) SELECT $1, 1, 1, 2, 493, 0, 0, 2, 0, 0, 0, n.t, n.t, n.t, n.t, 1, 0, 0, '', 0 \
         FROM (SELECT (extract(epoch FROM now()) * 1000000000)::bigint AS t) n \
         WHERE NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = 1) \
         RETURNING 'the root was missing; it was recreated'",
    "UPDATE tarbox.inode SET kind = 2, parent = 1, cookie = 0, nlink = greatest(nlink, 2) WHERE tenant = $1 AND ino = 1 \
     AND (kind, parent, cookie) IS DISTINCT FROM (2, 1, 0)",
    "INSERT INTO tarbox.inode(tenant, ino, born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, \
     parent, cookie, xattrs, data, sum) SELECT $1, m.ino, m.born, 2, 448, 0, 0, 2, 0, 0, 0, n.t, n.t, n.t, n.t, 1, 0, 0, '', 0 \
     FROM (SELECT dir AS ino, min(born) AS born FROM tarbox.dentry d WHERE d.tenant = $1 \
     AND NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = d.dir) GROUP BY dir) m, \
     (SELECT (extract(epoch FROM now()) * 1000000000)::bigint AS t) n \
     RETURNING format('inode %s was missing; it was recreated from the rows that belong to it', ino)",
    "INSERT INTO tarbox.inode(tenant, ino, born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, \
     parent, cookie, xattrs, data, sum) SELECT $1, m.ino, m.born, 1, 384, 0, 0, 0, 0, 0, 0, n.t, n.t, n.t, n.t, 1, 0, 0, NULL, NULL \
     FROM (SELECT file AS ino, min(born) AS born FROM tarbox.chunk c WHERE c.tenant = $1 \
     AND NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = c.file) GROUP BY file) m, \
     (SELECT (extract(epoch FROM now()) * 1000000000)::bigint AS t) n \
     RETURNING format('inode %s was missing; it was recreated from the rows that belong to it', ino)",
    "INSERT INTO tarbox.inode(tenant, ino, born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, \
     parent, cookie, xattrs, data, sum) SELECT $1, m.ino, m.born, 1, 384, 0, 0, 0, 0, 0, 0, n.t, n.t, n.t, n.t, 1, 0, 0, '', 0 \
     FROM (SELECT ino, min(born) AS born FROM tarbox.xattr x WHERE x.tenant = $1 \
     AND NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = x.ino) GROUP BY ino) m, \
     (SELECT (extract(epoch FROM now()) * 1000000000)::bigint AS t) n \
     RETURNING format('inode %s was missing; it was recreated from the rows that belong to it', ino)",
    "UPDATE tarbox.inode i SET version = NULL FROM tarbox.tenant t WHERE i.tenant = $1 AND t.tenant = $1 \
     AND (i.version < 0 OR i.version >= t.next_seq)",
    "UPDATE tarbox.inode_past i SET version = NULL FROM tarbox.tenant t WHERE i.tenant = $1 AND t.tenant = $1 \
     AND (i.version < 0 OR i.version >= t.next_seq)",
    "UPDATE tarbox.inode i SET kind = 2 WHERE i.tenant = $1 AND i.kind <> 2 \
     AND EXISTS (SELECT 1 FROM tarbox.dentry d WHERE d.tenant = $1 AND d.dir = i.ino)",
    "UPDATE tarbox.dentry d SET kind = i.kind FROM tarbox.inode i WHERE d.tenant = $1 AND i.tenant = $1 AND i.ino = d.ino \
     AND i.kind <> d.kind",
    "DELETE FROM tarbox.dentry x WHERE x.tenant = $1 \
     AND (x.ino = 1 OR NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino = x.ino)) \
     RETURNING 'set aside from table dentry: ' || to_jsonb(x)::text",
    "DELETE FROM tarbox.dentry x USING (SELECT d.dir, d.cookie, row_number() OVER (PARTITION BY d.ino \
     ORDER BY (d.dir = i.parent AND d.cookie = i.cookie) DESC, d.dir, d.cookie) AS n FROM tarbox.dentry d \
     JOIN tarbox.inode i ON i.tenant = $1 AND i.ino = d.ino WHERE d.tenant = $1 AND d.kind = 2) v \
     WHERE x.tenant = $1 AND x.dir = v.dir AND x.cookie = v.cookie AND v.n > 1 \
     RETURNING 'set aside from table dentry: ' || to_jsonb(x)::text",
];

/// What counts other rows, and where directories remember to be.
pub(super) const LAST: &[&str] = &[
    "UPDATE tarbox.inode i SET xattrs = c.n FROM (SELECT i.ino, count(x.name) AS n FROM tarbox.inode i \
     LEFT JOIN tarbox.xattr x ON x.tenant = $1 AND x.ino = i.ino WHERE i.tenant = $1 GROUP BY i.ino) c \
     WHERE i.tenant = $1 AND i.ino = c.ino AND i.xattrs <> c.n",
    "UPDATE tarbox.inode i SET nlink = c.n FROM (SELECT ino, count(*) AS n FROM tarbox.dentry WHERE tenant = $1 GROUP BY ino) c \
     WHERE i.tenant = $1 AND i.ino = c.ino AND i.kind <> 2 AND i.nlink <> c.n",
    "UPDATE tarbox.inode i SET nlink = 2 + c.dirs, size = 32 * c.n FROM (SELECT i.ino, count(d.ino) AS n, \
     count(d.ino) FILTER (WHERE d.kind = 2) AS dirs FROM tarbox.inode i \
     LEFT JOIN tarbox.dentry d ON d.tenant = $1 AND d.dir = i.ino WHERE i.tenant = $1 AND i.kind = 2 GROUP BY i.ino) c \
     WHERE i.tenant = $1 AND i.ino = c.ino AND ((i.nlink > 0 AND i.nlink <> 2 + c.dirs) OR i.size <> 32 * c.n)",
    "UPDATE tarbox.inode i SET parent = d.dir, cookie = d.cookie FROM tarbox.dentry d WHERE i.tenant = $1 AND d.tenant = $1 \
     AND i.kind = 2 AND i.ino <> 1 AND d.ino = i.ino AND (i.parent, i.cookie) <> (d.dir, d.cookie)",
    "DELETE FROM tarbox.orphan o WHERE o.tenant = $1 AND NOT EXISTS (SELECT 1 FROM tarbox.inode i WHERE i.tenant = $1 \
     AND i.ino = o.ino AND i.nlink = 0)",
    "INSERT INTO tarbox.log(tenant, seq, time, uid, agent, operation, ino, path, source, bytes, layer, errno) \
     SELECT $1, s.seq, (extract(epoch FROM now()) * 1000000000)::bigint, 0, 'fsck', 17, 0, 'this record was lost', NULL, 0, t.current, 0 \
     FROM (SELECT min(seq), max(seq), count(*) FROM tarbox.log WHERE tenant = $1) n \
     CROSS JOIN LATERAL generate_series(n.min, n.max) s(seq) JOIN tarbox.tenant t ON t.tenant = $1 \
     WHERE n.max - n.min - n.count < 100000 ON CONFLICT DO NOTHING",
    "UPDATE tarbox.tenant t SET next_seq = n.max + 1 FROM (SELECT max(seq) FROM tarbox.log WHERE tenant = $1) n \
     WHERE t.tenant = $1 AND t.next_seq <> n.max + 1",
    "UPDATE tarbox.tenant t SET inodes = (SELECT count(*) FROM tarbox.inode WHERE tenant = $1), \
     layers = (SELECT count(*) + 1 FROM tarbox.layer WHERE tenant = $1), \
     bytes = (SELECT coalesce(sum(len), 0) FROM tarbox.block WHERE tenant = $1) \
     + (SELECT coalesce(sum(length(data)), 0) FROM tarbox.inode WHERE tenant = $1) \
     + (SELECT coalesce(sum(length(data)), 0) FROM tarbox.inode_past WHERE tenant = $1) \
     + (SELECT coalesce(sum(length(name) + length(value)), 0) FROM tarbox.xattr WHERE tenant = $1) \
     + (SELECT coalesce(sum(length(name) + length(value)), 0) FROM tarbox.xattr_past WHERE tenant = $1) WHERE t.tenant = $1",
];

/// The lives of the versions in a table with its past: their statements. What ends behind the head is taken out;
/// what begins where it cannot begins where the version before it ends.
pub(super) fn intervals(table: &str, keys: &str) -> [String; 3] {
    let names: Vec<&str> = keys.split(", ").collect();
    let all = |a: &str| {
        let all: Vec<String> = names.iter().map(|key| format!("{a}.{key}")).collect();
        all.join(", ")
    };
    let equal = |a: &str, b: &str| format!("({}) = ({})", all(a), all(b));
    [
        format!(
            "DELETE FROM tarbox.{table}_past x USING tarbox.tenant t WHERE t.tenant = $1 AND x.tenant = $1 \
                 AND (x.died > t.head OR x.died < 2) RETURNING 'set aside from table {table}_past: ' || to_jsonb(x)::text"
        ),
        format!(
            "UPDATE tarbox.{table}_past x SET born = greatest(1, v.before) FROM \
                 (SELECT {keys}, died, coalesce(lag(died) OVER (PARTITION BY {keys} ORDER BY died), 1) AS before \
                 FROM tarbox.{table}_past WHERE tenant = $1) v WHERE x.tenant = $1 AND {} AND x.died = v.died \
                 AND (x.born < greatest(1, v.before) OR x.born >= x.died)",
            equal("x", "v")
        ),
        format!(
            "UPDATE tarbox.{table} x SET born = v.least FROM tarbox.tenant t, (SELECT {}, greatest(1, coalesce(max(p.died), 1)) \
                 AS least FROM tarbox.{table} h LEFT JOIN tarbox.{table}_past p ON p.tenant = $1 AND {} WHERE h.tenant = $1 \
                 GROUP BY {}) v WHERE t.tenant = $1 AND x.tenant = $1 AND {} AND (x.born < v.least OR x.born > t.head)",
            all("h"),
            equal("p", "h"),
            all("h"),
            equal("x", "v")
        ),
    ]
}
