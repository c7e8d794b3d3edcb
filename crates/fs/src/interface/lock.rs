//! Advisory locks.

/// Who holds a byte-range lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockOwner {
    /// A process (`fcntl(F_SETLK)`), by a number of the caller's choice: one owner over all its handles, and
    /// [`flush`](super::FilesystemInterface::flush) of any of them ends its locks on the file.
    Process(u64),
    /// The handle the call is made on (`F_OFD_SETLK`): the lock ends with the handle.
    Handle,
}

/// What a byte-range lock excludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockKind {
    /// Other write locks; the handle must be open for reading.
    Read,
    /// All other locks; the handle must be open for writing.
    Write,
}

/// A range of bytes; it may lie beyond the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LockRange {
    /// The first byte.
    pub start: u64,
    /// Its length; `None` is to the end of all files.
    pub len: Option<u64>,
}

impl LockRange {
    /// The whole file, however long it becomes.
    pub const WHOLE: Self = Self { start: 0, len: None };
}

/// A lock that stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedRange {
    /// What it excludes.
    pub kind: LockKind,
    /// The bytes.
    pub range: LockRange,
    /// The process, or `None` for a lock of a handle.
    pub process: Option<u64>,
}

/// A lock on a whole open file, as `flock(2)` sets it; it belongs to the handle and ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlockKind {
    /// Together with other shared ones.
    Shared,
    /// Alone.
    Exclusive,
    /// None: gives it up.
    Unlock,
}

/// What to do while another holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Fail with `WouldBlock`.
    No,
    /// Wait until it is free. Dropping the future ends the wait. `Deadlock` if it never could be.
    Yes,
}
