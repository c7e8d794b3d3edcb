//! An open file, in safe Rust: what each of SQLite's file methods does.

use std::ffi::c_int;
use std::sync::Arc;

use tarbox_pool::{Error, PoolFile};

use crate::connection::Connection;
use crate::durability::WalDurability;
use crate::ffi;
use crate::locks::{Busy, Level};
use crate::shm::Shm;
use crate::state::VfsState;
use crate::wal::{LOG_HEADER, Meaning, WalWriter};

/// What SQLite uses a file for, as far as it is treated differently.
#[derive(Debug)]
pub(crate) enum Role {
    Database,
    /// A rollback journal of the connection's database.
    Journal {
        /// The last call that wrote or synced it failed.
        failed: bool,
    },
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
    /// The memory of its log, where connections share it.
    pub(crate) shm: Option<Shm>,
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
        let mut gather = self.connection.gather();
        if let Role::Journal { failed } = &mut self.role {
            *failed = false;
            gather.set_undoing(true);
        }
        let count = gather.read(&self.file, buf, offset)?;
        buf[count..].fill(0);
        Ok(if count == buf.len() {
            Read::Full
        } else {
            Read::Short
        })
    }

    pub(crate) fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let written = self.take(data, offset);
        self.reported(written)
    }

    /// Notes what SQLite hears of.
    fn reported(&mut self, result: Result<()>) -> Result<()> {
        match &mut self.role {
            Role::Journal { failed } => *failed = result.is_err(),
            Role::Database if result.is_err() => self.connection.gather().abandon(&self.file),
            _ => (),
        }
        result
    }

    fn take(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let mut gather = self.connection.gather();
        match &mut self.role {
            Role::Other => self.file.write_at(data, offset),
            Role::Database => gather.write(&self.file, data, offset),
            Role::Journal { .. } => {
                gather.set_undoing(false);
                if offset == 0 && data.iter().all(|&byte| byte == 0) {
                    // With its header a journal that is kept loses its meaning.
                    gather.forget(&self.file, 0);
                }
                gather.write(&self.file, data, offset)
            }
            Role::Wal(wal) => {
                let meaning = wal.writer.classify(data, offset);
                wal.durability.wrote(offset, data.len());
                // With the last piece of a transaction an error is reported while SQLite can still take it back.
                match meaning {
                    Meaning::Append => gather.append(&self.file, data, offset, false),
                    Meaning::AppendLast => gather.append(&self.file, data, offset, true),
                    Meaning::InPlace => gather.overwrite(&self.file, data, offset),
                    Meaning::InPlaceLast => {
                        gather.overwrite(&self.file, data, offset)?;
                        gather.flush()
                    }
                }
            }
        }
    }

    pub(crate) fn truncate(&mut self, len: u64) -> Result<()> {
        let truncated = self.connection.gather().truncate(&self.file, len);
        self.reported(truncated)?;
        match &mut self.role {
            Role::Wal(wal) => wal.durability.truncated(&*self.file, len),
            _ => Ok(()),
        }
    }

    pub(crate) fn sync(&mut self) -> Result<()> {
        if let Role::Wal(wal) = &self.role
            && wal.durability.header_may_wait()
        {
            // Where others write the log, what it was when this connection emptied it says nothing.
            let gather = self.connection.gather();
            if !gather.shares_log() && gather.holds_exactly(&self.file, 0..LOG_HEADER) {
                return Ok(());
            }
        }
        if let Role::Journal { failed: true } = self.role {
            // Before it syncs a journal for a commit, SQLite reads or writes it. So it has given the transaction up,
            // and looks only at what is on the device, where no page has changed that these records are for.
            self.connection.gather().forget(&self.file, 0);
        }
        let flushed = self.flush();
        self.reported(flushed)?;
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
        self.connection.gather().settle(&self.file)
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.connection.gather().len(&self.file)
    }

    pub(crate) fn raise_lock(&mut self, wanted: Level) -> Result<(), Busy> {
        self.vfs.locks.raise(self.file.name(), &mut self.lock, wanted)
    }

    pub(crate) fn lower_lock(&mut self, wanted: Level) -> Result<()> {
        // Whoever has the lock next reads the device, and writes it.
        let flushed = self.connection.gather().finish();
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

    /// The memory of the database's log.
    pub(crate) fn shm(&mut self) -> &mut Shm {
        let Self {
            shm,
            vfs,
            file,
            connection,
            ..
        } = self;
        shm.get_or_insert_with(|| {
            connection.gather().set_sharing(true);
            vfs.shm.join(file.name())
        })
    }

    pub(crate) fn leave_shm(&mut self) {
        if let Some(shm) = self.shm.take() {
            self.vfs.shm.leave(shm);
            self.connection.gather().set_sharing(false);
        }
    }

    /// Flushes and lets go of everything.
    pub(crate) fn close(mut self) -> Result<()> {
        self.leave_shm();
        let flushed = self.flush();
        let mut gather = self.connection.gather();
        gather.forget(&self.file, 0);
        if let Role::Wal(_) = self.role {
            gather.set_log(false);
        }
        drop(gather);
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
