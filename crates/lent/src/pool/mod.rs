//! A pool in a directory that the runtime lends: positional reads, writes and syncs, nothing else of the host is needed.

mod directory;
mod file;
mod ground;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tarbox_pool::lease::{Lease, TAKEN};
use tarbox_pool::{Error, ErrorKind, OpenOptions, Operation, Pool, PoolFile, Result, check_name, check_open};

use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};
pub(crate) use directory::lent;
use file::HostFile;

/// The files below one directory of the host.
#[derive(Debug)]
pub struct HostPool {
    shared: Rc<Shared>,
}

/// What a pool and its files have in common.
#[derive(Debug)]
struct Shared {
    root: Descriptor,
    lease: Lease,
    /// Syncs of the redo log are put off.
    soft: Cell<bool>,
    /// A file whose syncs were put off.
    unsynced: RefCell<Option<Rc<Descriptor>>>,
}

impl HostPool {
    /// The files below `root`, which nobody else changes while the lease is held.
    pub(crate) fn new(root: Descriptor, lease: Lease) -> Self {
        Self {
            shared: Rc::new(Shared {
                root,
                lease,
                soft: Cell::new(false),
                unsynced: RefCell::default(),
            }),
        }
    }

    /// Does something whose records in the redo log need not be on the device when it is done: they outlive the program,
    /// though not the machine.
    pub fn softly<T>(&self, act: impl FnOnce() -> T) -> T {
        self.shared.soft.set(true);
        let done = act();
        self.shared.soft.set(false);
        done
    }

    /// Makes up for the syncs that were put off.
    ///
    /// # Errors
    /// That of the sync.
    pub fn settle(&self) -> Result<()> {
        let Some(file) = self.shared.unsynced.take() else {
            return Ok(());
        };
        let synced = file.sync().map_err(|code| failed(Operation::Sync, "redo", code));
        if synced.is_err() {
            self.shared.unsynced.replace(Some(file));
        }
        synced
    }

    /// Shows that this program lives.
    pub fn beat(&self) {
        self.shared.lease.beat(&self.shared.root);
    }

    /// Lets others in.
    pub fn release(&self) {
        self.shared.lease.release(&self.shared.root);
    }
}

impl Pool for HostPool {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        let operation = options.operation();
        check_open(operation, name, options)?;
        let mut flags = DescriptorFlags::READ;
        let mut how = OpenFlags::empty();
        if !options.read_only {
            flags |= DescriptorFlags::WRITE;
        }
        if options.creates() {
            self.shared.guard(operation, name)?;
            how |= OpenFlags::CREATE;
            if options.create_new {
                how |= OpenFlags::EXCLUSIVE;
            }
        }
        let root = &self.shared.root;
        let open = || root.open_at(PathFlags::empty(), name, how, flags);
        let opened = match open() {
            Err(ErrorCode::NoEntry) if options.creates() => {
                directory::make_parents(root, name).map_err(|code| failed(operation, name, code))?;
                open()
            }
            opened => opened,
        };
        let file = opened.map_err(|code| match code {
            ErrorCode::Exist if directory::is(root, name) => {
                Error::new(ErrorKind::IsDirectory, operation, name)
            }
            code => failed(operation, name, code),
        })?;
        match file.get_type() {
            Ok(DescriptorType::RegularFile) => {}
            Ok(DescriptorType::Directory) => {
                return Err(Error::new(ErrorKind::IsDirectory, operation, name));
            }
            Ok(_) => return Err(Error::new(ErrorKind::Unsupported, operation, name)),
            Err(code) => return Err(failed(operation, name, code)),
        }
        Ok(Arc::new(HostFile::new(
            Rc::clone(&self.shared),
            name,
            file,
            options.read_only,
        )))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        check_name(Operation::Exists, name)?;
        match self.shared.root.stat_at(PathFlags::empty(), name) {
            Ok(stat) => Ok(stat.type_ == DescriptorType::RegularFile),
            Err(ErrorCode::NoEntry | ErrorCode::NotDirectory) => Ok(false),
            Err(code) => Err(failed(Operation::Exists, name, code)),
        }
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(Operation::Delete, name)?;
        self.shared.guard(Operation::Delete, name)?;
        let root = &self.shared.root;
        root.unlink_file_at(name).map_err(|code| match code {
            _ if directory::is(root, name) => Error::new(ErrorKind::IsDirectory, Operation::Delete, name),
            code => failed(Operation::Delete, name, code),
        })?;
        directory::prune(root, name);
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        directory::list(&self.shared.root, prefix).map_err(|code| failed(Operation::List, prefix, code))
    }

    fn sync_names(&self) -> Result<()> {
        directory::sync_all(&self.shared.root).map_err(|code| failed(Operation::SyncNames, "", code))
    }

    fn is_read_only(&self) -> bool {
        false
    }
}

impl Shared {
    /// Before each change: whether the directory is still this program's.
    fn guard(&self, operation: Operation, name: &str) -> Result<()> {
        match self.lease.holds(&self.root) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Busy, operation, name).because(TAKEN)),
        }
    }
}

/// What the host reports.
fn failed(operation: Operation, name: &str, code: ErrorCode) -> Error {
    let kind = match code {
        ErrorCode::NoEntry => ErrorKind::NotFound,
        ErrorCode::Exist => ErrorKind::Exists,
        ErrorCode::IsDirectory => ErrorKind::IsDirectory,
        ErrorCode::NotDirectory => ErrorKind::NotDirectory,
        ErrorCode::FileTooLarge => ErrorKind::FileTooLarge,
        ErrorCode::InsufficientSpace | ErrorCode::Quota => ErrorKind::NoSpace,
        ErrorCode::ReadOnly => ErrorKind::ReadOnly,
        ErrorCode::Access | ErrorCode::NotPermitted => ErrorKind::PermissionDenied,
        ErrorCode::Busy | ErrorCode::TextFileBusy => ErrorKind::Busy,
        ErrorCode::Unsupported => ErrorKind::Unsupported,
        _ => ErrorKind::Io,
    };
    Error::new(kind, operation, name).because(code.message())
}
