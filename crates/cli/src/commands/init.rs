//! `init`

use serde::Serialize;
use tarbox_fs::blocking;
use tarbox_store::{Database, ErrorKind, Quota};

use super::tenant::{self, give_root_to};
use crate::examples::examples;
use crate::failure::Result;
use crate::print::Printer;

/// Create a database and a tenant; safe to repeat
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox init                                 ./tarbox.db with the tenant 'default'",
    "tarbox --db sqlite:/srv/work.db init        or set TARBOX_DB for all commands",
    "tarbox --tenant ada init                    another tenant in the same database",
))]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Made<'a> {
    database: String,
    tenant: &'a str,
    /// Whether the tenant is new.
    created: bool,
}

/// Makes the tenant, whose root belongs to `owner`, unless it is there; answers whether it is new.
pub(crate) fn make<D: Database>(db: &D, name: &str, owner: (u32, u32)) -> Result<bool> {
    match blocking(db.create_tenant(name, Quota::default())) {
        Ok(_) => give_root_to(db, name, owner).map(|()| true),
        Err(e) if e.kind() == ErrorKind::Exists => Ok(false),
        Err(e) => Err(tenant::about(e, name)),
    }
}

/// The same, and says so.
pub(crate) fn run<D: Database>(
    db: &D,
    out: &Printer,
    database: &[u8],
    name: &str,
    owner: (u32, u32),
) -> Result<()> {
    let created = make(db, name, owner)?;
    let made = Made {
        database: String::from_utf8_lossy(database).into_owned(),
        tenant: name,
        created,
    };
    if out.is_json() {
        return out.document(&made);
    }
    let shown = crate::print::escape(database);
    out.line(match created {
        true => format!("{shown} is ready, with the tenant {name}; next: tarbox import DIRECTORY"),
        false => format!("{shown} and the tenant {name} already exist; nothing changed"),
    })
}
