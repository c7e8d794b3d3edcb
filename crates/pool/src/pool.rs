//! The two traits of the seam, and their obligations.

use std::fmt::Debug;
use std::sync::Arc;

use crate::error::{Operation, Result};
use crate::marker::{MaybeSend, MaybeSync};

/// The longest a file may be, in bytes: offsets fit a signed 64-bit integer, as POSIX has them.
pub const MAX_FILE_LEN: u64 = i64::MAX as u64;

/// How [`Pool::open`] treats a file that is missing or there.
///
/// Start from one of the constants; the fields are for the rare other combination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Creates the file, empty, if it is missing.
    pub create: bool,
    /// Creates the file and fails with [`Exists`](crate::ErrorKind::Exists) if it is there. Implies `create`.
    pub create_new: bool,
    /// The handle only reads: writing, truncating and syncing through it fail with
    /// [`ReadOnly`](crate::ErrorKind::ReadOnly). The only way to open a file of a read-only pool.
    pub read_only: bool,
}

impl OpenOptions {
    /// Opens an existing file for reading and writing.
    pub const EXISTING: Self = Self {
        create: false,
        create_new: false,
        read_only: false,
    };
    /// Opens an existing file for reading and writing, or creates it.
    pub const CREATE: Self = Self {
        create: true,
        create_new: false,
        read_only: false,
    };
    /// Creates a file that must not be there yet.
    pub const CREATE_NEW: Self = Self {
        create: true,
        create_new: true,
        read_only: false,
    };
    /// Opens an existing file for reading only.
    pub const READ_ONLY: Self = Self {
        create: false,
        create_new: false,
        read_only: true,
    };

    /// Whether a missing file is to be created.
    pub const fn creates(self) -> bool {
        self.create || self.create_new
    }

    /// What errors call it.
    pub const fn operation(self) -> Operation {
        match self.creates() {
            true => Operation::Create,
            false => Operation::Open,
        }
    }
}

/// A set of named files of bytes.
///
/// **Names** are `/`-separated, at most [`MAX_NAME_LEN`](crate::MAX_NAME_LEN) bytes, each component at most
/// [`MAX_COMPONENT_LEN`](crate::MAX_COMPONENT_LEN); a component is not empty, `.` or `..`, and holds no NUL
/// or backslash. Anything else is refused with [`InvalidName`](crate::ErrorKind::InvalidName) by every
/// method. A directory exists exactly while a file is below it, so a name cannot be both a file and a
/// directory.
///
/// **Sharing**: all handles of one file see the same bytes at once. A pool may be used from several threads
/// where the target has them; each method is atomic with respect to the names, and concurrent writes to
/// overlapping ranges of one file leave either's bytes in each position.
pub trait Pool: Debug + MaybeSend + MaybeSync {
    /// Opens `name`, creating it if `options` say so.
    ///
    /// A new file is empty. Its existence is durable after its first [`PoolFile::sync`] or after
    /// [`sync_names`](Self::sync_names), not before.
    ///
    /// # Errors
    /// `NotFound` if it is missing and not to be created; `Exists` with `create_new`; `IsDirectory` if files
    /// are below `name`; `NotDirectory` if a leading part of `name` is a file; `ReadOnly` for a handle that
    /// could write in a read-only pool; `InvalidName`; `InvalidArgument` if a read-only handle is asked to
    /// create.
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>>;

    /// Whether a file of that name is there. A directory is not a file.
    ///
    /// # Errors
    /// `InvalidName`, and what the device reports.
    fn exists(&self, name: &str) -> Result<bool>;

    /// Removes the name. Open handles go on working on the nameless file until they are dropped, and a new
    /// file of that name is another file.
    ///
    /// The removal is durable after [`sync_names`](Self::sync_names), not before.
    ///
    /// # Errors
    /// `NotFound`, `IsDirectory`, `ReadOnly`, `InvalidName`.
    fn delete(&self, name: &str) -> Result<()>;

    /// All names that begin with the bytes of `prefix` (not necessarily a whole component), sorted by their
    /// bytes. The empty prefix lists everything.
    ///
    /// # Errors
    /// What the device reports.
    fn list(&self, prefix: &str) -> Result<Vec<String>>;

    /// Makes every creation and deletion so far durable. It says nothing about contents.
    ///
    /// # Errors
    /// What the device reports; then none, some or all of the changes are durable. A read-only pool has none
    /// and succeeds.
    fn sync_names(&self) -> Result<()>;

    /// Whether the pool refuses every change.
    fn is_read_only(&self) -> bool;
}

/// An open file of a [`Pool`]: bytes by offset, from 0 to at most [`MAX_FILE_LEN`].
///
/// **What a power cut leaves** of changes that were not synced: of each write any of its 512-byte sectors, in
/// any order with other changes of this file and of others; of a growing file also the length without the
/// bytes, which may then be zeros or garbage. But a write never harms a byte outside its range, and nothing
/// that was synced is lost. [`FaultPool`](crate::FaultPool) does the worst this allows.
pub trait PoolFile: Debug + MaybeSend + MaybeSync {
    /// The name it was opened by, for messages.
    fn name(&self) -> &str;

    /// Fills `buf` from `offset` on and returns how many bytes it got: fewer than asked only where the file
    /// ends.
    ///
    /// Code that must survive a faulty device does not rely on that, and asks again until it gets 0; the
    /// conveniences of [`PoolFileExt`](crate::PoolFileExt) do.
    ///
    /// # Errors
    /// `Io` and what else the device reports; then `buf` may hold anything.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes all of `data` at `offset`. A gap between the old end and `offset` reads as zeros. Writing
    /// nothing changes nothing, the length included.
    ///
    /// # Errors
    /// `NoSpace`, `FileTooLarge` if the end would pass [`MAX_FILE_LEN`], `ReadOnly`, `Io`. After an error the
    /// range may hold any mix of old and new bytes, and the file may have grown towards the end of the range;
    /// nothing outside it has changed.
    fn write_at(&self, data: &[u8], offset: u64) -> Result<()>;

    /// Sets the length: cuts the file off, or extends it with zeros.
    ///
    /// # Errors
    /// `NoSpace`, `FileTooLarge`, `ReadOnly`, `Io`.
    fn truncate(&self, len: u64) -> Result<()>;

    /// Returns when the contents, the length and the existence of the file are durable: they survive a power
    /// cut at any later moment. What was written concurrently with the call may or may not be included.
    ///
    /// # Errors
    /// `Io`, `NoSpace` (devices that allocate late), `ReadOnly`. After an error nothing written since the
    /// last successful sync can be trusted to be durable, *not even after a later sync that succeeds*: write
    /// it again.
    fn sync(&self) -> Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    /// What the device reports.
    fn len(&self) -> Result<u64>;

    /// Whether the length is 0.
    ///
    /// # Errors
    /// What the device reports.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}
