//! `tenant`

#[cfg(feature = "transfer")]
mod transfer;

use serde::Serialize;
use tarbox_fs::blocking;
use tarbox_store::{Actor, Database, Error, ErrorKind, Ino, Quota, SetAttr, Store, TenantInfo, TenantState};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::open::{AnyDatabase, Missing};
use crate::parse::owner::parse_whole;
use crate::parse::size::{Limit, parse_limit};
use crate::parse::time;
use crate::print::{Align, Printer, Size, Table, colour, grouped};
use crate::workspace::AGENT;

/// Tenants: separate workspaces in one database
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Create(Create),
    List(List),
    Show(Name),
    Quota(SetQuota),
    Suspend(Suspend),
    Resume(Resume),
    Delete(Delete),
    #[cfg(feature = "transfer")]
    Copy(transfer::Copy),
    #[cfg(feature = "transfer")]
    Dump(transfer::Dump),
    #[cfg(feature = "transfer")]
    Restore(transfer::Restore),
    #[cfg(feature = "transfer")]
    Verify(transfer::Verify),
}

impl Command {
    /// Whether it makes the database where there is none.
    pub(crate) fn missing(&self) -> Missing {
        match self {
            #[cfg(feature = "transfer")]
            Self::Restore(_) => Missing::Make,
            _ => Missing::Refuse,
        }
    }

    /// Runs what needs no database, and answers whether it was that.
    pub(crate) fn run_alone(&self, out: &Printer) -> Result<bool> {
        match self {
            #[cfg(feature = "transfer")]
            Self::Verify(args) => transfer::verify(args, out).map(|()| true),
            _ => {
                let _ = out;
                Ok(false)
            }
        }
    }
}

/// Create a tenant
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox tenant create ada --bytes 10G --inodes 1M",
    "tarbox tenant create ada --owner 1000:1000         with this owner of the root directory",
))]
pub(crate) struct Create {
    /// 1 to 63 characters of a-z 0-9 - _ . starting with a letter or digit
    name: String,
    #[command(flatten)]
    limits: Limits,
    /// Who owns its root directory [default: the caller]
    #[arg(long, value_name = "UID[:GID]", value_parser = parse_whole)]
    owner: Option<(u32, u32)>,
}

/// List all tenants
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox tenant list"))]
pub(crate) struct List {}

/// Show a tenant's quota and usage
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox tenant show ada"))]
pub(crate) struct Name {
    /// The tenant
    name: String,
}

/// Set a tenant's quota
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox tenant quota ada --bytes 20G",
    "tarbox tenant quota ada --inodes none      without limit",
))]
pub(crate) struct SetQuota {
    /// The tenant
    name: String,
    #[command(flatten)]
    limits: Limits,
}

/// Refuse all access to a tenant; nothing is lost
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox tenant suspend ada"))]
pub(crate) struct Suspend {
    /// The tenant
    name: String,
}

/// Reopen a suspended tenant
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox tenant resume ada"))]
pub(crate) struct Resume {
    /// The tenant
    name: String,
}

/// Delete a tenant with all its files, layers and log, permanently
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox tenant delete ada --yes"))]
pub(crate) struct Delete {
    /// The tenant
    name: String,
    /// Confirm the deletion
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
struct Limits {
    /// Bytes stored in all layers, or none
    #[arg(long, value_name = "SIZE", value_parser = parse_limit)]
    bytes: Option<Limit>,
    /// Files and directories, or none
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    inodes: Option<Limit>,
    /// Layers, or none
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    layers: Option<Limit>,
    /// Records kept in the audit, or none
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    log_records: Option<Limit>,
}

impl Limits {
    /// The quota with what was given in place of what it says.
    fn over(&self, quota: Quota) -> Quota {
        Quota {
            bytes: self.bytes.map_or(quota.bytes, |l| l.0),
            inodes: self.inodes.map_or(quota.inodes, |l| l.0),
            layers: self.layers.map_or(quota.layers, |l| l.0),
            log_records: self.log_records.map_or(quota.log_records, |l| l.0),
        }
    }
}

/// A tenant as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    state: TenantState,
    created: String,
    quota: Quota,
    usage: tarbox_store::Usage,
}

impl<'a> From<&'a TenantInfo> for Shown<'a> {
    fn from(info: &'a TenantInfo) -> Self {
        Self {
            name: &info.name,
            state: info.state,
            created: time::rfc3339(info.created),
            quota: info.quota,
            usage: info.usage,
        }
    }
}

pub(crate) fn run<D: AnyDatabase>(
    command: &Command,
    db: &D,
    out: &Printer,
    caller: (u32, u32),
) -> Result<()> {
    match command {
        Command::Create(args) => create(args, db, out, caller),
        Command::List(List {}) => list(db, out),
        Command::Show(args) => show(&args.name, db, out),
        Command::Quota(args) => {
            let info = find(db, &args.name)?;
            blocking(db.set_quota(&args.name, args.limits.over(info.quota)))
                .map_err(|e| about(e, &args.name))?;
            show(&args.name, db, out)
        }
        Command::Suspend(args) => set_state(db, &args.name, TenantState::Suspended),
        Command::Resume(args) => set_state(db, &args.name, TenantState::Active),
        Command::Delete(args) => delete(args, db),
        #[cfg(feature = "transfer")]
        Command::Copy(args) => transfer::copy(args, db, out),
        #[cfg(feature = "transfer")]
        Command::Dump(args) => transfer::dump(args, db, out),
        #[cfg(feature = "transfer")]
        Command::Restore(args) => transfer::restore(args, db, out),
        #[cfg(feature = "transfer")]
        Command::Verify(args) => transfer::verify(args, out),
    }
}

