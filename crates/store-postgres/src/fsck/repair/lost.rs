//! `/lost+found`: where a repair puts what has lost its place.

use tarbox_store::{FileKind, Ino, LayerId, Operation, Result, Timestamp};
use tarbox_store_core::{
    BUCKET, CHUNK, Content, Dentry, Fragment, Hash, INLINE_MAX, Inode, LogRow, Map, bucket_of,
};
use tokio_postgres::types::Type;

use super::Mender;
use crate::sql::{self, bytes, int};
use crate::wire::Value;

const NAME: &str = "lost+found";

impl Mender<'_> {
    /// Gives a name below `/lost+found` to every inode that has none and that nobody has open.
    pub(super) async fn reattach(&self) -> Result<()> {
        let nameless = "SELECT i.ino, i.kind FROM tarbox.inode i WHERE i.tenant = $1 AND i.ino <> 1 \
             AND NOT EXISTS (SELECT 1 FROM tarbox.dentry d WHERE d.tenant = $1 AND d.ino = i.ino) \
             AND NOT (i.nlink = 0 AND EXISTS (SELECT 1 FROM tarbox.orphan o WHERE o.tenant = $1 AND o.ino = i.ino)) ORDER BY i.ino";
        for row in self.rows(nameless, &[], Vec::new()).await? {
            self.put(int(&row, 0)?, &format!("#{}", int(&row, 0)?)).await?;
        }
        // Directories that name each other in a circle: one of them is taken out of it, and the next round sees to the rest.
        let circle = "WITH RECURSIVE below AS (SELECT 1::bigint AS ino UNION SELECT d.ino FROM below b \
             JOIN tarbox.dentry d ON d.tenant = $1 AND d.dir = b.ino AND d.kind = 2) \
             SELECT min(i.ino) FROM tarbox.inode i WHERE i.tenant = $1 AND i.kind = 2 AND i.nlink > 0 \
             AND i.ino NOT IN (SELECT ino FROM below)";
        for row in self.rows(circle, &[], Vec::new()).await? {
            if let Some(ino) = sql::optional_int(&row, 0)? {
                let aside = "DELETE FROM tarbox.dentry x WHERE x.tenant = $1 AND x.ino = $2 \
                     RETURNING 'set aside from table dentry: ' || to_jsonb(x)::text";
                let rows = self.rows(aside, &[Type::INT8], vec![Value::Int(ino)]).await?;
                self.take_notes(&[rows])?;
                self.put(ino, &format!("#{ino}")).await?;
            }
        }
        Ok(())
    }

    /// Gives an inode this name, or one like it, in `/lost+found`.
    pub(super) async fn put(&self, ino: i64, name: &str) -> Result<()> {
        let dir = self.directory().await?;
        let kind = "SELECT kind FROM tarbox.inode WHERE tenant = $1 AND ino = $2";
        let rows = self.rows(kind, &[Type::INT8], vec![Value::Int(ino)]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let kind = sql::kind(row, 0)?;
        for n in 0_u32.. {
            let name = numbered(name, n);
            if self.entry(dir, name.as_bytes()).await?.is_none() {
                return self.attach(dir, ino, kind, name.as_bytes()).await;
            }
        }
        Ok(())
    }

    /// The directory, which is made if need be. A file of that name stays what it is.
    async fn directory(&self) -> Result<i64> {
        let root = Ino::ROOT.0 as i64;
        for n in 0_u32.. {
            let name = numbered(NAME, n);
            match self.entry(root, name.as_bytes()).await? {
                None => {
                    let ino = self
                        .new_inode(FileKind::Directory, 0o700, Content::Inline(Vec::new()), 0)
                        .await?;
                    self.attach(root, ino, FileKind::Directory, name.as_bytes())
                        .await?;
                    return Ok(ino);
                }
                Some((ino, FileKind::Directory)) => return Ok(ino),
                Some(_) => {}
            }
        }
        Ok(root)
    }

    async fn entry(&self, dir: i64, name: &[u8]) -> Result<Option<(i64, FileKind)>> {
        let first = bucket_of(&self.row().secret, name) as i64;
        let rows = self
            .rows(
                "SELECT ino, kind FROM tarbox.dentry WHERE tenant = $1 AND dir = $2 AND cookie BETWEEN $3 AND $4 AND name = $5",
                &[Type::INT8, Type::INT8, Type::INT8, Type::BYTEA],
                vec![
                    Value::Int(dir),
                    Value::Int(first),
                    Value::Int(first + BUCKET as i64 - 1),
                    name.into(),
                ],
            )
            .await?;
        let entry = rows.first().map(|row| Ok((int(row, 0)?, sql::kind(row, 1)?)));
        entry.transpose()
    }

    /// A free cookie for a name; none that any version of the directory ever used.
    pub(super) async fn free_cookie(&self, dir: i64, name: &[u8]) -> Result<Option<u64>> {
        let first = bucket_of(&self.row().secret, name);
        let rows = self
            .rows(
                "SELECT cookie FROM tarbox.dentry WHERE tenant = $1 AND dir = $2 AND cookie BETWEEN $3 AND $4 UNION ALL \
                 SELECT cookie FROM tarbox.dentry_past WHERE tenant = $1 AND dir = $2 AND cookie BETWEEN $3 AND $4",
                &[Type::INT8, Type::INT8, Type::INT8],
                vec![
                    Value::Int(dir),
                    first.into(),
                    (first + BUCKET - 1).into(),
                ],
            )
            .await?;
        let used: Vec<i64> = rows.iter().map(|row| int(row, 0)).collect::<Result<_>>()?;
        Ok((first..first + BUCKET).find(|cookie| !used.contains(&(*cookie as i64))))
    }

    /// Gives an inode a name in a directory, and makes it remember that one.
    async fn attach(&self, dir: i64, ino: i64, kind: FileKind, name: &[u8]) -> Result<()> {
        let Some(cookie) = self.free_cookie(dir, name).await? else {
            return Ok(());
        };
        self.begin_version(dir).await?;
        self.begin_version(ino).await?;
        let entry = Dentry {
            cookie,
            born: self.row().head,
            ino: Ino(ino as u64),
            kind,
            name: name.into(),
        };
        let mut steps = Vec::new();
        sql::put_dentry(self.sql(), &mut steps, Ino(dir as u64), &entry);
        steps.push(self.sql().fixed(
            "UPDATE tarbox.inode SET parent = $3, cookie = $4, nlink = greatest(nlink, 1) WHERE tenant = $1 AND ino = $2",
            &[Type::INT8, Type::INT8, Type::INT8],
            vec![Value::Int(ino), Value::Int(dir), cookie.into()],
        ));
        steps.push(self.sql().fixed(
            "DELETE FROM tarbox.orphan WHERE tenant = $1 AND ino = $2",
            &[Type::INT8],
            vec![Value::Int(ino)],
        ));
        self.fly(steps).await.map(drop)
    }

    /// Earlier layers keep the version of an inode that is about to change.
    async fn begin_version(&self, ino: i64) -> Result<()> {
        let head = self.row().head;
        let born = "SELECT born FROM tarbox.inode WHERE tenant = $1 AND ino = $2";
        let rows = self.rows(born, &[Type::INT8], vec![Value::Int(ino)]).await?;
        let born = rows.first().map(|row| int(row, 0)).transpose()?;
        if born.is_none_or(|born| born >= head.0 as i64) {
            return Ok(());
        }
        let mut steps = Vec::new();
        sql::preserve_inode(self.sql(), &mut steps, Ino(ino as u64), head);
        steps.push(self.sql().fixed(
            "UPDATE tarbox.inode SET born = $3 WHERE tenant = $1 AND ino = $2",
            &[Type::INT8, Type::INT8],
            vec![Value::Int(ino), head.0.into()],
        ));
        self.fly(steps).await.map(drop)
    }

    /// Makes an inode of the head without a name.
    async fn new_inode(&self, kind: FileKind, mode: u32, content: Content, size: u64) -> Result<i64> {
        let next =
            "UPDATE tarbox.tenant SET next_ino = next_ino + 1 WHERE tenant = $1 RETURNING next_ino - 1";
        let rows = self.rows(next, &[], Vec::new()).await?;
        let ino = rows.first().map_or(Ok(0), |row| int(row, 0))?;
        let stored = match content {
            Content::Chunked => size,
            _ => 0,
        };
        let row = Inode {
            born: self.row().head,
            kind,
            mode,
            nlink: if kind == FileKind::Directory { 2 } else { 0 },
            size,
            stored,
            content,
            ..Inode::root(Timestamp::of_system())
        };
        let mut steps = Vec::new();
        sql::put_inode(self.sql(), &mut steps, Ino(ino as u64), &row);
        self.fly(steps).await?;
        Ok(ino)
    }

    /// Puts bytes into a file in `/lost+found`.
    pub(super) async fn put_bytes(&self, name: &str, content: &[u8]) -> Result<()> {
        let size = content.len() as u64;
        if size <= INLINE_MAX {
            let ino = self
                .new_inode(FileKind::File, 0o600, Content::Inline(content.to_vec()), size)
                .await?;
            return self.put(ino, name).await;
        }
        let ino = self
            .new_inode(FileKind::File, 0o600, Content::Chunked, size)
            .await?;
        for (index, part) in (0..).zip(content.chunks(CHUNK as usize)) {
            let hash: Hash = *blake3::hash(part).as_bytes();
            self.rows(
                "INSERT INTO tarbox.block(tenant, hash, len, refs, bytes) VALUES ($1, $2, $3, 0, $4) \
                 ON CONFLICT (tenant, hash) DO UPDATE SET len = excluded.len, bytes = excluded.bytes",
                &[Type::BYTEA, Type::INT4, Type::BYTEA],
                vec![hash[..].into(), Value::Int(part.len() as i64), part.into()],
            )
            .await?;
            self.count_block(&hash).await?;
            let whole = Fragment {
                start: 0,
                len: part.len() as u32,
                skip: 0,
                hash,
            };
            self.put_chunk(ino, index, vec![whole]).await?;
        }
        self.put(ino, name).await
    }

    /// A file in `/lost+found` that is one block, which is there.
    pub(super) async fn put_block(&self, name: &str, hash: Hash, len: u32) -> Result<()> {
        let size = u64::from(len);
        let ino = self
            .new_inode(FileKind::File, 0o600, Content::Chunked, size)
            .await?;
        let whole = Fragment {
            start: 0,
            len,
            skip: 0,
            hash,
        };
        self.put_chunk(ino, 0, vec![whole]).await?;
        self.put(ino, name).await
    }

    async fn count_block(&self, hash: &Hash) -> Result<()> {
        let count = "UPDATE tarbox.block SET refs = refs + 1 WHERE tenant = $1 AND hash = $2";
        self.rows(count, &[Type::BYTEA], vec![hash[..].into()])
            .await
            .map(drop)
    }

    /// Puts a chunk of the head.
    pub(super) async fn put_chunk(&self, ino: i64, index: u64, fragments: Vec<Fragment>) -> Result<()> {
        let map = Map {
            fragments,
            born: self.row().head,
        };
        let mut steps = Vec::new();
        sql::put_chunk(self.sql(), &mut steps, Ino(ino as u64), index, &map);
        self.fly(steps).await.map(drop)
    }

    /// Leaves word of the repair: a file that tells what was set aside, and a log record.
    pub(super) async fn sign(&self) -> Result<()> {
        let lines = std::mem::take(&mut *super::locked(&self.notes));
        let tenant = self.row();
        let mut what = format!("{} items set aside", lines.len());
        if !lines.is_empty() {
            let name = format!("set-aside-{}.txt", tenant.next_seq);
            let text = lines.join("\n") + "\n";
            self.put_bytes(&name, text.as_bytes()).await?;
            what.push_str(&format!(", described in /{NAME}/{name}"));
        }
        let record = LogRow {
            seq: tenant.next_seq,
            time: Timestamp::of_system(),
            uid: 0,
            agent: "fsck".into(),
            operation: Operation::Maintenance,
            ino: Ino(0),
            path: format!("repaired; {what}").into_bytes(),
            from: None,
            bytes: 0,
            layer: LayerId(tenant.current.0),
            errno: 0,
        };
        let mut steps = Vec::new();
        sql::put_log(self.sql(), &mut steps, &record);
        self.fly(steps).await.map(drop)
    }

    /// What a row's first column holds, of the one row of an inode or a block.
    pub(super) async fn first_bytes(
        &self,
        sql: &'static str,
        types: &[Type],
        values: Vec<Value>,
    ) -> Result<Option<Vec<u8>>> {
        let rows = self.rows(sql, types, values).await?;
        let first = rows.first().map(|row| bytes(row, 0).map(<[u8]>::to_vec));
        first.transpose()
    }
}

fn numbered(name: &str, n: u32) -> String {
    match n {
        0 => name.to_owned(),
        n => format!("{name}~{n}"),
    }
}
