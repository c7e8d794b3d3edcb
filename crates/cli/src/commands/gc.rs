//! `gc`

use tarbox_fs::blocking;
use tarbox_store::Database;

use crate::examples::examples;
use crate::failure::Result;
use crate::print::{Printer, Size, grouped};

/// Collect garbage: free space that is no longer used
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox gc                     all tenants; safe while programs are running",
    "tarbox gc --only-tenant       only the tenant given with --tenant",
))]
pub(crate) struct Args {
    /// Only for this tenant
    #[arg(long)]
    pub(crate) only_tenant: bool,
}

/// Collects and says what came of it. `collect` is the database's or the tenant's own.
pub(crate) fn run<D: Database>(args: &Args, db: &D, tenant: &str, out: &Printer) -> Result<()> {
    use tarbox_store::Store;
    let report = if args.only_tenant {
        let store = blocking(db.open_tenant(tenant)).map_err(|e| super::tenant::about(e, tenant))?;
        blocking(store.gc())?
    } else {
        blocking(db.gc())?
    };
    if out.is_json() {
        return out.document(&report);
    }
    out.line(format!(
        "{} freed: {} inodes, {} log records, {} segments",
        Size(report.bytes_freed),
        grouped(report.inodes),
        grouped(report.log_records),
        grouped(report.segments),
    ))
}
