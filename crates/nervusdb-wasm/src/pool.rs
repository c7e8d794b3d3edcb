//! The imported storage as a [`Pool`].

use std::sync::Arc;

use tarbox_pool::{
    Error, ErrorKind, MAX_FILE_LEN, OpenOptions, Operation, Pool, PoolFile, Result, check_name, check_open,
};

use crate::host;

/// The storage of this instance.
#[derive(Debug)]
pub(crate) struct HostPool {
    pub(crate) read_only: bool,
}

#[derive(Debug)]
struct HostFile {
    name: String,
    number: i32,
    read_only: bool,
}

/// What the host's negative numbers mean, from −1 down.
const KINDS: [ErrorKind; 12] = [
    ErrorKind::Io,
    ErrorKind::NotFound,
    ErrorKind::Exists,
    ErrorKind::IsDirectory,
    ErrorKind::NotDirectory,
    ErrorKind::InvalidName,
    ErrorKind::FileTooLarge,
    ErrorKind::NoSpace,
    ErrorKind::ReadOnly,
    ErrorKind::PermissionDenied,
    ErrorKind::Busy,
    ErrorKind::Unsupported,
];

fn checked(result: i32, operation: Operation, name: &str) -> Result<u32> {
    u32::try_from(result).map_err(|_| {
        let kind = KINDS.get((-1 - result) as usize).copied();
        Error::new(kind.unwrap_or(ErrorKind::Io), operation, name)
    })
}

impl Pool for HostPool {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        let operation = options.operation();
        check_open(operation, name, options)?;
        if self.read_only && !options.read_only {
            return Err(Error::new(ErrorKind::ReadOnly, operation, name));
        }
        let flags = u32::from(options.creates())
            | u32::from(options.create_new) << 1
            | u32::from(options.read_only) << 2;
        let number = checked(host::pool_open(name.as_ptr(), name.len(), flags), operation, name)?;
        Ok(Arc::new(HostFile {
            name: name.to_owned(),
            number: number as i32,
            read_only: options.read_only,
        }))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        check_name(Operation::Exists, name)?;
        let found = checked(
            host::pool_exists(name.as_ptr(), name.len()),
            Operation::Exists,
            name,
        )?;
        Ok(found != 0)
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(Operation::Delete, name)?;
        if self.read_only {
            return Err(Error::new(ErrorKind::ReadOnly, Operation::Delete, name));
        }
        checked(
            host::pool_delete(name.as_ptr(), name.len()),
            Operation::Delete,
            name,
        )
        .map(drop)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let len = checked(
            host::pool_list(prefix.as_ptr(), prefix.len()),
            Operation::List,
            prefix,
        )?;
        let mut bytes = vec![0; len as usize];
        host::pool_list_take(bytes.as_mut_ptr());
        // The host has sorted them. Names that are not UTF-8 are not ours.
        let names = bytes
            .split(|&byte| byte == 0)
            .filter_map(|name| std::str::from_utf8(name).ok());
        Ok(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    fn sync_names(&self) -> Result<()> {
        match self.read_only {
            true => Ok(()),
            false => checked(host::pool_sync_names(), Operation::SyncNames, "").map(drop),
        }
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

impl HostFile {
    fn check_writable(&self, operation: Operation) -> Result<()> {
        match self.read_only {
            true => Err(Error::new(ErrorKind::ReadOnly, operation, &self.name)),
            false => Ok(()),
        }
    }
}

impl PoolFile for HostFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        if buf.is_empty() || offset > MAX_FILE_LEN {
            return Ok(0);
        }
        let got = host::pool_read(self.number, buf.as_mut_ptr(), buf.len(), offset as f64);
        Ok(checked(got, Operation::Read, &self.name)? as usize)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.check_writable(Operation::Write)?;
        if data.is_empty() {
            return Ok(());
        }
        if offset > MAX_FILE_LEN - data.len() as u64 {
            return Err(Error::new(ErrorKind::FileTooLarge, Operation::Write, &self.name));
        }
        let wrote = host::pool_write(self.number, data.as_ptr(), data.len(), offset as f64);
        checked(wrote, Operation::Write, &self.name).map(drop)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.check_writable(Operation::Truncate)?;
        if len > MAX_FILE_LEN {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                Operation::Truncate,
                &self.name,
            ));
        }
        let result = host::pool_truncate(self.number, len as f64);
        checked(result, Operation::Truncate, &self.name).map(drop)
    }

    fn sync(&self) -> Result<()> {
        self.check_writable(Operation::Sync)?;
        checked(host::pool_sync(self.number), Operation::Sync, &self.name).map(drop)
    }

    fn len(&self) -> Result<u64> {
        match host::pool_len(self.number) {
            len if len >= 0.0 => Ok(len as u64),
            failed => Err(checked(failed as i32, Operation::Len, &self.name)
                .err()
                .unwrap_or_else(|| Error::new(ErrorKind::Io, Operation::Len, &self.name))),
        }
    }
}

impl Drop for HostFile {
    fn drop(&mut self) {
        host::pool_close(self.number);
    }
}
