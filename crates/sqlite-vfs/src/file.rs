//! An open file, in safe Rust: what each of SQLite's file methods does.

use std::ffi::c_int;
use std::sync::Arc;

use tarbox_pool::{Error, PoolFile};

use crate::connection::Connection;
use crate::durability::WalDurability;
use crate::ffi;
use crate::locks::{Busy, Level};
use crate::state::VfsState;
use crate::wal::{LOG_HEADER, Meaning, WalWriter};

/// What SQLite uses a file for, as far as it is treated differently.
#[derive(Debug)]
pub(crate) enum Role {
    Database,
    /// A rollback journal of the connection's database.
    Journal,
    /// A write-ahead log of the connection's database.
    Wal(Box<Wal>),
    /// Everything else: super-journals and temporary files.
    Other,
}

#[derive(Debug)]
pub(crate) struct Wal {
    pub(crate) writer: WalWriter,
    pub(crate) durability: WalDurability,
}

#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) vfs: Arc<VfsState>,
    pub(crate) connection: Connection,
    pub(crate) role: Role,
    pub(crate) file: Arc<dyn PoolFile>,
    pub(crate) lock: Level,
    /// Asked for by `SQLITE_FCNTL_PERSIST_WAL`: the log is kept when the last connection closes.
    pub(crate) persist_wal: bool,
    pub(crate) powersafe_overwrite: bool,
    pub(crate) delete_on_close: bool,
}

/// How far a read got.
pub(crate) enum Read {
    Full,
    /// The file ended; the rest of the buffer is zeros.
    Short,
}

type Result<T, E = Error> = std::result::Result<T, E>;

impl OpenFile {
    pub(crate) fn name(&self) -> &str {
        self.file.name()
    }

    pub(crate) fn read(&mut self, buf: &mut [u8], offset: u64) -> Result<Read> {
        let count = self.connection.gather().read(&self.file, buf, offset)?;
        buf[count..].fill(0);
        Ok(if count == buf.len() {
            Read::Full
        } else {
            Read::Short
        })
    }

    pub(crate) fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let mut gather = self.connection.gather();
        match &mut self.role {
            Role::Other => self.file.write_at(data, offset),
            Role::Database | Role::Journal => gather.write(&self.file, data, offset),
            Role::Wal(wal) => {
                let meaning = wal.writer.classify(data, offset);
                wal.durability.wrote(offset, data.len());
                match meaning {
                    Meaning::Append | Meaning::AppendLast => gather.write(&self.file, data, offset)?,
                    Meaning::InPlace | Meaning::InPlaceLast => gather.overwrite(&self.file, data, offset)?,
                }
                // An error is reported here, while SQLite can still take the transaction back.
                match meaning {
                    Meaning::AppendLast | Meaning::InPlaceLast => gather.flush(),
                    Meaning::Append | Meaning::InPlace => Ok(()),
                }
            }
        }
    }

    pub(crate) fn truncate(&mut self, len: u64) -> Result<()> {
        self.flush()?;
        self.file.truncate(len)?;
        match &mut self.role {
            Role::Wal(wal) => wal.durability.truncated(&*self.file, len),
            _ => Ok(()),
        }
    }

    pub(crate) fn sync(&mut self) -> Result<()> {
        if let Role::Wal(wal) = &self.role
            && wal.durability.header_may_wait()
            && self.connection.gather().holds_exactly(&self.file, 0..LOG_HEADER)
        {
            return Ok(());
        }
        self.flush()?;
        match &mut self.role {
            Role::Wal(wal) => wal.durability.sync(&*self.file)?,
            _ => self.file.sync()?,
        }
        if !matches!(self.role, Role::Database) {
            self.vfs.mark_synced(self.file.name());
        }
        Ok(())
    }

    /// Brings what the connection holds back to the device, whichever of its files it belongs to.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.connection.gather().flush()
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.connection.gather().len(&self.file)
    }

    pub(crate) fn raise_lock(&mut self, wanted: Level) -> Result<(), Busy> {
        self.vfs.locks.raise(self.file.name(), &mut self.lock, wanted)
    }

    pub(crate) fn lower_lock(&mut self, wanted: Level) -> Result<()> {
        let flushed = self.flush();
        self.vfs.locks.lower(self.file.name(), &mut self.lock, wanted);
        flushed
    }

    pub(crate) fn device_characteristics(&self) -> c_int {
        let powersafe = if self.powersafe_overwrite {
            ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
        } else {
            0
        };
        powersafe | ffi::SQLITE_IOCAP_SUBPAGE_READ
    }

    /// Flushes and lets go of everything.
    pub(crate) fn close(mut self) -> Result<()> {
        let flushed = self.flush();
        self.vfs
            .locks
            .lower(self.file.name(), &mut self.lock, Level::None);
        if self.delete_on_close
            && let Some(pool) = self.vfs.pool()
        {
            pool.delete(self.file.name())?;
        }
        flushed
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.vfs.file_closes();
    }
}
