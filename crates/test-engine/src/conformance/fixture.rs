//! What every case begins with.

use tarbox_store::{FileKind, Ino, LayerId, Operation, Quota, Timestamp};
use tarbox_store_core::{
    Applied, Batch, Change, Content, Dentry, Durability, Engine, Found, Inode, LogRow, Tenant, TenantId,
    Want, bucket_of,
};

use super::Processes;

/// Two processes, and a tenant.
pub struct Fixture<'a, P: Processes> {
    pub(super) processes: &'a P,
    /// One process.
    pub(super) one: &'a P::Engine,
    /// Another.
    pub(super) other: &'a P::Engine,
    pub(super) tenant: TenantId,
}

impl<'a, P: Processes> Fixture<'a, P> {
    /// Makes the tenant.
    ///
    /// # Panics
    /// If that fails.
    pub async fn new(processes: &'a P) -> Self {
        let [one, other] = processes.engines();
        let tenant = one.create("t", Quota::default(), Timestamp(1)).await.unwrap();
        assert_eq!(other.find("t").await.unwrap(), Some(tenant.clone()));
        Self {
            processes,
            one,
            other,
            tenant: tenant.id,
        }
    }

    pub(super) async fn row(&self, engine: &P::Engine) -> Tenant {
        match load(engine, self.tenant, Want::Tenant).await {
            Found::Tenant(Some(row)) => row,
            found => panic!("{found:?}"),
        }
    }

    /// A batch that makes a file of this name, with a record.
    pub(super) fn creates(&self, row: &mut Tenant, name: &str) -> Batch {
        let ino = Ino(row.next_ino);
        let cookie = bucket_of(&row.secret, name.as_bytes());
        let file = Inode {
            kind: FileKind::File,
            mode: 0o644,
            nlink: 1,
            size: name.len() as u64,
            cookie,
            content: Content::Inline(name.into()),
            born: row.head,
            ..Inode::root(Timestamp(2))
        };
        let entry = Dentry {
            cookie,
            name: name.as_bytes().into(),
            ino,
            kind: FileKind::File,
            born: row.head,
        };
        let mut batch = Batch::new(self.tenant);
        batch.inodes.push((ino, put(file)));
        batch.dentries.push((Ino::ROOT, cookie, put(entry)));
        batch.log.push(LogRow {
            seq: row.next_seq,
            time: Timestamp(row.next_seq as i64),
            uid: 7,
            agent: "suite".into(),
            operation: Operation::Create,
            ino,
            path: format!("/{name}").into(),
            from: None,
            bytes: 0,
            layer: LayerId(1),
            errno: 0,
        });
        row.next_ino += 1;
        row.next_seq += 1;
        row.inodes += 1;
        row.bytes += name.len() as u64;
        batch.row = Some(row.clone());
        batch
    }

    /// Commits files of these names, each by itself, under the lease.
    pub(super) async fn commit(&self, engine: &P::Engine, names: &[&str]) {
        engine.acquire(self.tenant).await.unwrap();
        let mut row = self.row(engine).await;
        for name in names {
            let batch = self.creates(&mut row, name);
            assert_eq!(apply(engine, batch).await, Applied::Yes);
        }
        engine.release(self.tenant).unwrap();
    }

    /// The inode of a name of the root.
    pub(super) async fn find(&self, engine: &P::Engine, name: &str) -> Option<Ino> {
        let row = self.row(engine).await;
        let from = bucket_of(&row.secret, name.as_bytes());
        let want = Want::Entries {
            dir: Ino::ROOT,
            from,
            to: from,
            limit: 1,
        };
        match load(engine, self.tenant, want).await {
            Found::Entries(entries) => entries.first().map(|entry| entry.ino),
            found => panic!("{found:?}"),
        }
    }
}

pub(super) fn put<R>(row: R) -> Change<R> {
    Change {
        preserve: None,
        row: Some(row),
    }
}

pub(super) async fn load<E: Engine>(engine: &E, tenant: TenantId, want: Want) -> Found {
    engine.load(tenant, &[want]).await.unwrap().remove(0)
}

pub(super) async fn apply<E: Engine>(engine: &E, batch: Batch) -> Applied {
    engine.apply(&mut [batch], Durability::Visible).await.unwrap()
}
