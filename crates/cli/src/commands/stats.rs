//! `stats`

use serde::Serialize;
use tarbox_fs::blocking;
use tarbox_store::{Performance, Position, Quota, Store, TenantInfo, TenantState, Usage};

use crate::examples::examples;
use crate::failure::Result;
use crate::parse::time;
use crate::print::{Printer, Size, colour};

/// Show a tenant's usage and quota
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox stats",
    "tarbox --json stats | jq .usage.bytes",
))]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Stats<'a> {
    tenant: &'a str,
    state: TenantState,
    created: String,
    usage: Usage,
    quota: Quota,
    layers: Position,
    /// Free bytes of the device; `null` where it has no bound that is known.
    device_free: Option<u64>,
    performance: Performance,
}

pub(crate) fn run<S: Store>(store: &S, out: &Printer) -> Result<()> {
    let info = blocking(store.tenant())?;
    let position = blocking(store.position())?;
    let device_free = blocking(store.device_free())?;
    if out.is_json() {
        return out.document(&Stats {
            tenant: &info.name,
            state: info.state,
            created: time::rfc3339(info.created),
            usage: info.usage,
            quota: info.quota,
            layers: position,
            device_free,
            performance: blocking(store.performance())?,
        });
    }
    print(&info, position, device_free, out)
}

fn print(info: &TenantInfo, position: Position, device_free: Option<u64>, out: &Printer) -> Result<()> {
    out.line(format!("tenant {}", out.paint(colour::BOLD, &info.name)))?;
    super::tenant::print_usage(info, out)?;
    if let Some(free) = device_free {
        out.line(format!("{} free on the device", Size(free)))?;
    }
    if position.current != position.head {
        let note = "a past layer is current, and read-only; use 'tarbox layer switch head' to return";
        out.line(out.paint(colour::YELLOW, note))?;
    }
    Ok(())
}
