//! `key`

use std::ffi::OsString;

use serde_json::{Value, json};
use tarbox_fs::blocking;
use tarbox_server::{NewKey, Token};
use tarbox_store::{Database, ErrorKind, Key, Keys, Scope, Timestamp};

use super::tenant;
use crate::cli::Global;
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::owner::parse_whole;
use crate::parse::time;
use crate::platform::bytes_of;
use crate::print::{Align, PathText, Printer, Table, colour, escape};

/// Keys: who may use a workspace through 'tarbox serve'
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Create a key, and print it; it is not shown again
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox key create --name laptop",
    "tarbox --tenant ada key create --scope write --path /site --expires 2027-01-31",
    "tarbox key create --as 1000:100           a key that acts as this user",
))]
pub(crate) struct Create {
    /// What it may do: read, write, layers (take checkpoints, switch, drop), or admin (administer all tenants, too)
    #[arg(long, value_name = "SCOPE", default_value = "write", value_parser = parse_scope)]
    scope: Scope,
    /// Confine it to this directory
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: OsString,
    /// The user and group it acts as [default: you, or the user given with --user]
    #[arg(long = "as", value_name = "UID[:GID]", value_parser = parse_whole)]
    act_as: Option<(u32, u32)>,
    /// Until when it can be used: a date or a time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    expires: Option<Timestamp>,
    /// What to call it
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    name: String,
}

/// List keys: those of all tenants, also revoked ones
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox key list"))]
pub(crate) struct List {}

/// Revoke a key: no server accepts it any more
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("tarbox key revoke 3f9c2a7b51d08e46"))]
pub(crate) struct Revoke {
    /// Its id, as 'tarbox key list' shows it
    id: String,
}

pub(crate) fn parse_scope(text: &str) -> Result<Scope, String> {
    Scope::from_word(text).ok_or_else(|| format!("'{text}' is no scope; use read, write, layers or admin"))
}

pub(crate) fn run<D: Database + Keys>(
    command: &Command,
    db: &D,
    global: &Global,
    out: &Printer,
    caller: (u32, u32),
) -> Result<()> {
    match command {
        Command::Create(args) => create(args, db, global, out, caller),
        Command::List(List {}) => list(db, out),
        Command::Revoke(args) => revoke(args, db, out),
    }
}

fn create<D: Database + Keys>(
    args: &Create,
    db: &D,
    global: &Global,
    out: &Printer,
    caller: (u32, u32),
) -> Result<()> {
    let path = bytes_of(&args.path).into_owned();
    let is_plain = path.starts_with(b"/")
        && !path
            .split(|b| *b == b'/')
            .any(|name| name == b".." || name == b".");
    if !is_plain || path.contains(&0) {
        return Err(Failure::usage("--path is absolute, without . and .."));
    }
    if args.name.len() > 200 || args.name.chars().any(char::is_control) {
        return Err(Failure::usage(
            "--name has 200 bytes at most, without control characters",
        ));
    }
    let now = Timestamp::of_system();
    if args.expires.is_some_and(|end| end <= now) {
        return Err(Failure::usage("--expires is a time to come"));
    }
    let new = NewKey {
        name: args.name.clone(),
        tenant: global.tenant.clone(),
        scope: args.scope,
        path,
        user: args.act_as.unwrap_or(caller),
        expires: args.expires,
    };
    let (token, key) = add(db, new)?;
    if out.is_json() {
        let mut shown = shown(&key);
        shown["key"] = json!(token.text());
        return out.document(&shown);
    }
    out.line(token.text())
}

/// Makes a key, and keeps what has to be kept of it.
pub(super) fn add<D: Keys>(db: &D, new: NewKey) -> Result<(Token, Key)> {
    let token = Token::random()?;
    let key = token.key(new, Timestamp::of_system());
    blocking(db.add_key(&key)).map_err(|e| match e.kind() {
        ErrorKind::NotFound => tenant::about(e, &key.tenant),
        _ => Failure::from(e),
    })?;
    Ok((token, key))
}

fn list<D: Keys>(db: &D, out: &Printer) -> Result<()> {
    use Align::Left;
    let mut table = Table::with_head(
        out,
        &[Left; 7],
        &["ID", "TENANT", "SCOPE", "PATH", "USER", "STATE", "NAME"],
    );
    let now = Timestamp::of_system();
    for key in blocking(db.keys())? {
        if out.is_json() {
            out.record(&shown(&key))?;
            continue;
        }
        let (state, style) = state(&key, now);
        table
            .cell(colour::BOLD, &key.id)
            .plain(&key.tenant)
            .plain(key.scope.word())
            .plain(&escape(&key.path))
            .plain(&format!("{}:{}", key.uid, key.gid))
            .cell(style, &state)
            .plain(&escape(key.name.as_bytes()))
            .end_row();
    }
    if out.is_json() { Ok(()) } else { table.print() }
}

fn state(key: &Key, now: Timestamp) -> (String, anstyle::Style) {
    match (key.revoked, key.expires) {
        (Some(at), _) => (format!("revoked {}", time::short(at)), colour::RED),
        (None, Some(end)) if end <= now => (format!("expired {}", time::short(end)), colour::RED),
        (None, Some(end)) => (format!("until {}", time::short(end)), colour::GREEN),
        (None, None) => ("valid".to_owned(), colour::GREEN),
    }
}

fn shown(key: &Key) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "scope": key.scope,
        "path": PathText::new(&key.path),
        "uid": key.uid,
        "gid": key.gid,
        "created": time::rfc3339(key.created),
        "expires": key.expires.map(time::rfc3339),
        "revoked": key.revoked.map(time::rfc3339),
    })
}

fn revoke<D: Keys>(args: &Revoke, db: &D, out: &Printer) -> Result<()> {
    let revoked = blocking(db.revoke_key(&args.id, Timestamp::of_system()));
    let key = revoked.map_err(|e| match e.kind() {
        ErrorKind::NotFound => Failure::new(ErrorKind::NotFound, "no such key; 'tarbox key list' shows all")
            .about(format!("key {}", args.id)),
        _ => Failure::from(e),
    })?;
    match out.is_json() {
        true => out.document(&shown(&key)),
        false => Ok(()),
    }
}
