//! What the engine's tasks share, and the session by which other processes know this one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tarbox_store::{Error, ErrorKind, Result};
use tarbox_store_core::TenantId;
use tokio::sync::Notify;
use tokio_postgres::types::Type;

use crate::seat::Seat;
use crate::sql::{self, Sql};
use crate::wire::{Pool, Request, Step, Template, Templates, Value};

/// After how many seconds without a sign of life a process is taken for dead, by the server's clock: what it had open is free.
pub(crate) const DEAD: &str = "interval '30 seconds'";

/// What the tasks of an engine share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    pub(crate) templates: Templates,
    /// The number of this process, among all that use the database.
    pub(crate) session: i64,
    pub(crate) seats: Mutex<HashMap<TenantId, Arc<Seat>>>,
    /// Others know this process.
    pub(crate) registered: AtomicBool,
    /// Other processes are there, as far as somebody looked.
    pub(crate) others: AtomicBool,
    /// Wakes the task that looks after the leases.
    pub(crate) poke: Notify,
    pub(crate) polling: AtomicBool,
    pub(crate) followers: AtomicU32,
    pub(crate) block_hits: AtomicU64,
    pub(crate) block_reads: AtomicU64,
    pub(crate) bytes_read: AtomicU64,
}

impl Shared {
    pub(crate) fn new(pool: Pool) -> Result<Self> {
        Ok(Self {
            pool,
            templates: Templates::default(),
            session: random_session()?,
            seats: Mutex::default(),
            registered: AtomicBool::new(false),
            // Unless the contrary was seen.
            others: AtomicBool::new(true),
            poke: Notify::new(),
            polling: AtomicBool::new(false),
            followers: AtomicU32::new(1),
            block_hits: AtomicU64::new(0),
            block_reads: AtomicU64::new(0),
            bytes_read: AtomicU64::new(0),
        })
    }

    pub(crate) fn seats(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn seat(&self, tenant: TenantId) -> Arc<Seat> {
        let mut seats = self.seats();
        let seat = seats.entry(tenant).or_insert_with(|| Arc::new(Seat::new(tenant)));
        seat.clone()
    }

    pub(crate) fn sql(&self, tenant: TenantId) -> Sql<'_> {
        Sql {
            templates: &self.templates,
            tenant,
        }
    }

    /// A statement that is not about one tenant.
    pub(crate) fn statement(&self, sql: &'static str, types: &[Type], values: Vec<Value>) -> Step {
        let template = self.templates.get(sql, 0, || Template::new(sql, types.to_vec()));
        Request { template, values }.into()
    }

    /// Says that this process lives.
    pub(crate) fn register(&self) -> Step {
        self.statement(
            "INSERT INTO tarbox.session(session, seen) VALUES ($1, now()) ON CONFLICT (session) DO UPDATE SET seen = now()",
            &[Type::INT8],
            vec![self.session.into()],
        )
    }

    /// How many other processes live.
    pub(crate) fn others_alive(&self) -> Step {
        let template = self.templates.get("others", 0, || {
            let text =
                format!("SELECT count(*) FROM tarbox.session WHERE session <> $1 AND seen > now() - {DEAD}");
            Template::new(text, vec![Type::INT8])
        });
        let values = vec![self.session.into()];
        Request { template, values }.into()
    }

    /// The same, the first time only.
    pub(crate) fn register_once(&self) -> Option<Step> {
        let is_first = !self.registered.swap(true, Ordering::AcqRel);
        is_first.then(|| self.register())
    }

    /// Looks at a tenant: whatever was committed before shows afterwards.
    pub(crate) async fn look(&self, seat: &Seat) -> Result<()> {
        let at = Instant::now();
        let rows = self.pool.fly(&[self.row_of(seat.id)]).await?;
        self.observe(seat, &rows[0], at)
    }

    /// The statement for the row of a tenant.
    pub(crate) fn row_of(&self, tenant: TenantId) -> Step {
        let request = self.sql(tenant).request("tenant", Vec::new(), || {
            (
                format!("SELECT {} FROM tarbox.tenant WHERE tenant = $1", sql::TENANT),
                Vec::new(),
            )
        });
        request.into()
    }

    pub(crate) fn observe(&self, seat: &Seat, rows: &[tokio_postgres::Row], at: Instant) -> Result<()> {
        let row = rows.first().ok_or_else(gone)?;
        seat.observe(&sql::decode_tenant(row)?, at, self.session);
        Ok(())
    }
}

/// There is no such tenant any more.
pub(crate) fn gone() -> Error {
    Error::new(ErrorKind::NotFound).because("the tenant was deleted")
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(e) => Err(Error::new(ErrorKind::Io)
            .because("the system gives no random bytes")
            .caused_by(e)),
    }
}

fn random_session() -> Result<i64> {
    Ok((i64::from_le_bytes(random()?) & i64::MAX) | 1)
}
