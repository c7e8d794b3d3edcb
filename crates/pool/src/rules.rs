//! What the contract says before any device is asked, over a table of names.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Operation, Result};
use crate::name::{ancestors, check_name};
use crate::pool::{MAX_FILE_LEN, OpenOptions};

/// What [`decide`] has found to do.
pub(crate) enum Decision {
    UseExisting,
    Create,
}

/// The checks of [`Pool::open`](crate::Pool::open) that need no device. Errors name the operation.
///
/// # Errors
/// Those of [`check_name`]; `InvalidArgument` for a read-only handle that is to create its file.
pub fn check_open(operation: Operation, name: &str, options: OpenOptions) -> Result<()> {
    check_name(operation, name)?;
    if options.read_only && options.creates() {
        let cause = "a read-only handle cannot create its file";
        return Err(Error::new(ErrorKind::InvalidArgument, operation, name).because(cause));
    }
    Ok(())
}

/// The checks of every change that need no device. `end` is where the file would end.
pub(crate) fn check_change(
    name: &str,
    operation: Operation,
    read_only: bool,
    end: Option<u64>,
) -> Result<()> {
    if read_only {
        return Err(Error::new(ErrorKind::ReadOnly, operation, name));
    }
    if end.is_some_and(|end| end > MAX_FILE_LEN) {
        return Err(Error::new(ErrorKind::FileTooLarge, operation, name));
    }
    Ok(())
}

/// What opening `name` means in a table of names.
pub(crate) fn decide<V>(names: &BTreeMap<String, V>, name: &str, options: OpenOptions) -> Result<Decision> {
    if names.contains_key(name) {
        return match options.create_new {
            true => Err(Error::new(ErrorKind::Exists, Operation::Create, name)),
            false => Ok(Decision::UseExisting),
        };
    }
    let operation = if options.creates() {
        Operation::Create
    } else {
        Operation::Open
    };
    match missing(names, operation, name) {
        error if error.kind() == ErrorKind::NotFound && options.creates() => Ok(Decision::Create),
        error => Err(error),
    }
}

/// Why `name` is not in the table.
pub(crate) fn missing<V>(names: &BTreeMap<String, V>, operation: Operation, name: &str) -> Error {
    let below = format!("{name}/");
    let is_directory = names
        .range(below.clone()..)
        .next()
        .is_some_and(|(next, _)| next.starts_with(&below));
    let kind = if is_directory {
        ErrorKind::IsDirectory
    } else if ancestors(name).any(|ancestor| names.contains_key(ancestor)) {
        ErrorKind::NotDirectory
    } else {
        ErrorKind::NotFound
    };
    Error::new(kind, operation, name)
}

/// All names of the table that begin with `prefix`, in order.
pub(crate) fn names_with_prefix<V>(names: &BTreeMap<String, V>, prefix: &str) -> Vec<String> {
    let from = names.range(prefix.to_owned()..).map(|(name, _)| name);
    from.take_while(|name| name.starts_with(prefix))
        .cloned()
        .collect()
}
