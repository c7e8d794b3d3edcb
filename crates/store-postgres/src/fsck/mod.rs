//! Checking the invariants of the format: by statements over whole tables where these can tell, and page by page where bytes have
//! to be looked at. A tenant is checked while its lease is held, so that all pages are of one moment.
//!
//! A repair mends by the same means, in one transaction of each tenant that carries the tenant's fence. It deletes nothing: what
//! has no place is put below `/lost+found`, and so is a file that tells of every row that was taken out.

mod content;
mod repair;
mod rules;

use tarbox_store::{FsckReport, Problem, Result, TenantState};
use tarbox_store_core::{CoreDatabase, Engine as _, Hash, Tenant};
use tokio_postgres::Row;

use crate::engine::PostgresEngine;
use crate::error::failed;
use crate::session::Shared;
use crate::wire::{Connection, Step};
use content::Bytes;

/// Checks every tenant, and mends what can be mended if that is wanted.
pub(crate) async fn fsck(
    core: &CoreDatabase<PostgresEngine>,
    repair: bool,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<FsckReport> {
    core.commit().await?;
    let engine = core.engine();
    let tenants = engine.tenants().await?;
    let all = tenants.len() as u64;
    let mut report = FsckReport::default();
    for (done, tenant) in tenants.into_iter().enumerate() {
        progress(done as u64, all);
        if tenant.state == TenantState::Restoring {
            continue;
        }
        let Some(mut part) = one(core, &tenant, false).await? else {
            continue;
        };
        if repair && !part.problems.is_empty() {
            one(core, &tenant, true).await?;
            let after = one(core, &tenant, false).await?.unwrap_or_default();
            let stays = |problem: &Problem| after.problems.iter().any(|left| left.what == problem.what);
            for problem in &mut part.problems {
                problem.repaired = !stays(problem);
            }
            // What a repair cannot bring back it says: bytes that are lost stay so.
            let known: Vec<String> = part.problems.iter().map(|problem| problem.what.clone()).collect();
            part.problems.extend(
                after
                    .problems
                    .into_iter()
                    .filter(|left| !known.contains(&left.what)),
            );
        }
        report.tenants += 1;
        report.inodes += part.inodes;
        report.entries += part.entries;
        report.blocks += part.blocks;
        report.bytes += part.bytes;
        report.problems.extend(part.problems);
    }
    progress(all, all);
    Ok(report)
}

/// Checks what the rows of a tenant say of each other, whether they are all there or not.
pub(crate) async fn check_rows(shared: &Shared, tenant: Tenant) -> Result<FsckReport> {
    let source = Source {
        shared,
        connection: None,
    };
    Ok(check(&source, tenant, Bytes::Trust).await?.report)
}

/// Checks or mends one tenant, which nobody else changes meanwhile; `None` if it is gone.
async fn one(
    core: &CoreDatabase<PostgresEngine>,
    tenant: &Tenant,
    repair: bool,
) -> Result<Option<FsckReport>> {
    let engine = core.engine();
    let store = core.open(tenant.id);
    let _alone = store.exclusive().await?;
    let Some(tenant) = engine.find(&tenant.name).await? else {
        return Ok(None);
    };
    let done = engine.run(move |shared| async move {
        if repair {
            repair::run(&shared, tenant).await?;
            return Ok(FsckReport::default());
        }
        let source = Source {
            shared: &shared,
            connection: None,
        };
        Ok(check(&source, tenant, Bytes::Read).await?.report)
    });
    done.await.map(Some)
}

async fn check(source: &Source<'_>, tenant: Tenant, bytes: Bytes) -> Result<Found> {
    let mut found = Found {
        tenant,
        report: FsckReport::default(),
        damage: Vec::new(),
    };
    rules::check(source, &mut found).await?;
    content::check(source, &mut found, bytes).await?;
    Ok(found)
}

/// Where rows come from: any connection, or the one of a transaction.
struct Source<'a> {
    shared: &'a Shared,
    connection: Option<&'a Connection>,
}

impl Source<'_> {
    async fn fly(&self, steps: &[Step]) -> Result<Vec<Vec<Row>>> {
        match self.connection {
            None => self.shared.pool.fly(steps).await,
            Some(connection) => {
                let answers = self.shared.pool.fly_on(connection, steps).await;
                let answers: Result<Vec<_>, _> = answers.into_iter().collect();
                answers.map_err(failed)
            }
        }
    }
}

/// Findings of one check that are told; more of the same tell nothing more.
const TOLD: usize = 1_000;

/// What was found in one tenant.
struct Found {
    tenant: Tenant,
    report: FsckReport,
    damage: Vec<Damage>,
}

/// What the bytes of a row say that is wrong, for a repair. Versions of the head have not `died`: the largest number.
#[derive(Debug, Clone)]
enum Damage {
    /// Inline data does not match its checksum.
    Data { ino: i64, died: i64 },
    /// It does, and the inode's size is another.
    Length { ino: i64, died: i64 },
    /// An entry is not where its name belongs.
    Cookie { dir: i64, cookie: i64 },
    /// A map cannot be decoded.
    Map { file: i64, index: i64, died: i64 },
    /// A number of an inode is not what its chunks say.
    Number {
        ino: i64,
        column: &'static str,
        expected: u64,
    },
    /// A block is not what its name says.
    Block(Hash),
    /// A block counts other references than there are.
    Refs { hash: Hash, named: u64 },
    /// A chunk names more of a block than there is.
    Beyond(Hash),
    /// A block of at least so many bytes is not there.
    Missing { hash: Hash, len: u32 },
}

impl Found {
    fn add(&mut self, invariant: &'static str, what: String) {
        if self.report.problems.len() < TOLD {
            self.report.problems.push(Problem {
                tenant: self.tenant.name.to_string(),
                invariant,
                what,
                repaired: false,
            });
        }
    }

    fn damaged(&mut self, damage: Damage, invariant: &'static str, what: String) {
        if self.damage.len() < TOLD {
            self.damage.push(damage);
        }
        self.add(invariant, what);
    }
}