fn create<D: Database>(args: &Create, db: &D, out: &Printer, caller: (u32, u32)) -> Result<()> {
    blocking(db.create_tenant(&args.name, args.limits.over(Quota::default())))
        .map_err(|e| about(e, &args.name))?;
    give_root_to(db, &args.name, args.owner.unwrap_or(caller))?;
    if out.is_json() {
        show(&args.name, db, out)
    } else {
        Ok(())
    }
}

/// Gives the root directory to a user: without that only root could begin to use the tenant.
pub(super) fn give_root_to<D: Database>(db: &D, name: &str, (uid, gid): (u32, u32)) -> Result<()> {
    if (uid, gid) == (0, 0) {
        return Ok(());
    }
    let store = blocking(db.open_tenant(name)).map_err(|e| about(e, name))?;
    let root = Actor {
        uid: 0,
        gid: 0,
        agent: AGENT.into(),
    };
    let set = SetAttr {
        uid: Some(uid),
        gid: Some(gid),
        ..SetAttr::default()
    };
    blocking(store.set_attr(&root, Ino::ROOT, &set)).map_err(|e| about(e, name))?;
    blocking(store.sync()).map_err(|e| about(e, name))
}

fn list<D: Database>(db: &D, out: &Printer) -> Result<()> {
    use Align::{Left, Right};
    let align = [Left, Left, Right, Right, Right, Left];
    let mut table = Table::with_head(
        out,
        &align,
        &["NAME", "STATE", "STORED", "INODES", "LAYERS", "CREATED"],
    );
    for info in blocking(db.tenants())? {
        if out.is_json() {
            out.record(&Shown::from(&info))?;
            continue;
        }
        let (state, style) = state_text(info.state);
        table
            .cell(colour::BOLD, &info.name)
            .cell(style, state)
            .plain(&Size(info.usage.bytes).to_string())
            .plain(&grouped(info.usage.inodes))
            .plain(&grouped(info.usage.layers))
            .cell(colour::DIM, &time::short(info.created))
            .end_row();
    }
    if out.is_json() { Ok(()) } else { table.print() }
}

fn show<D: Database>(name: &str, db: &D, out: &Printer) -> Result<()> {
    let info = find(db, name)?;
    if out.is_json() {
        return out.document(&Shown::from(&info));
    }
    let (state, style) = state_text(info.state);
    out.line(format!(
        "{}  {}",
        out.paint(colour::BOLD, &info.name),
        out.paint(style, state)
    ))?;
    out.line(format!("created {}", time::full(info.created)))?;
    print_usage(&info, out)
}

/// What a tenant uses, beside what it may.
pub(super) fn print_usage(info: &TenantInfo, out: &Printer) -> Result<()> {
    let mut table = Table::with_head(
        out,
        &[Align::Left, Align::Right, Align::Right],
        &["", "USED", "LIMIT"],
    );
    let size = |n| Size(n).to_string();
    let (usage, quota) = (info.usage, info.quota);
    let mut row = |label: &str, used: String, limit: Option<String>| {
        table
            .plain(label)
            .plain(&used)
            .cell(colour::DIM, limit.as_deref().unwrap_or("no limit"))
            .end_row();
    };
    row("stored", size(usage.bytes), quota.bytes.map(size));
    row("inodes", grouped(usage.inodes), quota.inodes.map(grouped));
    row("layers", grouped(usage.layers), quota.layers.map(grouped));
    row(
        "log records",
        grouped(usage.last_seq),
        quota.log_records.map(|n| format!("{} kept", grouped(n))),
    );
    table.print()
}

fn state_text(state: TenantState) -> (&'static str, anstyle::Style) {
    match state {
        TenantState::Active => ("active", colour::GREEN),
        TenantState::Suspended => ("suspended", colour::RED),
        TenantState::Restoring => ("restoring", colour::YELLOW),
    }
}

fn set_state<D: Database>(db: &D, name: &str, state: TenantState) -> Result<()> {
    blocking(db.set_state(name, state)).map_err(|e| about(e, name))
}

fn delete<D: Database>(args: &Delete, db: &D) -> Result<()> {
    let info = find(db, &args.name)?;
    if !args.yes {
        let message = format!(
            "{} inodes in {} layers, {}, would be permanently deleted; use --yes to confirm",
            grouped(info.usage.inodes),
            grouped(info.usage.layers),
            Size(info.usage.bytes)
        );
        return Err(Failure::unconfirmed(message).about(format!("tenant {}", args.name)));
    }
    blocking(db.delete_tenant(&args.name)).map_err(|e| about(e, &args.name))
}

fn find<D: Database>(db: &D, name: &str) -> Result<TenantInfo> {
    blocking(db.tenant(name)).map_err(|e| about(e, name))
}

/// An error about a tenant, in words that do not speak of files.
pub(crate) fn about(error: Error, name: &str) -> Failure {
    let failure = match error.kind() {
        ErrorKind::NotFound => Failure::new(
            ErrorKind::NotFound,
            "no such tenant; 'tarbox tenant list' shows all",
        ),
        ErrorKind::Exists => Failure::new(ErrorKind::Exists, "a tenant of this name already exists"),
        ErrorKind::Suspended => Failure::new(
            ErrorKind::Suspended,
            "suspended; use 'tarbox tenant resume' to reopen it",
        ),
        // What says why it is in use says it better.
        ErrorKind::Busy if error.detail().is_none() => {
            Failure::new(ErrorKind::Busy, "another process has it open")
        }
        ErrorKind::Busy => Failure::new(ErrorKind::Busy, error.detail().unwrap_or_default()),
        _ => return Failure::from(error),
    };
    failure.about(format!("tenant {name}"))
}
